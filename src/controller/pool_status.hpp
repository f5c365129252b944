// The counters in the status of IPAddressPools (controller spec 1.2, 5.2): kept in step with the allocator, written rarely.
//
// In:   which pools' counters may have changed, what the API shows, outcomes of writes. Out: writes of changed counters.
// A pool is written at most once per kInterval and has one write in flight, so a burst of Services costs few writes: every
// one of them wakes all watchers of pools.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/time.hpp"
#include "kube/objects/metallb.hpp"
#include "kube/work_queue.hpp"
#include "kube/write.hpp"

namespace metallb::controller {

class PoolStatus {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(250);

  /// The pool as the API shows it now; its status is compared with the wanted one, so manual edits are reverted.
  void observed(SteadyPoint now, const kube::IPAddressPool& pool);
  void removed(const std::string& pool);
  /// The counters of this pool may have changed.
  void changed(SteadyPoint now, const std::string& pool);

  /// The next write that is due. `wanted` yields the counters of a pool, or nullopt when it is not part of the
  /// configuration.
  [[nodiscard]] std::optional<kube::Write> next(
      SteadyPoint now, ActionId id,
      const std::function<std::optional<kube::IPAddressPoolStatus>(const std::string&)>& wanted);
  /// The outcome of a write; false when it was not one of these.
  bool done(SteadyPoint now, ActionId id, bool good);
  /// Nothing is to be written, and what is under way is no concern of ours any more.
  void forget_writes() {
    queue_ = {};
    in_flight_.clear();
  }
  [[nodiscard]] SteadyPoint next_deadline() const { return queue_.next_deadline(); }

 private:
  struct Known {
    ObjectKey key;
    std::string uid;
    kube::IPAddressPoolStatus status;
    SteadyPoint not_before = SteadyPoint::min();
  };
  struct InFlight {
    std::string pool;
    kube::IPAddressPoolStatus written;
  };

  std::map<std::string, Known> known_;
  kube::WorkQueue<std::string> queue_;
  std::map<ActionId, InFlight> in_flight_;
};

}  // namespace metallb::controller
