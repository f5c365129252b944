// A BGPPeer as configured -> the session that this node is to keep with it (bgp spec 1.8, 3.1, 3.2).
#pragma once

#include <string>

#include "config/bgp.hpp"
#include "peering/peer.hpp"
#include "speaker/nodes.hpp"

namespace metallb::speaker {

/// The configured one, else the InternalIP of the node, else a hash of its name; never 0. deviation: the session's own IPv4
/// address, which bgp spec 1.8 would ask for before the node's, is not known before the session, and would give each
/// session another one.
[[nodiscard]] bgp::RouterId router_id_of(const config::BgpPeer& peer, const std::string& node_name, const OwnNode& node);

/// With the engine's defaults for what the profile leaves open.
[[nodiscard]] bfd::Parameters bfd_parameters_of(const config::BfdProfile& profile);

/// `held`: why no session may run now; empty: it may.
[[nodiscard]] peering::Peer peer_of(const config::BgpPeer& peer, const std::string& node_name, const OwnNode& node,
                                    const std::string& held);

}  // namespace metallb::speaker
