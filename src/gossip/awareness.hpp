// How healthy this node believes itself to be: 0 is well; the worse, the more patience with others (gossip spec 6.1;
// Lifeguard's local health multiplier).
#pragma once

#include <algorithm>
#include <cstdint>

namespace metallb::gossip {

class Awareness {
 public:
  /// The score stays below `multiplier`. Less than 1 is as good as 1: the original's score of -1 has no meaning.
  explicit Awareness(std::int64_t multiplier) : greatest_(std::clamp<std::int64_t>(multiplier, 1, 1000) - 1) {}
  void add(std::int64_t delta) { score_ = std::clamp<std::int64_t>(score_ + delta, 0, greatest_); }
  [[nodiscard]] std::int64_t score() const { return score_; }

 private:
  std::int64_t greatest_;
  std::int64_t score_ = 0;
};

}  // namespace metallb::gossip
