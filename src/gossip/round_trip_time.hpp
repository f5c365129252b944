// How long a member takes to answer, and how long it is worth waiting for it. RFC 6298 (Computing TCP's Retransmission
// Timer), section 2; every ping has its own number, so that no sample is ambiguous (section 3).
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/time.hpp"

namespace metallb::gossip {

class RoundTripTime {
 public:
  void sample(Duration measured) {
    if (!smoothed_) {
      // RFC 6298, Section 2, rule 2.2.
      smoothed_ = measured;
      variation_ = measured / 2;
      return;
    }
    // RFC 6298, Section 2, rule 2.3: alpha = 1/8, beta = 1/4, the variation first.
    variation_ += (std::chrono::abs(*smoothed_ - measured) - variation_) / 4;
    *smoothed_ += (measured - *smoothed_) / 8;
  }

  /// The smoothed time plus four times its variation, within the limits; `maximum` as long as nothing was measured.
  [[nodiscard]] Duration timeout(Duration minimum, Duration maximum) const {
    if (!smoothed_) return maximum;
    return std::max(std::min(*smoothed_ + 4 * variation_, maximum), std::min(minimum, maximum));
  }
  /// Nothing before the first sample.
  [[nodiscard]] std::optional<Duration> smoothed() const { return smoothed_; }

 private:
  std::optional<Duration> smoothed_;
  Duration variation_{};
};

}  // namespace metallb::gossip
