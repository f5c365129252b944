#include "app/controller_metrics.hpp"

#include <string>
#include <utility>
#include <vector>

#include "app/client_metrics.hpp"

namespace metallb::app {
namespace {

using Statistics = ipam::Allocator::Statistics;

/// One gauge per pool.
template <class Value>
prometheus::MetricFamily per_pool(const ipam::Allocator& allocator, std::string name, std::string help, Value value) {
  std::vector<io::MetricSample> samples;
  for (const auto& pool : allocator.pools()) {
    samples.push_back({.labels = {{"pool", pool}}, .value = static_cast<double>(value(allocator.statistics(pool)))});
  }
  return io::gauge_family(std::move(name), std::move(help), samples);
}

}  // namespace

io::MetricFamilies metrics_of(const controller::Instance& core) {
  auto families = client_families(core.metrics());
  families.push_back(io::gauge_family("metallb_controller_leading", "1 while this replica assigns addresses",
                                      {{.labels = {}, .value = core.leading() ? 1.0 : 0.0}}));
  // Who does not lead keeps no counts. No samples rather than zeros, so that one per pool is left to alert on.
  if (!core.leading()) return families;
  const auto& allocator = core.allocator();
  const auto add = [&](std::string name, std::string help, auto value) {
    families.push_back(per_pool(allocator, "metallb_allocator_" + std::move(name), std::move(help), value));
  };
  add("addresses_total", "Usable addresses of the pool", [](const Statistics& s) { return s.capacity.total(); });
  add("ipv4_addresses_total", "Usable IPv4 addresses of the pool", [](const Statistics& s) { return s.capacity.v4; });
  add("ipv6_addresses_total", "Usable IPv6 addresses of the pool", [](const Statistics& s) { return s.capacity.v6; });
  add("addresses_in_use_total", "Distinct addresses in use", [](const Statistics& s) { return s.in_use.total(); });
  add("ipv4_addresses_in_use_total", "Distinct IPv4 addresses in use", [](const Statistics& s) { return s.in_use.v4; });
  add("ipv6_addresses_in_use_total", "Distinct IPv6 addresses in use", [](const Statistics& s) { return s.in_use.v6; });
  return families;
}

}  // namespace metallb::app
