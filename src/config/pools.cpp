#include "config/pools.hpp"

#include "config/address_entry.hpp"
#include "config/problem.hpp"
#include "config/selector_list.hpp"

namespace metallb::config {
namespace {

constexpr const char* kPoolKind = "IPAddressPool";

/// A prefix, and where it was written.
struct Taken {
  IpPrefix prefix;
  std::string pool;
  std::string entry;
};

/// All prefixes taken so far, by their first address; since they are disjoint, neighbours tell about overlap.
class TakenPrefixes {
 public:
  /// What was taken before and overlaps `wanted`, or null after taking it.
  const Taken* take(Taken wanted) {
    const auto& prefix = wanted.prefix;
    const auto after = taken_.lower_bound(prefix.first());
    if (after != taken_.end() && after->second.prefix.overlaps(prefix)) return &after->second;
    if (after != taken_.begin()) {
      if (const auto before = std::prev(after); before->second.prefix.overlaps(prefix)) return &before->second;
    }
    const auto first = prefix.first();
    taken_.emplace_hint(after, first, std::move(wanted));
    return nullptr;
  }

 private:
  std::map<IpAddress, Taken> taken_;
};

Checked<ServiceAllocation> build_allocation(const kube::ServiceAllocation& spec,
                                            const Objects<kube::Namespace>& namespaces) {
  const std::string field = "spec.serviceAllocation";
  ServiceAllocation out;
  out.priority = spec.priority;
  if (auto unique = check_unique(field + ".namespaces", spec.namespaces, "in namespaces"); !unique) {
    return std::unexpected(unique.error());
  }
  out.namespaces.insert(spec.namespaces.begin(), spec.namespaces.end());

  const auto selectors = compile_list(field + ".namespaceSelectors", spec.namespaceSelectors);
  if (!selectors) return std::unexpected(selectors.error());
  if (!selectors->empty()) {
    for (const auto& namespace_ : namespaces) {
      if (kube::any_matches(*selectors, namespace_->metadata.labels)) out.namespaces.insert(namespace_->metadata.name);
    }
  }
  // deviation: selectors that match no namespace mean "nobody" here, not "everybody" (controller spec 8.1).
  out.limits_namespaces = !spec.namespaces.empty() || !spec.namespaceSelectors.empty();

  auto service_selectors = compile_list(field + ".serviceSelectors", spec.serviceSelectors);
  if (!service_selectors) return std::unexpected(service_selectors.error());
  out.service_selectors = *std::move(service_selectors);
  // A bare priority pins the pool to everybody (controller spec 3.3).
  if (!out.limits_namespaces && out.service_selectors.empty()) out.service_selectors.emplace_back();
  return out;
}

Checked<Pool> build_pool(const kube::IPAddressPool& object, const Objects<kube::Namespace>& namespaces,
                         TakenPrefixes& taken) {
  Pool pool;
  pool.name = object.metadata.name;
  pool.auto_assign = object.spec.autoAssign.value_or(true);
  pool.avoid_buggy_ips = object.spec.avoidBuggyIPs;
  if (object.spec.addresses.empty()) {
    return std::unexpected(Problem{"spec.addresses", "pool has no prefixes defined",
                                   "list at least one CIDR or range, for example 192.0.2.0/24"});
  }
  for (std::size_t i = 0; i < object.spec.addresses.size(); ++i) {
    const auto field = element("spec.addresses", i);
    const auto prefixes = parse_address_entry(object.spec.addresses[i]);
    if (!prefixes) return std::unexpected(Problem{field, prefixes.error().problem, prefixes.error().remedy});
    for (const auto& prefix : *prefixes) {
      const auto& entry = object.spec.addresses[i];
      if (const auto* other = taken.take({prefix, pool.name, entry})) {
        return std::unexpected(Problem{field,
                                       "CIDR " + quoted(prefix.to_string()) + " in pool " + quoted(pool.name) +
                                           " overlaps with already defined CIDR " + quoted(other->prefix.to_string()) +
                                           " (" + quoted(entry) + " here, " + quoted(other->entry) + " in pool " +
                                           quoted(other->pool) + ")",
                                       "give every address to one pool, and list it once"});
      }
      pool.prefixes.push_back(prefix);
    }
  }
  if (object.spec.serviceAllocation) {
    auto allocation = build_allocation(*object.spec.serviceAllocation, namespaces);
    if (!allocation) return std::unexpected(allocation.error());
    pool.service_allocation = *std::move(allocation);
  }
  return pool;
}

}  // namespace

std::expected<std::map<std::string, Pool>, ConfigError> build_pools(const Objects<kube::IPAddressPool>& pools,
                                                                    const Objects<kube::Namespace>& namespaces) {
  std::map<std::string, Pool> out;
  TakenPrefixes taken;
  for (const auto& object : pools) {
    const auto& name = object->metadata.name;
    if (name.empty()) {
      return std::unexpected(blame(kPoolKind, *object, {"metadata.name", "missing pool name", "give the pool a name"}));
    }
    if (out.contains(name)) {
      return std::unexpected(
          blame(kPoolKind, *object,
                {"metadata.name", "duplicate definition of pool " + quoted(name), "rename one of the two pools"}));
    }
    auto pool = build_pool(*object, namespaces, taken);
    if (!pool) {
      auto problem = std::move(pool.error());
      problem.problem = "parsing address pool " + name + ": " + problem.problem;
      return std::unexpected(blame(kPoolKind, *object, std::move(problem)));
    }
    out.emplace(name, *std::move(pool));
  }
  return out;
}

}  // namespace metallb::config
