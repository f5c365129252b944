// What each kind does to an object on its way in: fields that the server owns, defaults, checks.
#pragma once

#include "apiserver/error.hpp"
#include "apiserver/registry.hpp"

namespace metallb::apiserver {

/// 400 unless the types of metadata, and of a compiled-in kind's other members, fit.
[[nodiscard]] Result<void> check_types(const Kind& kind, std::string_view version, const json::object& object);

/// A new object, with its metadata done: drops what only the server may set, fills in defaults (a custom resource has its
/// own).
void prepare_create(const Kind& kind, std::string_view version, json::object& object);
/// A whole new state through the main resource: status stays as it was, where the kind has a status subresource.
void prepare_update(const Kind& kind, std::string_view version, json::object& after, const json::object& before);
/// A new state through the status subresource: all but the status (and for built-in kinds the metadata) stays as it was.
void prepare_status_update(const Kind& kind, json::object& after, const json::object& before);

/// Everything about the content, which came in `version`; `before` is null for a create. 422.
[[nodiscard]] Result<void> validate(const Kind& kind, std::string_view version, const json::object& after,
                                    const json::object* before);

/// True when something outside metadata differs, and outside status, where that is a subresource.
[[nodiscard]] bool spec_changed(const Kind& kind, std::string_view version, const json::object& after,
                                const json::object& before);

}  // namespace metallb::apiserver
