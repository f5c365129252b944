// Time as every core sees it: handed in, never read. Clocks are read in io/ only.
#pragma once

#include <chrono>

namespace metallb {

using Duration = std::chrono::nanoseconds;
using SteadyPoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallPoint = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// The moment of a call into a core. Timers run on `steady`; leases, certificates and API timestamps need `wall`.
struct Now {
  SteadyPoint steady;
  WallPoint wall;
};

/// What next_deadline() returns when there is nothing to wait for.
inline constexpr SteadyPoint kIdle = SteadyPoint::max();

}  // namespace metallb
