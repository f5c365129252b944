// One BFD session: the state machine, the pace of its packets, and when silence means that the path is gone. RFC 5880
// (Bidirectional Forwarding Detection), Section 6.8, asynchronous mode; RFC 5881 and RFC 5883 for the time to live.
//
// In:   packets that were found to belong to it, new parameters, the orders to shut down and to start again.
// Out:  packets to send, changes of state with their reason, the end of a shutdown.
//
// Silence is noticed by on_time() only. Whoever calls it hands in first what has arrived, or a packet that lies in a
// queue counts as lost.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "bfd/echo_function.hpp"
#include "bfd/error.hpp"
#include "bfd/negotiation.hpp"
#include "bfd/packet.hpp"
#include "bfd/parameters.hpp"

namespace metallb::bfd {

/// What brought a session from one state to another.
enum class Reason : std::uint8_t {
  kHandshake,             ///< the peer's state allowed it
  kDetectionTimeExpired,  ///< no packet for the detection time
  kEchoFailed,            ///< our echo packets stay away
  kNeighbourDown,         ///< the peer says that it is down
  kNeighbourAdminDown,    ///< the peer's end was switched off: says nothing about the path
  kShutDown,              ///< this end was switched off
  kStarted,               ///< this end was switched on again
};
[[nodiscard]] std::string_view to_string(Reason reason);
/// Whether a session that goes down for this reason says that the path failed. RFC 5882, Section 3.2: what was switched off
/// does not.
[[nodiscard]] constexpr bool is_failure(Reason reason) {
  return reason == Reason::kDetectionTimeExpired || reason == Reason::kEchoFailed || reason == Reason::kNeighbourDown;
}

struct SessionCounters {
  std::uint64_t control_received = 0;  ///< those that were not discarded
  std::uint64_t control_sent = 0;
  std::uint64_t echo_received = 0;  ///< ours that came back
  std::uint64_t echo_sent = 0;
  std::uint64_t up_events = 0;
  std::uint64_t down_events = 0;
  std::uint64_t failures = 0;  ///< of down_events, those that say that the path failed
  FaultCounters faults;
};

class Session {
 public:
  struct Options {
    Hops hops = Hops::kSingle;
    Parameters parameters;
    Discriminator discriminator;    ///< of this end, not 0
    std::uint32_t echo_secret = 0;  ///< hard to guess
    std::uint64_t seed = 0;         ///< of the jitter
  };
  explicit Session(const Options& options);

  // ---- inputs ----
  struct ControlReceived {
    ControlPacket packet;
    std::uint8_t ttl = 255;  ///< or hop limit
  };
  /// The peer says that it is down to an earlier session of this node.
  struct StaleReceived {
    bool authenticated = false;
    std::uint8_t ttl = 255;
  };
  struct EchoReturned {
    EchoPacket packet;
    std::uint8_t ttl = 255;
  };
  struct Configure {
    Parameters parameters;
  };
  /// Tell the peer that this end goes, then end.
  struct ShutDown {};
  /// After ShutDown: run again. Otherwise without effect.
  struct Start {};
  using Input = std::variant<ControlReceived, StaleReceived, EchoReturned, Configure, ShutDown, Start>;

  // ---- output ----
  struct SendControl {
    ControlPacket packet;
  };
  struct SendEcho {
    EchoPacket packet;
  };
  struct Changed {
    State from;
    State to;
    Reason reason;
    friend bool operator==(const Changed&, const Changed&) = default;
  };
  /// The peer has been told that this end goes. Nothing follows, unless by Start.
  struct Ended {};
  /// The peer offers to return echo packets, but has not returned one yet; once each time that echo begins.
  struct EchoNeverReturned {};
  using Action = std::variant<Changed, SendControl, SendEcho, EchoNeverReturned, Ended>;
  using Output = std::vector<Action>;

  void on_input(Now now, const Input& in, Output& out);
  void on_time(Now now, Output& out);
  /// Before the first packet it is in the past.
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// What the peer said last; as at the start after a detection time without a packet.
  struct Peer {
    Discriminator discriminator;
    State state = State::kDown;
    Diagnostic diagnostic = Diagnostic::kNone;
    bool demand = false;
    std::uint8_t detect_mult = 0;
    Interval desired_min_tx{0};
    Interval required_min_rx{1};
    Interval required_min_echo_rx{0};
  };
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Diagnostic diagnostic() const { return diagnostic_; }
  [[nodiscard]] Discriminator discriminator() const { return options_.discriminator; }
  [[nodiscard]] const Parameters& parameters() const { return options_.parameters; }
  [[nodiscard]] const Peer& peer() const { return peer_; }
  [[nodiscard]] const SessionCounters& counters() const { return counters_; }
  /// Between two packets of ours, at most.
  [[nodiscard]] Duration transmit_interval() const;
  /// Without a packet for so long, the session is down; zero before the first packet.
  [[nodiscard]] Duration detection_time() const;
  [[nodiscard]] bool polling() const { return negotiation_.polling(); }
  [[nodiscard]] bool echo_running() const { return echo_.running(); }
  /// What this end names as Required Min Echo RX Interval; never zero.
  [[nodiscard]] Interval offered_echo_interval() const;
  [[nodiscard]] bool is_own_echo(const EchoPacket& packet) const { return echo_.is_ours(packet); }
  /// A packet could not be sent after all.
  void not_sent(bool echo);
  void count(Fault fault);
  /// Why the last packet was discarded; once.
  [[nodiscard]] std::optional<Fault> take_fault() { return std::exchange(fault_, std::nullopt); }

 private:
  /// The last packets of a session that was up, at the pace of before.
  struct Farewell {
    SteadyPoint end;
    int packets_left;
  };

  void take(SteadyPoint now, const ControlReceived& received, Output& out);
  void take(SteadyPoint now, const StaleReceived& received, Output& out);
  void take(SteadyPoint now, const EchoReturned& returned, Output& out);
  void take(SteadyPoint now, const Configure& change, Output& out);
  void take(SteadyPoint now, const ShutDown& order, Output& out);
  void take(SteadyPoint now, const Start& order, Output& out);

  [[nodiscard]] std::optional<Fault> refuse(bool authenticated, std::uint8_t ttl) const;
  void follow(State theirs, Output& out);
  void change(State to, Reason reason, Diagnostic diagnostic, Output& out);
  void watch_silence(SteadyPoint now, Output& out);

  [[nodiscard]] Negotiation::Intervals wanted_intervals() const;
  void renew_pace(SteadyPoint now);
  void renew_echo(SteadyPoint now);
  [[nodiscard]] Duration shortened(Duration interval);

  [[nodiscard]] bool may_speak() const;
  [[nodiscard]] bool sends_periodically() const;
  [[nodiscard]] ControlPacket current() const;
  void send_at_once(SteadyPoint now, Output& out);
  void send(SteadyPoint now, bool final, Output& out);
  [[nodiscard]] SteadyPoint silence_limit() const;
  void say_goodbye(SteadyPoint now, Output& out);

  Options options_;
  Random random_;
  State state_ = State::kDown;
  Diagnostic diagnostic_ = Diagnostic::kNone;
  Peer peer_;
  std::optional<SteadyPoint> heard_;  ///< the last packet; none, and no detection, after a detection time without
  Negotiation negotiation_;
  EchoFunction echo_;
  Duration pace_{};                        ///< the transmit interval that next_ follows
  SteadyPoint sent_ = SteadyPoint::min();  ///< the last packet that next_ counts from
  SteadyPoint next_ = SteadyPoint::min();  ///< the next periodic packet, if there is one
  std::optional<Farewell> farewell_;
  bool ended_ = false;
  SessionCounters counters_;
  std::optional<Fault> fault_;
};

static_assert(StateMachine<Session, Session::Input, Session::Output>);

}  // namespace metallb::bfd
