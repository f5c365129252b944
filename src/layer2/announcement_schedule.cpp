#include "layer2/announcement_schedule.hpp"

#include <algorithm>

namespace metallb::layer2 {

void AnnouncementSchedule::start(SteadyPoint now, const Round& what, const Burst& burst) {
  start_at(now, what, burst);
  const auto plan = plans_.find(what);
  if (plan->second.taken == 0) hasten(now, plan);
}

void AnnouncementSchedule::start_at(SteadyPoint at, const Round& what, const Burst& burst) {
  const auto [it, added] = plans_.try_emplace(what, Plan{at, at + burst.length, burst.gaps});
  if (added) {
    queue_.emplace(at, what);
    return;
  }
  auto& plan = it->second;
  plan.until = std::max(plan.until, at + burst.length);
}

void AnnouncementSchedule::restart(SteadyPoint now, const Round& what, const Burst& burst) {
  stop(what);
  start(now, what, burst);
}

void AnnouncementSchedule::once(SteadyPoint now, const Round& what) {
  start_at(now, what, kOnce);
  hasten(now, plans_.find(what));
}

void AnnouncementSchedule::stop(const Round& what) {
  const auto it = plans_.find(what);
  if (it == plans_.end()) return;
  queue_.erase({it->second.due, what});
  plans_.erase(it);
}

void AnnouncementSchedule::clear() {
  plans_.clear();
  queue_.clear();
}

std::optional<Round> AnnouncementSchedule::take_due(SteadyPoint now) {
  if (queue_.empty() || queue_.begin()->first > now) return std::nullopt;
  const auto round = queue_.begin()->second;
  queue_.erase(queue_.begin());
  const auto it = plans_.find(round);
  auto& plan = it->second;
  plan.due = now + plan.gaps[std::min(plan.taken, plan.gaps.size() - 1)];
  ++plan.taken;
  if (plan.due > plan.until) {
    plans_.erase(it);
  } else {
    queue_.emplace(plan.due, round);
  }
  return round;
}

void AnnouncementSchedule::hasten(SteadyPoint now, Plans::iterator plan) {
  if (plan->second.due <= now) return;
  queue_.erase({plan->second.due, plan->first});
  plan->second.due = now;
  queue_.emplace(now, plan->first);
}

}  // namespace metallb::layer2
