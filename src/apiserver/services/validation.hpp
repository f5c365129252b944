// What a real server refuses about a Service.
#pragma once

#include "apiserver/error.hpp"

namespace metallb::apiserver {

/// `service` has its defaults; `before` is null for a create.
[[nodiscard]] Causes validate_service(const json::object& service, const json::object* before);

}  // namespace metallb::apiserver
