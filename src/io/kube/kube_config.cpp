#include "io/kube/kube_config.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "io/files.hpp"
#include "io/kube/kubeconfig_file.hpp"
#include "io/kube/tls_client.hpp"

namespace metallb::io {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> out;
  for (;;) {
    const auto colon = list.find(':');
    if (const auto entry = list.substr(0, colon); !entry.empty()) out.emplace_back(entry);
    if (colon == std::string_view::npos) return out;
    list.remove_prefix(colon + 1);
  }
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::unexpected<SystemError> in_cluster_error(std::string object, std::string detail) {
  return std::unexpected(SystemError{
      .operation = "read in-cluster configuration", .object = std::move(object), .code = {}, .detail = std::move(detail)});
}

std::expected<KubeEndpoint, SystemError> in_cluster(const KubeConfigSources& sources) {
  KubeEndpoint out;
  out.host = sources.service_host;
  // Some set it as in a URL.
  if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
  out.port = sources.service_port;
  const auto in_folder = [&](const char* name) { return sources.service_account_directory + "/" + name; };

  out.token_file = in_folder("token");
  if (!read_text_file(out.token_file)) {
    return in_cluster_error(out.token_file,
                            "cannot be read; let the pod mount its service account token "
                            "(automountServiceAccountToken), or give --kubeconfig");
  }
  // Without the file the system's certificates decide, as in other clients; one that is there must be good.
  const auto ca_file = in_folder("ca.crt");
  if (auto ca = read_text_file(ca_file)) {
    out.ca_pem = *std::move(ca);
    const auto context = make_tls_client_context(out);
    if (out.ca_pem.empty() || !context) {
      return in_cluster_error(ca_file,
                              "holds no usable PEM certificate; check the ConfigMap kube-root-ca.crt of the namespace");
    }
  }
  out.namespace_ = trimmed(read_text_file(in_folder("namespace")).value_or(""));
  return out;
}

}  // namespace

KubeConfigSources sources_from_environment(std::string flag) {
  KubeConfigSources out;
  out.flag = std::move(flag);
  out.environment = variable("KUBECONFIG");
  out.service_host = variable("KUBERNETES_SERVICE_HOST");
  out.service_port = variable("KUBERNETES_SERVICE_PORT");
  out.home = variable("HOME");
  return out;
}

std::expected<KubeEndpoint, SystemError> find_kube_endpoint(const KubeConfigSources& sources) {
  if (!sources.flag.empty()) return endpoint_from_kubeconfig({sources.flag});
  if (const auto files = split_list(sources.environment); !files.empty()) return endpoint_from_kubeconfig(files);

  const auto home_file = sources.home.empty() ? std::string() : sources.home + "/.kube/config";
  const bool have_home = !home_file.empty() && exists(home_file);
  if (!sources.service_host.empty() && !sources.service_port.empty()) {
    auto found = in_cluster(sources);
    // Somebody inside a pod without a token may have configured a file instead.
    if (found || !have_home) return found;
  }
  if (have_home) return endpoint_from_kubeconfig({home_file});
  return std::unexpected(
      SystemError{.operation = "find",
                  .object = "the API server",
                  .code = {},
                  .detail = "there is no kubeconfig and this is no pod; give --kubeconfig=<file> or set KUBECONFIG"});
}

}  // namespace metallb::io
