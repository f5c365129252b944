#include "controller/pool_status.hpp"

#include "controller/status_patch.hpp"

namespace metallb::controller {

void PoolStatus::observed(SteadyPoint now, const kube::IPAddressPool& pool) {
  auto& known = known_[pool.metadata.name];
  known.key = pool.metadata.key();
  known.uid = pool.metadata.uid;
  known.status = pool.status;
  changed(now, pool.metadata.name);
}

void PoolStatus::removed(const std::string& pool) {
  known_.erase(pool);
}

void PoolStatus::changed(SteadyPoint now, const std::string& pool) {
  const auto found = known_.find(pool);
  if (found == known_.end()) return;
  if (found->second.not_before <= now) {
    queue_.add(pool);
  } else {
    queue_.add_after(now, pool, found->second.not_before - now);
  }
}

std::optional<kube::Write> PoolStatus::next(
    SteadyPoint now, ActionId id,
    const std::function<std::optional<kube::IPAddressPoolStatus>(const std::string&)>& wanted) {
  while (const auto pool = queue_.take(now)) {
    const auto known = known_.find(*pool);
    const auto status = known == known_.end() ? std::nullopt : wanted(*pool);
    if (!status || *status == known->second.status) {
      queue_.forget(*pool);
      queue_.done(*pool);
      continue;
    }
    known->second.not_before = now + kInterval;
    in_flight_.emplace(id, InFlight{*pool, *status});
    return kube::Write{id,
                       kube::Verb::kUpdate,
                       &kube::resource_of<kube::IPAddressPool>(),
                       known->second.key,
                       "status",
                       pool_patch(*status),
                       known->second.uid};
  }
  return std::nullopt;
}

bool PoolStatus::done(SteadyPoint now, ActionId id, bool good) {
  const auto found = in_flight_.find(id);
  if (found == in_flight_.end()) return false;
  const auto [pool, written] = found->second;
  in_flight_.erase(found);
  if (good) {
    // Until the watch says otherwise; an older state coming by costs one write that changes nothing.
    if (const auto known = known_.find(pool); known != known_.end()) known->second.status = written;
    queue_.forget(pool);
  } else {
    queue_.retry(now, pool);
  }
  queue_.done(pool);
  return true;
}

}  // namespace metallb::controller
