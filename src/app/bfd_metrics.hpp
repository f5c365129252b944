// BFD's metrics under the names of the original's FRR mode, and what those lack (bgp spec 5.4).
#pragma once

#include "io/liveness/bfd_driver.hpp"
#include "io/metrics/families.hpp"

namespace metallb::app {

/// Label `peer` is the remote address, `vrf` as for BGP.
[[nodiscard]] io::MetricFamilies bfd_metrics(const io::BfdReport& report);

}  // namespace metallb::app
