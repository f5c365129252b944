// Exponential back-off as a value.
#pragma once

#include <algorithm>

#include "base/time.hpp"

namespace metallb {

/// Delays of initial, 2*initial, 4*initial ... capped at maximum. Kubernetes' clients use 5 ms to 1000 s per queue item.
class Backoff {
 public:
  constexpr Backoff(Duration initial, Duration maximum) : initial_(initial), maximum_(maximum), next_(initial) {}
  /// The delay to wait now; doubles for the next call.
  Duration next() {
    const auto delay = next_;
    next_ = std::min(maximum_, next_ * 2);
    return delay;
  }
  void reset() { next_ = initial_; }

 private:
  Duration initial_;
  Duration maximum_;
  Duration next_;
};

}  // namespace metallb
