// Ethernet (EUI-48) addresses.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/ip_address.hpp"

namespace metallb {

class MacAddress {
 public:
  constexpr MacAddress() = default;  ///< 00:00:00:00:00:00
  constexpr explicit MacAddress(const std::array<std::uint8_t, 6>& bytes) : bytes_(bytes) {}
  /// Six pairs of hexadecimal digits separated by colons.
  [[nodiscard]] static std::optional<MacAddress> parse(std::string_view text);
  [[nodiscard]] static constexpr MacAddress broadcast() { return MacAddress({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}); }
  /// RFC 2464, Section 7: 33:33 followed by the low 32 bits of the IPv6 group.
  [[nodiscard]] static MacAddress multicast(const IpAddress& group);

  [[nodiscard]] constexpr const std::array<std::uint8_t, 6>& bytes() const { return bytes_; }
  /// The address of one station: neither a group's (broadcast, multicast) nor all zeros.
  [[nodiscard]] constexpr bool is_station() const { return (bytes_[0] & 1U) == 0 && *this != MacAddress(); }
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;
  friend constexpr bool operator==(const MacAddress&, const MacAddress&) = default;

 private:
  std::array<std::uint8_t, 6> bytes_{};
};

}  // namespace metallb
