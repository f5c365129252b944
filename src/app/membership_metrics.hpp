// The membership's metrics; the original has none for it.
#pragma once

#include "io/liveness/gossip_driver.hpp"
#include "io/metrics/families.hpp"

namespace metallb::app {

/// `held`: elections wait.
[[nodiscard]] io::MetricFamilies membership_metrics(const io::GossipReport& report, bool held);

}  // namespace metallb::app
