// Keeps the kinds in step with the CustomResourceDefinitions among the objects: which names are accepted, what their
// statuses say, what is served.
#pragma once

#include "apiserver/registry.hpp"

namespace metallb::apiserver {

class Definitions {
 public:
  explicit Definitions(Registry& registry) : registry_(registry) {}

  /// Takes up what was written or removed since the last call: nothing, usually. `now` becomes the time of what the statuses
  /// say newly.
  void settle(WallPoint now);

 private:
  Registry& registry_;
};

/// The definitions that a cluster has from its first day, those of the metallb.io kinds (deploy/crds). `created` becomes
/// their time of creation; to be settled.
void add_builtin_definitions(Registry& registry, const std::string& created);

}  // namespace metallb::apiserver
