// Between the membership core and the watch ring: what the ring wants done, and what it is told of members.
#include "gossip/instance.hpp"

namespace metallb::gossip {

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

/// Who lives and can be reached refutes a verdict within a round trip (it is told directly, several times). Who comes back
/// later was dead or out of reach: its process has been started anew, say. The next verdict is not to wait because of that.
/// deviation: failover spec 3, rule 8, speaks of any refutation, "so it had been alive"; of those that come later it had
/// not.
constexpr Duration kFalseVerdict = std::chrono::seconds(1);

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
    if (change.returned() && change.lasted <= kFalseVerdict) ring_->refuted(now, change.node);
  }
}

}  // namespace metallb::gossip
