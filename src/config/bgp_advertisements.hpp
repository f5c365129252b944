// BGPAdvertisements attached to the pools they name or select (bgp spec 2.1, 2.4; controller spec 3.3, 3.4 rules A1, A2, B1
// to B6, C3, C4).
#pragma once

#include <map>
#include <string>

#include "config/build.hpp"
#include "config/community_aliases.hpp"

namespace metallb::config {

/// Resolves every advertisement against nodes and aliases, checks it against the addresses and the other advertisements of
/// its pools, and attaches it to all of them, or to none. `advertisements` in the order in which they win a conflict;
/// `pools` holds a pool for each of `pool_objects`. Unknown names of pools and peers are ignored.
void attach_bgp(const Objects<kube::BGPAdvertisement>& advertisements, const Objects<kube::IPAddressPool>& pool_objects,
                const Objects<kube::Node>& nodes, const CommunityAliases& aliases, std::map<std::string, Pool>& pools,
                std::vector<ConfigError>& errors);

}  // namespace metallb::config
