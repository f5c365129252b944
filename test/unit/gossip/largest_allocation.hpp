// What the code under test asks of the heap: tells whether a length that only promises bytes is taken at its word.
#pragma once

#include <cstddef>

namespace metallb::gossip::test {

/// The largest single allocation since the last call of forget_allocations(), in bytes.
[[nodiscard]] std::size_t largest_allocation();
void forget_allocations();

}  // namespace metallb::gossip::test
