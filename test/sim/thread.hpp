// One loop of a simulated process. Normally what comes in is handled at once; a process that is short of CPU gets to it
// later, in order; a stopped one (SIGSTOP) when it goes on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "base/random.hpp"
#include "sim/timeline.hpp"

namespace metallb::sim {

class Thread {
 public:
  using Task = Timeline::Task;

  Thread(Timeline& timeline, Random random) : timeline_(timeline), random_(random) {}

  /// `task` in its turn. Nothing after end().
  template <class F>
  void run(F&& task) {
    if (ended_) return;
    if (!stopped_ && waiting_.empty() && slowness_ == Duration::zero()) {
      task();
    } else {
      queue(Task(std::forward<F>(task)));
    }
  }
  /// From another thread of the process: some microseconds later, in the order in which it was posted.
  template <class F>
  void post(F&& task) {
    posted_ = std::max(posted_, timeline_.now() + std::chrono::microseconds(10 + random_.below(50)));
    timeline_.at(posted_, [this, task = std::forward<F>(task)]() mutable { run(std::move(task)); });
  }

  void stop() { stopped_ = true; }
  void go_on() {
    stopped_ = false;
    schedule();
  }
  void end() {
    ended_ = true;
    waiting_.clear();
  }
  /// Everything waits up to this long for its turn.
  void set_slowness(Duration at_most) { slowness_ = at_most; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  /// What the process has not yet come to: to bound socket buffers.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  void queue(Task task) {
    waiting_.push_back(std::move(task));
    if (!stopped_) schedule();
  }
  void schedule() {
    if (scheduled_ || waiting_.empty()) return;
    scheduled_ = true;
    auto delay = Duration(std::chrono::microseconds(2));
    if (slowness_ > Duration::zero()) {
      // Short of CPU means bursts: now nothing for a while, then everything that came in.
      delay = waiting_.size() > 1 ? delay : Duration(static_cast<Duration::rep>(random_.below(slowness_.count())));
    }
    timeline_.after(delay, [this] { next(); });
  }
  void next() {
    scheduled_ = false;
    if (ended_ || stopped_ || waiting_.empty()) return;
    auto task = std::move(waiting_.front());
    waiting_.pop_front();
    task();
    schedule();
  }

  Timeline& timeline_;
  Random random_;
  std::deque<Task> waiting_;
  Duration slowness_{0};
  SteadyPoint posted_;
  bool scheduled_ = false;
  bool stopped_ = false;
  bool ended_ = false;
};

}  // namespace metallb::sim
