#include "config/layer2_advertisements.hpp"

#include "config/problem.hpp"
#include "config/selector_list.hpp"

namespace metallb::config {
namespace {

struct Resolved {
  Layer2Advertisement advertisement;
  std::vector<kube::Selector> pool_selectors;
};

/// Names of the nodes that any selector matches; all of them when there is no selector.
std::set<std::string> eligible_nodes(const std::vector<kube::Selector>& selectors, const Objects<kube::Node>& nodes) {
  std::set<std::string> out;
  for (const auto& node : nodes) {
    if (selectors.empty() || kube::any_matches(selectors, node->metadata.labels)) out.insert(node->metadata.name);
  }
  return out;
}

Checked<std::map<std::string, std::int64_t>> scores(const kube::L2AdvertisementSpec& spec,
                                                    const std::set<std::string>& eligible,
                                                    const Objects<kube::Node>& nodes) {
  std::map<std::string, std::int64_t> out;
  for (std::size_t i = 0; i < spec.preferredNodeSelectors.size(); ++i) {
    const auto& preferred = spec.preferredNodeSelectors[i];
    // D1 to D3 do not hold for preferences: two equal ones simply add up.
    const auto selector = compile_one(element("spec.preferredNodeSelectors", i) + ".preference", preferred.preference);
    if (!selector) return std::unexpected(selector.error());
    for (const auto& node : nodes) {
      if (eligible.contains(node->metadata.name) && selector->matches(node->metadata.labels)) {
        out[node->metadata.name] += preferred.weight;
      }
    }
  }
  std::erase_if(out, [](const auto& entry) { return entry.second <= 0; });
  return out;
}

Checked<Resolved> resolve(const kube::L2Advertisement& object, const Objects<kube::Node>& nodes) {
  const auto& spec = object.spec;
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

  Resolved out;
  out.pool_selectors = *std::move(pool_selectors);
  out.advertisement.name = object.metadata.name;
  out.advertisement.nodes = eligible_nodes(*node_selectors, nodes);
  out.advertisement.all_interfaces = spec.interfaces.empty();
  out.advertisement.interfaces.insert(spec.interfaces.begin(), spec.interfaces.end());
  out.advertisement.service_selectors = *std::move(service_selectors);
  auto preference = scores(spec, out.advertisement.nodes, nodes);
  if (!preference) return std::unexpected(preference.error());
  out.advertisement.scores = *std::move(preference);
  return out;
}

/// Advertisements with scores always stack, since weights sum across advertisements.
bool says_the_same(const Layer2Advertisement& a, const Layer2Advertisement& b) {
  return a.scores.empty() && b.scores.empty() && a.all_interfaces == b.all_interfaces && a.nodes == b.nodes &&
         a.interfaces == b.interfaces && a.service_selectors == b.service_selectors;
}

void attach(const Layer2Advertisement& advertisement, Pool& pool) {
  const auto same = [&](const auto& other) { return says_the_same(advertisement, other); };
  if (std::none_of(pool.layer2.begin(), pool.layer2.end(), same)) pool.layer2.push_back(advertisement);
}

}  // namespace

std::expected<void, ConfigError> attach_layer2(const Objects<kube::L2Advertisement>& advertisements,
                                               const Objects<kube::IPAddressPool>& pool_objects,
                                               const Objects<kube::Node>& nodes, std::map<std::string, Pool>& pools) {
  for (const auto& object : advertisements) {
    const auto resolved = resolve(*object, nodes);
    if (!resolved) return std::unexpected(blame("L2Advertisement", *object, resolved.error()));
    const std::set<std::string> named(object->spec.ipAddressPools.begin(), object->spec.ipAddressPools.end());
    const bool every_pool = named.empty() && resolved->pool_selectors.empty();
    for (const auto& pool : pool_objects) {
      const auto& name = pool->metadata.name;
      if (every_pool || named.contains(name) || kube::any_matches(resolved->pool_selectors, pool->metadata.labels)) {
        attach(resolved->advertisement, pools.at(name));
      }
    }
  }
  return {};
}

}  // namespace metallb::config
