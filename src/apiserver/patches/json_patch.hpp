// RFC 6902, JavaScript Object Notation (JSON) Patch, with the paths of RFC 6901.
#pragma once

#include "apiserver/error.hpp"

namespace metallb::apiserver {

/// Applies `patch` to `document`. 400 for a patch of the wrong shape, 422 for one that cannot be carried out (a path that is
/// not there, a test that fails); `document` is then unspecified.
[[nodiscard]] Result<void> apply_json_patch(json::value& document, const json::value& patch);

}  // namespace metallb::apiserver
