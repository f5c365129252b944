// How sessions and attempts end, by whomever; the rest of the state machine is in session.cpp.
#include <algorithm>
#include <utility>

#include "bgp/session.hpp"

namespace metallb::bgp {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// bgp spec 4.2
constexpr Duration kProvenAfter = minutes(1);
constexpr Duration kSoonDelay = seconds(1);
constexpr Duration kLinger = seconds(1);

Notification cease_for(std::uint8_t subcode) {
  return {ErrorCode::kCease, subcode, {}};
}

/// bgp spec 4.10: not those after which the session comes back at once.
bool ends_restart(const Notification& reason) {
  return reason.code == ErrorCode::kCease &&
         (reason.subcode <= cease::kAdministrativeReset || reason.subcode == cease::kBfdDown);
}

}  // namespace

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

/// A connection is there, and with it our OPEN: whoever ends it says so.
bool Session::said_anything() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& c) { return c->state != ConnectionState::kDialling; });
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
  come_back_.reset();
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
  switch (retry) {
    case Retry::kNow:
      idle_until_ = now;
      return;
    case Retry::kSoon:
      idle_until_ = now + kSoonDelay;
      return;
    case Retry::kAgain:
      idle_until_ = now + come_back_.next();
      return;
    case Retry::kOnceNow:
    case Retry::kLater:
      idle_until_ = now + idle_hold_.next();
  }
}

/// A connection ended before there was a session: wait in Active.
void Session::lost_before_open(SteadyPoint now) {
  if (connections_.empty()) restart_connect_timer(now);
}

/// Before the peer said anything. Mostly it is about to come back; if that takes longer, the connect time it is.
void Session::closed_on_open(SteadyPoint now) {
  if (!connections_.empty()) return;
  const auto pause = come_back_.next();
  if (pause >= settings_.connect_time.value_or(kConnectRetry)) return restart_connect_timer(now);
  connect_at_ = may_dial() ? now + spread(pause) : kIdle;
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
  auto text = "sent " + to_string(reason);
  if (!why.empty()) text.append(": ").append(why);
  note_error(now, std::move(text));
  notify(now, connection, reason, out);
  rest(now, retry);
}

void Session::end_all(SteadyPoint now, const Notification& reason, Output& out) {
  if (said_anything()) note_error(now, "sent " + to_string(reason));
  while (!connections_.empty()) notify(now, *connections_.back(), reason, out);
}

void Session::take(SteadyPoint now, const Disconnected& in, Output&) {
  const auto* connection = find(in.connection);
  if (connection == nullptr) return;
  const auto state = connection->state;
  const bool restarts = connection->agreed.graceful_restart;
  note_error(now, in.error.empty() ? "the peer closed the connection" : in.error);
  remove(now, in.connection);
  switch (state) {
    case ConnectionState::kDialling:
      return lost_before_open(now);
    case ConnectionState::kOpenSent:
      return closed_on_open(now);
    case ConnectionState::kOpenConfirm:
      return rest(now, Retry::kAgain);
    case ConnectionState::kEstablished:
      return rest(now, restarts ? Retry::kOnceNow : Retry::kLater);
  }
}

void Session::take(SteadyPoint now, const ConnectNow&, Output&) {
  connect_at_once(now);
}

/// What waits in Active waits no longer.
void Session::connect_at_once(SteadyPoint now) {
  if (!idle_ && connections_.empty() && may_dial()) connect_at_ = now;
}

bool Session::keeps_routes() const {
  const auto* session = established();
  return session != nullptr && session->keeps_routes();
}

void Session::take(SteadyPoint, const Drain&, Output&) {
  connect_at_ = kIdle;
  if (!keeps_routes()) rib_.drain();
}

void Session::take(SteadyPoint now, const Shutdown& in, Output& out) {
  down_ = true;
  if (in.reason == Shutdown::Reason::kRestart) {
    // bgp spec 4.7: a NOTIFICATION would make the peer drop the routes that it shall keep; also those that it keeps since
    // our last restart, while this session has not come up yet.
    for (auto i = connections_.size(); i-- > 0;) {
      if (!connections_[i]->keeps_routes()) continue;
      note_error(now, "closed for a graceful restart");
      close(now, *connections_[i], kLinger, out);
    }
  }
  const auto farewell = shutdown(cease::kAdministrativeShutdown, "speaker shutting down");
  end_all(now, in.reason == Shutdown::Reason::kRemoved ? cease_for(cease::kPeerDeconfigured) : farewell, out);
  rest(now, Retry::kNow);
}

/// RFC 5882, Section 3.2 and 4.1; bgp spec 4.14.
void Session::take(SteadyPoint now, const Liveness& in, Output& out) {
  if (in.up) {
    liveness_until_ = idle_until_ = SteadyPoint::min();
    return connect_at_once(now);
  }
  // Whether it comes back shows soon; until then an attempt would only flap.
  liveness_until_ = now + settings_.connect_time.value_or(kConnectRetry);
  if (auto* connection = established()) {
    // BFD has its own pace: however often it loses the peer, its return is not waited for any longer.
    fail(now, *connection, cease_for(cease::kBfdDown), "BFD lost the peer", Retry::kSoon, out);
  }
}

void Session::take(SteadyPoint now, const Configured& in, Output& out) {
  const bool held = !in.settings.held.empty() && settings_.held.empty();
  // An expectation that the running session meets alters nothing.
  auto before = settings_;
  const auto* running = agreed();
  if (running != nullptr && acceptable_as(in.settings, running->peer_as)) before.peer_as = in.settings.peer_as;
  const bool reset = needs_reset(before, in.settings) || held;
  const bool sooner = in.settings.connect_time && in.settings.connect_time != settings_.connect_time;
  settings_ = in.settings;
  if (sooner) {
    const auto latest = now + *settings_.connect_time;
    if (connect_at_ != kIdle) connect_at_ = std::min(connect_at_, latest);
    liveness_until_ = std::min(liveness_until_, latest);
  }
  if (auto* connection = established()) {
    connection->agreed.keepalive_time = keepalive_time(settings_, connection->agreed.hold_time);
    if (connection->keepalive_at != kIdle) {
      connection->keepalive_at = std::min(connection->keepalive_at, now + connection->agreed.keepalive_time);
    }
  }
  if (!reset) return;
  const bool told = said_anything();
  // What is held does not come back at once: no peer shall keep stale routes for that long (bgp spec 4.10).
  end_all(now, held ? shutdown(cease::kAdministrativeShutdown, settings_.held) : cease_for(cease::kOtherConfigurationChange),
          out);
  // What holds a session that did not run is no error of it.
  if (told && !settings_.held.empty()) note_error(now, settings_.held);
  idle_hold_.reset();
  connect_retry_.reset();
  liveness_until_ = SteadyPoint::min();
  capabilities_ = CapabilitySet::kFull;
  // Who was told of the end needs a moment to clear the session: a connection before that would be refused.
  const auto pause_until = idle_ ? idle_until_ : SteadyPoint::min();
  rest(now, told ? Retry::kSoon : Retry::kNow);
  if (!told) idle_until_ = std::max(idle_until_, std::min(pause_until, now + kSoonDelay));
}

void Session::expire(SteadyPoint now, Connection& connection, Output& out) {
  if (connection.dial_until <= now) {
    note_error(now, "the connection could not be made in time");
    close(now, connection, Duration::zero(), out);
    return dial_ended(now, true, out);
  }
  if (connection.hold_until <= now) {
    return fail(now, connection, {ErrorCode::kHoldTimer, 0, {}}, "the peer was silent", Retry::kLater, out);
  }
  if (connection.send_hold_until <= now) {
    // RFC 9687, Section 3.4: the NOTIFICATION rarely gets through; nobody waits for it.
    ++counters_.send_hold_expired;
    note_error(now, to_string(Notification{ErrorCode::kSendHoldTimer, 0, {}}) + ": the peer takes no bytes");
    close(now, connection, Duration::zero(), out);
    return rest(now, Retry::kLater);
  }
  if (connection.keepalive_at <= now) send_keepalive(now, connection, out);
}

}  // namespace metallb::bgp
