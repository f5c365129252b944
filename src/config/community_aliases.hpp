// Community objects: aliases for BGP communities (controller spec 3.4, rules C1 and C2).
#pragma once

#include <expected>
#include <map>
#include <string>

#include "config/build.hpp"
#include "config/community_value.hpp"

namespace metallb::config {

using CommunityAliases = std::map<std::string, CommunityValue>;

/// One flat name space over all objects. Apart from build(), for whoever wants to report on Communities alone.
[[nodiscard]] std::expected<CommunityAliases, ConfigError> build_community_aliases(Objects<kube::Community> communities);

}  // namespace metallb::config
