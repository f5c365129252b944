#include "base/go_duration.hpp"

#include <array>
#include <limits>
#include <optional>

namespace metallb {
namespace {

// As the library reads ConfigMaps: the largest magnitude is that of a signed 64-bit number of nanoseconds.
constexpr std::uint64_t kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr std::array kUnits{Unit{"ns", 1},
                            Unit{"us", 1'000},
                            Unit{"\xC2\xB5s", 1'000},  // micro sign
                            Unit{"\xCE\xBCs", 1'000},  // Greek mu
                            Unit{"ms", 1'000'000},
                            Unit{"s", 1'000'000'000},
                            Unit{"m", 60'000'000'000},
                            Unit{"h", 3'600'000'000'000}};

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Digits from the front of `text`, taken off.
std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const auto digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

/// One number with its unit, taken off the front of `text`; nothing if it is not one, or too large.
std::optional<std::uint64_t> take_part(std::string_view& text) {
  const auto whole = take_digits(text);
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;
  std::size_t length = 0;
  while (length < text.size() && text[length] != '.' && !is_digit(text[length])) ++length;
  const auto* unit = kUnits.begin();
  while (unit != kUnits.end() && unit->name != text.substr(0, length)) ++unit;
  if (unit == kUnits.end()) return std::nullopt;
  text.remove_prefix(length);

  unsigned __int128 total = 0;
  for (const auto digit : whole) {
    total = total * 10 + static_cast<unsigned>(digit - '0');
    if (total > kLargest) return std::nullopt;
  }
  total *= unit->nanoseconds;
  // What is smaller than a nanosecond is cut off; so are digits that could not amount to one (an hour has 3.6e12).
  unsigned __int128 numerator = 0;
  unsigned __int128 denominator = 1;
  for (const auto digit : fraction.substr(0, 18)) {
    numerator = numerator * 10 + static_cast<unsigned>(digit - '0');
    denominator *= 10;
  }
  total += numerator * unit->nanoseconds / denominator;
  if (total > kLargest) return std::nullopt;
  return static_cast<std::uint64_t>(total);
}

}  // namespace

std::expected<Duration, std::string> parse_go_duration(std::string_view text) {
  const auto bad = [&] {
    return std::unexpected(
        '"' + std::string(text) +
        "\" is not a duration: write numbers with units and no blanks, as in \"200ms\", \"1.5s\" or \"1m30s\"");
  };
  auto rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Duration::zero();  // the only number that needs no unit
  if (rest.empty()) return bad();
  std::uint64_t total = 0;
  while (!rest.empty()) {
    const auto part = take_part(rest);
    if (!part || *part > kLargest - total) return bad();
    total += *part;
  }
  const auto nanoseconds = static_cast<std::int64_t>(total);
  return Duration(negative ? -nanoseconds : nanoseconds);
}

std::string go_duration(Duration duration) {
  auto left = duration.count();
  if (left == 0) return "0s";
  std::string out = left < 0 ? "-" : "";
  for (const std::size_t i : {7U, 6U, 5U, 4U, 1U, 0U}) {
    const auto unit = static_cast<std::int64_t>(kUnits[i].nanoseconds);
    const auto count = left / unit;
    left %= unit;
    if (count != 0) out += std::to_string(count < 0 ? -count : count) + std::string(kUnits[i].name);
  }
  return out;
}

}  // namespace metallb
