// Bidirectional Forwarding Detection of one node: all sessions with BGP peers, over one hop and over several.
//
// In:   which paths clients want watched, received control and echo packets, the order to stop.
// Out:  packets to send, changes of state for each client, sessions opened and closed, log lines; counters and the state of
//       every session are read from it.
// Thread: liveness (or virtual time in tests). It knows nothing of BGP, profiles' names or sockets.
//
// The driver hands in what lies in its sockets before it calls on_time(): only there silence is noticed, and a packet that
// has arrived is no silence, however late this process gets to it.
//
// RFC 5880 (Bidirectional Forwarding Detection), RFC 5881 (BFD for IPv4 and IPv6, single hop), RFC 5882 (Generic
// Application of BFD), RFC 5883 (BFD for Multihop Paths). Asynchronous mode, echo function, no authentication.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "bfd/discriminators.hpp"
#include "bfd/echo_allowance.hpp"
#include "bfd/error.hpp"
#include "bfd/inputs_and_actions.hpp"
#include "bfd/log_allowance.hpp"
#include "bfd/session.hpp"

namespace metallb::bfd {

/// One row of the session table, for metrics (bgp spec 5.4), the status page and tests.
struct SessionStatus {
  SessionId id;
  SessionKey key;
  std::vector<std::string> clients;
  Parameters parameters;
  State state = State::kDown;
  SteadyPoint since = SteadyPoint::min();  ///< the last change of state; min() before the first
  Diagnostic diagnostic = Diagnostic::kNone;
  Discriminator discriminator;
  Session::Peer peer;
  Duration transmit_interval{};
  Duration detection_time{};
  Interval offered_echo_interval{};
  bool polling = false;
  bool echo_running = false;
  SessionCounters counters;
  std::uint64_t notifications = 0;    ///< changes of state that clients were told
  std::uint64_t echoes_returned = 0;  ///< the peer's
};

struct Counters {
  FaultCounters faults;       ///< of packets that fit no session; others are in the counters of theirs
  std::uint64_t refused = 0;  ///< Watch inputs
};

class Instance {
 public:
  struct Options {
    NumberSource numbers;    ///< for discriminators and echo secrets
    std::uint64_t seed = 0;  ///< of the generator for jitter
    std::size_t most_sessions = 4096;
  };
  explicit Instance(Options options, Log log = {});
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  void on_input(Now now, const Input& in, Output& out);
  /// Serves at most kSessionsPerSlice sessions; next_deadline() tells when more are waiting.
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const { return schedule_.empty() ? kIdle : schedule_.begin()->first; }

  /// By key. Those that are being ended have no clients.
  [[nodiscard]] std::vector<SessionStatus> sessions() const;
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  /// So often a session may go up or down in quick succession with a line for each.
  static constexpr int kChangesAtOnce = 10;
  struct Entry {
    Entry(SessionKey of, const Session::Options& options) : key(std::move(of)), session(options) {}
    SessionKey key;
    Session session;
    std::map<std::string, Parameters> clients;
    EchoAllowance allowance;
    LogAllowance lines{kChangesAtOnce};  ///< about its ups and downs
    SteadyPoint deadline = kIdle;        ///< its place in schedule_
    SteadyPoint opened = SteadyPoint::min();
    SteadyPoint since = SteadyPoint::min();
    std::uint64_t notifications = 0;
    std::uint64_t echoes_returned = 0;
  };
  using Sessions = std::map<SessionId, Entry>;

  void take(Now now, const Watch& watch, Output& out);
  void take(Now now, const Unwatch& unwatch, Output& out);
  void take(Now now, const ControlReceived& received, Output& out);
  void take_stale(Now now, const ControlReceived& received, const ControlPacket& packet, Output& out);
  void take(Now now, const EchoReceived& received, Output& out);
  void take(Now now, const NotSent& lost, Output& out);
  void take(Now now, const Stop& stop, Output& out);

  [[nodiscard]] std::optional<std::string> problem_with(const Watch& watch) const;
  Sessions::iterator open(Now now, const SessionKey& key, const Parameters& parameters, Output& out);
  void close(Sessions::iterator at, Output& out);

  [[nodiscard]] Sessions::iterator find(const ControlReceived& received, const ControlPacket& packet);
  [[nodiscard]] Sessions::iterator find_by_addresses(const ControlReceived& received);
  [[nodiscard]] Sessions::iterator find(const SessionKey& key);
  [[nodiscard]] Sessions::iterator find_sender(const EchoReceived& received);
  [[nodiscard]] std::optional<Fault> return_echo(Now now, Sessions::iterator at, const EchoReceived& received, Output& out);

  void feed(Now now, Sessions::iterator at, const Session::Input& in, Output& out);
  void pass_on(Now now, Sessions::iterator at, Output& out);
  void tell(Now now, Entry& entry, const Session::Changed& changed, Output& out);
  void log_change(Now now, Entry& entry, const Session::Changed& changed);
  void discard(Now now, const Arrival& arrival, Fault fault);
  void log_fault(Now now, const Arrival& arrival, Session& session);
  void log_fault(Now now, const Arrival& arrival, Fault fault);

  Options options_;
  Log log_;
  Random random_;
  Discriminators discriminators_;
  Sessions sessions_;
  std::map<SessionKey, SessionId> by_key_;
  std::set<std::pair<SteadyPoint, SessionId>> schedule_;
  Session::Output wanted_;  ///< of one session in one call; kept for its capacity
  std::uint64_t last_id_ = 0;
  bool stopping_ = false;
  Counters counters_;
  std::array<LogAllowance, kFaults> lines_;
};

static_assert(StateMachine<Instance, Input, Output>);

/// Upper bound of sessions served per call of on_time(), so that packets get their turn.
inline constexpr std::size_t kSessionsPerSlice = 64;

}  // namespace metallb::bfd
