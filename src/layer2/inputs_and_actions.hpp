// What the layer 2 core is told and what it wants done; the values that cross its border (see instance.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/names.hpp"
#include "layer2/commands.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::layer2 {

/// An interface as netlink reports it, already past the exclude expression. Sent again whenever something of it changes.
struct InterfaceState {
  InterfaceIndex index;
  std::string name;
  MacAddress mac;
  bool arp = false;                     ///< may answer ARP: up, no master, no NOARP flag, broadcast (layer2 spec 3.1)
  std::optional<IpAddress> link_local;  ///< may answer NDP: likewise, with this usable link-local source address
  bool running = true;                  ///< frames reach the medium: carrier, and not dormant; no matter for eligibility
  friend bool operator==(const InterfaceState&, const InterfaceState&) = default;
};
struct InterfaceGone {
  InterfaceIndex index;
};
/// One Ethernet frame from the interface's packet socket; valid during the call only.
struct FrameReceived {
  InterfaceIndex interface;
  ByteView frame;
};
/// The interface can send again for this family, after a time in which frames were lost.
struct SendersReady {
  InterfaceIndex interface;
  IpFamily family;
};
/// A SendFrame did not leave this node: it must not count as sent.
struct FrameLost {
  IpAddress address;
  bool gratuitous = false;
};
using Input = std::variant<Command, InterfaceState, InterfaceGone, FrameReceived, SendersReady, FrameLost>;

/// A whole Ethernet frame, padded to the minimum of 60 bytes.
struct SendFrame {
  InterfaceIndex interface;
  Bytes frame;
  IpAddress address;        ///< that it is about
  bool gratuitous = false;  ///< nobody asked
};
/// Hold (or drop) membership in a solicited-node group, so that switches with MLD snooping deliver.
struct JoinGroup {
  InterfaceIndex interface;
  IpAddress group;
};
struct LeaveGroup {
  InterfaceIndex interface;
  IpAddress group;
};
/// The addresses that an interface answers for have changed: renew the packet sockets' filters. `arp` and `ndp` are false
/// when the interface needs no socket of that kind (not eligible, or gone): close it. It comes before the first frame to
/// send on a newly eligible interface. Many changes in a row are folded into few of these.
struct CaptureChanged {
  InterfaceIndex interface;
  bool arp = false;
  bool ndp = false;
  std::vector<IpAddress> addresses;  ///< of both families, ascending
};
using Action = std::variant<SendFrame, JoinGroup, LeaveGroup, CaptureChanged>;

/// Per address; never removed (layer2 spec 3.5, 4.2).
struct AddressCounters {
  std::uint64_t requests_received = 0;
  std::uint64_t responses_sent = 0;
  std::uint64_t gratuitous_sent = 0;
};
/// Frames that were not answered, by reason (layer2 spec 3.3, 3.4).
struct DropCounters {
  std::uint64_t malformed = 0;
  std::uint64_t not_a_request = 0;
  std::uint64_t wrong_destination = 0;
  std::uint64_t unknown_address = 0;
  std::uint64_t wrong_interface = 0;
};

}  // namespace metallb::layer2
