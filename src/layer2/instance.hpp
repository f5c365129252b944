// Layer 2 announcer of one node: answers ARP requests and neighbour solicitations for the addresses it was told to
// announce, makes take-overs known with gratuitous announcements, and notices when somebody else claims one of them.
//
// In:   Announce/Withdraw/Reannounce from the speaker, interfaces from netlink, received Ethernet frames, the members' MACs.
// Out:  Ethernet frames to send, multicast groups to hold, the capture filter per interface, conflicts, counters, log lines;
//       the answer table, change by change, and leases on it, for a program that answers ahead of this core.
// Thread: packets (or virtual time in tests). It knows nothing of Services' meaning, elections or the API.
//
// RFC 826 (ARP), RFC 5227 (IPv4 Address Conflict Detection), RFC 4861 (Neighbor Discovery for IPv6), RFC 4862 (Stateless
// Address Autoconfiguration: duplicate address detection), RFC 2464 (IPv6 over Ethernet), RFC 3810 (MLDv2).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/log.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "layer2/announcement_schedule.hpp"
#include "layer2/answer_lease.hpp"
#include "layer2/answer_table.hpp"
#include "layer2/contests.hpp"
#include "layer2/group_memberships.hpp"
#include "layer2/inputs_and_actions.hpp"
#include "layer2/neighbours.hpp"
#include "layer2/pause_watch.hpp"
#include "layer2/refresh_schedule.hpp"
#include "layer2/registrations.hpp"
#include "layer2/responder.hpp"

namespace metallb::layer2 {

class Instance {
 public:
  /// `seed` of the generator that spreads the refreshes.
  explicit Instance(Log log = {}, std::uint64_t seed = 0) : log_(log), refresh_(seed), responder_(log) {}

  /// While anything is announced the driver must call at next_deadline(), or soon after: a call that is late by more than
  /// kTolerance counts as a pause of the process.
  void on_input(Now now, const Input& in, std::vector<Action>& out);
  /// Sends at most kFramesPerSlice frames of due announcements; next_deadline() tells when more are waiting.
  void on_time(Now now, std::vector<Action>& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// Of every address that was ever answered or announced; entries are never removed.
  [[nodiscard]] const std::map<IpAddress, AddressCounters>& address_counters() const {
    return responder_.address_counters();
  }
  [[nodiscard]] const DropCounters& drops() const { return responder_.drops(); }
  [[nodiscard]] const ConflictCounters& conflicts() const { return conflicts_; }
  [[nodiscard]] const TakeOverCounters& take_overs() const { return responder_.take_overs(); }
  /// What is answered at the moment.
  [[nodiscard]] const AnswerTable& table() const { return table_; }

 private:
  /// An interface, and what its packet sockets were told last.
  struct Port {
    InterfaceState state;
    bool addresses_changed = false;  ///< since the last CaptureChanged
    SteadyPoint capture_after = SteadyPoint::min();
  };

  void apply(SteadyPoint now, const Announce& command, std::vector<Action>& out);
  void apply(SteadyPoint now, const Withdraw& command, std::vector<Action>& out);
  void apply(SteadyPoint now, const Reannounce& command, std::vector<Action>& out);
  void apply(SteadyPoint now, const InterfaceState& state, std::vector<Action>& out);
  void apply(SteadyPoint now, const InterfaceGone& gone, std::vector<Action>& out);
  void receive(SteadyPoint now, const FrameReceived& received, std::vector<Action>& out);
  void contest(SteadyPoint now, const InterfaceState& interface, const Responder::Claim& claim, std::vector<Action>& out);
  void defences_due(SteadyPoint now);
  bool probe(SteadyPoint now, std::vector<Action>& out);
  void watch_for_pause(SteadyPoint now);
  void announce_anew(SteadyPoint now, InterfaceIndex interface, std::optional<IpFamily> family);

  void renew(SteadyPoint now, const IpAddress& address, const InterfaceSet& coverage, Port& port, std::vector<Action>& out);
  void renew_all(SteadyPoint now, Port& port, std::vector<Action>& out);
  void gain(SteadyPoint now, const IpAddress& address, Port& port, std::vector<Action>& out);
  void announce_again(SteadyPoint now, const Round& round);
  void lose(const IpAddress& address, Port& port, std::vector<Action>& out);
  /// Nothing is answered in a silence, wherever.
  [[nodiscard]] bool leases() const { return !table_.empty() && !pause_.silent(); }
  void lease_due(SteadyPoint now, std::vector<Action>& out);

  void log_eligibility(const std::string& interface, bool arp_before, bool arp, bool ndp_before, bool ndp) const;
  void capture(SteadyPoint now, Port& port, std::vector<Action>& out) const;
  void captures_due(SteadyPoint now, std::vector<Action>& out);
  void first_announcements(SteadyPoint now, std::vector<Action>& out);
  void announcements_due(SteadyPoint now, std::vector<Action>& out);
  std::size_t announce(const Round& round, Responder::Form form, std::vector<Action>& out);

  Log log_;
  Registrations registrations_;
  std::map<InterfaceIndex, Port> ports_;
  AnswerTable table_;
  GroupMemberships groups_;
  AnnouncementSchedule schedule_;
  AnnouncementSchedule probes_;
  RefreshSchedule refresh_;
  PauseWatch pause_;
  AnswerLease lease_;
  Neighbours neighbours_;
  Contests contests_;
  ConflictCounters conflicts_;
  Responder responder_;
};

static_assert(StateMachine<Instance, Input, std::vector<Action>>);

/// Upper bound of announcement frames per call, so that a take-over of a thousand addresses does not keep requests waiting.
inline constexpr std::size_t kFramesPerSlice = 64;

}  // namespace metallb::layer2
