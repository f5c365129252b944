// The numbers of BGP as types, so that none passes for another.
#pragma once

#include <compare>
#include <cstdint>

#include "base/strong.hpp"
#include "net/ip_address.hpp"

namespace metallb::bgp {

using Asn = Strong<std::uint32_t, struct AsnTag>;
/// The BGP Identifier (RFC 6286: any number but 0, unique within its AS), as an unsigned number in host order.
using RouterId = Strong<std::uint32_t, struct RouterIdTag>;
/// RFC 1997: AS number and value, 16 bits each.
using Community = Strong<std::uint32_t, struct CommunityTag>;
/// One configured peer; chosen by whoever configures it and kept while it is the same peer.
using PeerId = Strong<std::uint32_t, struct PeerIdTag>;
/// One TCP connection. Dialled ones are numbered by the core, accepted ones by the driver: the ranges do not meet (the
/// driver's have the highest bit set). A number is never used again.
using ConnectionId = Strong<std::uint64_t, struct ConnectionIdTag>;
inline constexpr std::uint64_t kAcceptedConnection = std::uint64_t{1} << 63;

/// RFC 6793, Section 9: stands for an AS number that needs four octets where only two fit.
inline constexpr Asn kAsTrans{23456};

/// RFC 8092
struct LargeCommunity {
  std::uint32_t global = 0;
  std::uint32_t local1 = 0;
  std::uint32_t local2 = 0;
  friend auto operator<=>(const LargeCommunity&, const LargeCommunity&) = default;
};

/// RFC 4760: what kind of routes; a number that we do not know may come from a peer.
struct Family {
  std::uint16_t afi = 0;
  std::uint8_t safi = 0;
  friend auto operator<=>(const Family&, const Family&) = default;
};
inline constexpr Family kIpv4Unicast{1, 1};
inline constexpr Family kIpv6Unicast{2, 1};

[[nodiscard]] constexpr Family unicast(IpFamily family) {
  return family == IpFamily::kIpv4 ? kIpv4Unicast : kIpv6Unicast;
}

}  // namespace metallb::bgp
