// Which path BFD watches for a BGP peer (bgp spec 4.13 "Which kind", 4.14). RFC 5881, RFC 5883.
#pragma once

#include <optional>

#include "bfd/parameters.hpp"
#include "bgp/settings.hpp"
#include "net/ip_address.hpp"
#include "peering/links.hpp"

namespace metallb::peering {

/// What is known of our end of the session's TCP connection.
struct SessionEnd {
  std::optional<IpAddress> local;  ///< of the connection, or of the last one
  bool up = false;                 ///< that connection is the established session
};

/// Several hops: an internal peer outside our subnets, or an external one that more than one hop is allowed to. Otherwise
/// one hop, over the interface of the peer's subnet where there is one. Nothing while our own address, or the peer's, is not
/// known.
[[nodiscard]] std::optional<bfd::SessionKey> path_to(const bgp::PeerSettings& peer, const SessionEnd& end,
                                                     const Links& links);

}  // namespace metallb::peering
