#include "speaker/bgp/decision.hpp"

#include <algorithm>
#include <utility>

#include "base/contract.hpp"
#include "config/local_preference.hpp"
#include "speaker/concluded.hpp"

namespace metallb::speaker {
namespace {

using Verdict = Decision::Action;

std::string local_pref(const config::BgpAdvertisement& advertisement) {
  return advertisement.local_pref ? std::to_string(*advertisement.local_pref) : "not set";
}

/// Names two that contradict each other; empty when there are none.
std::string conflict(const config::Pool& pool, const BgpDecision& decision) {
  const auto& all = decision.advertisements;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (!config::contradict(*all[i], *all[j], pool)) continue;
      return "advertisements " + all[i]->name + " (localPref " + local_pref(*all[i]) + ") and " + all[j]->name +
             " (localPref " + local_pref(*all[j]) +
             ") make the same prefix of the Service's address: give them the same localPref, or different peers, nodes or "
             "aggregation lengths";
    }
  }
  return {};
}

bool is_dual_stack(const kube::Service& service, const std::vector<IpAddress>& addresses) {
  return service.spec.ipFamilies.size() > 1 ||
         std::ranges::any_of(addresses, [&](const auto& a) { return a.family() != addresses.front().family(); });
}

/// The last part: are there endpoints behind the addresses?
BgpDecision with_endpoints(const BgpSurroundings& surroundings, const kube::Service& service, Slices slices,
                           BgpDecision decision) {
  const auto healths = endpoint_healths(slices, surroundings.node);
  const bool local_only = service.spec.externalTrafficPolicy == "Local";
  const auto serves = [&](const EndpointHealth& health) { return local_only ? health.here : health.anywhere; };
  const auto nothing = local_only ? Reason::kNoLocalEndpoints : Reason::kNoEndpoints;
  const auto where = local_only ? "on node " + surroundings.node : std::string("anywhere");
  if (!serves(healths.pooled)) {
    return withdrawn(std::move(decision), nothing, "there is no endpoint that can serve " + where);
  }
  auto& addresses = decision.announcement.addresses;
  // deviation: the original pools the endpoints of both families, so that a family whose endpoints are all gone still
  // attracts traffic (bgp spec 7.1, item 29).
  if (is_dual_stack(service, addresses)) {
    const auto missing = std::erase_if(
        addresses, [&](const IpAddress& address) { return !serves(address.is_v4() ? healths.ipv4 : healths.ipv6); });
    if (addresses.empty()) {
      return withdrawn(std::move(decision), nothing, "there is no endpoint of the address's family that can serve " + where);
    }
    if (missing > 0) decision.missing = nothing;
  }
  return concluded(std::move(decision), Verdict::kAnnounce, Reason::kAnnounced,
                   decision.missing == Reason::kAnnounced
                       ? "this node announces the Service"
                       : "this node announces the Service in the one family that has endpoints that can serve");
}

BgpDecision advertise(const BgpSurroundings& surroundings, const kube::Service& service, Slices slices,
                      const std::shared_ptr<const config::Pool>& pool, BgpDecision decision) {
  const auto& node = surroundings.node;
  bool covers_node = false;
  for (const auto& advertisement : pool->bgp) {
    if (!advertisement.nodes.contains(node)) continue;
    covers_node = true;
    const auto& selectors = advertisement.service_selectors;
    if (!selectors.empty() && !kube::any_matches(selectors, service.metadata.labels)) continue;
    decision.advertisements.emplace_back(pool, &advertisement);
  }
  if (!covers_node) {
    return withdrawn(std::move(decision), Reason::kNotOwner,
                     "no BGPAdvertisement of pool " + pool->name + " covers node " + node);
  }
  if (decision.advertisements.empty()) {
    return withdrawn(std::move(decision), Reason::kNoMatchingAdvertisement,
                     "no BGPAdvertisement of pool " + pool->name + " covers both the Service and node " + node);
  }
  if (auto problem = conflict(*pool, decision); !problem.empty()) {
    return withdrawn(std::move(decision), Reason::kConflictingAdvertisements, std::move(problem));
  }
  if (surroundings.facts != nullptr && surroundings.facts->network_unavailable) {
    return withdrawn(std::move(decision), Reason::kNodeNetworkUnavailable,
                     "node " + node + " has the condition NetworkUnavailable");
  }
  if (surroundings.facts != nullptr && surroundings.facts->excluded && !surroundings.ignore_exclude_label) {
    return withdrawn(std::move(decision), Reason::kNodeExcluded,
                     "node " + node + " has the label node.kubernetes.io/exclude-from-external-load-balancers");
  }
  return with_endpoints(surroundings, service, slices, std::move(decision));
}

}  // namespace

BgpDecision decide_bgp(const BgpSurroundings& surroundings, const kube::Service* service, Slices slices, Grounds grounds,
                       const std::shared_ptr<const config::Pool>& pool) {
  BgpDecision decision;
  decision.announcement.uid = std::move(grounds.uid);
  decision.announcement.addresses = std::move(grounds.addresses);
  if (grounds.conclusion) {
    auto& [action, reason, detail] = *grounds.conclusion;
    return concluded(std::move(decision), action, reason, std::move(detail));
  }
  METALLB_CONTRACT(service != nullptr && pool && pool.get() == grounds.pool, "what is announced has a Service and a pool");
  decision.announcement.pool = pool->name;
  decision = advertise(surroundings, *service, slices, pool, std::move(decision));
  if (!grounds.stranded) return decision;
  // As with layer 2: only this Service is judged by the pool of before, until the controller has moved it.
  if (decision.action == Verdict::kAnnounce) decision.reason = Reason::kAddressNotAllowed;
  decision.detail = stranded_detail(*pool, decision.detail);
  return decision;
}

}  // namespace metallb::speaker
