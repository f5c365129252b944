// How many log lines of one kind are written: some at once, and then one a minute, so that nobody on the network can fill
// the log. What is held back is counted, for the next line to say.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/time.hpp"

namespace metallb::bfd {

class LogAllowance {
 public:
  /// `at_once`: lines that may follow each other without a pause, at least 1.
  explicit LogAllowance(int at_once = 1) : at_once_(at_once) {}

  /// Whether a line may be written now; otherwise it counts as held back.
  [[nodiscard]] bool take(SteadyPoint now) {
    if (paid_until_ > now + kInterval * (at_once_ - 1)) {
      ++held_back_;
      return false;
    }
    paid_until_ = std::max(paid_until_, now) + kInterval;
    return true;
  }
  /// Lines held back since the last one.
  [[nodiscard]] std::int64_t take_held_back() { return std::exchange(held_back_, 0); }

 private:
  static constexpr Duration kInterval = std::chrono::minutes(1);
  int at_once_;
  SteadyPoint paid_until_ = SteadyPoint::min();
  std::int64_t held_back_ = 0;
};

}  // namespace metallb::bfd
