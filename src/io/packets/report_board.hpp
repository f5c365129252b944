// Where the packets thread pins its counters for others to read.
//
// The lock is held for a copy only, and the writer never waits for it: while somebody reads, the next attempt has to do.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "io/packets/packets_thread.hpp"

namespace metallb::io {

class ReportBoard {
 public:
  /// False when it is being read at this moment.
  [[nodiscard]] bool pin(const layer2::Instance& core, std::map<std::string, bool> arp_in_kernel) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    report_.addresses = core.address_counters();  // assignment of a map reuses its nodes
    report_.drops = core.drops();
    report_.conflicts = core.conflicts();
    report_.take_overs = core.take_overs();
    report_.arp_in_kernel = std::move(arp_in_kernel);
    return true;
  }
  [[nodiscard]] PacketsReport read() const {
    const std::lock_guard lock(mutex_);
    return report_;
  }

 private:
  mutable std::mutex mutex_;
  PacketsReport report_;
};

}  // namespace metallb::io
