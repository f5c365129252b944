// A small reader of structural schemas (the part of OpenAPI v3 that custom resource definitions use): types, required
// members, ranges, enumerations, defaults. Members that a schema does not name are left alone and kept.
#pragma once

#include <string>

#include "apiserver/error.hpp"
#include "apiserver/kinds.hpp"

namespace metallb::apiserver {

/// The schema of a kind in one served version, or null when it has none. "$ref" names one of shared_schemas().
[[nodiscard]] const json::object* schema_of(const Kind& kind, std::string_view version);
/// Schemas by name that others refer to: LabelSelector, Condition, ObjectMeta.
[[nodiscard]] const json::object& shared_schemas();

/// What of `value` does not fit. `path` is the field's path so far, empty at the root.
void check_schema(const json::object& schema, const json::value& value, const std::string& path, Causes& causes);
/// Sets the members that are missing and have a default.
void apply_schema_defaults(const json::object& schema, json::value& value);

}  // namespace metallb::apiserver
