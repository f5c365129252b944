#include "speaker/former_pools.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "speaker/decision.hpp"

namespace metallb::speaker {
namespace {

/// Of a Service that is ours, ascending; empty when it has none, or something else.
std::vector<IpAddress> held_by(const kube::Service& service, const std::string& lb_class) {
  if (why_not_ours(service, lb_class)) return {};
  auto addresses = addresses_of(service).value_or(std::vector<IpAddress>());
  std::ranges::sort(addresses);
  return addresses;
}

/// Which pool has an address: by the first addresses of the prefixes, which are disjoint. There may be thousands of them,
/// and of Services.
class PoolIndex {
 public:
  explicit PoolIndex(const config::Config& config) {
    for (const auto& [name, pool] : config.pools) {
      for (const auto& prefix : pool.prefixes) by_first_.emplace(prefix.first(), Entry{prefix, &pool});
    }
  }
  /// As Config::pool_of.
  [[nodiscard]] const config::Pool* pool_of(const std::vector<IpAddress>& addresses) const {
    const auto* pool = pool_of(addresses.front());
    const auto elsewhere = [&](const IpAddress& address) { return pool_of(address) != pool; };
    return std::ranges::any_of(addresses, elsewhere) ? nullptr : pool;
  }

 private:
  struct Entry {
    IpPrefix prefix;
    const config::Pool* pool;
  };
  [[nodiscard]] const config::Pool* pool_of(const IpAddress& address) const {
    const auto after = by_first_.upper_bound(address);
    if (after == by_first_.begin()) return nullptr;
    const auto& [prefix, pool] = std::prev(after)->second;
    return prefix.contains(address) && !pool->leaves_out(address) ? pool : nullptr;
  }

  std::map<IpAddress, Entry> by_first_;
};

/// No address can come to be in another pool, or in none.
bool same_addresses(const config::Config& a, const config::Config& b) {
  return std::ranges::equal(a.pools, b.pools, [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.prefixes == y.second.prefixes &&
           x.second.avoid_buggy_ips == y.second.avoid_buggy_ips;
  });
}

}  // namespace

void FormerPools::replaced(const ConfigPointer& before, const config::Config& now,
                           const kube::Store<kube::Service>& services, const std::string& lb_class) {
  if (before == nullptr || same_addresses(*before, now)) return;
  const PoolIndex pools_before(*before);
  const PoolIndex pools_now(now);
  for (const auto& [key, service] : services.objects()) {
    auto addresses = held_by(*service, lb_class);
    if (addresses.empty() || pools_now.pool_of(addresses) != nullptr) continue;
    if (const auto* pool = pools_before.pool_of(addresses)) stranded_[key] = {std::move(addresses), {before, pool}};
  }
}

std::shared_ptr<const config::Pool> FormerPools::pool_of(const ServiceKey& key, const kube::Service* service,
                                                         const std::string& lb_class, const ConfigPointer& config) {
  const auto addresses = service != nullptr ? held_by(*service, lb_class) : std::vector<IpAddress>();
  const auto* pool = config && !addresses.empty() ? config->pool_of(addresses) : nullptr;
  const auto known = stranded_.find(key);
  if (known != stranded_.end()) {
    if (pool == nullptr && known->second.addresses == addresses) return known->second.pool;
    stranded_.erase(known);
  }
  return pool != nullptr ? std::shared_ptr<const config::Pool>(config, pool) : nullptr;
}

}  // namespace metallb::speaker
