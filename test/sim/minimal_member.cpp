#include "sim/minimal_member.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gossip/packet.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;
using gossip::MemberState;

constexpr Duration kExchangeTimeout = 10s;
constexpr Duration kLeaveLimit = 1s;

bool is_live(MemberState state) {
  return state == MemberState::kAlive || state == MemberState::kSuspect;
}

gossip::Versions own_versions() {
  return {gossip::kOwnVersions.begin(), gossip::kOwnVersions.end()};
}

}  // namespace

std::unique_ptr<Membership> make_minimal(gossip::Options options, Log /*log*/) {
  return std::make_unique<MinimalMember>(std::move(options));
}

MinimalMember::MinimalMember(gossip::Options options) : options_(std::move(options)), random_(options_.seed) {}

void MinimalMember::on_input(Now now, const gossip::Input& in, gossip::Output& out) {
  on_time(now, out);
  if (const auto* packet = std::get_if<gossip::PacketReceived>(&in)) {
    for (const auto& message : gossip::decode_packet(packet->packet, options_.ring).messages) {
      std::visit([&](const auto& m) { hear(m, packet->from, out); }, message);
    }
  } else if (const auto* accepted = std::get_if<gossip::StreamAccepted>(&in)) {
    exchanges_[accepted->stream].begun = now_;
  } else if (const auto* connected = std::get_if<gossip::StreamConnected>(&in)) {
    const auto found = exchanges_.find(connected->stream);
    if (found != exchanges_.end()) {
      out.emplace_back(gossip::SendStream{.stream = connected->stream,
                                          .data = gossip::encode_stream(own_state(found->second.join), {.compress = false},
                                                                        options_.ring, options_.nonces)});
    }
  } else if (const auto* received = std::get_if<gossip::StreamReceived>(&in)) {
    const auto found = exchanges_.find(received->stream);
    if (found != exchanges_.end()) {
      found->second.reader.receive(received->data, options_.ring);
      read(received->stream, found->second, out);
    }
  } else if (const auto* ended = std::get_if<gossip::StreamEnded>(&in)) {
    end_exchange(ended->stream, false, out);
  } else if (const auto* join = std::get_if<gossip::Join>(&in)) {
    for (const auto& address : join->addresses) {
      const auto known = std::ranges::any_of(table_, [&](const auto& row) {
        return row.second.address == gossip::to_wire(address) && is_live(row.second.state);
      });
      if (!known) to_join_.push_back(address);
    }
    expected_ = to_join_.size();
    joined_ = 0;
    joining_ = true;
    join_next(out);
  } else if (std::holds_alternative<gossip::Leave>(in)) {
    leaving_until_ = now_ + kLeaveLimit;
    dead({.incarnation = table_.at(options_.node_name).incarnation, .node = options_.node_name, .from = options_.node_name},
         out);
  } else if (const auto* keys = std::get_if<gossip::KeysChanged>(&in)) {
    options_.ring = keys->ring;
  }
  tell_electorate(out);
}

void MinimalMember::on_time(Now now, gossip::Output& out) {
  now_ = now.steady;
  const auto& settings = options_.settings;
  if (!started_) {
    started_ = true;
    alive({.incarnation = 1,
           .node = options_.node_name,
           .address = gossip::to_wire(options_.address),
           .port = options_.port,
           .meta = std::nullopt,
           .versions = own_versions()},
          out);
    next_probe_ = now_ + settings.probe_interval;
    next_gossip_ = now_ + settings.gossip_interval;
    next_exchange_ = now_ + settings.push_pull_interval +
                     Duration(static_cast<Duration::rep>(random_.below(settings.push_pull_interval.count())));
  }
  look_at_pings(out);
  look_at_suspicions(out);
  if (now_ >= next_probe_) {
    next_probe_ = now_ + settings.probe_interval;
    if (!leaving_until_) probe(out);
  }
  if (now_ >= next_gossip_) {
    next_gossip_ = now_ + settings.gossip_interval;
    gossip_tick(out);
  }
  if (now_ >= next_exchange_) {
    next_exchange_ = now_ + settings.push_pull_interval;
    const auto candidates = others(true);
    if (!candidates.empty()) exchange_with(*endpoint_of(candidates[random_.below(candidates.size())]), false, out);
  }
  if (leaving_until_ && !left_ && (rumours_.empty() || others(true).empty() || now_ >= *leaving_until_)) {
    left_ = true;
    out.emplace_back(gossip::LeaveFinished{});
  }
  std::vector<gossip::StreamId> late;
  for (const auto& [stream, exchange] : exchanges_) {
    if (now_ - exchange.begun >= kExchangeTimeout) late.push_back(stream);
  }
  for (const auto& stream : late) {
    out.emplace_back(gossip::CloseStream{stream});
    end_exchange(stream, false, out);
  }
  tell_electorate(out);
}

SteadyPoint MinimalMember::next_deadline() const {
  if (!started_) return SteadyPoint::min();
  auto next = std::min({next_probe_, next_gossip_, next_exchange_});
  const auto& settings = options_.settings;
  for (const auto& [number, ping] : pings_) {
    next = std::min(next, ping.sent + (ping.asked_others ? settings.probe_interval : settings.probe_timeout));
  }
  for (const auto& [name, row] : table_) {
    if (row.state == MemberState::kSuspect) next = std::min(next, row.since + suspicion_time(row));
  }
  for (const auto& [stream, exchange] : exchanges_) next = std::min(next, exchange.begun + kExchangeTimeout);
  if (leaving_until_ && !left_) next = std::min(next, *leaving_until_);
  return next;
}

std::vector<gossip::Member> MinimalMember::members() const {
  std::vector<gossip::Member> out;
  for (const auto& [name, row] : table_) {
    out.push_back(
        {.name = name, .address = row.address, .port = row.port, .incarnation = row.incarnation, .state = row.state});
  }
  return out;
}

// ---- packets (gossip spec 4) ----

void MinimalMember::hear(const gossip::Ping& message, const gossip::Endpoint& from, gossip::Output& out) {
  if (!message.node.empty() && message.node != options_.node_name) return;
  auto to = from;
  const auto source = gossip::to_ip_address(message.source.address);
  if (source && message.source.port != 0) to = {.address = *source, .port = message.source.port};
  send(to, gossip::Ack{.seq_no = message.seq_no, .payload = std::nullopt}, out);
}

void MinimalMember::hear(const gossip::IndirectPing& message, const gossip::Endpoint& from, gossip::Output& out) {
  const auto target = gossip::to_ip_address(message.target);
  if (!target) return;
  auto asker = from;
  const auto source = gossip::to_ip_address(message.source.address);
  if (source && message.source.port != 0) asker = {.address = *source, .port = message.source.port};
  const auto number = ++last_seq_no_;
  pings_[number] = {.target = message.node,
                    .sent = now_,
                    .asked_others = false,
                    .for_whom = asker,
                    .their_seq_no = message.seq_no,
                    .nack = message.nack};
  const std::uint16_t port = message.port != 0 ? message.port : options_.port;
  send({.address = *target, .port = port}, ping_for(message.node, number), out);
}

void MinimalMember::hear(const gossip::Ack& message, const gossip::Endpoint& /*from*/, gossip::Output& out) {
  const auto found = pings_.find(message.seq_no);
  if (found == pings_.end()) return;
  const auto ping = found->second;
  pings_.erase(found);
  if (ping.for_whom) send(*ping.for_whom, gossip::Ack{.seq_no = ping.their_seq_no, .payload = std::nullopt}, out);
}

void MinimalMember::hear(const gossip::Nack& /*message*/, const gossip::Endpoint& /*from*/, gossip::Output& /*out*/) {}
void MinimalMember::hear(const gossip::User& /*message*/, const gossip::Endpoint& /*from*/, gossip::Output& /*out*/) {}
void MinimalMember::hear(const gossip::Suspect& message, const gossip::Endpoint& /*from*/, gossip::Output& out) {
  suspect(message, out);
}
void MinimalMember::hear(const gossip::Alive& message, const gossip::Endpoint& /*from*/, gossip::Output& out) {
  alive(message, out);
}
void MinimalMember::hear(const gossip::Dead& message, const gossip::Endpoint& /*from*/, gossip::Output& out) {
  dead(message, out);
}

// ---- the member table (gossip spec 7) ----

void MinimalMember::alive(const gossip::Alive& message, gossip::Output& out) {
  const bool own = message.node == options_.node_name;
  if (own && leaving_until_) return;
  const auto [found, added] = table_.try_emplace(
      message.node, Row{.address = message.address, .port = message.port, .state = MemberState::kDead, .since = now_});
  auto& row = found->second;
  if (own) {
    if (added) {
      row.state = MemberState::kAlive;
      row.incarnation = message.incarnation;
      spread(message.node, message);
      note(message.node, out);
    } else if (message.incarnation > row.incarnation ||
               (message.incarnation == row.incarnation && message.address != row.address)) {
      refute(message.incarnation);
    }
    return;
  }
  const bool moved = row.address != message.address || row.port != message.port;
  if (moved && row.state != MemberState::kLeft) return;
  if (!moved && message.incarnation <= row.incarnation) return;
  row.address = message.address;
  row.port = message.port;
  row.incarnation = message.incarnation;
  row.accusers.clear();
  if (row.state != MemberState::kAlive) {
    row.state = MemberState::kAlive;
    row.since = now_;
    note(message.node, out);
  }
  spread(message.node, message);
}

void MinimalMember::suspect(const gossip::Suspect& message, gossip::Output& out) {
  const auto found = table_.find(message.node);
  if (found == table_.end() || message.incarnation < found->second.incarnation) return;
  auto& row = found->second;
  if (row.state == MemberState::kSuspect) {
    if (std::ranges::find(row.accusers, message.from) == row.accusers.end() && row.accusers.size() < 3) {
      row.accusers.push_back(message.from);
      spread(message.node, message);
    }
    return;
  }
  if (row.state != MemberState::kAlive) return;
  if (message.node == options_.node_name) return refute(message.incarnation);
  row.state = MemberState::kSuspect;
  row.incarnation = message.incarnation;
  row.since = now_;
  row.accusers = {message.from};
  spread(message.node, message);
  note(message.node, out);
}

void MinimalMember::dead(const gossip::Dead& message, gossip::Output& out) {
  const auto found = table_.find(message.node);
  if (found == table_.end() || message.incarnation < found->second.incarnation || !is_live(found->second.state)) return;
  auto& row = found->second;
  if (message.node == options_.node_name && !leaving_until_) return refute(message.incarnation);
  row.state = message.node == message.from ? MemberState::kLeft : MemberState::kDead;
  row.incarnation = message.incarnation;
  row.since = now_;
  row.accusers.clear();
  spread(message.node, message);
  note(message.node, out);
}

void MinimalMember::refute(std::uint32_t accused) {
  auto& row = table_.at(options_.node_name);
  row.incarnation = std::max(row.incarnation + 1, accused + 1);
  spread(options_.node_name, gossip::Alive{.incarnation = row.incarnation,
                                           .node = options_.node_name,
                                           .address = row.address,
                                           .port = row.port,
                                           .meta = std::nullopt,
                                           .versions = own_versions()});
}

/// Gossip spec 7.4.
Duration MinimalMember::suspicion_time(const Row& row) const {
  const auto& settings = options_.settings;
  const auto n = static_cast<double>(table_.size());
  const double scale = std::max(1.0, std::log10(std::max(1.0, n)));
  const double least = static_cast<double>(settings.suspicion_mult) * std::floor(scale * 1000) *
                       static_cast<double>(settings.probe_interval.count()) / 1000;
  const double most = static_cast<double>(settings.suspicion_max_timeout_mult) * least;
  auto wanted = static_cast<double>(settings.suspicion_mult - 2);
  if (n - 2 < wanted) wanted = 0;
  const auto confirmed = std::min(wanted, static_cast<double>(row.accusers.size()) - 1);
  double total = least;
  if (wanted > 0) total = std::max(least, most - std::log(confirmed + 1) / std::log(wanted + 1) * (most - least));
  return Duration(static_cast<Duration::rep>(total));
}

void MinimalMember::look_at_suspicions(gossip::Output& out) {
  std::vector<gossip::Dead> verdicts;
  for (const auto& [name, row] : table_) {
    if (row.state == MemberState::kSuspect && now_ >= row.since + suspicion_time(row)) {
      verdicts.push_back({.incarnation = row.incarnation, .node = name, .from = options_.node_name});
    }
  }
  for (const auto& verdict : verdicts) dead(verdict, out);
}

// ---- probes (gossip spec 6) ----

gossip::Ping MinimalMember::ping_for(const std::string& target, std::uint32_t seq_no) const {
  return {.seq_no = seq_no,
          .node = target,
          .source = {.address = gossip::to_wire(options_.address), .port = options_.port, .node = options_.node_name}};
}

void MinimalMember::probe(gossip::Output& out) {
  // One at a time, in the order of names.
  if (std::ranges::any_of(pings_, [](const auto& ping) { return !ping.second.for_whom; })) return;
  const auto candidates = others(false);
  if (candidates.empty()) {
    std::erase_if(table_, [&](const auto& row) {
      return !is_live(row.second.state) && now_ - row.second.since > options_.settings.gossip_to_the_dead_time;
    });
    return;
  }
  auto next = std::ranges::upper_bound(candidates, last_probed_);
  if (next == candidates.end()) {
    std::erase_if(table_, [&](const auto& row) {
      return !is_live(row.second.state) && now_ - row.second.since > options_.settings.gossip_to_the_dead_time;
    });
    next = candidates.begin();
  }
  last_probed_ = *next;
  const auto number = ++last_seq_no_;
  pings_[number] = {.target = *next, .sent = now_};
  const auto to = endpoint_of(*next);
  send(*to, ping_for(*next, number), out);
  const auto& row = table_.at(*next);
  if (row.state == MemberState::kSuspect) {
    send(*to, gossip::Suspect{.incarnation = row.incarnation, .node = *next, .from = options_.node_name}, out);
  }
}

void MinimalMember::look_at_pings(gossip::Output& out) {
  const auto& settings = options_.settings;
  std::vector<std::uint32_t> over;
  std::vector<gossip::Suspect> suspicions;
  for (auto& [number, ping] : pings_) {
    const auto age = now_ - ping.sent;
    if (ping.for_whom) {
      if (age < settings.probe_timeout) continue;
      if (ping.nack) send(*ping.for_whom, gossip::Nack{.seq_no = ping.their_seq_no}, out);
      over.push_back(number);
    } else if (!ping.asked_others && age >= settings.probe_timeout) {
      ping.asked_others = true;
      auto helpers = others(true);
      std::erase(helpers, ping.target);
      const auto target = endpoint_of(ping.target);
      for (std::int64_t i = 0; i < settings.indirect_checks && !helpers.empty() && target; ++i) {
        const auto at = random_.below(helpers.size());
        send(
            *endpoint_of(helpers[at]),
            gossip::IndirectPing{
                .seq_no = number,
                .node = ping.target,
                .target = gossip::to_wire(target->address),
                .port = target->port,
                .nack = false,
                .source = {.address = gossip::to_wire(options_.address), .port = options_.port, .node = options_.node_name}},
            out);
        helpers.erase(helpers.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
    if (!ping.for_whom && age >= settings.probe_interval) {
      over.push_back(number);
      if (const auto found = table_.find(ping.target); found != table_.end()) {
        suspicions.push_back({.incarnation = found->second.incarnation, .node = ping.target, .from = options_.node_name});
      }
    }
  }
  for (const auto number : over) pings_.erase(number);
  for (const auto& suspicion : suspicions) suspect(suspicion, out);
}

// ---- spreading (gossip spec 8), one message a packet ----

void MinimalMember::spread(const std::string& about, gossip::PacketMessage message) {
  rumours_[about] = {.message = std::move(message)};
}

void MinimalMember::gossip_tick(gossip::Output& out) {
  if (rumours_.empty()) return;
  std::vector<std::string> targets;
  for (const auto& [name, row] : table_) {
    const bool lately_dead =
        row.state == MemberState::kDead && now_ - row.since <= options_.settings.gossip_to_the_dead_time;
    if (name != options_.node_name && (is_live(row.state) || lately_dead)) targets.push_back(name);
  }
  const auto limit = static_cast<std::size_t>(options_.settings.retransmit_mult) *
                     static_cast<std::size_t>(std::ceil(std::log10(static_cast<double>(table_.size()) + 1)));
  for (std::int64_t i = 0; i < options_.settings.gossip_nodes && !targets.empty(); ++i) {
    const auto at = random_.below(targets.size());
    for (auto& [about, rumour] : rumours_) {
      send(*endpoint_of(targets[at]), rumour.message, out);
      ++rumour.sent;
    }
    targets.erase(targets.begin() + static_cast<std::ptrdiff_t>(at));
  }
  std::erase_if(rumours_, [limit](const auto& rumour) { return rumour.second.sent >= limit; });
}

// ---- push/pull (gossip spec 5) ----

gossip::PushPull MinimalMember::own_state(bool join) const {
  gossip::PushPull state{.join = join};
  for (const auto& [name, row] : table_) {
    state.entries.push_back({.name = name,
                             .address = row.address,
                             .port = row.port,
                             .incarnation = row.incarnation,
                             .meta = std::nullopt,
                             .state = row.state,
                             .versions = own_versions()});
  }
  return state;
}

void MinimalMember::merge(const gossip::PushPull& state, gossip::Output& out) {
  for (const auto& entry : state.entries) {
    switch (entry.state) {
      case MemberState::kAlive:
        alive({.incarnation = entry.incarnation,
               .node = entry.name,
               .address = entry.address,
               .port = entry.port,
               .meta = entry.meta,
               .versions = entry.versions},
              out);
        break;
      case MemberState::kLeft:
        dead({.incarnation = entry.incarnation, .node = entry.name, .from = entry.name}, out);
        break;
      case MemberState::kSuspect:
      case MemberState::kDead:
        suspect({.incarnation = entry.incarnation, .node = entry.name, .from = options_.node_name}, out);
        break;
    }
  }
}

void MinimalMember::exchange_with(const gossip::Endpoint& peer, bool join, gossip::Output& out) {
  const gossip::StreamId stream(++last_stream_);
  auto& exchange = exchanges_[stream];
  exchange.dialled = true;
  exchange.join = join;
  exchange.begun = now_;
  out.emplace_back(gossip::Dial{.stream = stream, .to = peer});
}

void MinimalMember::read(gossip::StreamId stream, Exchange& exchange, gossip::Output& out) {
  if (!exchange.reader.done()) return;
  const auto message = exchange.reader.message();
  const auto* state = message ? std::get_if<gossip::PushPull>(&*message) : nullptr;
  const auto* ping = message ? std::get_if<gossip::Ping>(&*message) : nullptr;
  const bool dialled = exchange.dialled;
  const auto answer = [&](const gossip::StreamMessage& with) {
    out.emplace_back(
        gossip::SendStream{.stream = stream,
                           .data = gossip::encode_stream(with, {.compress = false}, options_.ring, options_.nonces),
                           .last = true});
  };
  if (!dialled && state != nullptr) answer(own_state(state->join));
  if (!dialled && ping != nullptr && ping->node == options_.node_name)
    answer(gossip::Ack{.seq_no = ping->seq_no, .payload = std::nullopt});
  if (state != nullptr) merge(*state, out);
  if (dialled) out.emplace_back(gossip::CloseStream{stream});
  end_exchange(stream, state != nullptr, out);
}

void MinimalMember::end_exchange(gossip::StreamId stream, bool good, gossip::Output& out) {
  const auto found = exchanges_.find(stream);
  if (found == exchanges_.end()) return;
  const bool join = found->second.dialled && found->second.join;
  exchanges_.erase(found);
  if (!join) return;
  if (good) ++joined_;
  join_next(out);
}

void MinimalMember::join_next(gossip::Output& out) {
  if (!joining_) return;
  if (std::ranges::any_of(exchanges_, [](const auto& e) { return e.second.dialled && e.second.join; })) return;
  if (to_join_.empty()) {
    joining_ = false;
    out.emplace_back(gossip::JoinFinished{.joined = joined_, .expected = expected_, .error = {}});
    return;
  }
  const auto address = to_join_.front();
  to_join_.erase(to_join_.begin());
  exchange_with({.address = address, .port = options_.port}, true, out);
}

// ---- small things ----

void MinimalMember::send(const gossip::Endpoint& to, const gossip::PacketMessage& message, gossip::Output& out) {
  const std::vector<gossip::PacketMessage> one{message};
  for (auto& packet : gossip::encode_packets(one, {.compress = false}, options_.ring, options_.nonces)) {
    out.emplace_back(gossip::SendPacket{.to = to, .packet = std::move(packet)});
  }
}

void MinimalMember::note(const std::string& name, gossip::Output& out) {
  const auto& row = table_.at(name);
  const auto address = gossip::to_ip_address(row.address);
  if (address) out.emplace_back(gossip::MemberSeen{.node = name, .address = *address, .state = row.state});
}

void MinimalMember::tell_electorate(gossip::Output& out) {
  gossip::ElectorateChanged electorate;
  for (const auto& [name, row] : table_) {
    if (is_live(row.state)) electorate.members.insert(name);
  }
  electorate.members.insert(options_.node_name);
  if (electorate == told_) return;
  told_ = electorate;
  out.emplace_back(std::move(electorate));
}

std::optional<gossip::Endpoint> MinimalMember::endpoint_of(const std::string& name) const {
  const auto found = table_.find(name);
  if (found == table_.end()) return std::nullopt;
  const auto address = gossip::to_ip_address(found->second.address);
  if (!address) return std::nullopt;
  return gossip::Endpoint{.address = *address, .port = found->second.port};
}

std::vector<std::string> MinimalMember::others(bool alive_only) const {
  std::vector<std::string> out;
  for (const auto& [name, row] : table_) {
    if (name == options_.node_name || !gossip::to_ip_address(row.address)) continue;
    if (alive_only ? row.state == MemberState::kAlive : is_live(row.state)) out.push_back(name);
  }
  return out;
}

}  // namespace metallb::sim
