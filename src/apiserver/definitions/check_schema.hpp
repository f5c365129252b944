// Whether the schema of a definition is structural: every field has a type, what is specified once is specified at one
// place, defaults fit.
#pragma once

#include <string>

#include "apiserver/error.hpp"
#include "apiserver/structural/defaults.hpp"

namespace metallb::apiserver {

/// `path`: of the schema, "spec.versions[0].schema.openAPIV3Schema". `budget`: of the whole definition.
void check_structural_schema(const json::object& schema, const std::string& path, structural::DefaultsBudget& budget,
                             Causes& causes);

}  // namespace metallb::apiserver
