// Pruning: what a structural schema does not name is not kept.
#pragma once

#include <string>
#include <vector>

#include "apiserver/json_access.hpp"

namespace metallb::apiserver::structural {

/// What was removed: the first paths ("spec.ports[0].prot"), and how many more there were.
struct Pruned {
  static constexpr std::size_t kMostPaths = 100;

  std::vector<std::string> paths;
  std::size_t more = 0;

  void add(const std::string& parent, std::string_view name);
};

/// Removes the members of a resource that its schema does not name; apiVersion, kind and metadata stay.
Pruned prune(const json::object& schema, json::object& resource);

}  // namespace metallb::apiserver::structural
