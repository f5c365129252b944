// A BGP peer as the speaker wants it, before this node's network has its say: which address the peer has on an unnumbered
// link, whether its interface and VRF are there, from which address BFD watches the path.
#pragma once

#include <optional>

#include "bfd/parameters.hpp"
#include "bgp/settings.hpp"

namespace metallb::peering {

struct Peer {
  /// `transport.address` is empty exactly for peers on an interface; `held` is empty unless the speaker has a reason of its
  /// own; the core of this folder adds what it finds out about the network.
  bgp::PeerSettings settings;
  std::optional<bfd::Parameters> bfd;  ///< nothing: the path is not watched
  friend bool operator==(const Peer&, const Peer&) = default;
};

struct SetPeer {
  bgp::PeerId peer;
  Peer wanted;
};
struct RemovePeer {
  bgp::PeerId peer;
};

}  // namespace metallb::peering
