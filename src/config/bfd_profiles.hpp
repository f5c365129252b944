// BFDProfiles by name (bgp spec 1.3, controller spec 3.4 rules F1 to F3).
#pragma once

#include <map>
#include <string>

#include "config/build.hpp"

namespace metallb::config {

using BfdProfiles = std::map<std::string, BfdProfile>;

/// `profiles` in the order in which they win a conflict. One that no peer names is checked all the same.
[[nodiscard]] BfdProfiles build_bfd_profiles(const Objects<kube::BFDProfile>& profiles, std::vector<ConfigError>& errors);

}  // namespace metallb::config
