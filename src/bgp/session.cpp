#include "bgp/session.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace metallb::bgp {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// bgp spec 4.2
constexpr Duration kConnectRetry = seconds(30);
constexpr Duration kDialTimeout = seconds(10);
constexpr Duration kOpenHoldTime = seconds(240);
constexpr Duration kProvenAfter = minutes(1);
constexpr Duration kSoonDelay = seconds(1);
constexpr Duration kLinger = seconds(1);
/// bgp spec 4.7
constexpr Duration kRestartTime = seconds(120);

Notification cease_for(std::uint8_t subcode) {
  return {ErrorCode::kCease, subcode, {}};
}

/// bgp spec 4.10: not those after which the session comes back at once.
bool ends_restart(const Notification& reason) {
  return reason.code == ErrorCode::kCease &&
         (reason.subcode <= cease::kAdministrativeReset || reason.subcode == cease::kBfdDown);
}

}  // namespace

std::string_view to_string(State state) {
  constexpr std::array<std::string_view, 6> kNames{"Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"};
  return kNames[static_cast<std::size_t>(state)];
}

Session::Session(PeerId peer, PeerSettings settings, Speaker& speaker, Log log)
    : peer_(peer), settings_(std::move(settings)), speaker_(speaker), log_(log), rib_(speaker.routes, peer) {}

void Session::on_input(Now now, const SessionInput& in, Output& out) {
  begin(now.steady);
  std::visit([&](const auto& input) { take(now.steady, input, out); }, in);
  end(now.steady, out);
}

void Session::on_time(Now now, Output& out) {
  const auto at = now.steady;
  begin(at);
  // One may end others: each is looked for again.
  std::vector<ConnectionId> due;
  for (const auto& connection : connections_) {
    if (connection->next_deadline() <= at) due.push_back(connection->id);
  }
  for (const auto id : due) {
    if (auto* connection = find(id)) expire(at, *connection, out);
  }
  if (idle_) {
    if (startable() && start_at() <= at) start(at, out);
  } else if (connect_at_ <= at) {
    dial(at, out);
  }
  if (has_room_and_work()) write_routes(at, out);
  end(at, out);
}

SteadyPoint Session::next_deadline() const {
  if (has_room_and_work()) return SteadyPoint::min();
  auto deadline = kIdle;
  for (const auto& connection : connections_) deadline = std::min(deadline, connection->next_deadline());
  if (!idle_) return std::min(deadline, connect_at_);
  return startable() ? std::min(deadline, start_at()) : deadline;
}

void Session::begin(SteadyPoint now) {
  if (!speaker_.started) speaker_.started = now;
}

/// What every call ends with: a change of state is told.
void Session::end(SteadyPoint now, Output& out) {
  const auto to = state();
  if (to == told_) return;
  const auto from = std::exchange(told_, to);
  if (to == State::kEstablished) {
    ++counters_.established;
    established_since_ = now;
    log_.info({{"op", "bgp"}, {"event", "sessionUp"}, {"peer", settings_.name}, {"msg", "BGP session established"}});
  } else if (from == State::kEstablished) {
    log_.warn({{"op", "bgp"},
               {"event", "sessionDown"},
               {"peer", settings_.name},
               {"error", last_error_},
               {"msg", "BGP session down"}});
  }
  const bool downwards = to == State::kIdle || to == State::kActive || from == State::kEstablished;
  out.push_back(StateChanged{peer_, from, to, downwards ? last_error_ : std::string()});
}

State Session::state() const {
  auto best = idle_ ? State::kIdle : State::kActive;
  for (const auto& connection : connections_) {
    constexpr std::array<State, 4> kStates{State::kConnect, State::kOpenSent, State::kOpenConfirm, State::kEstablished};
    const auto state = kStates[static_cast<std::size_t>(connection->state)];
    // An attempt under way is Connect, whatever else is listened for.
    best = best == State::kActive ? state : std::max(best, state);
  }
  return best;
}

// ---- starting ----

bool Session::startable() const {
  return !down_ && settings_.held.empty() && settings_.transport.address.has_value();
}

void Session::start(SteadyPoint now, Output& out) {
  idle_ = false;
  if (settings_.initiative == Initiative::kPassive) {
    connect_at_ = kIdle;
    return;
  }
  dial(now, out);
}

/// A connection attempt, also in place of one that takes too long.
void Session::dial(SteadyPoint now, Output& out) {
  const auto old = std::find_if(connections_.begin(), connections_.end(),
                                [](const auto& c) { return c->state == ConnectionState::kDialling; });
  if (old != connections_.end()) close(now, **old, Duration::zero(), out);
  auto& connection = *connections_.emplace_back(std::make_unique<Connection>());
  connection.id = ConnectionId(speaker_.next_connection++);
  connection.dialled = true;
  // RFC 4271, Section 8.2.2: in Connect the timer runs, too; where it is short it limits the attempt.
  const auto time = settings_.connect_time.value_or(kConnectRetry);
  connect_at_ = now + spread(time);
  if (time > kDialTimeout) connection.dial_until = now + kDialTimeout;
  ++counters_.dials;
  out.push_back(Dial{connection.id, peer_, settings_.transport});
}

void Session::restart_connect_timer(SteadyPoint now) {
  if (settings_.initiative == Initiative::kPassive) {
    connect_at_ = kIdle;
    return;
  }
  connect_at_ = now + spread(settings_.connect_time ? *settings_.connect_time : connect_retry_.next());
}

/// RFC 4271, Section 10: times are spread over 0.75 to 1.0 of themselves.
Duration Session::spread(Duration time) {
  return time - Duration(static_cast<Duration::rep>(speaker_.random.unit() * static_cast<double>(time.count() / 4)));
}

void Session::open(SteadyPoint now, Connection& connection, const LocalAddresses& addresses, Output& out) {
  connection.state = ConnectionState::kOpenSent;
  connection.dial_until = kIdle;
  connection.hold_until = now + kOpenHoldTime;
  connection.addresses = addresses;
  connection.sent = make_open(settings_, capabilities_, restarting(now));
  connect_at_ = kIdle;
  send(now, connection, connection.sent, out);
}

/// RFC 4724, Section 4.1: from the start of the process until the first dump was told, or until nobody waits any more.
bool Session::restarting(SteadyPoint now) const {
  return !dumped_once_ && now - speaker_.started.value_or(now) < kRestartTime;
}

void Session::take(SteadyPoint now, const Connected& in, Output& out) {
  auto* connection = find(in.connection);
  if (connection != nullptr && connection->state == ConnectionState::kDialling) open(now, *connection, in.addresses, out);
}

void Session::take(SteadyPoint now, const DialFailed& in, Output&) {
  const auto* connection = find(in.connection);
  if (connection == nullptr || connection->state != ConnectionState::kDialling) return;
  ++counters_.dials_failed;
  last_error_ = in.error.empty() ? "the connection could not be made" : in.error;
  remove(now, in.connection);
  // deviation: RFC 4271, Section 8.2.2 goes to Idle unless DelayOpen runs; this waits in Active, as FRR does.
  lost_before_open(now);
}

void Session::take(SteadyPoint now, const AcceptedFor& in, Output& out) {
  const bool listens = settings_.initiative != Initiative::kActive && startable() && !idle_;
  if (!listens || find(in.connection) != nullptr) {
    ++counters_.refused;
    out.push_back(Close{in.connection, Duration::zero()});
    return;
  }
  // A peer that connects again has given up its earlier attempt.
  const auto old = std::find_if(connections_.begin(), connections_.end(),
                                [](const auto& c) { return !c->dialled && c->state != ConnectionState::kEstablished; });
  if (old != connections_.end()) close(now, **old, Duration::zero(), out);
  auto& connection = *connections_.emplace_back(std::make_unique<Connection>());
  connection.id = in.connection;
  open(now, connection, in.addresses, out);
}

// ---- ending ----

Connection* Session::find(ConnectionId id) {
  const auto found = std::find_if(connections_.begin(), connections_.end(), [&](const auto& c) { return c->id == id; });
  return found == connections_.end() ? nullptr : found->get();
}

const Connection* Session::established() const {
  for (const auto& connection : connections_) {
    if (connection->state == ConnectionState::kEstablished) return connection.get();
  }
  return nullptr;
}

const Negotiated* Session::agreed() const {
  const auto* connection = established();
  return connection != nullptr ? &connection->agreed : nullptr;
}

/// Forgets the connection; if it was the session, that is over.
void Session::remove(SteadyPoint now, ConnectionId id) {
  const auto found = std::find_if(connections_.begin(), connections_.end(), [&](const auto& c) { return c->id == id; });
  if (found == connections_.end()) return;
  const bool was_session = (*found)->state == ConnectionState::kEstablished;
  connections_.erase(found);
  if (!was_session) return;
  ++counters_.drops;
  dumped_once_ |= rib_.initial_dump_done();
  rib_.end();
  const auto since = std::exchange(established_since_, std::nullopt);
  if (!since || now - *since < kProvenAfter) return;
  idle_hold_.reset();
  connect_retry_.reset();
  quick_retry_ = true;
}

/// Back to Idle, if nothing else is left.
void Session::rest(SteadyPoint now, Retry retry) {
  if (!connections_.empty()) return;
  idle_ = true;
  connect_at_ = kIdle;
  if (retry == Retry::kOnceNow) retry = std::exchange(quick_retry_, false) ? Retry::kNow : Retry::kLater;
  idle_until_ = now + (retry == Retry::kNow ? Duration::zero() : retry == Retry::kSoon ? kSoonDelay : idle_hold_.next());
}

/// A connection ended before there was a session: wait in Active.
void Session::lost_before_open(SteadyPoint now) {
  if (connections_.empty()) restart_connect_timer(now);
}

void Session::close(SteadyPoint now, Connection& connection, Duration linger, Output& out) {
  out.push_back(Close{connection.id, linger});
  remove(now, connection.id);
}

/// The last message of a connection, wrapped where the peer would otherwise keep stale routes, and then its end.
void Session::notify(SteadyPoint now, Connection& connection, const Notification& reason, Output& out) {
  if (connection.state == ConnectionState::kDialling) return close(now, connection, Duration::zero(), out);
  const bool wrap = connection.agreed.notification_restart && ends_restart(reason);
  send(now, connection, wrap ? hard_reset(reason) : reason, out);
  close(now, connection, kLinger, out);
}

void Session::fail(SteadyPoint now, Connection& connection, const Notification& reason, std::string_view why, Retry retry,
                   Output& out) {
  last_error_ = "sent " + to_string(reason);
  if (!why.empty()) last_error_.append(": ").append(why);
  notify(now, connection, reason, out);
  rest(now, retry);
}

void Session::end_all(SteadyPoint now, const Notification& reason, Output& out) {
  if (!connections_.empty()) last_error_ = "sent " + to_string(reason);
  while (!connections_.empty()) notify(now, *connections_.back(), reason, out);
}

void Session::take(SteadyPoint now, const Disconnected& in, Output&) {
  const auto* connection = find(in.connection);
  if (connection == nullptr) return;
  const auto state = connection->state;
  const bool restarts = connection->agreed.graceful_restart;
  last_error_ = in.error.empty() ? "the peer closed the connection" : in.error;
  remove(now, in.connection);
  switch (state) {
    case ConnectionState::kDialling:
    case ConnectionState::kOpenSent:
      return lost_before_open(now);
    case ConnectionState::kOpenConfirm:
      return rest(now, Retry::kLater);
    case ConnectionState::kEstablished:
      return rest(now, restarts ? Retry::kOnceNow : Retry::kLater);
  }
}

void Session::take(SteadyPoint now, const Reset& in, Output& out) {
  if (connections_.empty()) return;
  end_all(now, shutdown(cease::kAdministrativeReset, in.text), out);
  rest(now, Retry::kNow);
}

void Session::take(SteadyPoint now, const Shutdown& in, Output& out) {
  down_ = true;
  const auto farewell = shutdown(cease::kAdministrativeShutdown, "speaker shutting down");
  const auto* session = established();
  const bool silent = in.reason == Shutdown::Reason::kRestart && settings_.graceful_restart && session != nullptr &&
                      session->agreed.graceful_restart;
  // bgp spec 4.7: a NOTIFICATION would make the peer drop the routes that it shall keep.
  if (silent) {
    last_error_ = "closed for a graceful restart";
    while (!connections_.empty()) close(now, *connections_.back(), kLinger, out);
  } else {
    end_all(now, in.reason == Shutdown::Reason::kRemoved ? cease_for(cease::kPeerDeconfigured) : farewell, out);
  }
  rest(now, Retry::kNow);
}

/// RFC 5882, Section 3.2 and 4.1; bgp spec 4.14.
void Session::take(SteadyPoint now, const Liveness& in, Output& out) {
  if (in.up) {
    liveness_until_ = idle_until_ = SteadyPoint::min();
    if (!idle_ && connections_.empty() && settings_.initiative != Initiative::kPassive) connect_at_ = now;
    return;
  }
  // Whether it comes back shows soon; until then an attempt would only flap.
  liveness_until_ = now + settings_.connect_time.value_or(kConnectRetry);
  if (auto* connection = established()) {
    fail(now, *connection, cease_for(cease::kBfdDown), "BFD lost the peer", Retry::kLater, out);
  }
}

void Session::take(SteadyPoint now, const Configured& in, Output& out) {
  const bool reset = needs_reset(settings_, in.settings) || (!in.settings.held.empty() && settings_.held.empty());
  settings_ = in.settings;
  if (auto* connection = established()) {
    connection->agreed.keepalive_time = keepalive_time(settings_, connection->agreed.hold_time);
    if (connection->keepalive_at != kIdle) {
      connection->keepalive_at = std::min(connection->keepalive_at, now + connection->agreed.keepalive_time);
    }
  }
  if (!reset) return;
  const auto why = settings_.held;
  end_all(now, cease_for(cease::kOtherConfigurationChange), out);
  if (!why.empty()) last_error_ = why;
  idle_hold_.reset();
  connect_retry_.reset();
  liveness_until_ = SteadyPoint::min();
  capabilities_ = CapabilitySet::kFull;
  rest(now, Retry::kNow);
}

void Session::expire(SteadyPoint now, Connection& connection, Output& out) {
  if (connection.dial_until <= now) {
    last_error_ = "the connection could not be made in time";
    ++counters_.dials_failed;
    close(now, connection, Duration::zero(), out);
    return lost_before_open(now);
  }
  if (connection.hold_until <= now) {
    return fail(now, connection, {ErrorCode::kHoldTimer, 0, {}}, "the peer was silent", Retry::kLater, out);
  }
  if (connection.send_hold_until <= now) {
    // RFC 9687, Section 3.4: the NOTIFICATION rarely gets through; nobody waits for it.
    ++counters_.send_hold_expired;
    last_error_ = to_string(Notification{ErrorCode::kSendHoldTimer, 0, {}}) + ": the peer takes no bytes";
    close(now, connection, Duration::zero(), out);
    return rest(now, Retry::kLater);
  }
  if (connection.keepalive_at <= now) send(now, connection, Keepalive{}, out);
}

}  // namespace metallb::bgp
