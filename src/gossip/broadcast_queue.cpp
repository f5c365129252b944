#include "gossip/broadcast_queue.hpp"

#include <algorithm>
#include <utility>

#include "gossip/packet.hpp"

namespace metallb::gossip {
namespace {

/// Two bytes of length in the compound (gossip spec 3.3).
constexpr std::size_t kCostOfPart = 2;
constexpr std::int64_t kGreatestMultiplier = 1'000'000;

}  // namespace

std::uint64_t transmission_limit(std::int64_t retransmit_mult, std::size_t members) {
  // gossip spec 8: the ceiling of the decimal logarithm of members + 1, by whole numbers, so that powers of ten are exact.
  std::uint64_t digits = 0;
  for (std::uint64_t power = 1; power < members + 1; power *= 10) ++digits;
  return digits * static_cast<std::uint64_t>(std::clamp<std::int64_t>(retransmit_mult, 0, kGreatestMultiplier));
}

void BroadcastQueue::put(const std::string& about, PacketMessage message) {
  if (const auto old = by_name_.find(about); old != by_name_.end()) {
    order_.erase(old->second);
    by_name_.erase(old);
  }
  const auto length = encode(message).size();
  const auto at = order_.insert({0, length, ++numbered_, about, std::move(message)}).first;
  by_name_.emplace(about, at);
}

std::vector<PacketMessage> BroadcastQueue::take(std::size_t budget, std::uint64_t limit) {
  std::vector<PacketMessage> messages;
  std::vector<Order::node_type> taken;
  auto at = order_.begin();
  while (at != order_.end() && budget > kCostOfPart) {
    const auto transmissions = at->transmissions;
    // Past those of this rank that are too long for what is left.
    const Before::Rank longest{transmissions, ~(budget - kCostOfPart), 0};
    if (Before{}(*at, longest)) {
      at = order_.lower_bound(longest);
      continue;
    }
    budget -= at->length + kCostOfPart;
    messages.push_back(at->message);
    taken.push_back(order_.extract(at++));
  }
  for (auto& node : taken) {
    auto& item = node.value();
    if (++item.transmissions >= limit) {
      by_name_.erase(item.about);
    } else {
      const auto back = order_.insert(std::move(node)).position;
      by_name_.insert_or_assign(back->about, back);
    }
  }
  return messages;
}

}  // namespace metallb::gossip
