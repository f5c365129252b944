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
    first_.emplace(at, what);
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
  queue_of(it->second).erase({it->second.due, what});
  plans_.erase(it);
}

void AnnouncementSchedule::clear() {
  plans_.clear();
  first_.clear();
  repetitions_.clear();
}

std::optional<Round> AnnouncementSchedule::take_due(SteadyPoint now) {
  if (auto round = take_first(now)) return round;
  return take_from(repetitions_, now);
}

SteadyPoint AnnouncementSchedule::next() const {
  const auto earliest = [](const Queue& queue) { return queue.empty() ? kIdle : queue.begin()->first; };
  return std::min(earliest(first_), earliest(repetitions_));
}

std::optional<Round> AnnouncementSchedule::take_from(Queue& queue, SteadyPoint now) {
  if (queue.empty() || queue.begin()->first > now) return std::nullopt;
  const auto round = queue.begin()->second;
  queue.erase(queue.begin());
  const auto it = plans_.find(round);
  auto& plan = it->second;
  plan.due = now + plan.gaps[std::min(plan.taken, plan.gaps.size() - 1)];
  plan.first = false;
  ++plan.taken;
  if (plan.due > plan.until) {
    plans_.erase(it);
  } else {
    repetitions_.emplace(plan.due, round);
  }
  return round;
}

void AnnouncementSchedule::hasten(SteadyPoint now, Plans::iterator it) {
  auto& [what, plan] = *it;
  queue_of(plan).erase({plan.due, what});
  plan.first = true;
  plan.due = std::min(plan.due, now);
  first_.emplace(plan.due, what);
}

}  // namespace metallb::layer2
