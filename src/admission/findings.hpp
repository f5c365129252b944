// What is wrong with a set of objects: the one place where admission meets the rules of config/.
#pragma once

#include <string>
#include <vector>

#include "config/build.hpp"

namespace metallb::admission {

/// Everything that is wrong, at most one error for an object; of two in conflict the younger one has it.
[[nodiscard]] std::vector<config::ConfigError> errors_of(const config::Resources& resources);

/// Which references are kept by without_references(): those whose targets are among the objects.
struct Kept {
  bool bfd_profiles = false;
  bool aliases = false;
  std::string secret_of;  ///< the BGPPeer whose Secret is there, if it exists
};
/// The objects without what may point at something that does not exist yet (controller spec 6.2): BFD profiles and Secrets
/// of peers, communities that can only be aliases. So it does not matter in which order a user creates things.
[[nodiscard]] config::Resources without_references(config::Resources resources, const Kept& kept = {});

}  // namespace metallb::admission
