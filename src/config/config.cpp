#include "config/config.hpp"

#include <algorithm>

#include "base/contract.hpp"

namespace metallb::config {

bool Pool::leaves_out(const IpAddress& address) const {
  if (!avoid_buggy_ips || !address.is_v4()) return false;
  const auto last_octet = static_cast<unsigned>(address.number() & 0xFF);
  return last_octet == 0 || last_octet == 255;
}

bool Pool::contains(const IpAddress& address) const {
  if (leaves_out(address)) return false;
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) { return prefix.contains(address); });
}

const Pool* Config::pool_of(std::span<const IpAddress> addresses) const {
  METALLB_CONTRACT(!addresses.empty(), "no address belongs to every pool");
  for (const auto& [name, pool] : pools) {
    if (std::all_of(addresses.begin(), addresses.end(), [&](const auto& a) { return pool.contains(a); })) return &pool;
  }
  return nullptr;
}

bool serves(const Pool& pool, const std::string& namespace_, const kube::StringMap& labels) {
  if (!pool.service_allocation) return true;
  const auto& allocation = *pool.service_allocation;
  // deviation: namespace criteria that match no namespace serve nobody; the original drops them (controller spec 4.3, 8.1).
  if (allocation.limits_namespaces && !allocation.namespaces.contains(namespace_)) return false;
  return allocation.service_selectors.empty() || kube::any_matches(allocation.service_selectors, labels);
}

}  // namespace metallb::config
