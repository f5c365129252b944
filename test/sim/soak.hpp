// A cluster left in peace on a lossy network: no live, reachable member may ever be taken for dead, and no address may
// change its owner.
#pragma once

#include <cstdint>

#include "sim/scenario.hpp"

namespace metallb::sim {

struct SoakPlan {
  std::size_t members = 4;
  Duration length = std::chrono::hours(24);
  double loss = 0.05;
  std::uint64_t seed = 1;
};

/// Ends with the first violation.
[[nodiscard]] Outcome soak(const SoakPlan& plan);

}  // namespace metallb::sim
