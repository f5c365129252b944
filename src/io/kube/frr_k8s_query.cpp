#include "io/kube/frr_k8s_query.hpp"

#include <expected>
#include <utility>

#include "io/kube/pod_list.hpp"

namespace metallb::io {
namespace {

/// Of the daemon's pods, in its manifests and in its chart (operations spec 1.14).
constexpr auto kDaemonLabel = "app.kubernetes.io/component=frr-k8s";
constexpr auto kFrrConfigurations = "/apis/frrk8s.metallb.io/v1beta1/namespaces/";

std::expected<std::string, std::string> daemon_among(const std::expected<std::vector<kube::Pod>, std::string>& pods,
                                                     const std::string& node) {
  if (!pods) return std::unexpected(pods.error());
  for (const auto& pod : *pods) {
    const bool ended = pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
    if (pod.spec.nodeName == node && !ended) return pod.metadata.name;
  }
  return std::string();
}

std::expected<std::string, std::string> configuration_of(const std::expected<KubeResponse, SystemError>& answer,
                                                         const std::string& name) {
  if (!answer) return std::unexpected(answer.error().to_string());
  if (answer->status == 200) return name;
  if (answer->status == 404 || answer->status == 403) return std::string();
  return std::unexpected("HTTP status " + std::to_string(answer->status));
}

}  // namespace

void look_for_frr_k8s(KubeClient& client, const std::string& namespace_, const std::string& node,
                      std::function<void(speaker::FrrK8sSeen)> done) {
  auto and_configuration = [&client, namespace_, node, done = std::move(done)](const auto& pods) {
    const auto name = "metallb-" + node;
    KubeClient::Request request;
    request.target = kFrrConfigurations + namespace_ + "/frrconfigurations/" + name;
    client.request(std::move(request), [daemon = daemon_among(pods, node), name, done](const auto& answer) {
      done({.daemon = daemon, .configuration = configuration_of(answer, name)});
    });
  };
  list_pods(client, namespace_, {.label_selector = kDaemonLabel, .field_selector = "spec.nodeName=" + node},
            std::move(and_configuration));
}

}  // namespace metallb::io
