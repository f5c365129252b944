// What the code under test asks of the heap: tells whether a length that only promises bytes is taken at its word.
#pragma once

#include <cstddef>

namespace metallb::gossip::test {

/// Whether this build can tell: allocations are seen by the hook of a sanitizer. Without one, the figure stays 0.
[[nodiscard]] bool allocations_are_seen();

/// The largest single allocation since the last call of forget_allocations(), in bytes.
[[nodiscard]] std::size_t largest_allocation();
void forget_allocations();

}  // namespace metallb::gossip::test
