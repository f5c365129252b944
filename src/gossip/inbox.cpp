#include "gossip/inbox.hpp"

#include <algorithm>
#include <utility>

namespace metallb::gossip {

Inbox sort(std::vector<PacketMessage> messages, std::int64_t handoff_queue_depth, Counters& counters) {
  Inbox inbox;
  const auto depth = static_cast<std::size_t>(std::max<std::int64_t>(0, handoff_queue_depth));
  std::size_t requests = 0;
  const auto put = [&](auto& queue, auto& message, bool room) {
    if (room) {
      queue.push_back(std::move(message));
    } else {
      ++counters.surplus;
    }
  };
  for (auto& message : messages) {
    ++counters.messages_received[message.index()];
    if (auto* alive = std::get_if<Alive>(&message)) {
      put(inbox.alive, *alive, inbox.alive.size() < depth);
    } else if (std::holds_alternative<Suspect>(message) || std::holds_alternative<Dead>(message)) {
      put(inbox.rumours, message, inbox.rumours.size() < depth);
    } else if (std::holds_alternative<Ping>(message) || std::holds_alternative<IndirectPing>(message)) {
      put(inbox.requests, message, requests++ < kMostRequests);
    } else if (!std::holds_alternative<User>(message)) {
      inbox.requests.push_back(std::move(message));
    }
  }
  std::reverse(inbox.alive.begin(), inbox.alive.end());
  std::reverse(inbox.rumours.begin(), inbox.rumours.end());
  return inbox;
}

}  // namespace metallb::gossip
