// When this node goes: how often it says so directly, and when it has been heard (gossip spec 7.7).
//
// Beside the broadcast that the original sends, every member is told at once and again within the second, since each
// address stays without an answer until its next owner knows.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

#include "base/time.hpp"

namespace metallb::gossip {

class Farewell {
 public:
  void begin(SteadyPoint now) { began_ = now; }
  [[nodiscard]] bool under_way() const { return began_ && !finished_; }

  /// Whether all members are to be told now.
  bool take(SteadyPoint now) {
    if (!under_way() || told_ >= kTell.size() || now < *began_ + kTell[told_]) return false;
    ++told_;
    return true;
  }
  /// Whether the leave ends now; once. `passed_on`: the broadcast has been transmitted as often as it is to be. `alone`:
  /// there is nobody to tell.
  bool finish(SteadyPoint now, bool passed_on, bool alone) {
    if (!under_way()) return false;
    finished_ = alone || now >= *began_ + kLongest || (passed_on && told_ == kTell.size());
    return finished_;
  }
  [[nodiscard]] SteadyPoint next_deadline() const {
    if (!under_way()) return kIdle;
    return *began_ + (told_ < kTell.size() ? kTell[told_] : kLongest);
  }

 private:
  static constexpr std::array<Duration, 3> kTell{std::chrono::milliseconds(0), std::chrono::milliseconds(50),
                                                 std::chrono::milliseconds(150)};
  static constexpr Duration kLongest = std::chrono::seconds(1);
  std::optional<SteadyPoint> began_;
  std::size_t told_ = 0;
  bool finished_ = false;
};

}  // namespace metallb::gossip
