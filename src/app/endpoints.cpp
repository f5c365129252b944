#include "app/endpoints.hpp"

#include <utility>
#include <vector>

#include "io/http/serving_certificate.hpp"
#include "io/metrics/kube_authorizer.hpp"

namespace metallb::app {
namespace {

/// rest_client_requests_total, the one family that every component has beside process_* (operations spec 3.7).
io::MetricFamilies client_metrics(const io::KubeClient& client, const std::string& host) {
  std::vector<io::MetricSample> samples;
  for (const auto& [key, count] : client.request_counts()) {
    samples.push_back(
        {.labels = {{"code", key.first}, {"host", host}, {"method", key.second}}, .value = static_cast<double>(count)});
  }
  return {io::counter_family("rest_client_requests_total", "Requests to the API server by status code and method", samples)};
}

}  // namespace

std::expected<std::unique_ptr<Endpoints>, StartupProblem> Endpoints::open(Component& component, const Options& options) {
  for (const auto& name : options.tls.unavailable) {
    component.log().warn(
        {{"op", "startup"}, {"name", name}, {"msg", "TLS option accepted, but this build's TLS library does not have it"}});
  }
  std::unique_ptr<Endpoints> endpoints(new Endpoints());
  if (options.health_port != 0) {
    auto health = io::HealthEndpoint::start(
        component.loop(), {.address = options.health_address, .port = options.health_port}, component.log());
    if (!health) {
      return std::unexpected(StartupProblem{.op = "startup",
                                            .error = health.error().to_string(),
                                            .msg = "cannot serve health probes (see --health-probe-port)"});
    }
    endpoints->health_ = std::move(*health);
  }
  if (options.metrics_port != 0) {
    auto metrics = io::MetricsEndpoint::start(
        component.loop(),
        {.address = "",
         .port = options.metrics_port,
         .tls = options.tls,
         .certificate_directory = io::metrics_certificate_directory(options.metrics_certificate_directory)},
        io::kube_authorizer(component.client(), component.loop()), component.log());
    if (!metrics) {
      return std::unexpected(
          StartupProblem{.op = "startup", .error = metrics.error().to_string(), .msg = "cannot serve metrics (see --port)"});
    }
    endpoints->metrics_ = std::move(*metrics);
    endpoints->add_metrics([&component] { return client_metrics(component.client(), component.api_host()); });
  }
  return endpoints;
}

void Endpoints::add_metrics(io::MetricsEndpoint::Collector collect) {
  if (metrics_) metrics_->add(std::move(collect));
}

void Endpoints::add_page(std::string path, std::function<std::string()> content) {
  if (health_) health_->add_page(std::move(path), std::move(content));
}

void Endpoints::add_readiness_check(std::string name, io::HealthEndpoint::Ready ready) {
  if (health_) health_->add_readiness_check(std::move(name), std::move(ready));
}

}  // namespace metallb::app
