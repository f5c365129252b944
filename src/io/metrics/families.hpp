// Metric families as values: built from a core's counters when somebody scrapes, so that no number is kept twice.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace metallb::io {

using MetricFamilies = std::vector<prometheus::MetricFamily>;
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

struct MetricSample {
  MetricLabels labels;
  double value = 0;
};
/// A histogram's state: how many observations were at most each bound, how many there were, and their sum.
struct HistogramSample {
  MetricLabels labels;
  std::vector<std::pair<double, std::uint64_t>> cumulative;  ///< (upper bound, count), rising, without +Inf
  std::uint64_t count = 0;
  double sum = 0;
};

[[nodiscard]] prometheus::MetricFamily gauge_family(std::string name, std::string help,
                                                    const std::vector<MetricSample>& samples);
[[nodiscard]] prometheus::MetricFamily counter_family(std::string name, std::string help,
                                                      const std::vector<MetricSample>& samples);
[[nodiscard]] prometheus::MetricFamily histogram_family(std::string name, std::string help,
                                                        const std::vector<HistogramSample>& samples);

/// Prometheus' text format, families sorted by name; a family without samples prints nothing (operations spec 3).
[[nodiscard]] std::string metrics_text(MetricFamilies families);

}  // namespace metallb::io
