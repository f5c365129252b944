// IPAddressPools -> pools by name (controller spec 3.3, 3.4 rules P1 to P9, 4.2).
#pragma once

#include <map>
#include <string>

#include "config/build.hpp"

namespace metallb::config {

/// `pools` sorted by name. The prefixes of all pools together are disjoint.
[[nodiscard]] std::expected<std::map<std::string, Pool>, ConfigError> build_pools(
    const Objects<kube::IPAddressPool>& pools, const Objects<kube::Namespace>& namespaces);

}  // namespace metallb::config
