// The types of the compiled-in kinds' members, as far as this server or its users would trip over them, in the form of
// OpenAPI v3. Members that a schema does not name are left alone and kept. (Kinds that definitions made: structural/.)
#pragma once

#include <string>

#include "apiserver/error.hpp"
#include "apiserver/kinds.hpp"

namespace metallb::apiserver {

/// The schema of a compiled-in kind, or null when it has none. "$ref" names one of shared_schemas().
[[nodiscard]] const json::object* builtin_schema(const Kind& kind);
/// Schemas by name that others refer to, such as ObjectMeta.
[[nodiscard]] const json::object& shared_schemas();

/// Which members of `value` have another type. `path` is the field's path so far, empty at the root.
void check_schema(const json::object& schema, const json::value& value, const std::string& path, Causes& causes);

}  // namespace metallb::apiserver
