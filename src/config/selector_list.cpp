#include "config/selector_list.hpp"

#include <set>
#include <tuple>

namespace metallb::config {
namespace {

using Expression = std::tuple<std::string, std::string, std::vector<std::string>>;

/// D2 and D3 of one selector.
Checked<void> check_expressions(const std::string& field, const kube::LabelSelector& selector) {
  std::set<Expression> seen;
  for (std::size_t i = 0; i < selector.matchExpressions.size(); ++i) {
    const auto& expression = selector.matchExpressions[i];
    const auto place = element(field + ".matchExpressions", i);
    auto values = expression.values;
    std::sort(values.begin(), values.end());
    if (const auto twice = std::adjacent_find(values.begin(), values.end()); twice != values.end()) {
      return std::unexpected(Problem{place + ".values", "duplicate definition of match expression value " + quoted(*twice),
                                     "list the value once"});
    }
    if (!seen.emplace(expression.key, expression.operator_, std::move(values)).second) {
      return std::unexpected(Problem{place, "duplicate definition of match expressions " + quoted(expression.key),
                                     "remove the expression that comes twice"});
    }
  }
  return {};
}

/// "serviceSelectors" of "spec.serviceAllocation.serviceSelectors".
std::string last_part(const std::string& field) {
  return field.substr(field.rfind('.') + 1);
}

}  // namespace

Checked<kube::Selector> compile_one(const std::string& field, const kube::LabelSelector& selector) {
  auto compiled = kube::Selector::compile(selector);
  if (!compiled) {
    return std::unexpected(Problem{
        field, "invalid label selector: " + compiled.error(),
        "use the operators In and NotIn with values, Exists and DoesNotExist without, and valid label keys and values"});
  }
  return *std::move(compiled);
}

Checked<std::vector<kube::Selector>> compile_list(const std::string& field,
                                                  const std::vector<kube::LabelSelector>& selectors) {
  std::vector<kube::Selector> out;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < selectors.size(); ++i) {
    const auto place = element(field, i);
    if (auto checked = check_expressions(place, selectors[i]); !checked) return std::unexpected(checked.error());
    auto compiled = compile_one(place, selectors[i]);
    if (!compiled) return std::unexpected(compiled.error());
    if (const auto text = compiled->to_string(); !seen.insert(text).second) {
      return std::unexpected(Problem{place, "duplicate definition of " + last_part(field) + " " + quoted(text),
                                     "remove the selector that comes twice"});
    }
    out.push_back(*std::move(compiled));
  }
  return out;
}

bool may_select(const std::vector<kube::LabelSelector>& selectors, const kube::StringMap& labels) {
  return selectors.empty() || std::any_of(selectors.begin(), selectors.end(), [&](const auto& selector) {
           const auto compiled = kube::Selector::compile(selector);
           return !compiled || compiled->matches(labels);
         });
}

Checked<void> check_unique(const std::string& field, const std::vector<std::string>& names, const std::string& phrase) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!seen.insert(names[i]).second) {
      return std::unexpected(Problem{element(field, i), "duplicate definition " + phrase + " " + quoted(names[i]),
                                     "list " + quoted(names[i]) + " once"});
    }
  }
  return {};
}

}  // namespace metallb::config
