// What the layer 2 core is told and what it wants done; the values that cross its border (see instance.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
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
/// What a frame is sent for.
enum class Purpose : std::uint8_t {
  kAnswer,
  kAnnouncement,  ///< gratuitous: nobody asked
  kProbe,         ///< asks whether somebody else has the address; not counted
};
/// A SendFrame did not leave this node: it must not count as sent.
struct FrameLost {
  IpAddress address;
  Purpose purpose = Purpose::kAnswer;
};
/// Which MAC belongs to which other member of the cluster, by node name, as the member table and the kernel's neighbour
/// table tell (failover spec 6). The whole table: it replaces the last one.
struct NeighboursKnown {
  std::map<MacAddress, std::string> nodes;
};
/// From now on a program in the kernel answers, too, or none does any more: it wants leases, or none.
struct KernelAnswers {
  bool on = false;
};
/// How many requests the program has answered since the last time, by address.
struct KernelAnswered {
  std::map<IpAddress, std::uint64_t> requests;
};
using Input = std::variant<Command, InterfaceState, InterfaceGone, FrameReceived, SendersReady, FrameLost, NeighboursKnown,
                           KernelAnswers, KernelAnswered>;

/// A whole Ethernet frame, padded to the minimum of 60 bytes.
struct SendFrame {
  InterfaceIndex interface;
  Bytes frame;
  IpAddress address;  ///< that it is about
  Purpose purpose = Purpose::kAnswer;
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
/// Somebody else claims an address that is answered here. `node` is the member that the MAC belongs to; without it the MAC
/// is a stranger's, and the claim was not its first: it stood a probe. At most one every kConflictInterval per address and
/// kind (member or stranger); of members' only what they announce or answer: a kernel that merely sends from the address
/// (kube-proxy's ipvs mode without strict ARP) does not own it.
struct ConflictSeen {
  IpAddress address;
  InterfaceIndex interface;
  std::string interface_name;
  MacAddress mac;
  std::optional<std::string> node;
  bool announced = true;  ///< it told the whole LAN so; false: it answered somebody, or sent from the address
  friend bool operator==(const ConflictSeen&, const ConflictSeen&) = default;
};
/// One entry of the answer table has changed, for whoever answers from a copy of it (answer_table.hpp).
struct AnswerChanged {
  InterfaceIndex interface;
  IpAddress address;
  std::optional<MacAddress> mac;  ///< nullopt: no answer any more
};
/// The copy may be used until then without asking (answer_lease.hpp).
struct AnswersLeased {
  SteadyPoint until;
};
using Action = std::variant<SendFrame, JoinGroup, LeaveGroup, CaptureChanged, ConflictSeen, AnswerChanged, AnswersLeased>;

inline constexpr Duration kConflictInterval = std::chrono::milliseconds(50);

/// Per address; never removed (layer2 spec 3.5, 4.2).
struct AddressCounters {
  std::uint64_t requests_received = 0;
  std::uint64_t responses_sent = 0;
  std::uint64_t gratuitous_sent = 0;
};
/// Claims of our addresses by others; those of one kind for one address within kConflictInterval count once (failover spec
/// 6).
struct ConflictCounters {
  std::uint64_t member = 0;
  std::uint64_t foreign = 0;
};
/// Addresses that this node began to answer, and those of them that it has been asked for since: it is heard (failover spec
/// 6).
struct TakeOverCounters {
  std::uint64_t begun = 0;
  std::uint64_t heard = 0;
};
/// Frames that were not answered, by reason (layer2 spec 3.3, 3.4).
struct DropCounters {
  std::uint64_t malformed = 0;
  std::uint64_t not_a_request = 0;
  std::uint64_t wrong_destination = 0;
  std::uint64_t unknown_address = 0;
  std::uint64_t wrong_interface = 0;
  std::uint64_t paused = 0;  ///< asked right after the process stood still (pause_watch.hpp)
};

}  // namespace metallb::layer2
