// How often something is done that others can provoke: at once the first time, ever more seldom while they go on.
#pragma once

#include <chrono>

#include "base/backoff.hpp"
#include "base/time.hpp"

namespace metallb::gossip {

class Restraint {
 public:
  /// The pauses double from `first` to `longest`.
  Restraint(Duration first, Duration longest) : pause_(first, longest) {}

  /// Whether it may be done now; then it is taken as done.
  bool take(SteadyPoint now) {
    if (now < next_) return false;
    if (now - next_ > kForgotten) pause_.reset();
    next_ = now + pause_.next();
    return true;
  }

 private:
  /// After so long without it, it is as if it had never been done.
  static constexpr Duration kForgotten = std::chrono::minutes(1);
  Backoff pause_;
  SteadyPoint next_{};
};

}  // namespace metallb::gossip
