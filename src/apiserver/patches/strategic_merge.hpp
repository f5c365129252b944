// Strategic-merge patches: merge patches that know which lists are sets or maps (patchMergeKey), with the directives $patch,
// $retainKeys, $deleteFromPrimitiveList and $setElementOrder. Behaviour as Kubernetes' design documents describe it.
#pragma once

#include "apiserver/error.hpp"

namespace metallb::apiserver {

/// Applies `patch` to an object of the built-in kind `kind`. 400 for a patch that cannot be understood.
[[nodiscard]] Result<void> apply_strategic_merge(const Kind& kind, json::object& document, const json::object& patch);

}  // namespace metallb::apiserver
