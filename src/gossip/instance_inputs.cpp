// What the membership core does with each of its inputs.
#include <utility>

#include "gossip/inbox.hpp"
#include "gossip/instance.hpp"

namespace metallb::gossip {
namespace {

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
    case PacketFault::kReplayed:
      return "it was received before: a replay, or a network that delivers packets twice";
  }
  return "unknown";
}

}  // namespace

void Instance::take(SteadyPoint now, const PacketReceived& packet, Output& out) {
  auto decoded = postman_.open(packet.packet);
  if (decoded.nonce && !replays_.admit(*decoded.nonce)) decoded = {{}, {PacketFault::kReplayed}, {}};
  count(now, packet, decoded);
  const bool others = packet.from.address != own_.address;
  if (ring_ && others && ring_->heard(now) && catch_up_.take(now)) exchanges_.catch_up(now, out);
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
    if (const auto* dead = std::get_if<Dead>(&rumour)) believe(now, *dead);
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

void Instance::take(SteadyPoint now, const LinkChanged& link, Output& out) {
  if (ring_) ring_->link(now, link.carrier);
  // What was said about this node meanwhile is to be refuted, and its own table is old.
  if (link.carrier && catch_up_.take(now)) exchanges_.catch_up(now, out);
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
  // It goes into our ping as it is.
  if (request.node.size() > kLongestName) {
    ++counters_.bad_names;
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

void Instance::believe(SteadyPoint now, const Dead& dead) {
  if (membership_.credible(now, dead.node, dead.from, dead.incarnation)) membership_.dead(now, dead);
}

void Instance::believe(SteadyPoint now, const Suspect& suspect, Output& out) {
  if (!membership_.credible(now, suspect.node, suspect.from, suspect.incarnation)) return;
  membership_.suspect(now, suspect);
  const auto* entry = membership_.table().find(suspect.node);
  if (!ring_ || entry == nullptr || !entry->live() || suspect.incarnation < entry->incarnation) return;
  if (membership_.is_own(suspect.node) || membership_.is_own(suspect.from)) return;
  WatchRing::Output wanted;
  ring_->suspected(now, suspect, wanted);
  act(now, wanted, out);
}

}  // namespace metallb::gossip
