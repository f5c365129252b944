// The controller's metrics (operations spec 3.1, 3.2), from a snapshot of its core.
#pragma once

#include "controller/instance.hpp"
#include "io/metrics/families.hpp"

namespace metallb::app {

[[nodiscard]] io::MetricFamilies metrics_of(const controller::Instance& core);

}  // namespace metallb::app
