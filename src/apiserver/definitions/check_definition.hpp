// CustomResourceDefinition objects on their way in: defaults, and what must hold before their kinds can be served.
#pragma once

#include "apiserver/error.hpp"

namespace metallb::apiserver {

/// spec.names.singular and listKind, and conversion strategy None.
void default_definition(json::object& definition);

/// `before` is null for a create.
[[nodiscard]] Causes check_definition(const json::object& definition, const json::object* before);

}  // namespace metallb::apiserver
