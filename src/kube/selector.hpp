// Label selectors, compiled and checked once, then evaluated often.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "kube/objects/meta.hpp"

namespace metallb::kube {

/// A conjunction of requirements on labels; an empty one matches everything.
class Selector {
 public:
  enum class Operator : std::uint8_t { kIn, kNotIn, kExists, kDoesNotExist };
  struct Requirement {
    std::string key;
    Operator op = Operator::kExists;
    std::vector<std::string> values;  ///< sorted
    friend auto operator<=>(const Requirement&, const Requirement&) = default;
    friend bool operator==(const Requirement&, const Requirement&) = default;
  };

  Selector() = default;
  /// Checks operators, keys, values (controller spec rule D4). The error names the offending part.
  [[nodiscard]] static std::expected<Selector, std::string> compile(const LabelSelector& selector);
  /// From query text as kubectl -l sends it: "a=b,c!=d,e in (f,g),h notin (i),j,!k" (and "==").
  [[nodiscard]] static std::expected<Selector, std::string> parse(std::string_view text);

  [[nodiscard]] bool matches(const StringMap& labels) const;
  [[nodiscard]] bool empty() const { return requirements_.empty(); }
  /// Requirements sorted by key in query text form; equal selectors have equal text.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Selector&, const Selector&) = default;

 private:
  std::vector<Requirement> requirements_;  ///< sorted by key, then operator
};

/// A list of selectors is OR-ed everywhere in metallb.io; an empty list matches nothing here, since what "none given" means
/// differs by field.
[[nodiscard]] bool any_matches(const std::vector<Selector>& selectors, const StringMap& labels);

}  // namespace metallb::kube
