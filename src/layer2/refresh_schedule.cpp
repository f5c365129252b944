#include "layer2/refresh_schedule.hpp"

#include <algorithm>

namespace metallb::layer2 {

void RefreshSchedule::add(SteadyPoint now, const Round& what) {
  const auto [it, added] = due_.try_emplace(what, now);
  if (!added) return;
  it->second += kRefreshPeriod / 2 +
                Duration(static_cast<Duration::rep>(static_cast<double>(kRefreshPeriod.count()) * random_.unit()));
  lanes_[what.interface].queue.emplace(it->second, what.address);
}

void RefreshSchedule::remove(const Round& what) {
  const auto it = due_.find(what);
  if (it == due_.end()) return;
  const auto lane = lanes_.find(what.interface);
  lane->second.queue.erase({it->second, what.address});
  if (lane->second.queue.empty()) lanes_.erase(lane);
  due_.erase(it);
}

void RefreshSchedule::hasten(SteadyPoint now) {
  for (auto& [interface, lane] : lanes_) lane.queue.clear();
  for (auto& [what, due] : due_) {
    due = std::min(due, now);
    lanes_[what.interface].queue.emplace(due, what.address);
  }
}

std::optional<Round> RefreshSchedule::take_due(SteadyPoint now) {
  for (auto& [interface, lane] : lanes_) {
    if (lane.next() > now) continue;
    const Round what{lane.queue.begin()->second, interface};
    lane.queue.erase(lane.queue.begin());
    lane.free = now + kRefreshGap;
    auto& due = due_.at(what);
    due = now + random_.jittered(kRefreshPeriod, 0.25);
    lane.queue.emplace(due, what.address);
    return what;
  }
  return std::nullopt;
}

SteadyPoint RefreshSchedule::next() const {
  auto earliest = kIdle;
  for (const auto& [interface, lane] : lanes_) earliest = std::min(earliest, lane.next());
  return earliest;
}

}  // namespace metallb::layer2
