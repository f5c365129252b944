// How long things may take: the numbers that the invariants hold the cluster to. docs/simulation.md lists them.
#pragma once

#include <cstddef>

#include "base/time.hpp"

namespace metallb::sim {

/// From a single death in a quiet cluster of ours to the new owner (issue: 350 ms at up to 5 % loss each way, 600 ms at up
/// to 20 %).
[[nodiscard]] Duration fast_bound(double loss);

/// What gossip alone needs, with the original's timing: `survivors` of `members` notice that others are gone (gossip spec
/// 6, 7.4, 9). Chosen so that it is exceeded once in 10^6 cases.
[[nodiscard]] Duration classical_bound(std::size_t members, std::size_t survivors);

/// Until all tables and owners agree after the last fault has ended: what was missed is found out by gossip, by the next
/// round of joins (each minute), in which every address that does not answer costs its dialler `tcp_timeout`.
[[nodiscard]] Duration settling_bound(std::size_t members, std::size_t survivors, std::size_t unreachable);

/// Beyond the round trip: from the first frame that one of two owners sees of the other to the withdrawal (failover spec 6).
inline constexpr Duration kConflictBound = std::chrono::milliseconds(50);

}  // namespace metallb::sim
