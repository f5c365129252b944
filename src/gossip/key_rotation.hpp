// Which keys are in use while the cluster's secret changes, so that no member is cut off although each sees the new secret
// at another time (a kubelet brings a changed Secret to its node within about two minutes).
//
// A new key is first only accepted, for kSpread: by then every member accepts it. Then it seals what is sent, and the old
// one is accepted for another kLinger. A pure value: told the time, asked for the ring.
#pragma once

#include <chrono>
#include <deque>
#include <optional>

#include "base/time.hpp"
#include "gossip/keys.hpp"

namespace metallb::gossip {

class KeyRotation {
 public:
  static constexpr Duration kSpread = std::chrono::minutes(3);
  static constexpr Duration kLinger = std::chrono::minutes(10);
  /// Keys that are accepted beside the one in use and the coming one; the oldest makes room.
  static constexpr std::size_t kMostOld = 4;

  explicit KeyRotation(const Key& key) : in_use_(key) {}

  /// The key of the secret as it is now. True when the ring changed by it. The key in use again takes back a change that
  /// has not been completed.
  bool offer(SteadyPoint now, const Key& key);
  /// True when the ring changed by the passing of time.
  bool on_time(SteadyPoint now);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// The key in use first.
  [[nodiscard]] KeyRing ring() const;

 private:
  struct Coming {
    Key key;
    SteadyPoint in_use_from;
  };
  struct Old {
    Key key;
    SteadyPoint until;
  };
  void retire(const Key& key, SteadyPoint until);
  void forget(const Key& key);

  Key in_use_;
  std::optional<Coming> coming_;
  std::deque<Old> old_;  ///< by age
};

}  // namespace metallb::gossip
