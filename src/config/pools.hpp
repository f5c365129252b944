// IPAddressPools -> pools by name (controller spec 3.3, 3.4 rules P1 to P9, 4.2).
#pragma once

#include <map>
#include <string>

#include "config/build.hpp"

namespace metallb::config {

/// `pools` in the order in which they win a conflict. The prefixes of all pools together are disjoint.
[[nodiscard]] std::map<std::string, Pool> build_pools(const Objects<kube::IPAddressPool>& pools,
                                                      const Objects<kube::Namespace>& namespaces,
                                                      std::vector<ConfigError>& errors);

}  // namespace metallb::config
