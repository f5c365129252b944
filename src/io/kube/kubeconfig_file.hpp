// kubeconfig files: contexts, clusters and users in YAML, one file or several that complement each other.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "io/kube/kube_client.hpp"

namespace metallb::io {

/// The endpoint of the current context. Of several files the first that names a cluster, user or context (or sets the
/// current context) counts; a missing one is skipped as long as another is there. Paths in a file are relative to its
/// folder. The error names file, field and remedy.
[[nodiscard]] std::expected<KubeEndpoint, SystemError> endpoint_from_kubeconfig(const std::vector<std::string>& files);

/// Fills host, port, base path and tls from a URL such as "https://[fd00::1]:6443/k8s/clusters/c-1". The error says what
/// is wrong with it.
[[nodiscard]] std::expected<void, std::string> set_server_url(KubeEndpoint& endpoint, const std::string& url);

}  // namespace metallb::io
