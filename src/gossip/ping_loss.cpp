#include "gossip/ping_loss.hpp"

#include <algorithm>
#include <cmath>

namespace metallb::gossip {

void PingLoss::add(double lost) {
  weight_ = std::min(weight_ + 1, kWindow);
  share_ += (lost - share_) / weight_;
}

void PingLoss::answered(std::size_t longest_row) {
  for (auto row = std::min(row_, longest_row); row > 0; --row) add(1);
  row_ = 0;
  add(0);
}

void PingLoss::late_in_between() {
  share_ = std::max(0.0, share_ - 1 / weight_);
}

std::size_t burst_length(double share, double risk, const RingSettings& settings) {
  const auto q = std::clamp(share, settings.minimum_loss, 0.99);
  // The tiny bit less lets q = 0.1 and a risk of 1e-9 be nine, whatever the rounding of the logarithms.
  const auto length = std::ceil(std::log(risk) / std::log(q) - 1e-6);
  return std::clamp(static_cast<std::size_t>(std::max(length, 0.0)), settings.minimum_burst, settings.maximum_burst);
}

}  // namespace metallb::gossip
