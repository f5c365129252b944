// Finds the API server: --kubeconfig, then KUBECONFIG, then in-cluster, then ~/.kube/config (operations spec 2.0).
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "io/kube/kube_client.hpp"

namespace metallb::io {

/// Where to look. Paths instead of the process's own environment, so that tests can point elsewhere.
struct KubeConfigSources {
  std::string flag;          ///< --kubeconfig; empty = not given
  std::string environment;   ///< KUBECONFIG, colon-separated list; empty = not set
  std::string service_host;  ///< KUBERNETES_SERVICE_HOST
  std::string service_port;  ///< KUBERNETES_SERVICE_PORT
  std::string service_account_directory = "/var/run/secrets/kubernetes.io/serviceaccount";
  std::string home;  ///< HOME
};
[[nodiscard]] KubeConfigSources sources_from_environment(std::string flag);
[[nodiscard]] std::expected<KubeEndpoint, SystemError> find_kube_endpoint(const KubeConfigSources& sources);

}  // namespace metallb::io
