// Ranges and multiples of numbers.
#pragma once

#include <string>

#include "apiserver/error.hpp"
#include "apiserver/structural/node.hpp"

namespace metallb::apiserver::structural {

/// True for whole numbers, however they are written (2, 2.0, 2e3).
[[nodiscard]] bool is_whole(const json::value& value);
[[nodiscard]] bool is_positive(const json::value& number);
/// minimum, maximum, their exclusive forms, multipleOf, and the range of the formats int32 and int64.
void check_number(const Node& node, const json::value& value, const std::string& path, Causes& causes);

}  // namespace metallb::apiserver::structural
