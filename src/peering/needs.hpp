// What a peer needs of this node's network (bgp spec 1.8, 4.2, 4.11, 7.4).
#pragma once

#include <string>

#include "bgp/settings.hpp"
#include "peering/links.hpp"

namespace metallb::peering {

/// A peer that is named by its interface: its address is found by router advertisements.
[[nodiscard]] inline bool is_on_interface(const bgp::PeerSettings& peer) {
  return !peer.transport.address && !peer.transport.interface.empty();
}

/// Why the session cannot run: a VRF or an interface that is not there, down, or without the address it takes. Empty: it may
/// be tried. Routes are not looked at: they may be there without showing here.
[[nodiscard]] std::string missing_for(const bgp::PeerSettings& peer, const Links& links);

}  // namespace metallb::peering
