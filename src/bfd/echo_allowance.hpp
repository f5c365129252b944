// How many echo packets of a peer are returned: as many as it was offered, so that nobody on the link can use us as an
// amplifier of work. RFC 5880, Section 6.8.8 leaves what is above the offer to us.
#pragma once

#include <algorithm>

#include "base/time.hpp"

namespace metallb::bfd {

class EchoAllowance {
 public:
  /// Whether one more may be returned now. `offered`: the interval named to the peer, not zero.
  bool take(SteadyPoint now, Duration offered) {
    // A peer may shorten its interval by a quarter, and a queue on the way may bunch some together.
    const auto interval = offered * 3 / 4;
    if (paid_until_ > now + interval * (kBurst - 1)) return false;
    paid_until_ = std::max(paid_until_, now) + interval;
    return true;
  }

 private:
  static constexpr int kBurst = 16;
  SteadyPoint paid_until_ = SteadyPoint::min();
};

}  // namespace metallb::bfd
