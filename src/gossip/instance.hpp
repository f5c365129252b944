// Membership of one node: who else is alive, found out by gossip that is wire-compatible with the memberlist library, and by
// the watch ring beside it.
//
// In:   UDP packets, TCP streams, addresses to join, keys, the state of the own link, the order to leave.
// Out:  packets, streams, the electorate for elections, addresses of members, log lines; counters are read from its state.
// Thread: liveness (or virtual time in tests and simulation). It knows nothing of Kubernetes, elections or MAC addresses.
//
// SWIM (Das, Gupta, Motivala: Scalable Weakly-consistent Infection-style Process Group Membership Protocol), Lifeguard
// (Dadgar, Phillips, Currey); exact behaviour: gossip spec, failover spec sections 2 to 4.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "gossip/settings.hpp"

namespace metallb::gossip {

struct Options {
  std::string node_name;
  IpAddress address;          ///< bound and advertised
  std::uint16_t port = 7946;  ///< likewise; the default for dialling others
  Settings settings;
  KeyRing ring;
  NonceSource nonces;
  std::uint64_t seed = 0;  ///< of the generator for jitter and shuffling
  /// Until then no election is held, unless the first Join ends earlier (failover spec 4).
  Duration start_hold = std::chrono::seconds(5);
};

/// One row of the member table, for metrics, the status page and tests.
struct Member {
  std::string name;
  WireAddress address;
  std::uint16_t port = 0;
  std::uint32_t incarnation = 0;
  MemberState state = MemberState::kAlive;
};

class Instance {
 public:
  explicit Instance(Options options, Log log = {});
  ~Instance();

  /// The first call, whichever it is, is the start of the process as far as timers are concerned.
  void on_input(Now now, const Input& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// Sorted by name; this node included.
  [[nodiscard]] std::vector<Member> members() const;
};

static_assert(StateMachine<Instance, Input, Output>);

}  // namespace metallb::gossip
