#include "gossip/instance.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gossip/inbox.hpp"

namespace metallb::gossip {
namespace {

/// Times come from a file: none may be so long that sums run over.
constexpr Duration kLongest = std::chrono::hours(24 * 365);

Settings bounded(Settings settings) {
  for (auto* time : {&settings.tcp_timeout, &settings.push_pull_interval, &settings.probe_timeout, &settings.probe_interval,
                     &settings.gossip_interval, &settings.gossip_to_the_dead_time}) {
    *time = std::clamp(*time, Duration::zero(), kLongest);
  }
  return settings;
}

/// After a pause at most one exchange in this time, since some hosts pause all the time.
constexpr Duration kCatchUpInterval = std::chrono::seconds(1);

constexpr Duration kFirstDefencePause = std::chrono::milliseconds(200);
constexpr Duration kLongestDefencePause = std::chrono::seconds(30);
/// Without accusations for so long, the next is answered at once again.
constexpr Duration kDefenceForgotten = std::chrono::minutes(1);

std::string text_of(PacketFault fault) {
  switch (fault) {
    case PacketFault::kLabelled:
      return "it carries a label, and no label is configured";
    case PacketFault::kNotSealed:
      return "it is not encrypted, but a key is configured";
    case PacketFault::kWrongKey:
      return "it does not open with any key: has that node another secret?";
    case PacketFault::kBadChecksum:
      return "wrong checksum";
    case PacketFault::kBadCompression:
      return "bad compression";
    case PacketFault::kBadCompound:
      return "a compound that ends too early";
    case PacketFault::kBadMessage:
      return "a message that cannot be read";
    case PacketFault::kUnknownType:
      return "unknown message type";
    case PacketFault::kTooDeep:
      return "too many layers or parts";
  }
  return "unknown";
}

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
      electorate_(options.node_name, options.start_hold, settings_.ring.alone_hold),
      gossip_ticks_(settings_.gossip_interval),
      defence_pause_(kFirstDefencePause, kLongestDefencePause) {
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
  if (caught_up_ != SteadyPoint::min() && now - caught_up_ < kCatchUpInterval) return;
  caught_up_ = now;
  exchanges_.sync(now, out);
}

SteadyPoint Instance::earliest() const {
  auto deadline =
      std::min({membership_.next_deadline(), prober_.next_deadline(), relay_.next_deadline(), exchanges_.next_deadline(),
                served_.next_deadline(), electorate_.next_deadline(), farewell_.next_deadline()});
  if (!membership_.news().empty()) deadline = std::min(deadline, gossip_ticks_.next());
  if (ring_) deadline = std::min(deadline, ring_->next_deadline());
  return deadline;
}

// ---- inputs ----

void Instance::take(SteadyPoint now, const PacketReceived& packet, Output& out) {
  auto decoded = postman_.open(packet.packet);
  count(now, packet, decoded);
  if (ring_ && packet.from.address != own_.address) ring_->heard(now);
  auto inbox = sort(std::move(decoded.messages), settings_.handoff_queue_depth, counters_);
  for (const auto& request : inbox.requests) {
    if (const auto* ping = std::get_if<Ping>(&request)) serve(now, packet.from, *ping, out);
    if (const auto* indirect = std::get_if<IndirectPing>(&request)) serve(now, packet.from, *indirect, out);
    if (const auto* ack = std::get_if<Ack>(&request)) serve(now, *ack, out);
    if (const auto* nack = std::get_if<Nack>(&request)) prober_.refused(nack->seq_no);
  }
  for (auto& alive : inbox.alive) membership_.alive(now, std::move(alive));
  for (const auto& rumour : inbox.rumours) {
    if (const auto* suspect = std::get_if<Suspect>(&rumour)) believe(now, *suspect, out);
    if (const auto* dead = std::get_if<Dead>(&rumour)) membership_.dead(now, *dead);
  }
}

void Instance::take(SteadyPoint now, const Unreachable& report, Output& out) {
  prober_.unreachable(report.to, out);
  if (!ring_) return;
  WatchRing::Output wanted;
  ring_->unreachable(now, report.to, wanted);
  act(now, wanted, out);
}

void Instance::take(SteadyPoint now, const StreamAccepted& stream, Output& out) {
  served_.accepted(now, stream.stream, stream.from, out);
}

void Instance::take(SteadyPoint now, const StreamConnected& stream, Output& out) {
  if (prober_.owns(stream.stream)) {
    prober_.connected(out);
  } else if (exchanges_.owns(stream.stream)) {
    exchanges_.connected(now, stream.stream, out);
  }
}

void Instance::take(SteadyPoint now, const StreamReceived& stream, Output& out) {
  if (prober_.owns(stream.stream)) {
    prober_.received(now, stream.data, out);
  } else if (exchanges_.owns(stream.stream)) {
    exchanges_.received(now, stream.stream, stream.data, out);
  } else {
    served_.received(now, stream.stream, stream.data, out);
  }
}

void Instance::take(SteadyPoint now, const StreamEnded& stream, Output& out) {
  if (prober_.owns(stream.stream)) {
    prober_.ended(now, stream.error);
  } else if (exchanges_.owns(stream.stream)) {
    exchanges_.ended(now, stream.stream, stream.error, out);
  } else {
    served_.ended(now, stream.stream, stream.error);
  }
}

void Instance::take(SteadyPoint now, const Join& join, Output& out) {
  exchanges_.join(now, join.addresses, out);
}

void Instance::take(SteadyPoint now, const Leave&, Output& out) {
  if (membership_.leaving()) {
    if (!farewell_.under_way()) out.emplace_back(LeaveFinished{});
    return;
  }
  membership_.leave(now);
  prober_.stop(out);
  exchanges_.stop(out);
  ring_.reset();
  electorate_.leave();
  farewell_.begin(now);
}

void Instance::take(SteadyPoint, const KeysChanged& keys, Output&) {
  postman_.use_keys(keys.ring);
}

void Instance::take(SteadyPoint now, const LinkChanged& link, Output&) {
  if (ring_) ring_->link(now, link.carrier);
}

void Instance::take(SteadyPoint now, const WitnessAnswered& answer, Output& out) {
  if (!ring_) return;
  WatchRing::Output wanted;
  ring_->witness(now, answer.request, answer.answer, wanted);
  act(now, wanted, out);
}

void Instance::count(SteadyPoint now, const PacketReceived& packet, const DecodedPacket& decoded) {
  const auto& messages = decoded.messages;
  auto& traffic = messages.empty() ? counters_.unusable : counters_.received[messages.front().index()];
  ++traffic.packets;
  traffic.bytes += packet.packet.size();
  for (const auto fault : decoded.faults) ++counters_.faults[static_cast<std::size_t>(fault)];
  if (decoded.faults.empty()) return;
  const auto source = packet.from.address.to_string();
  if (const auto again = quiet_.turn(now, source)) {
    log_.error({{"op", "memberlist"},
                {"msg", "packet dropped, or a part of it"},
                {"ip", source},
                {"error", text_of(decoded.faults.front())},
                {"repeated", *again}});
  }
}

// gossip spec 4.1
void Instance::serve(SteadyPoint now, const Endpoint& from, const Ping& ping, Output& out) {
  if (!ping.node.empty() && !membership_.is_own(ping.node)) {
    ++counters_.wrong_target;
    const auto source = from.address.to_string();
    if (const auto again = quiet_.turn(now, "target " + source)) {
      log_.warn({{"op", "memberlist"},
                 {"msg", "ping for another node: does its table have a wrong address?"},
                 {"ip", source},
                 {"node", ping.node.substr(0, kLongestName)},
                 {"repeated", *again}});
    }
    return;
  }
  const auto to = answer_to(ping.source, from);
  const Ack ack{ping.seq_no, std::nullopt};
  // deviation: the watchers of this node ping it ten times a second. If each answer carried news along, the transmissions of
  // every message would be used up on three members before gossip reaches others; so for each member one answer per probe
  // interval does, as without a ring.
  auto* member = ring_ ? membership_.table().find(ping.source.node) : nullptr;
  if (member != nullptr) {
    if (member->carried_along != SteadyPoint::min() && now - member->carried_along < settings_.probe_interval) {
      const PacketMessage only = ack;
      postman_.send_only(to, {&only, 1}, false, out);
      return;
    }
    member->carried_along = now;
  }
  postman_.send(to, ack, out);
}

// gossip spec 4.2
void Instance::serve(SteadyPoint now, const Endpoint& from, const IndirectPing& request, Output& out) {
  const auto target = to_ip_address(request.target);
  if (!target || !is_host(*target)) {
    ++counters_.bad_addresses;
    return;
  }
  const Endpoint endpoint{*target, request.port == 0 ? own_.port : request.port};
  relay_.ask(now, request, endpoint, answer_to(request.source, from), out);
  const auto* accused = membership_.table().find(request.node);
  if (!ring_ || accused == nullptr || !accused->live()) return;
  WatchRing::Output wanted;
  ring_->asked(now, request.node, wanted);
  act(now, wanted, out);
}

// gossip spec 4.3: by number only.
void Instance::serve(SteadyPoint now, const Ack& ack, Output& out) {
  if (prober_.acknowledged(ack.seq_no, out) || relay_.acknowledged(ack.seq_no, out)) return;
  if (ring_) ring_->acknowledged(now, ack.seq_no);
}

void Instance::believe(SteadyPoint now, const Suspect& suspect, Output& out) {
  membership_.suspect(now, suspect);
  const auto* entry = membership_.table().find(suspect.node);
  if (!ring_ || entry == nullptr || !entry->live() || suspect.incarnation < entry->incarnation) return;
  if (membership_.is_own(suspect.node) || membership_.is_own(suspect.from)) return;
  WatchRing::Output wanted;
  ring_->suspected(now, suspect, wanted);
  act(now, wanted, out);
}

// ---- what the ring wants ----

void Instance::act(SteadyPoint now, const WatchRing::Output& wanted, Output& out) {
  for (const auto& action : wanted) {
    std::visit([&](const auto& one) { act(now, one, out); }, action);
  }
}

/// Carries nothing along, so that news spread by gossip and not along the ring only.
void Instance::act(SteadyPoint, const WatchRing::SendPing& ping, Output& out) {
  const auto* to = membership_.table().find(ping.to);
  if (to == nullptr || !to->live()) return;
  const PacketMessage message = Ping{ping.seq_no, ping.to, postman_.own()};
  postman_.send_only(to->endpoint, {&message, 1}, false, out);
}

void Instance::act(SteadyPoint, const WatchRing::AskWatcher& request, Output& out) {
  const auto* watcher = membership_.table().find(request.watcher);
  const auto* accused = membership_.table().find(request.accused);
  if (watcher == nullptr || accused == nullptr || !watcher->live()) return;
  const PacketMessage message = IndirectPing{.seq_no = request.seq_no,
                                             .node = accused->name,
                                             .target = accused->address,
                                             .port = accused->endpoint.port,
                                             .nack = false,
                                             .source = postman_.own()};
  postman_.send_only(watcher->endpoint, {&message, 1}, false, out);
}

void Instance::act(SteadyPoint now, const WatchRing::Accuse& accusation, Output& out) {
  postman_.send_to_each(endpoints(accusation.to), accusation.suspect, out);
  membership_.suspect(now, accusation.suspect);
}

/// Comes more than once, the later times when the table knows it already: who lost the packet gets it again.
void Instance::act(SteadyPoint now, const WatchRing::Declare& verdict, Output& out) {
  const auto* accused = membership_.table().find(verdict.dead.node);
  if (accused == nullptr || verdict.dead.incarnation < accused->incarnation) return;
  auto to = everybody();
  if (!accused->live()) to.push_back(accused->endpoint);
  postman_.send_to_each(to, verdict.dead, out);
  membership_.dead(now, verdict.dead);
}

void Instance::act(SteadyPoint, const WatchRing::NeedWitness& request, Output& out) {
  const auto* accused = membership_.table().find(request.accused);
  if (accused != nullptr) out.emplace_back(AskWitness{request.request, accused->endpoint.address});
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
  if (refutation.accuser.empty() || now < next_defence_) return;
  if (defended_ != SteadyPoint::min() && now - defended_ > kDefenceForgotten) defence_pause_.reset();
  defended_ = now;
  next_defence_ = now + defence_pause_.next();
  if (refutation.dead) return postman_.send_to_each(everybody(), refutation.message, out);
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

void Instance::tell_ring(SteadyPoint now, const std::vector<Membership::Change>& changes) {
  const auto peers_changed = membership_.take_peers_changed();
  if (!ring_) return;
  if (peers_changed) {
    std::vector<WatchRing::Peer> peers;
    for (const auto& [name, entry] : membership_.table().entries()) {
      if (entry.live() && !membership_.is_own(name)) peers.push_back({name, entry.endpoint, entry.incarnation});
    }
    ring_->set_peers(now, peers);
  }
  for (const auto& change : changes) {
    if (change.returned()) ring_->refuted(now, change.node);
  }
}

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
        electorate_.lost(now);
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
