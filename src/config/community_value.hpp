// One BGP community as configured, standard or large (controller spec 3.4, literal grammar).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace metallb::config {

/// A standard community A:B (RFC 1997, 16 bits each) or a large one A:B:C (RFC 8092, 32 bits each).
struct CommunityValue {
  bool large = false;
  std::array<std::uint32_t, 3> parts{};  ///< a standard community uses the first two

  /// "A:B" or "A:B:C".
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const CommunityValue&, const CommunityValue&) = default;
  /// A standard community compares as the large community ((A << 16) + B):0:0.
  friend std::strong_ordering operator<=>(const CommunityValue& a, const CommunityValue& b);
};

/// "A:B" or "large:A:B:C", decimal without signs and blanks. The error keeps the original's phrases.
[[nodiscard]] std::expected<CommunityValue, std::string> parse_community(std::string_view text);
/// It has neither two nor four parts, so it is no attempt at a value: its alias may yet come.
[[nodiscard]] bool can_only_be_alias(std::string_view text);

}  // namespace metallb::config
