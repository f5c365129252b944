// The four metallb_k8s_client_* families that controller and speaker share (operations spec 3.1).
#pragma once

#include "io/metrics/families.hpp"

namespace metallb::app {

/// `Metrics` is either core's snapshot: updates_total, update_errors_total, config_loaded, config_stale.
template <class Metrics>
[[nodiscard]] io::MetricFamilies client_families(const Metrics& metrics) {
  const auto one = [](auto value) {
    return std::vector<io::MetricSample>{{.labels = {}, .value = static_cast<double>(value)}};
  };
  return {
      io::counter_family("metallb_k8s_client_updates_total", "Services, configurations and Nodes that were looked at",
                         one(metrics.updates_total)),
      io::counter_family("metallb_k8s_client_update_errors_total", "Of those, the ones that failed",
                         one(metrics.update_errors_total)),
      io::gauge_family("metallb_k8s_client_config_loaded_bool", "1 once a configuration has been loaded",
                       one(metrics.config_loaded)),
      io::gauge_family("metallb_k8s_client_config_stale_bool",
                       "1 while an older configuration than the cluster's is in force", one(metrics.config_stale)),
  };
}

}  // namespace metallb::app
