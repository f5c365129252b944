// BGPPeers (bgp spec 1.1, 1.7, controller spec 3.4 rules N1 to N19), without the restrictions of the original's modes: what
// the engine can do is accepted.
#pragma once

#include <vector>

#include "config/bfd_profiles.hpp"
#include "config/build.hpp"

namespace metallb::config {

/// `peers` in the order in which they win a conflict, those that may run on one of `nodes`; where no Node is known, all are
/// taken to meet somewhere. Two peers that meet on a node must differ in what a session is known by: VRF, address or
/// interface, port, source. Returns them by name.
[[nodiscard]] std::vector<BgpPeer> build_bgp_peers(const Objects<kube::BGPPeer>& peers, const Objects<kube::Node>& nodes,
                                                   const BfdProfiles& profiles, const Objects<kube::Secret>& secrets,
                                                   std::vector<ConfigError>& errors);

}  // namespace metallb::config
