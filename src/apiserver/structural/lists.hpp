// Lists that are sets or maps (x-kubernetes-list-type): no element twice.
#pragma once

#include <string>

#include "apiserver/error.hpp"

namespace metallb::apiserver::structural {

/// Duplicates of elements in sets and of keys in maps, anywhere in `value`, which fits the schema's types.
void check_lists(const json::object& schema, const json::value& value, const std::string& path, Causes& causes);

}  // namespace metallb::apiserver::structural
