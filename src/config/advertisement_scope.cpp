#include "config/advertisement_scope.hpp"

#include "config/selector_list.hpp"

namespace metallb::config {
namespace {

/// Names of the nodes that any selector matches; all of them when there is no selector.
std::set<std::string> eligible_nodes(const std::vector<kube::Selector>& selectors, const Objects<kube::Node>& nodes) {
  std::set<std::string> out;
  for (const auto& node : nodes) {
    if (selectors.empty() || kube::any_matches(selectors, node->metadata.labels)) out.insert(node->metadata.name);
  }
  return out;
}

}  // namespace

bool AdvertisementScope::includes(const kube::IPAddressPool& pool) const {
  if (pool_names.empty() && pool_selectors.empty()) return true;
  return pool_names.contains(pool.metadata.name) || kube::any_matches(pool_selectors, pool.metadata.labels);
}

template <class Spec>
Checked<AdvertisementScope> resolve_scope(const Spec& spec, const Objects<kube::Node>& nodes) {
  if (auto unique = check_unique("spec.ipAddressPools", spec.ipAddressPools, "of ipAddressPools"); !unique) {
    return std::unexpected(unique.error());
  }
  auto pool_selectors = compile_list("spec.ipAddressPoolSelectors", spec.ipAddressPoolSelectors);
  if (!pool_selectors) return std::unexpected(pool_selectors.error());
  const auto node_selectors = compile_list("spec.nodeSelectors", spec.nodeSelectors);
  if (!node_selectors) return std::unexpected(node_selectors.error());
  auto service_selectors = compile_list("spec.serviceSelectors", spec.serviceSelectors);
  if (!service_selectors) return std::unexpected(service_selectors.error());
  std::sort(service_selectors->begin(), service_selectors->end(),
            [](const auto& a, const auto& b) { return a.to_string() < b.to_string(); });
  return AdvertisementScope{.pool_names = {spec.ipAddressPools.begin(), spec.ipAddressPools.end()},
                            .pool_selectors = *std::move(pool_selectors),
                            .nodes = eligible_nodes(*node_selectors, nodes),
                            .service_selectors = *std::move(service_selectors)};
}

template Checked<AdvertisementScope> resolve_scope(const kube::L2AdvertisementSpec&, const Objects<kube::Node>&);
template Checked<AdvertisementScope> resolve_scope(const kube::BGPAdvertisementSpec&, const Objects<kube::Node>&);

}  // namespace metallb::config
