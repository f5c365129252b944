#include "apiserver/structural/formats.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/base64.hpp"
#include "kube/timestamp.hpp"
#include "net/ip_address.hpp"

namespace metallb::apiserver::structural {
namespace {

bool is_address(std::string_view text, char separator) {
  return text.find(separator) != std::string_view::npos && IpAddress::parse(text).has_value();
}

/// An address and the length of its prefix; host bits may be set.
bool is_cidr(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto address = IpAddress::parse(text.substr(0, slash));
  const auto digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool plain = code == std::errc{} && end == digits.data() + digits.size() && digits == std::to_string(length);
  return address && plain && length <= (address->is_v4() ? 32 : 128);
}

bool is_date(std::string_view text) {
  return text.size() == 10 && kube::parse_time(std::string(text) + "T00:00:00Z").has_value();
}

struct FormatPattern {
  std::string_view format;
  RE2 pattern;

  FormatPattern(std::string_view name, const char* text) : format(name), pattern(text, RE2::Quiet) {}
};

const auto& format_patterns() {
  static const FormatPattern kAll[] = {
      {"uri", R"(([A-Za-z][A-Za-z0-9+.-]*:|/)[^\s]*)"},
      {"email", R"([^@\s<>()\[\]\\,;:]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)"},
      {"hostname",
       R"(([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?)"},
      {"mac",
       R"(([0-9A-Fa-f]{2}[:-]){5}([0-9A-Fa-f]{2}|([0-9A-Fa-f]{2}[:-]){2}[0-9A-Fa-f]{2})|([0-9A-Fa-f]{4}\.){2,3}[0-9A-Fa-f]{4})"},
      {"uuid", R"((?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})"},
      {"uuid3", R"((?i)[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12})"},
      {"uuid4", R"((?i)[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12})"},
      {"uuid5", R"((?i)[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12})"},
      {"bsonobjectid", "[0-9a-fA-F]{24}"},
      {"ssn", R"(\d{3}[- ]?\d{2}[- ]?\d{4})"},
      {"hexcolor", "#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"},
      {"rgbcolor", R"(rgb\(\s*(\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*(,\s*(\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*){2}\))"},
      {"duration",
       R"([-+]?((\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|μs|ms|nanos?|micros?|millis?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)\s*)+|0)"},
  };
  return kAll;
}

}  // namespace

bool fits_format(std::string_view stated, std::string_view text) {
  std::string format(stated);
  std::erase(format, '-');
  if (format == "ipv4") return is_address(text, '.');
  if (format == "ipv6") return is_address(text, ':');
  if (format == "cidr") return is_cidr(text);
  if (format == "date") return is_date(text);
  if (format == "datetime") return kube::parse_time(text).has_value();
  if (format == "byte") return decode_base64(text).has_value();
  const auto& patterns = format_patterns();
  const auto found = std::ranges::find(patterns, std::string_view(format), &FormatPattern::format);
  return found == std::end(patterns) || RE2::FullMatch(text, found->pattern);
}

}  // namespace metallb::apiserver::structural
