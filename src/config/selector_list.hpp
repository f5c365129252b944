// Lists of label selectors in custom resources (controller spec 3.4, rules D1 to D4).
#pragma once

#include <string>
#include <vector>

#include "config/problem.hpp"
#include "kube/selector.hpp"

namespace metallb::config {

/// Compiles every selector of spec field `field` ("spec.nodeSelectors") in the order given. Refuses selectors that say the
/// same (D1), an expression that comes twice in a selector (D2), a value that comes twice in an expression (D3), and
/// selectors that mean nothing (D4).
[[nodiscard]] Checked<std::vector<kube::Selector>> compile_list(const std::string& field,
                                                                const std::vector<kube::LabelSelector>& selectors);

/// D4 alone, for selectors that may repeat.
[[nodiscard]] Checked<kube::Selector> compile_one(const std::string& field, const kube::LabelSelector& selector);

/// Whether objects with `labels` are selected: the list is empty, or one of it matches. True as well where a selector of it
/// means nothing: then the object that has the list is to be read, and its error told.
[[nodiscard]] bool may_select(const std::vector<kube::LabelSelector>& selectors, const kube::StringMap& labels);

/// Refuses a name that is listed twice (rules P8, A1, B1); the phrase names the last part of `field`.
[[nodiscard]] Checked<void> check_unique(const std::string& field, const std::vector<std::string>& names,
                                         const std::string& phrase);

}  // namespace metallb::config
