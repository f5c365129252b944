// Which share of the pings to one member gets lost while it lives, and how many in a row prove that it does not
// (failover spec 3).
#pragma once

#include <cstddef>

#include "gossip/settings.hpp"

namespace metallb::gossip {

/// The share over the last 200 pings. A row of losses counts only when an answer ends it, and no more of it than a burst
/// is long: what is longer was an outage, which says nothing about the losses of a member that can be reached.
class PingLoss {
 public:
  explicit PingLoss(double expected) : share_(expected) {}

  void lost() { ++row_; }
  /// The row ends.
  void answered(std::size_t longest_row);
  /// A ping older than the last answer was lost.
  void lost_in_between() { add(1); }
  /// One that counts as lost was late only.
  void late_in_row() { row_ -= row_ > 0 ? 1 : 0; }
  void late_in_between();
  /// The row says nothing.
  void forget_row() { row_ = 0; }

  [[nodiscard]] double share() const { return share_; }
  /// As if one ping more had been lost: that much is not known from so few.
  [[nodiscard]] double cautious_share() const { return share_ + 1 / weight_; }

 private:
  void add(double lost);

  static constexpr double kWindow = 200;
  double share_;
  double weight_ = 20;  ///< of the expectation, in pings
  std::size_t row_ = 0;
};

/// The smallest n with share^n <= `risk`, within the limits of the settings.
[[nodiscard]] std::size_t burst_length(double share, double risk, const RingSettings& settings);

}  // namespace metallb::gossip
