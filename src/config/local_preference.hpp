// When two BGPAdvertisements contradict each other (bgp spec 2.4, controller spec 3.4 rule B5).
#pragma once

#include "config/config.hpp"

namespace metallb::config {

/// Both could announce one prefix of `pool` from one node to one peer, with different local preferences. Service selectors
/// are not considered: here it is not known which Services there are.
[[nodiscard]] bool contradict(const BgpAdvertisement& a, const BgpAdvertisement& b, const Pool& pool);

}  // namespace metallb::config
