#include "config/pools.hpp"

#include <limits>

#include "config/address_entry.hpp"
#include "config/problem.hpp"
#include "config/selector_list.hpp"

namespace metallb::config {
namespace {

constexpr const char* kPoolKind = "IPAddressPool";
/// Mistakes of one pool that are told in full: whoever wrote a thousand of a kind needs to see a few.
constexpr std::size_t kMostTold = 5;

/// A prefix, and where it was written.
struct Taken {
  IpPrefix prefix;
  std::string pool;
  std::string entry;
  std::size_t index;  ///< in spec.addresses
};

struct Overlap {
  Taken wanted;
  Taken other;
};

/// All prefixes taken so far, by their first address; since they are disjoint, neighbours tell about overlap.
class TakenPrefixes {
 public:
  /// All that overlap with one that is taken, also by another of `wanted`. Where there is none they are all taken, unless it
  /// is only `tried`.
  std::vector<Overlap> take(const std::vector<Taken>& wanted, bool tried) {
    std::vector<Overlap> out;
    std::vector<IpAddress> added;
    for (const auto& one : wanted) {
      if (const auto* other = overlapping(one.prefix)) {
        out.push_back({one, *other});
      } else {
        added.push_back(one.prefix.first());
        taken_.emplace(added.back(), one);
      }
    }
    if (!out.empty() || tried) {
      for (const auto& first : added) taken_.erase(first);
    }
    return out;
  }

 private:
  [[nodiscard]] const Taken* overlapping(const IpPrefix& prefix) const {
    const auto after = taken_.lower_bound(prefix.first());
    if (after != taken_.end() && after->second.prefix.overlaps(prefix)) return &after->second;
    if (after == taken_.begin()) return nullptr;
    const auto before = std::prev(after);
    return before->second.prefix.overlaps(prefix) ? &before->second : nullptr;
  }

  std::map<IpAddress, Taken> taken_;
};

Problem overlap_problem(const Overlap& overlap) {
  const auto& [wanted, other] = overlap;
  Problem out{element("spec.addresses", wanted.index),
              "CIDR " + quoted(wanted.prefix.to_string()) + " in pool " + quoted(wanted.pool) +
                  " overlaps with already defined CIDR " + quoted(other.prefix.to_string()) + " (" + quoted(wanted.entry) +
                  " here, " + quoted(other.entry) + " in pool " + quoted(other.pool) + ")",
              "give every address to one pool, and list it once"};
  if (other.pool != wanted.pool) out.other.emplace(kPoolKind, other.pool);
  return out;
}

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

/// What is wrong with a pool, by the entry of spec.addresses; what is wrong elsewhere comes last.
using Problems = std::map<std::size_t, Problem>;
constexpr std::size_t kElsewhere = std::numeric_limits<std::size_t>::max();

std::vector<Taken> read_addresses(const kube::IPAddressPool& object, Problems& problems) {
  const auto& entries = object.spec.addresses;
  if (entries.empty()) {
    problems.emplace(0, Problem{"spec.addresses", "pool has no prefixes defined",
                                "list at least one CIDR or range, for example 192.0.2.0/24"});
  }
  std::vector<Taken> out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto prefixes = parse_address_entry(entries[i]);
    if (!prefixes) {
      problems.emplace(i, Problem{element("spec.addresses", i), prefixes.error().problem, prefixes.error().remedy});
      continue;
    }
    for (const auto& prefix : *prefixes) out.push_back({prefix, object.metadata.name, entries[i], i});
  }
  return out;
}

/// One text of them all (controller spec 8.1 row 22). It is a conflict with another pool if there is nothing else.
Problem told_together(Problems problems) {
  auto out = std::move(problems.begin()->second);
  problems.erase(problems.begin());
  std::size_t told = 1;
  for (const auto& [index, problem] : problems) {
    if (!problem.other) out.other.reset();
    if (++told <= kMostTold) out.remedy += "; " + problem.field + ": " + problem.problem + ": " + problem.remedy;
  }
  if (told > kMostTold) out.remedy += "; and " + std::to_string(told - kMostTold) + " more mistakes in this pool";
  return out;
}

Checked<Pool> build_pool(const kube::IPAddressPool& object, const Objects<kube::Namespace>& namespaces,
                         TakenPrefixes& taken) {
  Pool pool;
  pool.name = object.metadata.name;
  pool.auto_assign = object.spec.autoAssign.value_or(true);
  pool.avoid_buggy_ips = object.spec.avoidBuggyIPs;
  Problems problems;
  const auto addresses = read_addresses(object, problems);
  if (object.spec.serviceAllocation) {
    auto allocation = build_allocation(*object.spec.serviceAllocation, namespaces);
    if (allocation) {
      pool.service_allocation = *std::move(allocation);
    } else {
      problems.emplace(kElsewhere, std::move(allocation.error()));
    }
  }
  for (const auto& overlap : taken.take(addresses, !problems.empty())) {
    problems.emplace(overlap.wanted.index, overlap_problem(overlap));
  }
  if (!problems.empty()) return std::unexpected(told_together(std::move(problems)));
  for (const auto& address : addresses) pool.prefixes.push_back(address.prefix);
  return pool;
}

Checked<void> check_name(const std::string& name, const std::map<std::string, Pool>& pools) {
  if (name.empty()) return std::unexpected(Problem{"metadata.name", "missing pool name", "give the pool a name"});
  if (!pools.contains(name)) return {};
  return std::unexpected(
      Problem{"metadata.name", "duplicate definition of pool " + quoted(name), "rename one of the two pools"});
}

}  // namespace

std::map<std::string, Pool> build_pools(const Objects<kube::IPAddressPool>& pools,
                                        const Objects<kube::Namespace>& namespaces, std::vector<ConfigError>& errors) {
  std::map<std::string, Pool> out;
  TakenPrefixes taken;
  for (const auto& object : pools) {
    const auto& name = object->metadata.name;
    if (auto named = check_name(name, out); !named) {
      errors.push_back(blame(kPoolKind, *object, std::move(named.error())));
      continue;
    }
    auto pool = build_pool(*object, namespaces, taken);
    if (pool) {
      out.emplace(name, *std::move(pool));
      continue;
    }
    pool.error().problem = "parsing address pool " + name + ": " + pool.error().problem;
    errors.push_back(blame(kPoolKind, *object, std::move(pool.error())));
  }
  return out;
}

}  // namespace metallb::config
