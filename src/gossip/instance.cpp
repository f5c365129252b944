#include "gossip/instance.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace metallb::gossip {
namespace {

/// Times come from a file: none may be so long that sums run over.
constexpr Duration kLongest = std::chrono::hours(24 * 365);

Settings bounded(Settings settings) {
  for (auto* time : {&settings.tcp_timeout, &settings.push_pull_interval, &settings.probe_timeout, &settings.probe_interval,
                     &settings.gossip_interval, &settings.gossip_to_the_dead_time, &settings.ring.alone_hold}) {
    *time = std::clamp(*time, Duration::zero(), kLongest);
  }
  return settings;
}

/// After longer ones this node is likely to have been declared dead. After shorter pauses exchanges are restrained, since
/// some hosts pause all the time.
constexpr Duration kLongPause = std::chrono::seconds(1);

}  // namespace

Instance::Instance(Options options, Log log)
    : settings_(bounded(options.settings)),
      own_{options.address, options.port},
      log_(log),
      random_(options.seed),
      membership_(options.node_name, own_, settings_, random_, counters_, log),
      postman_(Source{to_wire(own_.address), own_.port, options.node_name}, settings_, std::move(options.ring),
               std::move(options.nonces), membership_, counters_),
      prober_(settings_, membership_, postman_, numbers_, random_, counters_, log),
      relay_(settings_, numbers_, postman_, counters_),
      exchanges_(settings_, own_.port, membership_, postman_, numbers_, random_, counters_, log),
      served_(settings_, membership_, postman_, counters_, log),
      electorate_(options.node_name, std::clamp(options.start_hold, Duration::zero(), kLongest), settings_.ring.alone_hold),
      gossip_ticks_(settings_.gossip_interval) {
  if (settings_.ring.enabled) {
    const auto seed = random_.below(std::uint64_t{1} << 32);
    ring_.emplace(options.node_name, settings_.ring, Random(seed), [this] { return numbers_.next_seq_no(); }, log);
  }
}

Instance::~Instance() = default;

void Instance::on_input(Now now, const Input& in, Output& out) {
  const auto first = out.size();
  begin(now.steady, out);
  std::visit([&](const auto& input) { take(now.steady, input, out); }, in);
  end(now.steady, first, out);
}

void Instance::on_time(Now now, Output& out) {
  const auto at = now.steady;
  const auto first = out.size();
  begin(at, out);
  membership_.on_time(at);
  prober_.on_time(at, out);
  relay_.on_time(at, out);
  exchanges_.on_time(at, out);
  served_.on_time(at, out);
  if (ring_) {
    WatchRing::Output wanted;
    ring_->on_time(at, wanted);
    act(at, wanted, out);
  }
  if (gossip_ticks_.take(at)) gossip(at, out);
  end(at, first, out);
}

/// What every call begins with.
void Instance::begin(SteadyPoint now, Output& out) {
  if (!std::exchange(started_, true)) {
    membership_.start(now);
    prober_.start(now);
    exchanges_.start(now);
    electorate_.start(now);
    gossip_ticks_.start(now);
  } else {
    const auto expected = std::max(deadline_, last_call_);
    if (now > expected && now - expected > kPause) paused(now, now - expected, out);
  }
  last_call_ = now;
  // Ticks without news pass unnoticed; what comes now waits for the next one.
  if (membership_.news().empty()) gossip_ticks_.take(now);
}

/// What every call ends with: whatever changed is passed on. Verdicts travel ahead of packets.
void Instance::end(SteadyPoint now, std::size_t first, Output& out) {
  if (farewell_.under_way()) say_goodbye(now, out);
  if (const auto refutation = membership_.take_refutation()) defend(now, *refutation, out);
  const auto changes = membership_.take_changes();
  tell_ring(now, changes);
  if (exchanges_.joined_once()) electorate_.joined();
  Output events;
  report(now, changes, events);
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(first), std::make_move_iterator(events.begin()),
             std::make_move_iterator(events.end()));
  counters_.awareness = membership_.awareness().score();
  if (ring_) counters_.ring = ring_->counters();
  deadline_ = earliest();
}

/// deviation: the original knows no pauses, and after one it accuses everybody whose time ran out meanwhile. What was waited
/// for may have come and be waiting to be read, or may be lost; nobody is accused because of that. And this node may itself
/// have been declared dead: it asks.
void Instance::paused(SteadyPoint now, Duration late, Output& out) {
  ++counters_.pauses;
  if (const auto again = quiet_.turn(now, "pause")) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(late).count();
    log_.warn({{"op", "memberlist"},
               {"msg", "this process did not run for a while: what it waited for counts anew"},
               {"milliseconds", milliseconds},
               {"repeated", *again}});
  }
  membership_.paused(now, late);
  prober_.paused(now, late, out);
  exchanges_.paused(late);
  served_.paused(late);
  if (catch_up_.take(now) || late >= kLongPause) exchanges_.catch_up(now, out);
}

SteadyPoint Instance::earliest() const {
  auto deadline =
      std::min({membership_.next_deadline(), prober_.next_deadline(), relay_.next_deadline(), exchanges_.next_deadline(),
                served_.next_deadline(), electorate_.next_deadline(), farewell_.next_deadline()});
  if (!membership_.news().empty()) deadline = std::min(deadline, gossip_ticks_.next());
  if (ring_) deadline = std::min(deadline, ring_->next_deadline());
  return deadline;
}

// ---- what is sent unasked ----

// gossip spec 8
void Instance::gossip(SteadyPoint now, Output& out) {
  const auto wanted = [&](const Entry& entry) {
    if (membership_.is_own(entry.name)) return false;
    // The dead are told for a while, so that they can refute.
    return entry.live() || (entry.state == MemberState::kDead && now - entry.since <= settings_.gossip_to_the_dead_time);
  };
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, settings_.gossip_nodes));
  for (const auto* target : membership_.table().pick(count, random_, wanted)) {
    if (membership_.news().empty()) return;
    postman_.gossip(*target, out);
  }
}

void Instance::say_goodbye(SteadyPoint now, Output& out) {
  const auto* own = membership_.table().find(membership_.own_name());
  if (farewell_.take(now)) postman_.send_to_each(everybody(), Dead{own->incarnation, own->name, own->name}, out);
  const auto passed_on = !membership_.news().contains(own->name);
  if (farewell_.finish(now, passed_on, membership_.table().live() == 0)) out.emplace_back(LeaveFinished{});
}

/// Beside the broadcast of the original, the answer goes directly to those who may act on the accusation: a suspicion is
/// answered to the accuser and the other watchers, a verdict to everybody. So a false verdict is undone within a round trip.
void Instance::defend(SteadyPoint now, const Membership::Refutation& refutation, Output& out) {
  if (refutation.accuser.empty()) return;
  if (refutation.dead) {
    if (answers_to_verdicts_.take(now)) postman_.send_to_each(everybody(), refutation.message, out);
    return;
  }
  if (!answers_to_suspicions_.take(now)) return;
  std::vector<std::string> names{refutation.accuser};
  if (ring_) {
    std::vector<std::string> live;
    for (const auto& [name, entry] : membership_.table().entries()) {
      if (entry.live()) live.push_back(name);
    }
    for (auto& watcher : watchers_of(refutation.message.node, live, settings_.ring.watchers)) {
      if (watcher != refutation.accuser) names.push_back(std::move(watcher));
    }
  }
  postman_.send_to_each(endpoints(names), refutation.message, out);
}

// ---- what others are told ----

void Instance::report(SteadyPoint now, const std::vector<Membership::Change>& changes, Output& events) {
  bool members_changed = false;
  for (const auto& change : changes) {
    if (change.moved || change.before != change.after) {
      events.emplace_back(MemberSeen{change.node, change.endpoint.address, change.after});
    }
    if (membership_.leaving() && membership_.is_own(change.node)) continue;
    if (change.returned()) ++counters_.returns;
    if (change.is_live() && !change.was_live()) {
      members_changed = true;
      ++counters_.joins;
      log_event(change, "NodeJoin");
    } else if (change.was_live() && !change.is_live()) {
      members_changed = true;
      log_event(change, "NodeLeave");
      if (change.after == MemberState::kDead) {
        ++counters_.deaths;
        electorate_.lost(now, change.timed_out);
      } else {
        ++counters_.leaves;
      }
    } else if (change.meta_changed) {
      log_event(change, "NodeUpdate");
    }
  }
  if (const auto electorate = electorate_.update(now, membership_.table(), members_changed))
    events.emplace_back(*electorate);
}

// gossip spec 1.5, layer2 spec 4.4
void Instance::log_event(const Membership::Change& change, const char* event) const {
  log_.info({{"msg", "node event - forcing sync"},
             {"node addr", change.endpoint.address.to_string()},
             {"node event", event},
             {"node name", change.node}});
}

std::vector<Endpoint> Instance::endpoints(const std::vector<std::string>& names) const {
  std::vector<Endpoint> found;
  for (const auto& name : names) {
    const auto* entry = membership_.table().find(name);
    if (entry != nullptr && !membership_.is_own(name)) found.push_back(entry->endpoint);
  }
  return found;
}

std::vector<Endpoint> Instance::everybody() const {
  std::vector<Endpoint> found;
  for (const auto& [name, entry] : membership_.table().entries()) {
    if (entry.live() && !membership_.is_own(name)) found.push_back(entry.endpoint);
  }
  return found;
}

Endpoint Instance::answer_to(const Source& source, const Endpoint& from) const {
  const auto address = to_ip_address(source.address);
  return address && is_host(*address) && source.port != 0 ? Endpoint{*address, source.port} : from;
}

std::vector<Member> Instance::members() const {
  std::vector<Member> rows;
  for (const auto& [name, entry] : membership_.table().entries()) {
    rows.push_back({name, entry.address, entry.endpoint.port, entry.incarnation, entry.state});
  }
  return rows;
}

}  // namespace metallb::gossip
