#include "bgp/session.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace metallb::bgp {
namespace {

using std::chrono::seconds;

// bgp spec 4.2
constexpr Duration kOpenHoldTime = seconds(240);
/// bgp spec 4.7
constexpr Duration kRestartTime = seconds(120);
constexpr std::size_t kMostLogged = 8;

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
  refreshes_.pass_on(at, rib_);
  if (has_room_and_work()) write_routes(at, out);
  end(at, out);
}

SteadyPoint Session::next_deadline() const {
  if (has_room_and_work()) return SteadyPoint::min();
  auto deadline = established() != nullptr ? refreshes_.next_deadline() : kIdle;
  for (const auto& connection : connections_) deadline = std::min(deadline, connection->next_deadline());
  if (!idle_) return std::min(deadline, connect_at_);
  return startable() ? std::min(deadline, start_at()) : deadline;
}

void Session::begin(SteadyPoint now) {
  if (!speaker_.started) speaker_.started = now;
}

/// What every call ends with, and what comes between two sessions in one call: a change of state is told.
void Session::end(SteadyPoint now, Output& out) {
  const auto to = state();
  const bool failed = std::exchange(failed_, false);
  if (to == told_) {
    if (failed || !settings_.held.empty()) tell_trouble(to, out);
    return;
  }
  const auto from = std::exchange(told_, to);
  const bool downwards = to == State::kIdle || to == State::kActive || from == State::kEstablished;
  out.push_back(StateChanged{peer_, from, to, downwards ? problem() : std::string()});
  if (downwards) told_problem_ = problem();
  if (to == State::kEstablished) {
    ++counters_.established;
    established_since_ = now;
    logged_errors_.clear();
    told_problem_.clear();
    log_.info({{"op", "bgp"},
               {"event", "sessionUp"},
               {"peer", settings_.name},
               {"vrf", settings_.transport.vrf},
               {"localASN", settings_.local_as.value()},
               {"peerASN", agreed()->peer_as.value()},
               {"msg", "BGP session established"}});
    warn_of_missing_families(established()->agreed);
    warn_of_missing_next_hops(*established());
  } else if (from == State::kEstablished) {
    log_.warn({{"op", "bgp"},
               {"event", "sessionDown"},
               {"peer", settings_.name},
               {"vrf", settings_.transport.vrf},
               {"reason", last_error_},
               {"msg", "BGP session down"}});
  } else {
    log_step(from, to, downwards);
  }
}

void Session::note_error(SteadyPoint now, std::string error) {
  last_error_ = std::move(error);
  last_error_at_ = now;
  failed_ = true;
}

/// Attempts may fail one after the other without a change of state, when the next begins as soon as one has ended.
void Session::tell_trouble(State state, Output& out) {
  if (state == State::kEstablished || problem() == told_problem_) return;
  told_problem_ = problem();
  out.push_back(StateChanged{peer_, state, state, told_problem_});
  if (settings_.held.empty()) log_step(state, state, true);
}

/// Attempts that fail for the same reasons again and again fill no log, nor do those with a new reason each time.
void Session::log_step(State from, State to, bool downwards) {
  const bool news = downwards && logged_errors_.size() < kMostLogged && !logged_errors_.contains(last_error_);
  if (!news && !log_.debug_enabled()) return;
  const Log::Fields fields{{"op", "bgp"},
                           {"event", "stateChanged"},
                           {"peer", settings_.name},
                           {"vrf", settings_.transport.vrf},
                           {"from", to_string(from)},
                           {"to", to_string(to)},
                           {"reason", downwards ? last_error_ : std::string()}};
  if (!news) return log_.debug(fields);
  logged_errors_.insert(last_error_);
  log_.info(fields);
}

/// bgp spec 7.4: their prefixes are not sent to this peer.
void Session::warn_of_missing_families(const Negotiated& agreed) {
  for (const auto& family : settings_.families) {
    if (std::find(agreed.families.begin(), agreed.families.end(), family) != agreed.families.end()) continue;
    log_.warn({{"op", "bgp"},
               {"event", "familyNotNegotiated"},
               {"peer", settings_.name},
               {"vrf", settings_.transport.vrf},
               {"family", family == kIpv4Unicast ? "IPv4" : "IPv6"},
               {"msg", "prefixes of this family are not sent to this peer: activate it for the session on the router"}});
  }
}

/// bgp spec 3.5: such routes are not announced, since a wrong next hop is worse than none.
void Session::warn_of_missing_next_hops(const Connection& connection) {
  const auto hops = next_hops(connection.addresses, connection.agreed.ipv4_over_ipv6);
  for (const auto& family : connection.agreed.families) {
    const bool ipv4 = family == kIpv4Unicast;
    if (!(ipv4 ? hops.ipv4 : hops.ipv6).empty()) continue;
    log_.warn({{"op", "bgp"},
               {"event", "noNextHop"},
               {"peer", settings_.name},
               {"vrf", settings_.transport.vrf},
               {"family", ipv4 ? "IPv4" : "IPv6"},
               {"msg",
                "routes of this family are not announced: the interface of the session has no address for their next hop"}});
  }
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
  return !down_ && !speaker_.draining && settings_.held.empty() && settings_.transport.address.has_value();
}

bool Session::may_dial() const {
  return settings_.initiative != Initiative::kPassive && !speaker_.draining;
}

void Session::start(SteadyPoint now, Output& out) {
  idle_ = false;
  if (may_dial()) return dial(now, out);
  connect_at_ = kIdle;
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
  const auto limit = std::min(kDialTimeout, spread(settings_.connect_time.value_or(kConnectRetry)));
  connection.dial_until = now + limit + kDialGrace;
  connect_at_ = kIdle;
  ++counters_.dials;
  out.push_back(Dial{connection.id, peer_, settings_.transport, limit});
}

void Session::restart_connect_timer(SteadyPoint now) {
  connect_at_ = may_dial() ? now + spread(settings_.connect_time ? *settings_.connect_time : connect_retry_.next()) : kIdle;
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

void Session::take(SteadyPoint now, const DialFailed& in, Output& out) {
  const auto* connection = find(in.connection);
  if (connection == nullptr || connection->state != ConnectionState::kDialling) return;
  const bool without_answer = connection->dial_until - kDialGrace <= now;
  note_error(now, in.error.empty() ? "the connection could not be made" : in.error);
  remove(now, in.connection);
  dial_ended(now, without_answer, out);
}

/// The attempt failed, and has been removed.
void Session::dial_ended(SteadyPoint now, bool without_answer, Output& out) {
  ++counters_.dials_failed;
  // RFC 4271, Section 8.2.2: ConnectRetry expired in Connect: again, at once.
  const bool again = without_answer && settings_.connect_time && *settings_.connect_time <= kDialTimeout;
  if (again && connections_.empty() && may_dial()) return dial(now, out);
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

}  // namespace metallb::bgp
