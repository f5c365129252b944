// Runs one core in virtual time as io/driver.hpp does in real time: hands it inputs and the time, gives its actions to a
// handler, keeps one wake-up at its next deadline.
#pragma once

#include <functional>
#include <utility>

#include "base/contract.hpp"
#include "base/time.hpp"
#include "sim/host.hpp"
#include "sim/thread.hpp"
#include "sim/timeline.hpp"

namespace metallb::sim {

template <class Core, class Input, class Output>
class Driven {
 public:
  using Handle = std::function<void(Output&)>;

  Driven(Timeline& timeline, const Host& host, Thread& thread, Core& core, Handle handle)
      : timeline_(timeline), host_(host), thread_(thread), core_(core), handle_(std::move(handle)) {}
  Driven(const Driven&) = delete;
  Driven& operator=(const Driven&) = delete;

  /// To be called when it is the thread's turn (Thread::run).
  void feed(const Input& input) {
    METALLB_CONTRACT(!running_, "a core is not entered twice");
    running_ = true;
    core_.on_input(host_.now(), input, output_);
    finish();
  }
  /// For the start of the core.
  void wake() {
    METALLB_CONTRACT(!running_, "a core is not entered twice");
    running_ = true;
    core_.on_time(host_.now(), output_);
    finish();
  }
  /// The most wake-ups within one millisecond of virtual time: a core that spins shows here.
  [[nodiscard]] std::size_t busiest() const { return busiest_; }

 private:
  void finish() {
    if (!output_.empty()) handle_(output_);
    output_.clear();
    running_ = false;
    plan();
  }
  void plan() {
    const auto deadline = core_.next_deadline();
    if (deadline == kIdle) return;
    // Work that is due at once is posted, not spun: others get their turn.
    const auto when = std::max(host_.to_simulation(deadline), timeline_.now() + std::chrono::microseconds(1));
    if (when >= planned_) return;
    planned_ = when;
    timeline_.at(when, [this, when] { due(when); });
  }
  void due(SteadyPoint when) {
    if (when != planned_) return;  // an earlier one took its place
    planned_ = kIdle;
    thread_.run([this] {
      count();
      if (host_.to_simulation(core_.next_deadline()) <= timeline_.now()) {
        wake();
      } else {
        plan();
      }
    });
  }
  void count() {
    const auto now = timeline_.now();
    if (now - counted_since_ > std::chrono::milliseconds(1)) {
      counted_since_ = now;
      counted_ = 0;
    }
    busiest_ = std::max(busiest_, ++counted_);
  }

  Timeline& timeline_;
  const Host& host_;
  Thread& thread_;
  Core& core_;
  Handle handle_;
  Output output_;
  SteadyPoint planned_ = kIdle;
  bool running_ = false;
  SteadyPoint counted_since_;
  std::size_t counted_ = 0;
  std::size_t busiest_ = 0;
};

}  // namespace metallb::sim
