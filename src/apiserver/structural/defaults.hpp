// Defaulting: members that are missing, or null where that is no value, get what the schema says.
#pragma once

#include <cstddef>

#include "apiserver/json_access.hpp"

namespace metallb::apiserver::structural {

/// How much defaults may still fill in, in about the bytes that it takes. Defaults within the defaults of lists multiply: a
/// schema of a few kilobytes may stand for more than any memory.
struct DefaultsBudget {
  /// More than a real server could store.
  static constexpr std::size_t kOfOneObject = 4U << 20U;

  std::size_t left = kOfOneObject;
};

/// Fills in the defaults, those within defaults too, then drops the nulls that are left where the schema allows none. False
/// when the budget does not suffice: then only some were filled in, and the budget is spent.
[[nodiscard]] bool apply_defaults(const json::object& schema, json::value& value, DefaultsBudget& budget);

}  // namespace metallb::apiserver::structural
