// When it is, in tests of parts in which no time passes.
#pragma once

#include <chrono>

#include "base/time.hpp"

namespace metallb::gossip::test {

inline constexpr SteadyPoint kNow{std::chrono::hours(1)};

}  // namespace metallb::gossip::test
