// Recognises sealed packets that were received before: repeated by somebody who recorded them, or by the network. The nonce
// of each packet is random (gossip spec 3.8), so two packets with one nonce are the same packet.
//
// It remembers the last kWindow to 2 * kWindow packets, a minute or more in a large cluster and much longer in a small one.
// What was recorded before that is believed again: incarnations are what protects against it then. The original remembers
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <utility>

namespace metallb::gossip {

class ReplayGuard {
 public:
  static constexpr std::size_t kWindow = 8192;

  /// False when the packet is not new. `nonce`: the first 64 bits of it.
  bool admit(std::uint64_t nonce) {
    if (before_.contains(nonce) || !now_.insert(nonce).second) return false;
    if (now_.size() == kWindow) {
      before_ = std::exchange(now_, {});
    }
    return true;
  }

 private:
  std::unordered_set<std::uint64_t> now_;
  std::unordered_set<std::uint64_t> before_;
};

}  // namespace metallb::gossip
