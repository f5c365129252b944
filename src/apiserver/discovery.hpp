// What the server offers: API groups, versions, resources and verbs, as `kubectl api-resources` and client libraries ask for
// it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apiserver/json_access.hpp"
#include "apiserver/kinds.hpp"

namespace metallb::apiserver {

/// The answer for /, /api, /apis, /api/v1, /apis/<group> and /apis/<group>/<version>; absent for other paths.
[[nodiscard]] std::optional<json::object> discover(const Catalogue& kinds, const std::vector<std::string>& segments);
/// The answer for /version.
[[nodiscard]] json::object version_info(const std::string& version);
/// Every group and version served: "v1", "apps/v1" ...; the preferred version of a group comes first.
[[nodiscard]] std::vector<std::string> api_versions(const Catalogue& kinds);

}  // namespace metallb::apiserver
