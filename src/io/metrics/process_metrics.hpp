// What Prometheus' own client libraries say about their process: process_cpu_seconds_total and its kin (operations
// spec 3.7).
#pragma once

#include "io/metrics/families.hpp"

namespace metallb::io {

/// Read from /proc at the time of the call. A file that cannot be read leaves its metrics out.
[[nodiscard]] MetricFamilies process_metrics();

}  // namespace metallb::io
