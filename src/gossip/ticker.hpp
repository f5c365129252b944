// Points in time that recur, on a grid that begins one interval after the start (gossip spec 6, 8).
#pragma once

#include "base/time.hpp"

namespace metallb::gossip {

class Ticker {
 public:
  /// An interval of zero or less never ticks (gossip spec 1.4).
  explicit Ticker(Duration interval) : interval_(interval) {}
  void start(SteadyPoint now) {
    if (interval_ > Duration::zero()) next_ = now + interval_;
  }
  void stop() { next_ = kIdle; }
  /// Whether a tick has come since the last call. Ticks that were missed are one.
  bool take(SteadyPoint now) {
    if (now < next_) return false;
    next_ += interval_ * ((now - next_) / interval_ + 1);
    return true;
  }
  [[nodiscard]] SteadyPoint next() const { return next_; }

 private:
  Duration interval_;
  SteadyPoint next_ = kIdle;
};

}  // namespace metallb::gossip
