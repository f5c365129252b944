// The validated configuration: what custom resources mean, after every rule has been checked. Built by config/build.hpp,
// consumed by controller, speaker and admission alike.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/bgp.hpp"
#include "kube/selector.hpp"
#include "net/ip_range.hpp"

namespace metallb::config {

/// One L2Advertisement as resolved for a pool: selectors have become node names (layer2 spec 2.1).
struct Layer2Advertisement {
  std::string name;  ///< of the L2Advertisement, for messages
  std::set<std::string> nodes;
  bool all_interfaces = true;
  std::set<std::string> interfaces;               ///< when not all_interfaces
  std::vector<kube::Selector> service_selectors;  ///< sorted by text; empty = every Service
  std::map<std::string, std::int64_t> scores;     ///< node -> sum of matching preference weights, positive entries only
  friend bool operator==(const Layer2Advertisement&, const Layer2Advertisement&) = default;
};

/// serviceAllocation of a pool, resolved (controller spec 3.3, 4.3).
struct ServiceAllocation {
  std::int64_t priority = 0;         ///< 1 first; 0 or unset last
  bool limits_namespaces = false;    ///< namespaces or namespaceSelectors were given
  std::set<std::string> namespaces;  ///< listed or selected; may be empty although limits_namespaces
  std::vector<kube::Selector> service_selectors;
  friend bool operator==(const ServiceAllocation&, const ServiceAllocation&) = default;
};

struct Pool {
  std::string name;
  std::vector<IpPrefix> prefixes;  ///< in the order of spec.addresses, ranges split into blocks; disjoint over all pools
  bool auto_assign = true;
  bool avoid_buggy_ips = false;  ///< IPv4 addresses ending in .0 and .255 are not part of the pool
  std::optional<ServiceAllocation> service_allocation;
  std::vector<Layer2Advertisement> layer2;
  std::vector<BgpAdvertisement> bgp;  ///< ascending by name
  friend bool operator==(const Pool&, const Pool&) = default;

  /// By avoid_buggy_ips, whether or not one of the prefixes has it.
  [[nodiscard]] bool leaves_out(const IpAddress& address) const;
  /// Inside one of the prefixes and not left out.
  [[nodiscard]] bool contains(const IpAddress& address) const;
};

struct Config {
  std::map<std::string, Pool> pools;
  std::vector<BgpPeer> bgp_peers;  ///< ascending by name
  /// Pools that exist and have no valid version: which addresses they are about is not known.
  std::set<std::string> broken_pools;
  friend bool operator==(const Config&, const Config&) = default;

  /// The pool that contains every one of `addresses`; null when there is none (controller spec 4.3). `addresses` not empty.
  [[nodiscard]] const Pool* pool_of(std::span<const IpAddress> addresses) const;
};

/// May this pool serve a Service of that namespace and those labels? (controller spec 4.3, "Compatibility")
[[nodiscard]] bool serves(const Pool& pool, const std::string& namespace_, const kube::StringMap& labels);

}  // namespace metallb::config
