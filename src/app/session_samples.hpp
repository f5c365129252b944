// Samples of sessions whose labels may coincide: two sessions with one peer (from two addresses of ours, say) are one
// series.
#pragma once

#include <algorithm>
#include <vector>

#include "io/metrics/families.hpp"

namespace metallb::app {

/// What becomes of several values of one series.
enum class Merge : std::uint8_t { kSum, kLeast };

inline void add_sample(std::vector<io::MetricSample>& samples, io::MetricSample sample, Merge merge) {
  const auto same = std::find_if(samples.begin(), samples.end(), [&](const auto& s) { return s.labels == sample.labels; });
  if (same == samples.end()) {
    samples.push_back(std::move(sample));
  } else {
    same->value = merge == Merge::kSum ? same->value + sample.value : std::min(same->value, sample.value);
  }
}

}  // namespace metallb::app
