// One peer: the state machine of RFC 4271, Section 8, over up to two connections at a time, and what the peer is told.
//
// In:   see SessionInput: outcomes of dials, bytes, the peer's settings, BFD's verdicts.
// Out:  dials, bytes, closes, changes of state, log lines.
// Routes are told through changed(), and written when the socket has room for them.
//
// Whatever a peer sends is checked, counted and dropped (bgp spec 4.9): a hostile one harms this session only, and keeps no
// more memory than one message.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "bgp/adj_rib_out.hpp"
#include "bgp/connection.hpp"
#include "bgp/counters.hpp"
#include "bgp/error.hpp"
#include "bgp/inputs_and_actions.hpp"
#include "bgp/refresh_requests.hpp"

namespace metallb::bgp {

/// What all sessions of one speaker share.
struct Speaker {
  explicit Speaker(std::uint64_t seed) : random(seed) {}
  RouteTable routes;
  Random random;
  std::uint64_t next_connection = 1;
  std::optional<SteadyPoint> started;  ///< of this process; for the restart bit (RFC 4724)
  bool services_known = false;
  bool publishing = false;  ///< more changes follow
  bool draining = false;    ///< this process ends soon: nobody is dialled, and who comes up is announced nothing
  [[nodiscard]] bool may_tell() const { return services_known && !publishing; }
};

class Session {
 public:
  Session(PeerId peer, PeerSettings settings, Speaker& speaker, Log log = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void on_input(Now now, const SessionInput& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;
  /// The wish for this route changed; see AdjRibOut.
  void changed(RouteIndex route) { rib_.changed(route); }
  /// Whether the next on_time() writes routes.
  [[nodiscard]] bool has_room_and_work() const;

  [[nodiscard]] State state() const;
  [[nodiscard]] const PeerSettings& settings() const { return settings_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const AdjRibOut& rib() const { return rib_; }
  /// What was agreed with the peer; nullptr unless established.
  [[nodiscard]] const Negotiated* agreed() const;
  /// The peer goes on using our routes while this process restarts (RFC 4724).
  [[nodiscard]] bool keeps_routes() const;
  /// Why the last connection or attempt ended; empty if none has.
  [[nodiscard]] const std::string& last_error() const { return last_error_; }
  [[nodiscard]] std::optional<SteadyPoint> last_error_at() const { return last_error_at_; }
  [[nodiscard]] std::optional<SteadyPoint> established_since() const { return established_since_; }

 private:
  /// How soon to try again after a session or attempt ended.
  enum class Retry : std::uint8_t {
    kNow,      ///< nobody did anything wrong
    kOnceNow,  ///< at once if the session had been up for a while, else like kLater
    kSoon,     ///< a second, not more the next time
    kAgain,    ///< 1 s, 2 s … 120 s, from the start after each session
    kLater,    ///< 1 s, 2 s … 120 s
  };

  void take(SteadyPoint now, const Connected& in, Output& out);
  void take(SteadyPoint now, const DialFailed& in, Output& out);
  void take(SteadyPoint now, const Received& in, Output& out);
  void take(SteadyPoint now, const BytesTaken& in, Output& out);
  void take(SteadyPoint now, const Disconnected& in, Output& out);
  void take(SteadyPoint now, const AddressesChanged& in, Output& out);
  void take(SteadyPoint now, const ConnectNow& in, Output& out);
  void take(SteadyPoint now, const Liveness& in, Output& out);
  void take(SteadyPoint now, const Drain& in, Output& out);
  void take(SteadyPoint now, const Shutdown& in, Output& out);
  void take(SteadyPoint now, const Configured& in, Output& out);
  void take(SteadyPoint now, const AcceptedFor& in, Output& out);

  // starting (session.cpp)
  void begin(SteadyPoint now);
  void end(SteadyPoint now, Output& out);
  void note_error(SteadyPoint now, std::string error);
  [[nodiscard]] const std::string& problem() const { return settings_.held.empty() ? last_error_ : settings_.held; }
  void tell_trouble(State state, Output& out);
  void log_step(State from, State to, bool downwards);
  void warn_of_missing_families(const Negotiated& agreed);
  void warn_of_missing_next_hops(const Connection& connection);
  [[nodiscard]] bool startable() const;
  [[nodiscard]] bool may_dial() const;
  [[nodiscard]] SteadyPoint start_at() const { return std::max(idle_until_, liveness_until_); }
  void start(SteadyPoint now, Output& out);
  void dial(SteadyPoint now, Output& out);
  void dial_ended(SteadyPoint now, bool without_answer, Output& out);
  void restart_connect_timer(SteadyPoint now);
  void open(SteadyPoint now, Connection& connection, const LocalAddresses& addresses, Output& out);

  // ending (session_end.cpp)
  void rest(SteadyPoint now, Retry retry);
  void lost_before_open(SteadyPoint now);
  void closed_on_open(SteadyPoint now);
  void connect_at_once(SteadyPoint now);
  void remove(SteadyPoint now, ConnectionId id);
  void close(SteadyPoint now, Connection& connection, Duration linger, Output& out);
  void notify(SteadyPoint now, Connection& connection, const Notification& reason, Output& out);
  void fail(SteadyPoint now, Connection& connection, const Notification& reason, std::string_view why, Retry retry,
            Output& out);
  void end_all(SteadyPoint now, const Notification& reason, Output& out);
  void expire(SteadyPoint now, Connection& connection, Output& out);

  // messages (session_messages.cpp)
  void handle(SteadyPoint now, Connection& connection, const MessageStream::Framed& framed, Output& out);
  void handle_open(SteadyPoint now, Connection& connection, ByteView message, Output& out);
  void handle_notification(SteadyPoint now, Connection& connection, const Notification& notification, Output& out);
  void handle_update(SteadyPoint now, Connection& connection, ByteView message, Output& out);
  void handle_route_refresh(SteadyPoint now, Connection& connection, ByteView message, Output& out);
  void unexpected(SteadyPoint now, Connection& connection, Output& out);
  [[nodiscard]] bool survives_collision(SteadyPoint now, Connection& connection, const Open& open, Output& out);
  void establish(SteadyPoint now, Connection& connection, Output& out);
  void send(SteadyPoint now, Connection& connection, const Message& message, Output& out);
  void send(SteadyPoint now, Connection& connection, Bytes bytes, Output& out);
  void restart_hold_timer(SteadyPoint now, Connection& connection);
  void restart_keepalive_timer(SteadyPoint now, Connection& connection);
  void send_keepalive(SteadyPoint now, Connection& connection, Output& out);
  void write_routes(SteadyPoint now, Output& out);
  void count(Counters::Messages& messages, MessageType type);

  [[nodiscard]] Connection* find(ConnectionId id);
  [[nodiscard]] bool said_anything() const;
  [[nodiscard]] const Connection* established() const;
  [[nodiscard]] Connection* established() { return const_cast<Connection*>(std::as_const(*this).established()); }
  [[nodiscard]] bool restarting(SteadyPoint now) const;
  [[nodiscard]] bool may_tell() const;
  [[nodiscard]] Duration spread(Duration time);

  const PeerId peer_;
  PeerSettings settings_;
  Speaker& speaker_;
  Log log_;
  AdjRibOut rib_;
  RefreshRequests refreshes_;
  Counters counters_;

  bool down_ = false;                                     ///< shut down: no way back
  bool idle_ = true;                                      ///< else trying, or listening
  std::vector<std::unique_ptr<Connection>> connections_;  ///< at most three: established, dialled, accepted
  SteadyPoint idle_until_ = SteadyPoint::min();
  SteadyPoint liveness_until_ = SteadyPoint::min();  ///< BFD was up and is down: it is given that long to return
  SteadyPoint connect_at_ = kIdle;                   ///< ConnectRetry
  Backoff idle_hold_{std::chrono::seconds(1), std::chrono::seconds(120)};
  Backoff connect_retry_{std::chrono::seconds(30), std::chrono::seconds(120)};
  /// While a router clears what is left of the last session, it takes connections and closes them again.
  Backoff come_back_{std::chrono::seconds(1), std::chrono::seconds(120)};
  bool quick_retry_ = true;  ///< one attempt without delay is free
  CapabilitySet capabilities_ = CapabilitySet::kFull;
  bool dumped_once_ = false;  ///< ends the restart (RFC 4724)
  std::optional<SteadyPoint> established_since_;
  State told_ = State::kIdle;
  std::string last_error_;
  std::optional<SteadyPoint> last_error_at_;
  bool failed_ = false;                  ///< within this call
  std::string told_problem_;             ///< by StateChanged
  std::set<std::string> logged_errors_;  ///< since the session was last established
  bool warned_of_size_ = false;
};

static_assert(StateMachine<Session, SessionInput, Output>);

}  // namespace metallb::bgp
