// Lengths, patterns and formats of strings.
#pragma once

#include <string>
#include <string_view>

#include "apiserver/error.hpp"
#include "apiserver/structural/node.hpp"
#include "apiserver/structural/patterns.hpp"

namespace metallb::apiserver::structural {

/// minLength and maxLength, counted in characters; pattern (RE2, which need not match the whole); format.
void check_text(const Node& node, std::string_view text, const std::string& path, Patterns& patterns, Causes& causes);
/// What is wrong with a pattern; empty when nothing is.
[[nodiscard]] std::string pattern_problem(const std::string& pattern);

}  // namespace metallb::apiserver::structural
