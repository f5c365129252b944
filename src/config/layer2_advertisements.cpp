#include "config/layer2_advertisements.hpp"

#include "config/advertisement_scope.hpp"
#include "config/problem.hpp"
#include "config/selector_list.hpp"

namespace metallb::config {
namespace {

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

Checked<Layer2Advertisement> resolve(const kube::L2Advertisement& object, const Checked<AdvertisementScope>& scope,
                                     const Objects<kube::Node>& nodes) {
  if (!scope) return std::unexpected(scope.error());
  Layer2Advertisement out;
  out.name = object.metadata.name;
  out.nodes = scope->nodes;
  out.all_interfaces = object.spec.interfaces.empty();
  out.interfaces.insert(object.spec.interfaces.begin(), object.spec.interfaces.end());
  out.service_selectors = scope->service_selectors;
  auto preference = scores(object.spec, scope->nodes, nodes);
  if (!preference) return std::unexpected(preference.error());
  out.scores = *std::move(preference);
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

void attach_layer2(const Objects<kube::L2Advertisement>& advertisements, const Objects<kube::IPAddressPool>& pool_objects,
                   const Objects<kube::Node>& nodes, std::map<std::string, Pool>& pools, std::vector<ConfigError>& errors) {
  for (const auto& object : advertisements) {
    const auto scope = resolve_scope(object->spec, nodes);
    const auto resolved = resolve(*object, scope, nodes);
    if (!resolved) {
      errors.push_back(blame("L2Advertisement", *object, resolved.error()));
      continue;
    }
    for (const auto& pool : pool_objects) {
      if (scope->includes(*pool)) attach(*resolved, pools.at(pool->metadata.name));
    }
  }
}

}  // namespace metallb::config
