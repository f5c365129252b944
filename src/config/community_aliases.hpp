// Community objects: aliases for BGP communities (controller spec 3.4, rules C1 and C2).
#pragma once

#include <map>
#include <string>

#include "config/build.hpp"
#include "config/community_value.hpp"

namespace metallb::config {

using CommunityAliases = std::map<std::string, CommunityValue>;

/// `communities` in the order in which they win a conflict. One flat name space over all objects. Of an object with an error
/// none of the aliases counts.
[[nodiscard]] CommunityAliases build_community_aliases(const Objects<kube::Community>& communities,
                                                       std::vector<ConfigError>& errors);

}  // namespace metallb::config
