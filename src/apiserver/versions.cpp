#include <charconv>
#include <optional>
#include <tuple>

#include "apiserver/kinds.hpp"

namespace metallb::apiserver {
namespace {

struct Version {
  int stability = 0;  ///< 2: general, 1: beta, 0: alpha
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
};

std::optional<std::uint32_t> cut_number(std::string_view& text) {
  std::uint32_t out = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc{} || out == 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return out;
}

/// "v1", "v2beta3"; nothing for other names.
std::optional<Version> parse_version(std::string_view text) {
  if (!text.starts_with('v')) return std::nullopt;
  text.remove_prefix(1);
  Version out;
  const auto major = cut_number(text);
  if (!major) return std::nullopt;
  out.major = *major;
  out.stability = 2;
  if (text.empty()) return out;
  const bool beta = text.starts_with("beta");
  if (!beta && !text.starts_with("alpha")) return std::nullopt;
  out.stability = beta ? 1 : 0;
  text.remove_prefix(beta ? 4 : 5);
  const auto minor = cut_number(text);
  if (!minor || !text.empty()) return std::nullopt;
  out.minor = *minor;
  return out;
}

}  // namespace

bool preferred_version(std::string_view a, std::string_view b) {
  const auto x = parse_version(a);
  const auto y = parse_version(b);
  if (!x || !y) return x || y ? x.has_value() : a < b;
  return std::tuple(x->stability, x->major, x->minor) > std::tuple(y->stability, y->major, y->minor);
}

}  // namespace metallb::apiserver
