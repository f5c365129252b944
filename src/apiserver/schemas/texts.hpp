// The schemas of the compiled-in kinds, as text.
#pragma once

#include <string_view>

namespace metallb::apiserver::schemas {

/// An object whose members are schemas that others refer to.
[[nodiscard]] std::string_view shared();
/// An object with one member per kind of the built-in groups: only what this server or its users would trip over.
[[nodiscard]] std::string_view builtin();

}  // namespace metallb::apiserver::schemas
