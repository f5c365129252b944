// Validation of values against a structural schema, in the words of a real API server.
#pragma once

#include <string>

#include "apiserver/error.hpp"

namespace metallb::apiserver::structural {

/// What of `value` does not fit. `path` is the field's path so far, empty at the root. CEL rules
/// (x-kubernetes-validations) are not evaluated.
void validate(const json::object& schema, const json::value& value, const std::string& path, Causes& causes);

}  // namespace metallb::apiserver::structural
