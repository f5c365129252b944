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
