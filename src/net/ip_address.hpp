// IPv4 and IPv6 addresses.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace metallb {

__extension__ using Uint128 = unsigned __int128;

enum class IpFamily : std::uint8_t { kIpv4, kIpv6 };

/// "IPv4" or "IPv6", as in spec.ipFamilies.
[[nodiscard]] std::string_view to_string(IpFamily family);
/// 32 or 128.
[[nodiscard]] constexpr int address_bits(IpFamily family) {
  return family == IpFamily::kIpv4 ? 32 : 128;
}

/// An address without zone. IPv4-mapped IPv6 input (::ffff:a.b.c.d) becomes the IPv4 address, as everywhere in the
/// original (controller spec, "Family of an address"). Ordered by family (IPv4 first), then numerically.
class IpAddress {
 public:
  constexpr IpAddress() = default;  ///< 0.0.0.0
  [[nodiscard]] static IpAddress v4(std::uint32_t host_order);
  [[nodiscard]] static IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d);
  /// From 16 bytes in network order; a mapped address becomes IPv4.
  [[nodiscard]] static IpAddress v6(const std::array<std::uint8_t, 16>& bytes);
  /// Stays in `family` whatever the number, so that arithmetic on a range never leaves its family half-way.
  [[nodiscard]] static IpAddress from_number(IpFamily family, Uint128 number);
  /// Strict text forms: dotted quad without leading zeros; RFC 4291 text; no zone, no blanks.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] IpFamily family() const { return family_; }
  [[nodiscard]] bool is_v4() const { return family_ == IpFamily::kIpv4; }
  [[nodiscard]] bool is_v6() const { return family_ == IpFamily::kIpv6; }
  /// Numeric value; below 2^32 for IPv4.
  [[nodiscard]] Uint128 number() const { return number_; }
  /// 4 or 16 bytes in network order.
  [[nodiscard]] Bytes bytes() const;
  /// Network order; for IPv4 the value is in the last four bytes.
  [[nodiscard]] std::array<std::uint8_t, 16> bytes16() const;

  /// Dotted decimal, or RFC 5952: lower case, the leftmost longest run of at least two zero groups compressed, always
  /// hexadecimal (inet_ntop prints ::/96 with a dotted tail, which would change election hashes; layer2 spec 2.2).
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] bool is_link_local() const;  ///< 169.254.0.0/16 or fe80::/10
  [[nodiscard]] bool is_unspecified() const { return number_ == 0; }
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] bool is_loopback() const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
  friend constexpr bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  constexpr IpAddress(IpFamily family, Uint128 number) : family_(family), number_(number) {}
  static IpAddress unmapped(Uint128 number);
  IpFamily family_ = IpFamily::kIpv4;
  Uint128 number_ = 0;
};

/// RFC 4291, Section 2.7.1: ff02::1:ffXX:XXXX with the low 24 bits of `address` (which must be IPv6).
[[nodiscard]] IpAddress solicited_node_group(const IpAddress& address);

}  // namespace metallb

template <>
struct std::hash<metallb::IpAddress> {
  std::size_t operator()(const metallb::IpAddress& a) const noexcept {
    const auto n = a.number();
    return std::hash<std::uint64_t>{}(static_cast<std::uint64_t>(n) * 0x9E3779B97F4A7C15ULL ^
                                      static_cast<std::uint64_t>(n >> 64) ^ (a.is_v6() ? 1U : 0U));
  }
};
