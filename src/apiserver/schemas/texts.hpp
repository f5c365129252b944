// The schemas as text, one file per API group.
#pragma once

#include <string_view>

namespace metallb::apiserver::schemas {

/// An object whose members are schemas that others refer to.
[[nodiscard]] std::string_view shared();
/// An object with one member per kind of the built-in groups: only what this server or its users would trip over.
[[nodiscard]] std::string_view builtin();
/// An object with one member per metallb.io kind; "BGPPeer.v1beta1" is the older version's (controller spec section 1).
[[nodiscard]] std::string_view metallb();

}  // namespace metallb::apiserver::schemas
