// Joins and leaves that are still to be made, so that thousands of them (each is a system call that reprograms the network
// card) never keep a request waiting. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/names.hpp"
#include "net/ip_address.hpp"

namespace metallb::io {

class GroupQueue {
 public:
  struct Change {
    InterfaceIndex interface;
    IpAddress group;
    bool join = false;
    friend bool operator==(const Change&, const Change&) = default;
  };

  /// A leave takes back a join that still waits. (A join does not take back a leave: the membership may have vanished with
  /// its interface.) True when the queue was empty and is not any more: somebody has to come for it.
  bool put(const Change& change) {
    const std::pair key(change.interface, change.group);
    if (const auto waiting = joins_.find(key); waiting != joins_.end()) {
      if (change.join) return false;
      changes_.erase(waiting->second);
      joins_.erase(waiting);
      return false;
    }
    if (change.join) joins_.emplace(key, next_);
    changes_.emplace(next_++, change);
    return changes_.size() == 1;
  }

  /// The oldest `count` at most.
  [[nodiscard]] std::vector<Change> take(std::size_t count) {
    std::vector<Change> out;
    while (out.size() < count && !changes_.empty()) {
      const auto oldest = changes_.extract(changes_.begin()).mapped();
      if (oldest.join) joins_.erase({oldest.interface, oldest.group});
      out.push_back(oldest);
    }
    return out;
  }

  [[nodiscard]] bool empty() const { return changes_.empty(); }

 private:
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Change> changes_;                              ///< by age
  std::map<std::pair<InterfaceIndex, IpAddress>, std::uint64_t> joins_;  ///< those that wait
};

}  // namespace metallb::io
