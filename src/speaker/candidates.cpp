#include "speaker/candidates.hpp"

#include <algorithm>

#include "speaker/kept_service.hpp"

namespace metallb::speaker {
namespace {

bool may_announce(const Electorate& electorate, const std::string& node) {
  const auto known = electorate.nodes.find(node);
  // A member that the API does not know (yet) passes here; without a Node no advertisement names it.
  if (known == electorate.nodes.end()) return true;
  if (known->second.network_unavailable) return false;
  return electorate.ignore_exclude_label || !known->second.excluded;
}

std::int64_t score_of(const Advertisements& advertisements, const std::string& node) {
  std::int64_t sum = 0;
  for (const auto* advertisement : advertisements) {
    const auto found = advertisement->scores.find(node);
    if (found != advertisement->scores.end()) sum += found->second;
  }
  return sum;
}

}  // namespace

Advertisements advertisements_for(const config::Pool& pool, const kube::Service& service) {
  Advertisements out;
  for (const auto& advertisement : pool.layer2) {
    if (advertisement.service_selectors.empty() ||
        kube::any_matches(advertisement.service_selectors, service.metadata.labels)) {
      out.push_back(&advertisement);
    }
  }
  return out;
}

bool shares_address_across_selectors(const Advertisements& advertisements, const kube::Service& service) {
  const auto has = [&](const auto* name) { return service.metadata.annotations.contains(name); };
  if (std::ranges::none_of(kSharingAnnotations, has)) return false;
  return std::ranges::any_of(advertisements, [](const auto* a) { return !a->service_selectors.empty(); });
}

bool names_node(const Advertisements& advertisements, const std::string& node) {
  return std::ranges::any_of(advertisements, [&](const auto* a) { return a->nodes.contains(node); });
}

layer2::InterfaceSet interfaces_on(const Advertisements& advertisements, const std::string& node) {
  layer2::InterfaceSet out;
  for (const auto* advertisement : advertisements) {
    if (!advertisement->nodes.contains(node)) continue;
    if (advertisement->all_interfaces) return {.all = true, .names = {}};
    out.names.insert(advertisement->interfaces.begin(), advertisement->interfaces.end());
  }
  return out;
}

layer2::Candidates candidates(const Electorate& electorate, const Advertisements& advertisements,
                              const ServingEndpoints& endpoints, bool local_only) {
  layer2::Candidates out;
  const auto consider = [&](const std::string& node) {
    if (local_only && !endpoints.nodes.contains(node)) return;
    if (!names_node(advertisements, node) || !may_announce(electorate, node)) return;
    out[node].score = score_of(advertisements, node);
  };
  if (electorate.members.has_value()) {
    for (const auto& member : *electorate.members) consider(member);
  } else {
    for (const auto& [node, facts] : electorate.nodes) consider(node);
  }
  return out;
}

}  // namespace metallb::speaker
