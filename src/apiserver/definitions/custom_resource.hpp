// What a definition's schemas do to its objects: on their way in, in storage, and on their way out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apiserver/error.hpp"
#include "apiserver/structural/prune.hpp"

namespace metallb::apiserver {

/// An object that was sent in `version`: what the schema does not name is dropped, defaults are filled in. Returns
/// what was dropped, in the order of the paths; 422 when the defaults would fill in too much. A `change` keeps what the
/// object may have from the stored version, where no conversion could save it.
[[nodiscard]] Result<structural::Pruned> take_in(const Kind& kind, std::string_view version, json::object& object,
                                                 bool change);

/// What of an object, in the state that take_in left it, does not fit the version's schema.
[[nodiscard]] Causes check_custom_resource(const Kind& kind, std::string_view version, const json::object& object);

/// A stored object as it is read in `version`: with defaults that came after it was stored (as far as they are not too
/// many), and with this apiVersion. Kinds that no definition made differ in apiVersion only.
[[nodiscard]] json::object as_read(const Kind& kind, std::string_view version, const json::object& stored);

}  // namespace metallb::apiserver
