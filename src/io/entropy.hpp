// Randomness from the kernel: seeds for the cores' generators (base/random.hpp), nonces.
#pragma once

#include <cstdint>
#include <span>

namespace metallb::io {

/// 64 bits from getrandom(2). Blocks only at early boot, until the kernel's pool is ready. Any thread.
[[nodiscard]] std::uint64_t random_seed();
/// Likewise, at most 256 bytes (the kernel gives so many in one piece).
void fill_random(std::span<std::uint8_t> bytes);

}  // namespace metallb::io
