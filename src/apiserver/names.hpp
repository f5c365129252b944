// Rules for names, label keys and label values (RFC 1123 and RFC 1035 names as Kubernetes uses them).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "apiserver/error.hpp"
#include "apiserver/kinds.hpp"

namespace metallb::apiserver {

/// What is wrong with a name, in Kubernetes' words; absent when it is fine.
[[nodiscard]] std::optional<std::string> name_problem(NameRule rule, std::string_view name);
/// Names, labels, annotations, finalizers and owner references of `object`, whose metadata is an object.
[[nodiscard]] Causes validate_metadata(const Kind& kind, const json::object& object);

}  // namespace metallb::apiserver
