// The controller's command line and environment (operations spec 2.1).
#pragma once

#include <cstdint>
#include <expected>
#include <set>
#include <string>
#include <vector>

#include "app/outcome.hpp"
#include "app/startup.hpp"
#include "base/log.hpp"
#include "io/http/tls_profile.hpp"

namespace metallb::app {

struct ControllerOptions {
  std::string program;  ///< argv[0]
  std::int64_t port = 9120;
  std::string namespace_;
  std::string ml_secret_name;
  std::string deployment;
  LogLevel log_level = LogLevel::kInfo;
  std::string pprof_bind_address;
  std::int64_t health_probe_port = 17472;
  bool disable_cert_rotation = false;
  std::string cert_dir = "/tmp/k8s-webhook-server/serving-certs";
  std::string cert_service_name = "metallb-webhook-service";
  std::string lb_class;
  std::string webhook_mode = "enabled";
  std::string webhook_secret = "metallb-webhook-cert";
  std::string pod_name;
  bool webhook_http2 = false;
  TlsFlags tls;
  std::string metrics_cert_dir;
  std::string kubeconfig;
  bool leader_elect = true;
  std::string bgp_type = "native";  ///< METALLB_BGP_TYPE
  std::set<std::string> given;      ///< flags that the user set, on the command line or by a non-empty variable
};

/// What the checks made of the options; nothing in it can be wrong any more.
struct ControllerSettings {
  io::TlsProfile tls;
  std::string namespace_;
  std::uint16_t metrics_port = 0;  ///< 0: no metrics
  std::uint16_t health_port = 0;   ///< 0: no probes
  bool allocate = true;            ///< false in webhook mode onlywebhook
  bool serve_webhooks = true;      ///< false in webhook mode disabled
};

/// Flags and log level. A mistake ends with exit code 2 and the usage, an unknown log level with exit code 1 and one line on
/// standard output.
[[nodiscard]] std::expected<ControllerOptions, EarlyExit> parse_controller_options(int argc, const char* const* argv,
                                                                                   const Environment& environment);

/// The fatal combinations, in the original's order (operations spec 2.7): to be called after the banner was logged.
[[nodiscard]] std::expected<ControllerSettings, StartupProblem> prepare_controller(const ControllerOptions& options,
                                                                                   const FileReader& read);

/// Flags that the user gave and whose feature this build does not have, sorted.
[[nodiscard]] std::vector<std::string> accepted_without_effect(const ControllerOptions& options);

}  // namespace metallb::app
