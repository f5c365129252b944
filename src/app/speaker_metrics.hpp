// The speaker's metrics (operations spec 3.1, 3.3), from snapshots of its core and of the packets thread.
#pragma once

#include "io/metrics/families.hpp"
#include "io/packets/packets_thread.hpp"
#include "speaker/instance.hpp"

namespace metallb::app {

[[nodiscard]] io::MetricFamilies metrics_of(const speaker::Instance& core, const io::PacketsReport& packets);

}  // namespace metallb::app
