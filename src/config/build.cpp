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

std::string ConfigError::to_string() const {
  auto text = object + ": " + field + ": " + problem;
  return remedy.empty() ? text : text + ": " + remedy;
}

std::expected<Config, ConfigError> build(const Resources& resources) {
  // The order of the steps decides which of several errors is reported (controller spec 3.2).
  const auto profiles = build_bfd_profiles(by_name(resources.bfd_profiles));
  if (!profiles) return std::unexpected(profiles.error());

  const auto nodes = concerned(resources);
  auto peers =
      build_bgp_peers(by_name(for_node(resources.bgp_peers, resources, nodes)), nodes, *profiles, resources.secrets);
  if (!peers) return std::unexpected(peers.error());

  const auto aliases = build_community_aliases(resources.communities);
  if (!aliases) return std::unexpected(aliases.error());

  const auto pool_objects = by_name(resources.pools);
  auto pools = build_pools(pool_objects, resources.namespaces);
  if (!pools) return std::unexpected(pools.error());

  auto attached = attach_layer2(by_name(resources.l2_advertisements), pool_objects, resources.nodes, *pools);
  if (!attached) return std::unexpected(attached.error());
  attached = attach_bgp(by_name(for_node(resources.bgp_advertisements, resources, nodes)), pool_objects, resources.nodes,
                        *aliases, *pools);
  if (!attached) return std::unexpected(attached.error());

  Config out;
  out.pools = *std::move(pools);
  out.bgp_peers = *std::move(peers);
  return out;
}

}  // namespace metallb::config
