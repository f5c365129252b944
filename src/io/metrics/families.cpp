#include "io/metrics/families.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>

namespace metallb::io {
namespace {

std::vector<prometheus::ClientMetric::Label> labels_of(const MetricLabels& labels) {
  std::vector<prometheus::ClientMetric::Label> out;
  out.reserve(labels.size());
  for (const auto& [name, value] : labels) out.push_back({.name = name, .value = value});
  return out;
}

prometheus::MetricFamily family(std::string name, std::string help, prometheus::MetricType type) {
  return {.name = std::move(name), .help = std::move(help), .type = type, .metric = {}};
}

}  // namespace

prometheus::MetricFamily gauge_family(std::string name, std::string help, const std::vector<MetricSample>& samples) {
  auto out = family(std::move(name), std::move(help), prometheus::MetricType::Gauge);
  for (const auto& sample : samples) {
    auto& metric = out.metric.emplace_back();
    metric.label = labels_of(sample.labels);
    metric.gauge.value = sample.value;
  }
  return out;
}

prometheus::MetricFamily counter_family(std::string name, std::string help, const std::vector<MetricSample>& samples) {
  auto out = family(std::move(name), std::move(help), prometheus::MetricType::Counter);
  for (const auto& sample : samples) {
    auto& metric = out.metric.emplace_back();
    metric.label = labels_of(sample.labels);
    metric.counter.value = sample.value;
  }
  return out;
}

prometheus::MetricFamily histogram_family(std::string name, std::string help, const std::vector<HistogramSample>& samples) {
  auto out = family(std::move(name), std::move(help), prometheus::MetricType::Histogram);
  for (const auto& sample : samples) {
    auto& metric = out.metric.emplace_back();
    metric.label = labels_of(sample.labels);
    metric.histogram.sample_count = sample.count;
    metric.histogram.sample_sum = sample.sum;
    for (const auto& [bound, count] : sample.cumulative) {
      metric.histogram.bucket.push_back({.cumulative_count = count, .upper_bound = bound});
    }
    metric.histogram.bucket.push_back(
        {.cumulative_count = sample.count, .upper_bound = std::numeric_limits<double>::infinity()});
  }
  return out;
}

std::string metrics_text(MetricFamilies families) {
  std::erase_if(families, [](const prometheus::MetricFamily& f) { return f.metric.empty(); });
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace metallb::io
