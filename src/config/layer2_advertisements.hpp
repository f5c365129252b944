// L2Advertisements attached to the pools they name or select (controller spec 3.3, 3.4 rules A1 to A3).
#pragma once

#include <map>
#include <string>

#include "config/build.hpp"

namespace metallb::config {

/// Resolves every advertisement against the nodes and attaches it to its pools. `pools` holds a pool for each of
/// `pool_objects`. Unknown pool names are ignored; an advertisement that says the same as one already attached is dropped
/// unless either carries preference scores.
void attach_layer2(const Objects<kube::L2Advertisement>& advertisements, const Objects<kube::IPAddressPool>& pool_objects,
                   const Objects<kube::Node>& nodes, std::map<std::string, Pool>& pools, std::vector<ConfigError>& errors);

}  // namespace metallb::config
