// The listeners of controller and speaker: health probes and metrics, each on its port or switched off.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "app/component.hpp"
#include "app/outcome.hpp"
#include "io/http/health.hpp"
#include "io/http/tls_profile.hpp"
#include "io/metrics/metrics_endpoint.hpp"

namespace metallb::app {

class Endpoints {
 public:
  struct Options {
    std::string health_address;      ///< empty: all addresses
    std::uint16_t health_port = 0;   ///< 0: no probes
    std::uint16_t metrics_port = 0;  ///< 0: no metrics
    io::TlsProfile tls;
    std::string metrics_certificate_directory;  ///< the flag's value
  };
  /// Listens from now on. A port in use is a start-up problem.
  static std::expected<std::unique_ptr<Endpoints>, StartupProblem> open(Component& component, const Options& options);

  /// `collect` must stay callable until the loop has ended.
  void add_metrics(io::MetricsEndpoint::Collector collect);
  /// On the listener of the health probes; as above.
  void add_page(std::string path, std::function<std::string()> content);
  void add_readiness_check(std::string name, io::HealthEndpoint::Ready ready);

 private:
  Endpoints() = default;
  std::unique_ptr<io::HealthEndpoint> health_;
  std::unique_ptr<io::MetricsEndpoint> metrics_;
};

}  // namespace metallb::app
