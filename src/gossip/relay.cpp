#include "gossip/relay.hpp"

#include <iterator>
#include <optional>

namespace metallb::gossip {

void Relay::ask(SteadyPoint now, const IndirectPing& request, const Endpoint& target, const Endpoint& requester,
                Output& out) {
  if (pending_.size() >= kMost) {
    ++counters_.relays_refused;
    return;
  }
  const auto seq_no = numbers_.next_seq_no();
  pending_.push_back({seq_no, requester, request.seq_no, request.nack, now + timeout_});
  by_seq_no_.insert_or_assign(seq_no, std::prev(pending_.end()));
  postman_.send(target, Ping{seq_no, request.node, postman_.own()}, out);
}

bool Relay::acknowledged(std::uint32_t seq_no, Output& out) {
  const auto found = by_seq_no_.find(seq_no);
  if (found == by_seq_no_.end()) return false;
  const auto pending = *found->second;
  pending_.erase(found->second);
  by_seq_no_.erase(found);
  postman_.send(pending.requester, Ack{pending.requested, std::nullopt}, out);
  return true;
}

void Relay::on_time(SteadyPoint now, Output& out) {
  while (next_deadline() <= now) {
    const auto pending = pending_.front();
    pending_.pop_front();
    by_seq_no_.erase(pending.seq_no);
    if (pending.nack) postman_.send(pending.requester, Nack{pending.requested}, out);
  }
}

}  // namespace metallb::gossip
