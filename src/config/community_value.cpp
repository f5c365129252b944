#include "config/community_value.hpp"

#include <charconv>
#include <optional>
#include <vector>

#include "config/problem.hpp"

namespace metallb::config {
namespace {

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t maximum) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, 10);
  if (error != std::errc{} || stop != end || value > maximum) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0;;) {
    const auto colon = text.find(':', at);
    out.push_back(text.substr(at, colon - at));
    if (colon == std::string_view::npos) return out;
    at = colon + 1;
  }
}

std::array<std::uint32_t, 3> as_large(const CommunityValue& value) {
  return value.large ? value.parts : std::array<std::uint32_t, 3>{(value.parts[0] << 16) + value.parts[1], 0, 0};
}

}  // namespace

std::string CommunityValue::to_string() const {
  auto text = std::to_string(parts[0]) + ":" + std::to_string(parts[1]);
  return large ? text + ":" + std::to_string(parts[2]) : text;
}

std::strong_ordering operator<=>(const CommunityValue& a, const CommunityValue& b) {
  if (const auto order = as_large(a) <=> as_large(b); order != 0) return order;
  return a.large <=> b.large;
}

bool can_only_be_alias(std::string_view text) {
  const auto parts = split(text).size();
  return parts != 2 && parts != 4;
}

std::expected<CommunityValue, std::string> parse_community(std::string_view text) {
  const auto invalid_value = [&] { return std::unexpected("invalid community value: " + quoted(std::string(text))); };
  if (can_only_be_alias(text)) return std::unexpected("invalid community format: " + quoted(std::string(text)));
  const auto parts = split(text);
  CommunityValue out;
  out.large = parts.size() == 4;
  if (out.large && parts[0] != "large") return invalid_value();
  const std::size_t skipped = out.large ? 1 : 0;
  for (std::size_t i = skipped; i < parts.size(); ++i) {
    const auto number = parse_number(parts[i], out.large ? 0xFFFFFFFFU : 0xFFFFU);
    if (!number) return invalid_value();
    out.parts[i - skipped] = *number;
  }
  return out;
}

}  // namespace metallb::config
