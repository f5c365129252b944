#include "bfd/instance.hpp"

#include <algorithm>

#include "base/contract.hpp"

namespace metallb::bfd {
namespace {

/// RFC 5882, Section 2: one session serves all clients of a path. None waits longer than it asked for, and none has its
/// session kept up by packets from farther away than it allows.
Parameters for_all(const std::map<std::string, Parameters>& clients) {
  auto out = clients.begin()->second;
  for (const auto& [client, wanted] : clients) {
    out.receive_interval = std::min(out.receive_interval, wanted.receive_interval);
    out.transmit_interval = std::min(out.transmit_interval, wanted.transmit_interval);
    out.detect_mult = std::min(out.detect_mult, wanted.detect_mult);
    // Of those that do not send echo packets the interval says only what they return.
    out.echo_interval = out.echo == wanted.echo ? std::min(out.echo_interval, wanted.echo_interval)
                                                : (out.echo ? out : wanted).echo_interval;
    out.echo |= wanted.echo;
    out.passive &= wanted.passive;
    out.minimum_ttl = std::max(out.minimum_ttl, wanted.minimum_ttl);
  }
  return out;
}

}  // namespace

Instance::Instance(Options options, Log log)
    : options_(std::move(options)), log_(log), random_(options_.seed), discriminators_(options_.numbers) {
  METALLB_CONTRACT(static_cast<bool>(options_.numbers), "discriminators need a source of numbers");
}

void Instance::on_input(Now now, const Input& in, Output& out) {
  std::visit([&](const auto& input) { take(now, input, out); }, in);
}

void Instance::on_time(Now now, Output& out) {
  for (std::size_t served = 0; served < kSessionsPerSlice && next_deadline() <= now.steady; ++served) {
    const auto at = sessions_.find(schedule_.begin()->second);
    at->second.session.on_time(now, wanted_);
    pass_on(now, at, out);
  }
}

// ---- what clients want ----

std::optional<std::string> Instance::problem_with(const Watch& watch) const {
  if (stopping_) return "this node is stopping: ask again when it has started";
  if (auto problem = problem_of(watch.key, watch.parameters)) return problem;
  if (!by_key_.contains(watch.key) && sessions_.size() >= options_.most_sessions) {
    return "there are " + std::to_string(sessions_.size()) + " BFD sessions already: use BFD with fewer peers";
  }
  return std::nullopt;
}

void Instance::take(Now now, const Watch& watch, Output& out) {
  if (auto problem = problem_with(watch)) {
    ++counters_.refused;
    log_.error({{"op", "bfd"}, {"msg", "no session"}, {"peer", watch.key.remote.to_string()}, {"error", *problem}});
    out.emplace_back(Refused{watch.client, watch.key, std::move(*problem)});
    return;
  }
  auto at = find(watch.key);
  if (at == sessions_.end()) at = open(now, watch.key, watch.parameters, out);
  auto& [id, entry] = *at;
  entry.clients.insert_or_assign(watch.client, watch.parameters);
  const auto state = entry.session.state();
  feed(now, at, Session::Configure{for_all(entry.clients)}, out);
  if (state == State::kAdminDown) {
    feed(now, at, Session::Start{}, out);  // it was being ended
  } else if (state != State::kDown) {
    // Also to a client that has been here: of its Unwatch and Watch in a row only the latter may have come through.
    out.emplace_back(StateChanged{.client = watch.client,
                                  .key = entry.key,
                                  .from = state,
                                  .to = state,
                                  .peer_diagnostic = entry.session.peer().diagnostic,
                                  .failures = entry.session.counters().failures});
    ++entry.notifications;
  }
}

void Instance::take(Now now, const Unwatch& unwatch, Output& out) {
  const auto at = find(unwatch.key);
  if (at == sessions_.end() || at->second.clients.erase(unwatch.client) == 0) return;
  if (at->second.clients.empty()) return feed(now, at, Session::ShutDown{}, out);
  feed(now, at, Session::Configure{for_all(at->second.clients)}, out);
}

void Instance::take(Now now, const Stop&, Output& out) {
  if (std::exchange(stopping_, true)) return;
  if (sessions_.empty()) {
    out.emplace_back(Stopped{});
    return;
  }
  std::vector<SessionId> ids;
  for (auto& [id, entry] : sessions_) {
    entry.clients.clear();
    ids.push_back(id);
  }
  for (const auto id : ids) feed(now, sessions_.find(id), Session::ShutDown{}, out);
}

Instance::Sessions::iterator Instance::open(Now now, const SessionKey& key, const Parameters& parameters, Output& out) {
  const auto id = SessionId(++last_id_);
  const auto at = sessions_
                      .emplace(std::piecewise_construct, std::forward_as_tuple(id),
                               std::forward_as_tuple(key, Session::Options{.hops = key.hops,
                                                                           .parameters = parameters,
                                                                           .discriminator = discriminators_.assign(id),
                                                                           .echo_secret = options_.numbers(),
                                                                           .seed = random_.below(std::uint64_t{1} << 31)}))
                      .first;
  at->second.opened = now.steady;
  by_key_.emplace(key, id);
  out.emplace_back(SessionOpened{id, key});
  return at;
}

void Instance::take(Now, const NotSent& lost, Output&) {
  const auto at = sessions_.find(lost.session);
  if (at != sessions_.end()) at->second.session.not_sent(lost.echo);
}

// ---- what sessions want ----

void Instance::feed(Now now, Sessions::iterator at, const Session::Input& in, Output& out) {
  at->second.session.on_input(now, in, wanted_);
  pass_on(now, at, out);
}

/// After every call of a session.
void Instance::pass_on(Now now, Sessions::iterator at, Output& out) {
  auto& [id, entry] = *at;
  bool ended = false;
  for (const auto& action : wanted_) {
    if (const auto* changed = std::get_if<Session::Changed>(&action)) {
      tell(now, entry, *changed, out);
    } else if (const auto* control = std::get_if<Session::SendControl>(&action)) {
      out.emplace_back(SendControl{id, encode_control(control->packet)});
    } else if (const auto* echo = std::get_if<Session::SendEcho>(&action)) {
      const auto& key = entry.key;
      out.emplace_back(SendEcho{.session = id,
                                .from = key.local,
                                .to = key.local.is_v4() ? key.local : key.remote,
                                .payload = encode_echo(echo->packet)});
    } else if (std::holds_alternative<Session::EchoNeverReturned>(action)) {
      log_.warn({{"op", "bfd"},
                 {"msg",
                  "the peer offers to return echo packets, but returns none: switch echoMode off in the BFDProfile, or let "
                  "the peer return them"},
                 {"peer", entry.key.remote.to_string()},
                 {"vrf", entry.key.vrf}});
    } else {
      ended = true;
    }
  }
  wanted_.clear();
  schedule_.erase({entry.deadline, id});
  if (ended) {
    close(at, out);
  } else {
    entry.deadline = entry.session.next_deadline();
    if (entry.deadline != kIdle) schedule_.emplace(entry.deadline, id);
  }
}

void Instance::close(Sessions::iterator at, Output& out) {
  discriminators_.release(at->second.session.discriminator());
  by_key_.erase(at->second.key);
  out.emplace_back(SessionClosed{at->first});
  sessions_.erase(at);
  if (stopping_ && sessions_.empty()) out.emplace_back(Stopped{});
}

void Instance::tell(Now now, Entry& entry, const Session::Changed& changed, Output& out) {
  entry.since = now.steady;
  log_change(now, entry, changed);
  for (const auto& [client, parameters] : entry.clients) {
    out.emplace_back(StateChanged{.client = client,
                                  .key = entry.key,
                                  .from = changed.from,
                                  .to = changed.to,
                                  .reason = changed.reason,
                                  .peer_diagnostic = entry.session.peer().diagnostic,
                                  .failures = entry.session.counters().failures});
    ++entry.notifications;
  }
}

std::vector<SessionStatus> Instance::sessions() const {
  std::vector<SessionStatus> out;
  out.reserve(sessions_.size());
  for (const auto& [key, id] : by_key_) {
    const auto& entry = sessions_.at(id);
    const auto& session = entry.session;
    SessionStatus status{.id = id,
                         .key = key,
                         .clients = {},
                         .parameters = session.parameters(),
                         .state = session.state(),
                         .since = entry.since,
                         .diagnostic = session.diagnostic(),
                         .discriminator = session.discriminator(),
                         .peer = session.peer(),
                         .transmit_interval = session.transmit_interval(),
                         .detection_time = session.detection_time(),
                         .offered_echo_interval = session.offered_echo_interval(),
                         .polling = session.polling(),
                         .echo_running = session.echo_running(),
                         .counters = session.counters(),
                         .notifications = entry.notifications,
                         .echoes_returned = entry.echoes_returned};
    for (const auto& [client, parameters] : entry.clients) status.clients.push_back(client);
    out.push_back(std::move(status));
  }
  return out;
}

// ---- log ----

/// A peer that goes up and down without end, or whoever plays it, shall not fill the log.
void Instance::log_change(Now now, Entry& entry, const Session::Changed& changed) {
  if (changed.to != State::kUp && changed.from != State::kUp) return;
  if (!entry.lines.take(now.steady)) return;
  const auto write = [&](const char* text) {
    const Log::Fields fields{{"op", "bfd"},
                             {"msg", text},
                             {"peer", entry.key.remote.to_string()},
                             {"vrf", entry.key.vrf},
                             {"state", to_string(changed.to)},
                             {"reason", to_string(changed.reason)},
                             {"peerDiagnostic", to_string(entry.session.peer().diagnostic)},
                             {"heldBack", entry.lines.take_held_back()}};
    changed.from == State::kUp&& is_failure(changed.reason) ? log_.warn(fields) : log_.info(fields);
  };
  write(changed.to == State::kUp ? "session up" : "session down");
}

}  // namespace metallb::bfd
