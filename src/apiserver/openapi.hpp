// OpenAPI documents: enough for `kubectl apply`, `create`, `diff` and `explain`, no complete description.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/json_access.hpp"
#include "apiserver/kinds.hpp"

namespace metallb::apiserver {

/// /openapi/v3 lists the groups' documents, /openapi/v3/apis/<group>/<version> is one; absent for others.
[[nodiscard]] std::optional<json::object> openapi_v3(const Catalogue& kinds, const std::vector<std::string>& segments,
                                                     const std::string& server_version);

struct OpenApiV2 {
  std::string content_type;
  std::string body;
};
/// As protobuf when `accept` names it (every kubectl does), else as JSON.
[[nodiscard]] OpenApiV2 openapi_v2(std::string_view accept);

}  // namespace metallb::apiserver
