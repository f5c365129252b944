#include "gossip/member_table.hpp"

#include "base/contract.hpp"

namespace metallb::gossip {

const Entry* MemberTable::find(std::string_view name) const {
  const auto it = entries_.find(name);
  return it == entries_.end() ? nullptr : &it->second;
}

Entry* MemberTable::find(std::string_view name) {
  const auto it = entries_.find(name);
  return it == entries_.end() ? nullptr : &it->second;
}

Entry& MemberTable::add(SteadyPoint now, std::string name, Random& random) {
  const auto [it, added] = entries_.try_emplace(name);
  METALLB_CONTRACT(added, "a member is added once");
  auto& entry = it->second;
  entry.name = std::move(name);
  entry.since = now;
  order_.push_back(&entry);
  std::swap(order_.back(), order_[random.below(order_.size())]);
  return entry;
}

void MemberTable::set_state(SteadyPoint now, Entry& entry, MemberState state) {
  if (entry.state == state) return;
  if (entry.live()) --live_;
  entry.state = state;
  entry.since = now;
  if (entry.live()) ++live_;
}

bool MemberTable::holds(const IpAddress& address) const {
  const auto has_it = [&](const Entry* entry) { return entry->live() && entry->endpoint.address == address; };
  return std::any_of(order_.begin(), order_.end(), has_it);
}

void MemberTable::wrap(SteadyPoint now, Duration age, Random& random) {
  const auto old = [&](const Entry* entry) { return !entry->live() && now - entry->since > age; };
  std::vector<Entry*> kept;
  kept.reserve(order_.size());
  for (auto* entry : order_) {
    if (old(entry)) {
      entries_.erase(entries_.find(entry->name));
    } else {
      kept.push_back(entry);
    }
  }
  order_ = std::move(kept);
  for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
  index_ = 0;
}

}  // namespace metallb::gossip
