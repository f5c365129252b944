// The last decision about each Service. Equal ones are kept once: thousands of Services may be waiting for the same reason.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>

#include "base/names.hpp"

namespace metallb::speaker {

/// `D`: Decision or BgpDecision.
template <class D>
class Decisions {
 public:
  /// Replaces what was decided about `service`. What is returned lives until the next call for the same Service.
  const D& set(const ServiceKey& service, D decision) {
    auto& kept = by_service_[service];
    for (const auto& recent : recent_) {
      auto other = recent.lock();
      if (other == nullptr || *other != decision) continue;
      kept = std::move(other);
      return *kept;
    }
    kept = std::make_shared<const D>(std::move(decision));
    recent_[next_++ % recent_.size()] = kept;
    return *kept;
  }
  void erase(const ServiceKey& service) { by_service_.erase(service); }

  /// Null when there is none.
  [[nodiscard]] const D* find(const ServiceKey& service) const {
    const auto found = by_service_.find(service);
    return found == by_service_.end() ? nullptr : found->second.get();
  }
  /// Ordered by Service.
  [[nodiscard]] const std::map<ServiceKey, std::shared_ptr<const D>>& all() const { return by_service_; }

 private:
  std::map<ServiceKey, std::shared_ptr<const D>> by_service_;
  /// The few that a new one is compared with: neighbours in a pass over all Services are alike in general.
  std::array<std::weak_ptr<const D>, 8> recent_;
  std::size_t next_ = 0;
};

}  // namespace metallb::speaker
