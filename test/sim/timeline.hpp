// Virtual time: what is to happen, in order. Nothing in the simulation reads a clock; time jumps from one event to the next.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/time.hpp"

namespace metallb::sim {

class Timeline {
 public:
  using Task = std::move_only_function<void()>;
  /// Not zero, so that points before the start of a process exist.
  static constexpr SteadyPoint kStart{std::chrono::hours(1)};

  [[nodiscard]] SteadyPoint now() const { return now_; }
  /// Since the start.
  [[nodiscard]] Duration elapsed() const { return now_ - kStart; }
  /// Points in the past become now. What is due at one point runs in the order in which it was asked for.
  void at(SteadyPoint when, Task task);
  void after(Duration delay, Task task) { at(now_ + delay, std::move(task)); }

  /// Runs everything that is due up to and including `end`, then stands at `end`.
  void run_until(SteadyPoint end);
  void run_for(Duration duration) { run_until(now_ + duration); }
  /// Runs the next event if it is due by `end`.
  bool step(SteadyPoint end);

  [[nodiscard]] std::uint64_t events() const { return sequence_; }

 private:
  struct Entry {
    SteadyPoint when;
    std::uint64_t sequence;
    std::uint32_t slot;
    /// The heap of the standard library has the greatest on top.
    friend bool operator<(const Entry& a, const Entry& b) {
      return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
    }
  };
  SteadyPoint now_ = kStart;
  std::uint64_t sequence_ = 0;
  std::vector<Entry> heap_;
  std::vector<Task> tasks_;  ///< by slot, so that the heap moves small entries only
  std::vector<std::uint32_t> free_;
};

}  // namespace metallb::sim
