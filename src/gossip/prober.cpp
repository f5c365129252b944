#include "gossip/prober.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace metallb::gossip {

void Prober::stop(Output& out) {
  ticker_.stop();
  tick_waits_ = false;
  close_stream(out);
  probe_.reset();
}

bool Prober::acknowledged(std::uint32_t seq_no, Output& out) {
  if (!probe_ || probe_->seq_no != seq_no) return false;
  membership_.awareness().add(-1);
  close_stream(out);
  probe_.reset();
  return true;
}

void Prober::refused(std::uint32_t seq_no) {
  if (probe_ && probe_->seq_no == seq_no) ++probe_->nacks;
}

void Prober::unreachable(const Endpoint& endpoint, Output& out) {
  if (probe_ && !probe_->asked_others && probe_->endpoint == endpoint) ask_others(out);
}

void Prober::on_time(SteadyPoint now, Output& out) {
  if (ticker_.take(now)) tick_waits_ = true;
  if (probe_ && !probe_->asked_others && now >= probe_->ask_others_at) ask_others(out);
  if (probe_ && now >= probe_->deadline) finish(now, out);
  if (!probe_ && std::exchange(tick_waits_, false)) begin(now, out);
}

SteadyPoint Prober::next_deadline() const {
  if (!probe_) return tick_waits_ ? SteadyPoint::min() : ticker_.next();  // gossip spec 6: the next one starts at once
  // Ticks while a probe is under way only have to be noticed when it ends.
  return probe_->asked_others ? probe_->deadline : std::min(probe_->ask_others_at, probe_->deadline);
}

void Prober::paused(SteadyPoint now, Duration late, Output& out) {
  if (!probe_ || late <= kPause * (1 << std::min(probe_->voided, 16))) return;
  ++counters_.probes_void;
  const auto old = *std::exchange(probe_, std::nullopt);
  if (old.stream) out.emplace_back(CloseStream{*old.stream});
  const auto* target = membership_.table().find(old.node);
  if (target != nullptr && target->live()) {
    probe(now, *target, old.voided + 1, out);
  } else {
    tick_waits_ = true;
  }
}

void Prober::begin(SteadyPoint now, Output& out) {
  auto& table = membership_.table();
  // gossip spec 6: each entry that is passed over, and the end of the list, cost one step of as many as there are entries.
  for (std::size_t step = 0; step < table.size(); ++step) {
    if (table.walk_ended()) {
      table.wrap(now, settings_.gossip_to_the_dead_time, random_);
      continue;
    }
    const auto& entry = table.walk();
    if (membership_.is_own(entry.name) || !entry.live()) continue;
    probe(now, entry, 0, out);
    return;
  }
}

void Prober::probe(SteadyPoint now, const Entry& target, int voided, Output& out) {
  ++counters_.probes;
  const auto whole = settings_.probe_interval * (membership_.awareness().score() + 1);
  Probe probe;
  probe.node = target.name;
  probe.address = target.address;
  probe.endpoint = target.endpoint;
  probe.answers_tcp = target.understands(3);
  probe.incarnation = target.incarnation;
  probe.seq_no = numbers_.next_seq_no();
  probe.ask_others_at = now + std::min(settings_.probe_timeout, whole);
  probe.deadline = now + whole;
  probe.reader = postman_.reader();
  probe.voided = voided;
  Ping ping{probe.seq_no, target.name, postman_.own()};
  probe_ = std::move(probe);
  if (target.state == MemberState::kAlive) {
    postman_.send(target.endpoint, std::move(ping), out);
  } else {
    // The suspect learns of it at once, and can refute.
    const std::array<PacketMessage, 2> both{std::move(ping),
                                            Suspect{target.incarnation, target.name, std::string(membership_.own_name())}};
    postman_.send_only(target.endpoint, both, target.understands(5), out);
  }
}

void Prober::ask_others(Output& out) {
  probe_->asked_others = true;
  const auto wanted = [&](const Entry& entry) {
    return entry.state == MemberState::kAlive && !membership_.is_own(entry.name) && entry.name != probe_->node;
  };
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, settings_.indirect_checks));
  for (const auto* other : membership_.table().pick(count, random_, wanted)) {
    const auto nack = other->understands(4);
    if (nack) ++probe_->nacks_wanted;
    const IndirectPing request{probe_->seq_no, probe_->node, probe_->address, probe_->endpoint.port, nack, postman_.own()};
    postman_.send(other->endpoint, request, out);
  }
  if (settings_.disable_tcp_pings || !probe_->answers_tcp) return;
  probe_->stream = numbers_.next_stream();
  ++counters_.streams_dialled;
  out.emplace_back(Dial{*probe_->stream, probe_->endpoint});
}

void Prober::finish(SteadyPoint now, Output& out) {
  close_stream(out);
  const auto failed = *std::exchange(probe_, std::nullopt);
  auto& awareness = membership_.awareness();
  if (failed.reached_by_tcp) {
    awareness.add(-1);
    if (const auto again = quiet_.turn(now, "udp " + failed.node)) {
      log_.warn({{"op", "memberlist"},
                 {"msg", "member answers over TCP but not over UDP: is UDP filtered?"},
                 {"node", failed.node},
                 {"ip", failed.endpoint.address.to_string()},
                 {"repeated", *again}});
    }
    return;
  }
  ++counters_.probes_failed;
  // gossip spec 6.1: whoever hears nothing of the helpers either has reason to doubt itself.
  awareness.add(failed.nacks_wanted > 0 ? std::max<std::int64_t>(0, failed.nacks_wanted - failed.nacks) : 1);
  membership_.suspect(now, Suspect{failed.incarnation, failed.node, std::string(membership_.own_name())});
}

void Prober::connected(Output& out) {
  probe_->connected = true;
  out.emplace_back(SendStream{*probe_->stream, postman_.stream(Ping{probe_->seq_no, probe_->node, postman_.own()})});
}

void Prober::received(SteadyPoint now, ByteView data, Output& out) {
  postman_.read(probe_->reader, data);
  if (!probe_->reader.done()) return;
  const auto& message = probe_->reader.message();
  const auto* ack = message ? std::get_if<Ack>(&*message) : nullptr;
  if (ack != nullptr && ack->seq_no == probe_->seq_no) {
    probe_->reached_by_tcp = true;  // alone it does not end the probe, gossip spec 6
  } else {
    stream_failed(now, probe_->reader.fault() ? probe_->reader.fault()->reason : "the answer is no ack of this ping");
  }
  close_stream(out);
}

void Prober::ended(SteadyPoint now, const std::string& error) {
  // A member that is down refuses or does not answer: that is what the probe is for, and no error of the stream.
  if (probe_->connected) stream_failed(now, error.empty() ? "closed without an answer" : error);
  probe_->stream.reset();
}

void Prober::close_stream(Output& out) {
  if (!probe_ || !probe_->stream) return;
  out.emplace_back(CloseStream{*probe_->stream});
  probe_->stream.reset();
}

void Prober::stream_failed(SteadyPoint now, const std::string& reason) {
  ++counters_.streams_failed;
  if (const auto again = quiet_.turn(now, "tcp " + probe_->node)) {
    log_.error({{"op", "memberlist"},
                {"msg", "ping over TCP failed"},
                {"node", probe_->node},
                {"error", reason},
                {"repeated", *again}});
  }
}

}  // namespace metallb::gossip
