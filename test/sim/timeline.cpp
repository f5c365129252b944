#include "sim/timeline.hpp"

#include <algorithm>
#include <utility>

namespace metallb::sim {

void Timeline::at(SteadyPoint when, Task task) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(tasks_.size());
    tasks_.push_back(std::move(task));
  } else {
    slot = free_.back();
    free_.pop_back();
    tasks_[slot] = std::move(task);
  }
  heap_.push_back({std::max(when, now_), ++sequence_, slot});
  std::push_heap(heap_.begin(), heap_.end());
}

bool Timeline::step(SteadyPoint end) {
  if (heap_.empty() || heap_.front().when > end) return false;
  std::pop_heap(heap_.begin(), heap_.end());
  const auto entry = heap_.back();
  heap_.pop_back();
  now_ = entry.when;
  // Out of its slot first: it may ask for more, and the slots may move.
  auto task = std::exchange(tasks_[entry.slot], nullptr);
  free_.push_back(entry.slot);
  task();
  return true;
}

void Timeline::run_until(SteadyPoint end) {
  while (step(end)) {
  }
  now_ = std::max(now_, end);
}

}  // namespace metallb::sim
