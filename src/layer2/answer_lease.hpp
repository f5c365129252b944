// For how long a program in the kernel may go on answering from the answer table without being told anything.
//
// It must fall silent when this process does, and before anybody could have taken over: the watch ring needs 90 ms at least
// to declare a node dead (a ping's timeout of 30 ms and a burst of 60 ms). So a lease is shorter, and renewed in good time
// while this process is well; when the renewal comes late, requests come to the responder meanwhile.
#pragma once

#include <chrono>

#include "base/time.hpp"
#include "layer2/pause_watch.hpp"

namespace metallb::layer2 {

inline constexpr Duration kLease = std::chrono::milliseconds(80);
inline constexpr Duration kLeaseRenewal = std::chrono::milliseconds(30);
// A pause that the core notices has ended the lease long before: nothing has to be revoked.
static_assert(kLease < kHeartbeat + kTolerance);

class AnswerLease {
 public:
  /// Whether there is a program that wants one.
  void want(bool wanted) { wanted_ = wanted; }
  [[nodiscard]] bool due(SteadyPoint now) const { return wanted_ && renewal_ <= now; }
  /// The end of the lease that begins now.
  [[nodiscard]] SteadyPoint grant(SteadyPoint now) {
    renewal_ = now + kLeaseRenewal;
    return now + kLease;
  }
  [[nodiscard]] SteadyPoint next() const { return wanted_ ? renewal_ : kIdle; }

 private:
  bool wanted_ = false;
  SteadyPoint renewal_ = SteadyPoint::min();
};

}  // namespace metallb::layer2
