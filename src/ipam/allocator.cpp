#include "ipam/allocator.hpp"

#include <algorithm>
#include <limits>

#include "base/contract.hpp"
#include "ipam/text.hpp"

namespace metallb::ipam {
namespace {

std::int64_t left(std::int64_t capacity, std::int64_t used) {
  return capacity > used ? capacity - used : 0;
}

std::unexpected<Refusal> refuse(Refusal::Reason reason, std::string text) {
  return std::unexpected(Refusal{reason, std::move(text)});
}

bool holds(const std::vector<IpAddress>& addresses, const IpAddress& address) {
  return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

}  // namespace

void Allocator::set_pools(std::vector<PoolSpec> pools) {
  pools_.clear();
  owners_.clear();
  groups_.clear();
  for (auto& spec : pools) {
    auto name = spec.name;
    const auto [at, fresh] = pools_.emplace(name, Pool(std::move(spec)));
    METALLB_CONTRACT(fresh, "pools have names of their own");
    for (const auto& range : at->second.ranges()) owners_.emplace(range.first, name);
  }
  // Pools may have split, merged or swapped addresses, so every address looks for its pool anew.
  for (auto& [address, holding] : std::exchange(holdings_, {})) {
    auto pool = owner(std::span(&address, 1));
    // An address in no pool stays reserved as well: statuses show it, and a pool may come to have it again before they do
    // not.
    if (!pool.empty()) pools_.at(pool).take(address);
    if (!holding.sharing_key.empty()) groups_[{holding.sharing_key, holding.backend_key}][pool].insert(address);
    holding.pool = std::move(pool);
    holdings_.emplace(address, std::move(holding));
  }
  for (auto& [service, entry] : entries_) {
    if (entry.held.addresses.empty()) continue;
    entry.held.pool = owner(entry.held.addresses);
    if (!entry.held.pool.empty()) continue;
    // Dropped, yet still in the status: reserved until that is rewritten.
    entry.leaving.insert(entry.leaving.end(), entry.held.addresses.begin(), entry.held.addresses.end());
    entry.held = {};
  }
  touched_.clear();  // the caller looks at every Service again after a change of pools
}

std::string Allocator::owner(std::span<const IpAddress> addresses) const {
  METALLB_CONTRACT(!addresses.empty(), "no address belongs to every pool");
  auto after = owners_.upper_bound(addresses.front());
  if (after == owners_.begin()) return {};
  const auto& name = std::prev(after)->second;
  const auto& pool = pools_.at(name);
  const bool all = std::all_of(addresses.begin(), addresses.end(), [&](const auto& a) { return pool.contains(a); });
  return all ? name : std::string();
}

std::expected<void, Refusal> Allocator::check(const ServiceKey& service, const IpAddress& address,
                                              const Claim& claim) const {
  const auto found = holdings_.find(address);
  if (found == holdings_.end()) return {};
  const auto& holding = found->second;
  const bool uses = holding.users.contains(service);
  if (uses && holding.users.size() == 1) return {};  // a sole user may change its terms in place
  if (!uses) {
    for (const auto& other : holding.shown_by) {
      if (other == service) continue;
      return refuse(Refusal::Reason::kShown,
                    "address \"" + address.to_string() + "\" is still in the status of " + other.to_string());
    }
    if (holding.users.empty()) return {};
  }
  const bool compatible =
      !claim.sharing_key.empty() && holding.sharing_key == claim.sharing_key && holding.backend_key == claim.backend_key;
  if (!compatible) {
    std::string others;
    for (const auto& [user, ports] : holding.users) {
      if (user != service) others += (others.empty() ? "" : ",") + user.to_string();
    }
    return refuse(Refusal::Reason::kTerms, "can't change sharing key for \"" + service.to_string() + "\", address \"" +
                                               address.to_string() + "\" also in use by " + others);
  }
  for (const auto& [user, ports] : holding.users) {
    if (user == service) continue;
    for (const auto& port : claim.ports) {
      if (ports.contains(port)) {
        return refuse(Refusal::Reason::kPort, "port " + port.protocol + "/" + std::to_string(port.number) +
                                                  " is already in use on \"" + address.to_string() + "\"");
      }
    }
  }
  return {};
}

bool Allocator::has_free(const std::string& pool, IpFamily family) const {
  const auto found = pools_.find(pool);
  return found != pools_.end() && found->second.has_free(family);
}

std::optional<IpAddress> Allocator::first_available(const std::string& pool, IpFamily family, const ServiceKey& service,
                                                    const Claim& claim) const {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return std::nullopt;
  auto best = found->second.first_free(family);
  const auto consider = [&](const IpAddress& address) {
    if (address.family() != family || (best && !found->second.before(address, *best))) return;
    if (check(service, address, claim)) best = address;
  };
  // Its own addresses on the way out are as good as free to the Service itself.
  if (const auto own = entries_.find(service); own != entries_.end()) {
    for (const auto* list : {&own->second.leaving, &own->second.held.addresses}) {
      for (const auto& address : *list) {
        if (found->second.contains(address)) consider(address);
      }
    }
  }
  if (!claim.sharing_key.empty()) {
    if (const auto group = groups_.find({claim.sharing_key, claim.backend_key}); group != groups_.end()) {
      if (const auto shared = group->second.find(pool); shared != group->second.end()) {
        for (const auto& address : shared->second) consider(address);
      }
    }
  }
  return best;
}

std::expected<void, Refusal> Allocator::assign(const ServiceKey& service, std::vector<IpAddress> addresses,
                                               const Claim& claim) {
  METALLB_CONTRACT(!addresses.empty(), "an assignment has addresses");
  auto pool = owner(addresses);
  if (pool.empty()) return refuse(Refusal::Reason::kNoPool, quoted_list(addresses) + " is not allowed in config");
  for (const auto& address : addresses) {
    if (auto allowed = check(service, address, claim); !allowed) return allowed;
  }
  auto& entry = entries_[service];
  Assignment wanted{std::move(pool), std::move(addresses)};
  for (const auto& address : wanted.addresses) join(service, address, wanted.pool, claim);
  std::erase_if(entry.leaving, [&](const auto& address) { return holds(wanted.addresses, address); });
  for (const auto& address : entry.held.addresses) {
    if (!holds(wanted.addresses, address)) entry.leaving.push_back(address);
  }
  entry.held = std::move(wanted);
  return {};
}

void Allocator::reserve(const ServiceKey& service, const IpAddress& address, const Claim& claim) {
  if (const auto found = holdings_.find(address);
      found != holdings_.end() && (found->second.users.contains(service) || found->second.shown_by.contains(service))) {
    return;
  }
  if (check(service, address, claim)) {
    join(service, address, owner(std::span(&address, 1)), claim);
  } else {
    holdings_.at(address).shown_by.insert(service);
  }
  entries_[service].leaving.push_back(address);
}

void Allocator::vacate(const ServiceKey& service) {
  const auto found = entries_.find(service);
  if (found == entries_.end()) return;
  auto& entry = found->second;
  entry.leaving.insert(entry.leaving.end(), entry.held.addresses.begin(), entry.held.addresses.end());
  entry.held = {};
  drop_if_empty(service);
}

void Allocator::settle(const ServiceKey& service) {
  const auto found = entries_.find(service);
  if (found == entries_.end()) return;
  for (const auto& address : std::exchange(found->second.leaving, {})) leave(service, address);
  drop_if_empty(service);
}

void Allocator::release(const ServiceKey& service) {
  vacate(service);
  settle(service);
}

const Assignment* Allocator::find(const ServiceKey& service) const {
  const auto found = entries_.find(service);
  return found == entries_.end() || found->second.held.addresses.empty() ? nullptr : &found->second.held;
}

std::vector<Touched> Allocator::take_touched() {
  return std::exchange(touched_, {});
}

Counts Allocator::Statistics::available() const {
  return {left(capacity.v4, in_use.v4), left(capacity.v6, in_use.v6)};
}

Allocator::Statistics Allocator::statistics(const std::string& pool) const {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return {};
  return {found->second.capacity(), found->second.in_use()};
}

std::vector<std::string> Allocator::pools() const {
  std::vector<std::string> out;
  for (const auto& [name, pool] : pools_) out.push_back(name);
  return out;
}

void Allocator::join(const ServiceKey& service, const IpAddress& address, const std::string& pool, const Claim& claim) {
  auto [at, fresh] = holdings_.try_emplace(address);
  auto& holding = at->second;
  if (fresh) {
    holding.pool = pool;
    if (!pool.empty()) pools_.at(pool).take(address);
  }
  holding.shown_by.erase(service);
  auto& ports = holding.users[service];
  const bool same_terms =
      !fresh && ports == claim.ports && holding.sharing_key == claim.sharing_key && holding.backend_key == claim.backend_key;
  ports = claim.ports;
  if (same_terms) return;
  regroup(address, holding, claim);
  touch(address, holding);
}

void Allocator::leave(const ServiceKey& service, const IpAddress& address) {
  const auto at = holdings_.find(address);
  METALLB_CONTRACT(at != holdings_.end(), "a Service leaves only where it is");
  auto& holding = at->second;
  const auto gone = holding.users.erase(service) + holding.shown_by.erase(service);
  METALLB_CONTRACT(gone == 1, "a Service leaves only where it is");
  if (holding.users.empty()) regroup(address, holding, {});
  touch(address, holding);
  if (!holding.unused()) return;
  if (!holding.pool.empty()) pools_.at(holding.pool).give_back(address);
  holdings_.erase(at);
}

void Allocator::regroup(const IpAddress& address, Holding& holding, const Claim& claim) {
  if (holding.sharing_key == claim.sharing_key && holding.backend_key == claim.backend_key) return;
  if (!holding.sharing_key.empty()) {
    const auto group = groups_.find({holding.sharing_key, holding.backend_key});
    auto& addresses = group->second[holding.pool];
    addresses.erase(address);
    if (addresses.empty()) group->second.erase(holding.pool);
    if (group->second.empty()) groups_.erase(group);
  }
  holding.sharing_key = claim.sharing_key;
  holding.backend_key = claim.backend_key;
  if (!holding.sharing_key.empty()) groups_[{holding.sharing_key, holding.backend_key}][holding.pool].insert(address);
}

void Allocator::drop_if_empty(const ServiceKey& service) {
  const auto found = entries_.find(service);
  if (found != entries_.end() && found->second.held.addresses.empty() && found->second.leaving.empty())
    entries_.erase(found);
}

void Allocator::touch(const IpAddress& address, const Holding& holding) {
  if (holding.pool.empty()) return;  // nobody can have it before the pools change
  touched_.push_back({holding.pool, address, holding.unused(), holding.sharing_key});
}

}  // namespace metallb::ipam
