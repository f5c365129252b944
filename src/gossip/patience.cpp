#include "gossip/patience.hpp"

#include <algorithm>

namespace metallb::gossip {

void Patience::refuted(SteadyPoint now, const std::string& name) {
  while (!by_end_.empty() && (by_end_.front().first <= now || by_end_.size() >= kMostRemembered)) {
    const auto it = entries_.find(by_end_.front().second);
    if (it != entries_.end() && it->second.until == by_end_.front().first) entries_.erase(it);
    by_end_.pop_front();
  }
  auto& entry = entries_[name];
  entry.factor = std::min(entry.factor * 2, kGreatest);
  entry.until = now + lasting_;
  by_end_.emplace_back(entry.until, name);
}

std::size_t Patience::factor(SteadyPoint now, const std::string& name) const {
  const auto it = entries_.find(name);
  return it == entries_.end() || it->second.until <= now ? 1 : it->second.factor;
}

}  // namespace metallb::gossip
