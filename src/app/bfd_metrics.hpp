// BFD's metrics under the names of the original's FRR mode, and what those lack (bgp spec 5.4).
#pragma once

#include <vector>

#include "bgp/instance.hpp"
#include "io/liveness/bfd_driver.hpp"
#include "io/metrics/families.hpp"
#include "peering/instance.hpp"

namespace metallb::app {

/// Label `peer` is the remote address, for an unnumbered peer its interface, whatever address the neighbour has; `vrf` as
/// for BGP. `peers`: of peering::Instance::peers().
[[nodiscard]] io::MetricFamilies bfd_metrics(const io::BfdReport& report, const std::vector<peering::PeerStatus>& peers,
                                             const bgp::Instance& engine);

}  // namespace metallb::app
