// Which session a packet is for, and what becomes of those that are for none.
#include <utility>

#include "bfd/instance.hpp"

namespace metallb::bfd {
namespace {

/// RFC 5880, Section 6.8.8 gives no bound; what comes over an Ethernet in one piece.
constexpr std::size_t kLargestEcho = 1472;

/// A peer that is not up sends every second, and takes the answer in at once.
constexpr Duration kStalePackets = std::chrono::seconds(10);

}  // namespace

void Instance::take(Now now, const ControlReceived& received, Output& out) {
  const auto packet = decode_control(received.payload);
  if (!packet) return discard(now, received.arrival, packet.error());
  const auto at = find(received, *packet);
  if (at == sessions_.end()) return take_stale(now, received, *packet, out);
  auto& session = at->second.session;
  const auto bound_to = at->second.key.interface;
  if (bound_to != InterfaceIndex() && bound_to != received.arrival.interface) {
    session.count(Fault::kWrongInterface);
  } else {
    feed(now, at, Session::ControlReceived{*packet, received.arrival.ttl}, out);
  }
  log_fault(now, received.arrival, session);
}

/// After a restart of ours a peer may go on with the discriminator of before. RFC 5880, Section 6.8.6 has the packet
/// discarded; but the passive end must not wait for a better one, or both would wait for ever.
void Instance::take_stale(Now now, const ControlReceived& received, const ControlPacket& packet, Output& out) {
  const bool down = packet.state == State::kDown || packet.state == State::kAdminDown;
  const bool of_nobody = discriminators_.find(packet.yours) == nullptr;
  const auto at = of_nobody && down ? find_by_addresses(received) : sessions_.end();
  if (at == sessions_.end()) return discard(now, received.arrival, Fault::kUnknownSession);
  auto& entry = at->second;
  feed(now, at, Session::StaleReceived{packet.authenticated, received.arrival.ttl}, out);
  // It passes within seconds; longer than that, something is wrong.
  const auto fault = entry.session.take_fault();
  if (fault && now.steady - entry.opened >= kStalePackets) log_fault(now, received.arrival, *fault);
}

/// RFC 5880, Section 6.8.6; RFC 5881, Section 3; RFC 5883, Section 4. Who knows our discriminator need not be at the address
/// that we know it by; but the kind of the session is that of the port.
Instance::Sessions::iterator Instance::find(const ControlReceived& received, const ControlPacket& packet) {
  const auto& arrival = received.arrival;
  if (packet.yours != kNoDiscriminator) {
    const auto* id = discriminators_.find(packet.yours);
    if (id == nullptr) return sessions_.end();
    const auto at = sessions_.find(*id);
    const auto& key = at->second.key;
    return key.vrf == arrival.vrf && key.hops == received.hops ? at : sessions_.end();
  }
  return find_by_addresses(received);
}

Instance::Sessions::iterator Instance::find_by_addresses(const ControlReceived& received) {
  const auto& arrival = received.arrival;
  SessionKey key{.vrf = arrival.vrf,
                 .hops = received.hops,
                 .remote = arrival.from,
                 .local = arrival.to,
                 .interface = received.hops == Hops::kSingle ? arrival.interface : InterfaceIndex()};
  const auto at = find(key);
  if (at != sessions_.end() || key.interface == InterfaceIndex()) return at;
  key.interface = InterfaceIndex();
  return find(key);
}

Instance::Sessions::iterator Instance::find(const SessionKey& key) {
  const auto it = by_key_.find(key);
  return it == by_key_.end() ? sessions_.end() : sessions_.find(it->second);
}

void Instance::take(Now now, const EchoReceived& received, Output& out) {
  const auto packet = decode_echo(received.payload);
  if (packet) {
    const auto* id = discriminators_.find(packet->discriminator);
    const auto at = id == nullptr ? sessions_.end() : sessions_.find(*id);
    if (at != sessions_.end() && at->second.session.is_own_echo(*packet)) {
      feed(now, at, Session::EchoReturned{*packet, received.arrival.ttl}, out);
      return log_fault(now, received.arrival, at->second.session);
    }
  }
  if (received.payload.empty() || received.payload.size() > kLargestEcho) {
    return discard(now, received.arrival, Fault::kEchoMalformed);
  }
  const auto at = find_sender(received);
  if (at == sessions_.end()) return discard(now, received.arrival, Fault::kEchoUnknown);
  if (const auto fault = return_echo(now, at, received, out)) {
    at->second.session.count(*fault);
    log_fault(now, received.arrival, at->second.session);
  }
}

/// A peer's echo packet is addressed to us (IPv6, bgp spec 4.13), or to its sender itself, who wants it forwarded (IPv4).
Instance::Sessions::iterator Instance::find_sender(const EchoReceived& received) {
  const auto& arrival = received.arrival;
  const SessionKey first{.vrf = arrival.vrf, .hops = Hops::kSingle, .remote = arrival.from, .local = {}, .interface = {}};
  for (auto it = by_key_.lower_bound(first); it != by_key_.end(); ++it) {
    const auto& key = it->first;
    if (key.vrf != first.vrf || key.hops != first.hops || key.remote != first.remote) break;
    if (arrival.to != key.local && arrival.to != key.remote) continue;
    if (key.interface == InterfaceIndex() || key.interface == arrival.interface) return sessions_.find(it->second);
  }
  return sessions_.end();
}

std::optional<Fault> Instance::return_echo(Now now, Sessions::iterator at, const EchoReceived& received, Output& out) {
  auto& [id, entry] = *at;
  if (received.arrival.ttl != kTtlOfNeighbour) return Fault::kTimeToLive;
  if (entry.session.state() != State::kUp) return Fault::kEchoUnknown;
  const auto offered = entry.session.offered_echo_interval();
  if (!entry.allowance.take(now.steady, offered)) return Fault::kEchoUnwanted;
  ++entry.echoes_returned;
  out.emplace_back(ReturnEcho{.session = id,
                              .from = received.arrival.to,
                              .to = received.arrival.from,
                              .payload = Bytes(received.payload.begin(), received.payload.end())});
  return std::nullopt;
}

void Instance::discard(Now now, const Arrival& arrival, Fault fault) {
  counters_.faults.count(fault);
  log_fault(now, arrival, fault);
}

/// What the session has just discarded, if anything.
void Instance::log_fault(Now now, const Arrival& arrival, Session& session) {
  if (const auto fault = session.take_fault()) log_fault(now, arrival, *fault);
}

void Instance::log_fault(Now now, const Arrival& arrival, Fault fault) {
  // While a session takes leave its peer goes on for a while: at every stop, and nothing to mend.
  if (fault == Fault::kAdminDown) return;
  auto& lines = lines_[std::to_underlying(fault)];
  if (!lines.take(now.steady)) return;
  log_.warn({{"op", "bfd"},
             {"msg", "packet discarded"},
             {"from", arrival.from.to_string()},
             {"to", arrival.to.to_string()},
             {"interface", arrival.interface.value()},
             {"reason", to_string(fault)},
             {"repeated", lines.take_held_back()}});
}

}  // namespace metallb::bfd
