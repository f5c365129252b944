// The Ethernet header that every frame of this module starts with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "net/mac_address.hpp"

namespace metallb::layer2 {

/// Smallest frame without the check sequence (IEEE 802.3): shorter ones are padded with zeros.
inline constexpr std::size_t kMinimumFrame = 60;
inline constexpr std::size_t kEthernetHeader = 14;

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86DD;
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;         ///< IEEE 802.1Q
inline constexpr std::uint16_t kEtherTypeServiceVlan = 0x88A8;  ///< IEEE 802.1ad

///      0               6               12        14
///     +---------------+---------------+---------+
///     |  destination  |    source     |  type   |
///     +---------------+---------------+---------+
struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  std::uint16_t type = 0;
  friend bool operator==(const EthernetHeader&, const EthernetHeader&) = default;
};

/// Zeros when the input is too short: ask the reader's ok().
[[nodiscard]] inline EthernetHeader read_ethernet(ByteReader& in) {
  EthernetHeader header;
  header.destination = MacAddress(in.array<6>());
  header.source = MacAddress(in.array<6>());
  header.type = in.u16();
  return header;
}

inline void write_ethernet(ByteWriter& out, const EthernetHeader& header) {
  out.bytes(header.destination.bytes()).bytes(header.source.bytes()).u16(header.type);
}

/// Group bit of the first octet: multicast, or broadcast.
[[nodiscard]] constexpr bool is_group(const MacAddress& mac) {
  return (mac.bytes()[0] & 0x01U) != 0;
}

}  // namespace metallb::layer2
