// ARP for IPv4 over Ethernet, as whole Ethernet frames. RFC 826 (An Ethernet Address Resolution Protocol).
#pragma once

#include <cstdint>
#include <expected>

#include "base/bytes.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::layer2 {

/// Why bytes are no ARP packet that concerns us.
enum class ArpError : std::uint8_t {
  kTruncated,    ///< shorter than its own layout
  kNotArp,       ///< another EtherType
  kNotIpv4,      ///< protocol type or protocol length
  kNotEthernet,  ///< hardware address length other than 6: nothing that could be answered with a MAC
};

enum class ArpOperation : std::uint16_t { kRequest = 1, kReply = 2 };

///      0        2        4    5    6        8        14       18       24       28
///     +--------+--------+----+----+--------+--------+--------+--------+--------+
///     | htype  | ptype  |hlen|plen|  oper  |  SHA   |  SPA   |  THA   |  TPA   |   after the Ethernet header
///     +--------+--------+----+----+--------+--------+--------+--------+--------+
struct ArpPacket {
  MacAddress ethernet_destination;
  MacAddress ethernet_source;
  ArpOperation operation = ArpOperation::kRequest;  ///< from the wire: may be a value without a name
  MacAddress sender_mac;
  IpAddress sender_ip;  ///< 0.0.0.0 in a probe (RFC 5227, Section 2.1.1)
  MacAddress target_mac;
  IpAddress target_ip;
  friend bool operator==(const ArpPacket&, const ArpPacket&) = default;
};

/// The hardware type is not looked at (layer2 spec 3.3): Ethernet hosts exist that write 6 (IEEE 802) there. Trailing
/// bytes are padding.
[[nodiscard]] std::expected<ArpPacket, ArpError> decode_arp(ByteView frame);

/// A frame of kMinimumFrame bytes. Both addresses must be IPv4.
[[nodiscard]] Bytes encode_arp(const ArpPacket& packet);

}  // namespace metallb::layer2
