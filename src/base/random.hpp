// Randomness handed to a core with its seed, for jitter and shuffling only. Nonces and keys come from io/.
#pragma once

#include <cstdint>
#include <random>

#include "base/time.hpp"

namespace metallb {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) { return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_); }
  /// Uniform in [0, 1).
  double unit() { return std::uniform_real_distribution<double>(0.0, 1.0)(engine_); }
  /// `base` stretched by up to `fraction` of itself: base * [1, 1 + fraction).
  Duration jittered(Duration base, double fraction) {
    return base + Duration(static_cast<Duration::rep>(static_cast<double>(base.count()) * fraction * unit()));
  }

 private:
  std::minstd_rand engine_;
};

}  // namespace metallb
