// Randomness from the kernel: seeds for the cores' generators (base/random.hpp).
#pragma once

#include <cstdint>

namespace metallb::io {

/// 64 bits from getrandom(2). Blocks only at early boot, until the kernel's pool is ready. Any thread.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace metallb::io
