// A broken rule before it is known which object it was found in; build() and the parts of it pass these upwards.
#pragma once

#include <algorithm>
#include <expected>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "config/build.hpp"

namespace metallb::config {

struct Problem {
  std::string field;
  std::string problem;
  std::string remedy;
  bool transient = false;  ///< see ConfigError
};

template <class T>
using Checked = std::expected<T, Problem>;

/// Names the object that `problem` was found in.
template <class T>
[[nodiscard]] ConfigError blame(std::string kind, const T& object, Problem problem) {
  auto key = object.metadata.key();
  auto name = kind + " " + key.to_string();
  return {.object = std::move(name),
          .field = std::move(problem.field),
          .problem = std::move(problem.problem),
          .remedy = std::move(problem.remedy),
          .kind = std::move(kind),
          .key = std::move(key),
          .transient = problem.transient};
}

/// Go's %q, as the original prints names and values in its messages.
[[nodiscard]] inline std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

/// "spec.addresses" and 2 give "spec.addresses[2]".
[[nodiscard]] inline std::string element(const std::string& field, std::size_t index) {
  return field + "[" + std::to_string(index) + "]";
}

/// The objects ordered by name, so that nothing depends on the order in which they were listed.
template <class T>
[[nodiscard]] Objects<T> by_name(Objects<T> objects) {
  std::sort(objects.begin(), objects.end(), [](const auto& a, const auto& b) {
    return std::tie(a->metadata.name, a->metadata.namespace_, a->metadata.uid) <
           std::tie(b->metadata.name, b->metadata.namespace_, b->metadata.uid);
  });
  return objects;
}

}  // namespace metallb::config
