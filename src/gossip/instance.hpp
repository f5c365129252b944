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
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "gossip/counters.hpp"
#include "gossip/electorate.hpp"
#include "gossip/exchanges.hpp"
#include "gossip/farewell.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "gossip/membership.hpp"
#include "gossip/numbers.hpp"
#include "gossip/postman.hpp"
#include "gossip/prober.hpp"
#include "gossip/quiet_log.hpp"
#include "gossip/relay.hpp"
#include "gossip/replay_guard.hpp"
#include "gossip/restraint.hpp"
#include "gossip/served_streams.hpp"
#include "gossip/settings.hpp"
#include "gossip/ticker.hpp"
#include "gossip/watch_ring.hpp"

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
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// The first call, whichever it is, is the start of the process as far as timers are concerned. What is due at `now` is
  /// left to on_time(), so that an answer that is waiting to be read still counts.
  void on_input(Now now, const Input& in, Output& out);
  void on_time(Now now, Output& out);
  /// Before the first call it is in the past.
  [[nodiscard]] SteadyPoint next_deadline() const { return deadline_; }

  /// Sorted by name; this node included.
  [[nodiscard]] std::vector<Member> members() const;
  [[nodiscard]] const Counters& counters() const { return counters_; }
  /// Whom this node watches; nothing without a ring.
  [[nodiscard]] std::vector<WatchRing::WatchedMember> watched() const {
    return ring_ ? ring_->watched() : std::vector<WatchRing::WatchedMember>{};
  }

 private:
  void begin(SteadyPoint now, Output& out);
  void end(SteadyPoint now, std::size_t first, Output& out);
  void paused(SteadyPoint now, Duration late, Output& out);
  [[nodiscard]] SteadyPoint earliest() const;

  void take(SteadyPoint now, const PacketReceived& packet, Output& out);
  void take(SteadyPoint now, const Unreachable& report, Output& out);
  void take(SteadyPoint now, const StreamAccepted& stream, Output& out);
  void take(SteadyPoint now, const StreamConnected& stream, Output& out);
  void take(SteadyPoint now, const StreamReceived& stream, Output& out);
  void take(SteadyPoint now, const StreamEnded& stream, Output& out);
  void take(SteadyPoint now, const Join& join, Output& out);
  void take(SteadyPoint now, const Leave& leave, Output& out);
  void take(SteadyPoint now, const KeysChanged& keys, Output& out);
  void take(SteadyPoint now, const LinkChanged& link, Output& out);
  void take(SteadyPoint now, const WitnessAnswered& answer, Output& out);

  void serve(SteadyPoint now, const Endpoint& from, const Ping& ping, Output& out);
  void serve(SteadyPoint now, const Endpoint& from, const IndirectPing& request, Output& out);
  void serve(SteadyPoint now, const Ack& ack, Output& out);
  void believe(SteadyPoint now, const Suspect& suspect, Output& out);
  void believe(SteadyPoint now, const Dead& dead);
  void count(SteadyPoint now, const PacketReceived& packet, const DecodedPacket& decoded);

  void act(SteadyPoint now, const WatchRing::Output& wanted, Output& out);
  void act(SteadyPoint now, const WatchRing::SendPing& ping, Output& out);
  void act(SteadyPoint now, const WatchRing::AskWatcher& request, Output& out);
  void act(SteadyPoint now, const WatchRing::Accuse& accusation, Output& out);
  void act(SteadyPoint now, const WatchRing::Declare& verdict, Output& out);
  void act(SteadyPoint now, const WatchRing::NeedWitness& request, Output& out);

  void gossip(SteadyPoint now, Output& out);
  void say_goodbye(SteadyPoint now, Output& out);
  void defend(SteadyPoint now, const Membership::Refutation& refutation, Output& out);
  void tell_ring(SteadyPoint now, const std::vector<Membership::Change>& changes);
  void report(SteadyPoint now, const std::vector<Membership::Change>& changes, Output& events);
  void log_event(const Membership::Change& change, const char* event) const;

  [[nodiscard]] std::vector<Endpoint> endpoints(const std::vector<std::string>& names) const;
  /// Of all live members but this node.
  [[nodiscard]] std::vector<Endpoint> everybody() const;
  [[nodiscard]] Endpoint answer_to(const Source& source, const Endpoint& from) const;

  const Settings settings_;
  const Endpoint own_;
  Log log_;
  Counters counters_;
  Numbers numbers_;
  Random random_;
  QuietLog quiet_;
  Membership membership_;
  Postman postman_;
  Prober prober_;
  Relay relay_;
  Exchanges exchanges_;
  ServedStreams served_;
  Electorate electorate_;
  Farewell farewell_;
  Ticker gossip_ticks_;
  std::optional<WatchRing> ring_;  ///< none when it is switched off, and after a leave

  /// Of direct answers to suspicions, which few get, and to verdicts, which everybody gets. False verdicts come in threes.
  Restraint answers_to_suspicions_{std::chrono::milliseconds(50), std::chrono::seconds(30)};
  Restraint answers_to_verdicts_{std::chrono::milliseconds(20), std::chrono::seconds(30)};

  bool started_ = false;
  SteadyPoint last_call_ = SteadyPoint::min();
  ReplayGuard replays_;
  Restraint catch_up_{std::chrono::seconds(1), std::chrono::seconds(30)};  ///< exchanges after short pauses
  SteadyPoint deadline_ = SteadyPoint::min();
};

static_assert(StateMachine<Instance, Input, Output>);

}  // namespace metallb::gossip
