// Which next hops a session's routes have. RFC 2545 (BGP-4 for IPv6), RFC 8950; bgp spec 3.5 and 4.8.
#pragma once

#include <optional>

#include "bgp/update_writer.hpp"
#include "net/ip_address.hpp"

namespace metallb::bgp {

/// The addresses of this node that a session can name: of its TCP connection, and of the interface that it leaves by.
struct LocalAddresses {
  IpAddress session;              ///< the TCP connection's own end
  std::optional<IpAddress> ipv4;  ///< of the interface
  std::optional<IpAddress>
      ipv6;  ///< global, neither deprecated nor tentative: of the interface; on IPv4 sessions else of the node
  std::optional<IpAddress> ipv6_link_local;  ///< of the interface
  bool on_link = false;                      ///< the peer is in a subnet of the interface
  friend bool operator==(const LocalAddresses&, const LocalAddresses&) = default;
};

/// A wrong next hop is worse than none: without a usable address the family stays empty.
[[nodiscard]] NextHops next_hops(const LocalAddresses& addresses, bool ipv4_over_ipv6);

}  // namespace metallb::bgp
