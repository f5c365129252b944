#include "controller/allocation.hpp"

#include <algorithm>

#include "base/contract.hpp"
#include "controller/remedy.hpp"
#include "ipam/text.hpp"

namespace metallb::controller {
namespace {

struct Candidates {
  std::optional<IpAddress> v4;
  std::optional<IpAddress> v6;
  [[nodiscard]] bool any() const { return v4 || v6; }
};

Candidates candidates(const ipam::Allocator& allocator, const std::string& pool, const Wish& wish) {
  return {allocator.first_available(pool, IpFamily::kIpv4, wish.key, wish.claim),
          allocator.first_available(pool, IpFamily::kIpv6, wish.key, wish.claim)};
}

/// The addresses that the Service takes out of these candidates, IPv4 first; empty when they do not do (controller
/// spec 4.7).
std::vector<IpAddress> choose(const Candidates& from, const Wish& wish) {
  std::vector<IpAddress> out;
  if (wish.families != Families::kDual) {
    const auto& one = wish.families == Families::kIpv4 ? from.v4 : from.v6;
    if (one) out.push_back(*one);
    return out;
  }
  if (!wish.prefers_dual && !(wish.requires_dual && from.v4 && from.v6)) return out;
  if (from.v4) out.push_back(*from.v4);
  if (from.v6) out.push_back(*from.v6);
  return out;
}

constexpr std::size_t kDetailsTold = 3;
constexpr const char* kPolicyNeeded = "two cluster addresses need a dual-stack ipFamilyPolicy";

/// Controller spec 4.7: with two cluster addresses and a policy for one, no candidates will do.
bool contradicts_itself(const Wish& wish) {
  return wish.families == Families::kDual && !wish.prefers_dual && !wish.requires_dual;
}

std::string missing_family(const Wish& wish, const Candidates& from) {
  if (wish.families == Families::kIpv4) return "it has no free IPv4 address";
  if (wish.families == Families::kIpv6) return "it has no free IPv6 address";
  return from.v4 ? "it has no free IPv6 address" : from.v6 ? "it has no free IPv4 address" : "it has no free address";
}

Interest interest_in(const Wish& wish, std::vector<std::string> pools) {
  return {{}, std::move(pools), wish.claim.sharing_key};
}

void take(const config::Config& config, ipam::Allocator& allocator, const Wish& wish,
          const std::vector<IpAddress>& addresses) {
  const auto taken = assign(config, allocator, wish, addresses);
  METALLB_CONTRACT(taken.has_value(), "what is available in a pool that serves the Service can be assigned");
}

/// Controller spec 4.8.
std::expected<void, Failure> from_pool(const config::Config& config, ipam::Allocator& allocator, const Wish& wish) {
  const auto pool = config.pools.find(wish.pool);
  if (pool == config.pools.end()) {
    if (config.broken_pools.contains(wish.pool)) {
      return std::unexpected(Failure{"pool \"" + wish.pool + "\" has no valid version", remedy::broken_pool(wish), {}, {}});
    }
    return std::unexpected(Failure{"unknown pool \"" + wish.pool + '"', remedy::unknown_pool(wish), {}, {}});
  }
  const auto found = candidates(allocator, wish.pool, wish);
  const auto addresses = choose(found, wish);
  if (addresses.empty()) {
    auto cause = "no available IPs in pool " + wish.pool;
    if (found.any() && wish.families == Families::kDual) cause += " for dual IPFamily";
    if (contradicts_itself(wish)) {
      return std::unexpected(Failure{cause + ": " + kPolicyNeeded, remedy::single_stack(), {}, {}});
    }
    // deviation: the original names a nil address for the missing family (controller spec 8.1).
    return std::unexpected(Failure{
        cause + ": " + missing_family(wish, found), remedy::exhausted(wish, wish.pool), interest_in(wish, {wish.pool}), {}});
  }
  if (auto assigned = assign(config, allocator, wish, addresses); !assigned) return std::unexpected(assigned.error());
  return {};
}

/// Controller spec 4.9.
std::expected<void, Failure> requested(const config::Config& config, ipam::Allocator& allocator, const Wish& wish) {
  const auto list = ipam::quoted_list(wish.addresses);
  if (families_of(wish.addresses) != wish.families) {
    return std::unexpected(Failure{"requested loadBalancer IP(s) " + list + " does not match the ipFamily of the service",
                                   remedy::wrong_families(wish),
                                   {},
                                   {}});
  }
  const auto owner = allocator.owner(wish.addresses);
  if (!wish.pool.empty() && !owner.empty() && owner != wish.pool) {
    return std::unexpected(
        Failure{"requested loadBalancer IP(s) " + list + " is not compatible with requested address pool " + wish.pool,
                remedy::contradiction(wish, owner),
                {},
                {}});
  }
  if (has_no_pools(config) && wish.pool.empty()) return std::unexpected(no_pools(wish));
  return assign(config, allocator, wish, wish.addresses);
}

using PoolList = std::vector<const config::Pool*>;

/// Pools pinned to Services like this one, best first: priority ascending, without one last, ties by name.
PoolList pinned_pools(const config::Config& config, const Wish& wish) {
  PoolList out;
  for (const auto& [name, pool] : config.pools) {
    if (pool.auto_assign && pool.service_allocation && config::serves(pool, wish.key.namespace_, wish.labels)) {
      out.push_back(&pool);
    }
  }
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
    const auto rank = [](const auto* pool) {
      const auto priority = pool->service_allocation->priority;
      return std::tuple(priority <= 0, priority, std::string_view(pool->name));
    };
    return rank(a) < rank(b);
  });
  return out;
}

PoolList general_pools(const config::Config& config) {
  PoolList out;
  for (const auto& [name, pool] : config.pools) {
    if (pool.auto_assign && !pool.service_allocation) out.push_back(&pool);
  }
  return out;
}

/// Controller spec 4.7: the addresses from the best pool of the list; empty when none will do.
std::vector<IpAddress> best_of(const PoolList& pools, const ipam::Allocator& allocator, const Wish& wish,
                               std::vector<std::string>& details) {
  std::optional<Candidates> with_v4;
  std::optional<Candidates> with_v6;
  for (const auto* pool : pools) {
    const auto found = candidates(allocator, pool->name, wish);
    auto chosen = choose(found, wish);
    if (chosen.size() == (wish.families == Families::kDual ? 2 : 1)) return chosen;
    if (found.v4 && !with_v4) with_v4 = found;
    if (found.v6 && !with_v6) with_v6 = found;
    details.push_back("pool " + pool->name + ": " + missing_family(wish, found));
  }
  if (wish.families != Families::kDual || !wish.prefers_dual) return {};  // 4.7: the others need all
  const auto& primary = wish.ipv6_first ? with_v6 : with_v4;
  const auto& secondary = wish.ipv6_first ? with_v4 : with_v6;
  if (primary) return choose(*primary, wish);
  return secondary ? choose(*secondary, wish) : std::vector<IpAddress>{};
}

/// Controller spec 4.6.
std::expected<void, Failure> automatic(const config::Config& config, ipam::Allocator& allocator, const Wish& wish) {
  Failure failure{"no available IPs", remedy::no_pool(wish), interest_in(wish, {}), {}};
  if (contradicts_itself(wish)) {
    return std::unexpected(Failure{failure.cause, remedy::single_stack(), {}, {kPolicyNeeded}});
  }
  if (has_no_pools(config)) return std::unexpected(no_pools(wish));
  // First of all, since they are to be mended: which Services they would serve is not known.
  for (const auto& name : config.broken_pools) failure.details.push_back("pool " + name + ": it has no valid version");
  for (const auto& pools : {pinned_pools(config, wish), general_pools(config)}) {
    if (const auto addresses = best_of(pools, allocator, wish, failure.details); !addresses.empty()) {
      take(config, allocator, wish, addresses);
      return {};
    }
    for (const auto* pool : pools) failure.interest.pools.push_back(pool->name);
  }
  if (failure.details.empty()) failure.details.emplace_back("no pool is assigned automatically to this Service");
  return std::unexpected(std::move(failure));
}

}  // namespace

std::string Failure::to_string() const {
  std::string out = cause;
  for (std::size_t i = 0; i < std::min(details.size(), kDetailsTold); ++i) out += (i == 0 ? " (" : "; ") + details[i];
  if (details.size() > kDetailsTold) out += "; and " + std::to_string(details.size() - kDetailsTold) + " more";
  if (!details.empty()) out += ')';
  return out + ": " + remedy;
}

bool has_no_pools(const config::Config& config) {
  return config.pools.empty() && config.broken_pools.empty();
}

Failure no_pools(const Wish& wish) {
  return {"no IPAddressPool exists", remedy::create_pool(wish), {}, {}};
}

std::expected<void, Failure> assign(const config::Config& config, ipam::Allocator& allocator, const Wish& wish,
                                    const std::vector<IpAddress>& addresses) {
  if (const auto owner = allocator.owner(addresses); !owner.empty()) {
    if (!config::serves(config.pools.at(owner), wish.key.namespace_, wish.labels)) {
      return std::unexpected(
          Failure{"pool " + owner + " not compatible for ip assignment", remedy::not_served(wish, owner), {}, {}});
    }
  }
  auto assigned = allocator.assign(wish.key, addresses, wish.claim);
  if (!assigned) {
    auto& refusal = assigned.error();
    return std::unexpected(Failure{std::move(refusal.text),
                                   remedy::refused(refusal.reason, wish, addresses, config),
                                   {addresses, {}, wish.claim.sharing_key},
                                   {}});
  }
  return {};
}

std::expected<void, Failure> allocate(const config::Config& config, ipam::Allocator& allocator, const Wish& wish) {
  if (!wish.addresses.empty()) return requested(config, allocator, wish);
  if (!wish.pool.empty()) return from_pool(config, allocator, wish);
  return automatic(config, allocator, wish);
}

std::expected<IpAddress, Failure> add_family(const config::Config& config, ipam::Allocator& allocator, const Wish& wish) {
  const auto* held = allocator.find(wish.key);
  METALLB_CONTRACT(held != nullptr && held->addresses.size() == 1, "a second family is added to a single address");
  const auto pool = held->pool;
  const auto missing = held->addresses.front().is_v4() ? IpFamily::kIpv6 : IpFamily::kIpv4;
  const auto found = allocator.first_available(pool, missing, wish.key, wish.claim);
  if (!found) {
    return std::unexpected(
        Failure{"no available IPs in pool " + pool + ": it has no free " + std::string(to_string(missing)) + " address",
                remedy::one_family(pool),
                interest_in(wish, {pool}),
                {}});
  }
  take(config, allocator, wish, {held->addresses.front(), *found});
  return *found;
}

}  // namespace metallb::controller
