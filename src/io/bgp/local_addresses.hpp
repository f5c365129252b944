// Which addresses of this node a BGP session can name as next hops (bgp spec 4.8).
#pragma once

#include <optional>

#include "bgp/next_hops.hpp"
#include "bgp/settings.hpp"
#include "peering/links.hpp"

namespace metallb::io {

/// `session`: the own end of the connection that was made with `transport`. `node_ipv6`: for sessions over
/// IPv4 outside of VRFs, where the interface has no global IPv6 address.
[[nodiscard]] bgp::LocalAddresses local_addresses(const IpAddress& session, const bgp::Transport& transport,
                                                  const peering::Links& links, const std::optional<IpAddress>& node_ipv6);

/// Whether the devices and the source address that `transport` names are there.
[[nodiscard]] bool can_dial(const bgp::Transport& transport, const peering::Links& links);

}  // namespace metallb::io
