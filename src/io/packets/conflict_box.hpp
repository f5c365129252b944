// Claims of our addresses by others, on their way from the packets thread to the main thread.
//
// Per address and kind (a member's, a stranger's) only the latest is kept, so that a flood neither grows the box beyond what
// is announced nor hides a member's claim behind a stranger's. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "layer2/inputs_and_actions.hpp"

namespace metallb::io {

class ConflictBox {
 public:
  /// True when the box was empty: the reader has to be woken.
  bool put(const layer2::ConflictSeen& seen) {
    const std::lock_guard lock(mutex_);
    const bool was_empty = seen_.empty();
    seen_.insert_or_assign({seen.address, seen.node.has_value()}, seen);
    return was_empty;
  }
  [[nodiscard]] std::vector<layer2::ConflictSeen> take() {
    std::vector<layer2::ConflictSeen> out;
    const std::lock_guard lock(mutex_);
    for (auto& [key, seen] : seen_) out.push_back(std::move(seen));
    seen_.clear();
    return out;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<IpAddress, bool>, layer2::ConflictSeen> seen_;
};

}  // namespace metallb::io
