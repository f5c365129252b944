// A broken rule before it is known which object it was found in; build() and the parts of it pass these upwards.
#pragma once

#include <algorithm>
#include <expected>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "config/build.hpp"
#include "kube/resource.hpp"

namespace metallb::config {

struct Problem {
  std::string field;
  std::string problem;
  std::string remedy;
  bool transient = false;  ///< see ConfigError
  /// Kind and name of the object in conflict or missing, of the same namespace.
  std::optional<std::pair<std::string, std::string>> other = {};
  std::optional<Fault> of_other = {};  ///< see ConfigError
};

template <class T>
using Checked = std::expected<T, Problem>;

/// Names the object that `problem` was found in.
template <class T>
[[nodiscard]] ConfigError blame(std::string kind, const T& object, Problem problem) {
  auto key = object.metadata.key();
  auto name = kind + " " + key.to_string();
  std::optional<Party> other;
  if (problem.other) {
    other = Party{std::move(problem.other->first), {key.namespace_, std::move(problem.other->second)}};
  }
  return {.object = std::move(name),
          .field = std::move(problem.field),
          .problem = std::move(problem.problem),
          .remedy = std::move(problem.remedy),
          .kind = std::move(kind),
          .key = std::move(key),
          .transient = problem.transient,
          .other = std::move(other),
          .of_other = std::move(problem.of_other),
          .left_out = true,
          .meanwhile = {}};
}

/// Go's %q, as the original prints names and values in its messages.
[[nodiscard]] inline std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

/// "spec.addresses" and 2 give "spec.addresses[2]".
[[nodiscard]] inline std::string element(const std::string& field, std::size_t index) {
  return field + "[" + std::to_string(index) + "]";
}

/// The oldest object first, then by name: nothing depends on the order in which they were listed, and of two in conflict
/// the one that came later is refused, also after a restart.
template <class T>
[[nodiscard]] Objects<T> by_age(Objects<T> objects) {
  std::sort(objects.begin(), objects.end(), [](const auto& a, const auto& b) {
    const auto& x = a->metadata;
    const auto& y = b->metadata;
    return std::tie(x.creationTimestamp, x.name, x.namespace_, x.uid) <
           std::tie(y.creationTimestamp, y.name, y.namespace_, y.uid);
  });
  return objects;
}

/// The order in which objects win a conflict: by age, and those that are `recent` after all others (see build()).
template <class T>
[[nodiscard]] Objects<T> by_precedence(Objects<T> objects, const std::set<Party>& recent) {
  const std::string kind(kube::resource_of<T>().kind);
  Objects<T> out;
  Objects<T> later;
  for (auto& object : by_age(std::move(objects))) {
    auto& place = recent.contains({kind, object->metadata.key()}) ? later : out;
    place.push_back(std::move(object));
  }
  out.insert(out.end(), later.begin(), later.end());
  return out;
}

}  // namespace metallb::config
