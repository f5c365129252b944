// The part of the small member that runs by the clock and over streams: probes, gossip, push/pull.
#include <algorithm>
#include <cmath>
#include <utility>

#include "gossip/packet.hpp"
#include "sim/minimal_member.hpp"

namespace metallb::sim {
namespace {

using gossip::MemberState;

}  // namespace

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
  if (candidates.empty()) return reap();
  auto next = std::ranges::upper_bound(candidates, last_probed_);
  if (next == candidates.end()) {
    reap();
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

void MinimalMember::reap() {
  std::erase_if(table_, [&](const auto& row) {
    return !is_live(row.second.state) && now_ - row.second.since > options_.settings.gossip_to_the_dead_time;
  });
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

}  // namespace metallb::sim
