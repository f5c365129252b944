// Advertisements that cannot both apply (bgp spec 2.4).
#pragma once

#include "config/config.hpp"

namespace metallb::speaker {

/// Could the two advertisements of `pool` make of one address the same prefix with different local preferences, on one node
/// and for one peer? Then they are not compatible. The order of the two does not matter.
[[nodiscard]] bool compatible(const config::Pool& pool, const config::BgpAdvertisement& a,
                              const config::BgpAdvertisement& b);

}  // namespace metallb::speaker
