#include "config/build.hpp"

#include "config/community_aliases.hpp"
#include "config/layer2_advertisements.hpp"
#include "config/pools.hpp"
#include "config/problem.hpp"

namespace metallb::config {

std::string ConfigError::to_string() const {
  auto text = object + ": " + field + ": " + problem;
  return remedy.empty() ? text : text + ": " + remedy;
}

std::expected<Config, ConfigError> build(const Resources& resources) {
  // The order of the steps decides which of several errors is reported (controller spec 3.2).
  const auto aliases = build_community_aliases(resources.communities);
  if (!aliases) return std::unexpected(aliases.error());

  const auto pool_objects = by_name(resources.pools);
  auto pools = build_pools(pool_objects, resources.namespaces);
  if (!pools) return std::unexpected(pools.error());

  const auto attached = attach_layer2(by_name(resources.l2_advertisements), pool_objects, resources.nodes, *pools);
  if (!attached) return std::unexpected(attached.error());

  Config out;
  out.pools = *std::move(pools);
  return out;
}

}  // namespace metallb::config
