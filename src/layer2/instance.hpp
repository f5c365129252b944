// Layer 2 announcer of one node: answers ARP requests and neighbour solicitations for the addresses it was told to
// announce, and makes take-overs known with gratuitous announcements.
//
// In:   Announce/Withdraw from the speaker, interfaces from netlink, received Ethernet frames.
// Out:  Ethernet frames to send, multicast groups to hold, the capture filter per interface, counters, log lines.
// Thread: packets (or virtual time in tests). It knows nothing of Services' meaning, elections or the API.
//
// RFC 826 (ARP), RFC 5227 (IPv4 Address Conflict Detection), RFC 4861 (Neighbor Discovery for IPv6), RFC 4862 (Stateless
// Address Autoconfiguration: duplicate address detection), RFC 2464 (IPv6 over Ethernet), RFC 3810 (MLDv2).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/names.hpp"
#include "base/time.hpp"
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
using Input = std::variant<Command, InterfaceState, InterfaceGone, FrameReceived>;

/// A whole Ethernet frame, padded to the minimum of 60 bytes.
struct SendFrame {
  InterfaceIndex interface;
  Bytes frame;
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
/// The addresses that an interface answers for have changed: renew the packet sockets' filters. `open` is false when the
/// interface needs no sockets of that kind any more (not eligible). Sorted.
struct CaptureChanged {
  InterfaceIndex interface;
  bool arp = false;
  bool ndp = false;
  std::vector<IpAddress> addresses;
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
