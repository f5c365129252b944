#include "config/build.hpp"

#include "config/bfd_profiles.hpp"
#include "config/bgp_advertisements.hpp"
#include "config/bgp_peers.hpp"
#include "config/community_aliases.hpp"
#include "config/layer2_advertisements.hpp"
#include "config/pools.hpp"
#include "config/problem.hpp"
#include "config/selector_list.hpp"

namespace metallb::config {
namespace {

/// The Nodes that the configuration is for: all that are known, or the one.
Objects<kube::Node> concerned(const Resources& resources) {
  auto nodes = resources.nodes;
  if (!resources.node_name.empty()) {
    std::erase_if(nodes, [&](const auto& node) { return node->metadata.name != resources.node_name; });
  }
  return nodes;
}

/// bgp spec 1.10, step 2: what does not select the node is not read. A Node that is not known has no labels.
template <class T>
Objects<T> for_node(Objects<T> objects, const Resources& resources, const Objects<kube::Node>& nodes) {
  if (resources.node_name.empty()) return objects;
  const auto labels = nodes.empty() ? kube::StringMap() : nodes.front()->metadata.labels;
  std::erase_if(objects, [&](const auto& object) { return !may_select(object->spec.nodeSelectors, labels); });
  return objects;
}

}  // namespace

std::string ConfigError::explanation() const {
  auto text = field + ": " + problem;
  if (!remedy.empty()) text += ": " + remedy;
  if (!meanwhile.empty()) text += "; " + meanwhile;
  return text;
}

std::string ConfigError::to_string() const {
  return object + ": " + explanation();
}

Built build(const Resources& resources, const std::set<Party>& recent) {
  Built out;
  auto& errors = out.errors;
  const auto nodes = concerned(resources);
  // The order of the steps is that in which errors are told (controller spec 3.2).
  const auto profiles = build_bfd_profiles(by_age(resources.bfd_profiles), errors);
  out.config.bgp_peers = build_bgp_peers(by_precedence(for_node(resources.bgp_peers, resources, nodes), recent), nodes,
                                         profiles, resources.secrets, errors);
  const auto aliases = build_community_aliases(by_precedence(resources.communities, recent), errors);

  auto pool_objects = by_age(resources.pools);
  auto& pools = out.config.pools;
  pools = build_pools(by_precedence(resources.pools, recent), resources.namespaces, errors);
  for (const auto& object : pool_objects) {
    if (!pools.contains(object->metadata.name)) out.config.broken_pools.insert(object->metadata.name);
  }
  std::erase_if(pool_objects, [&](const auto& object) { return !pools.contains(object->metadata.name); });

  attach_layer2(by_age(resources.l2_advertisements), pool_objects, resources.nodes, pools, errors);
  attach_bgp(by_precedence(for_node(resources.bgp_advertisements, resources, nodes), recent), pool_objects, resources.nodes,
             aliases, pools, errors);
  return out;
}

}  // namespace metallb::config
