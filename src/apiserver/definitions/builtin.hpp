// The definitions that are compiled in: deploy/crds, made into JSON by the build.
#pragma once

#include <string_view>

namespace metallb::apiserver {

/// A JSON array of CustomResourceDefinitions.
[[nodiscard]] std::string_view builtin_definitions();

}  // namespace metallb::apiserver
