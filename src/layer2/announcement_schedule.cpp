#include "layer2/announcement_schedule.hpp"

#include <algorithm>

namespace metallb::layer2 {

void AnnouncementSchedule::start(SteadyPoint now, const Round& what, const Burst& burst) {
  start_at(now, what, burst);
  auto& plan = plans_.at(what);
  if (plan.begun || plan.due <= now) return;
  queue_.erase({plan.due, what});
  plan.due = now;
  queue_.emplace(now, what);
}

void AnnouncementSchedule::start_at(SteadyPoint at, const Round& what, const Burst& burst) {
  const auto [it, added] = plans_.try_emplace(what, Plan{at, at + burst.length, burst.interval});
  if (added) {
    queue_.emplace(at, what);
  } else {
    it->second.until = std::max(it->second.until, at + burst.length);
  }
}

void AnnouncementSchedule::restart(SteadyPoint now, const Round& what, const Burst& burst) {
  stop(what);
  start(now, what, burst);
}

void AnnouncementSchedule::stop(const Round& what) {
  const auto it = plans_.find(what);
  if (it == plans_.end()) return;
  queue_.erase({it->second.due, what});
  plans_.erase(it);
}

std::optional<AnnouncementSchedule::Round> AnnouncementSchedule::take_due(SteadyPoint now) {
  if (queue_.empty() || queue_.begin()->first > now) return std::nullopt;
  const auto round = queue_.begin()->second;
  queue_.erase(queue_.begin());
  const auto it = plans_.find(round);
  it->second.begun = true;
  it->second.due = now + it->second.interval;
  if (it->second.due > it->second.until) {
    plans_.erase(it);
  } else {
    queue_.emplace(it->second.due, round);
  }
  return round;
}

}  // namespace metallb::layer2
