// What the peering core is told and what it wants done; the values that cross its border (see instance.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/names.hpp"
#include "bfd/inputs_and_actions.hpp"
#include "bgp/inputs_and_actions.hpp"
#include "net/ip_address.hpp"
#include "peering/links.hpp"
#include "peering/ndp_message.hpp"
#include "peering/peer.hpp"

namespace metallb::peering {

// ---- inputs; beside them SetPeer and RemovePeer of peer.hpp ----

/// All interfaces of this node, again whenever anything of them changes.
struct LinksChanged {
  Links links;
};
/// An ICMPv6 message from its type on; valid during the call only.
struct NdpReceived {
  InterfaceIndex interface;
  NdpArrival arrival;
  ByteView message;
};
/// Router advertisements cannot be sent and received, and what to mend; empty: they can (again).
struct DiscoveryTrouble {
  std::string problem;
};
/// The TCP connection of this peer's session has this address on our side.
struct SessionAddress {
  bgp::PeerId peer;
  IpAddress local;
};
/// This process ends, and BGP and BFD are told so by others: from now on nothing is wanted.
struct Stopping {};
/// Changes of state come from the BGP core, verdicts from the BFD core.
using Input = std::variant<SetPeer, RemovePeer, LinksChanged, NdpReceived, DiscoveryTrouble, SessionAddress,
                           bgp::StateChanged, bfd::StateChanged, bfd::Refused, Stopping>;

// ---- actions ----

/// An ICMPv6 message, hop limit 255, checksum still 0.
struct SendNdp {
  InterfaceIndex interface;
  IpAddress source;
  IpAddress destination;
  Bytes message;
};
/// Router advertisements and solicitations are wanted from this interface: be a member of ff02::1 and ff02::2 there.
struct JoinGroups {
  InterfaceIndex interface;
};
struct LeaveGroups {
  InterfaceIndex interface;
};
/// Of bgp::Input there come SetPeer, RemovePeer and PeerLiveness, of bfd::Input Watch and Unwatch.
using Action = std::variant<bgp::Input, bfd::Input, SendNdp, JoinGroups, LeaveGroups>;
using Output = std::vector<Action>;

}  // namespace metallb::peering
