#include "app/controller_options.hpp"

namespace metallb::app {
namespace {

void add_flags(FlagSet& flags, ControllerOptions& o, std::string& log_level) {
  flags.integer("port", o.port, "HTTPS port of the metrics, on all addresses; 0: no metrics");
  flags.text("namespace", o.namespace_, "namespace of the configuration; empty: the Pod's own");
  flags.text("ml-secret-name", o.ml_secret_name, "secret for the speakers' membership, made when missing; empty: not made");
  flags.text("deployment", o.deployment, "Deployment that owns the membership secret");
  flags.text("log-level", log_level, "all, debug, info, warn, error or none");
  flags.text("pprof-bind-address", o.pprof_bind_address, "address for profiling; empty: none");
  flags.integer("health-probe-port", o.health_probe_port, "HTTP port of /healthz and /readyz, on all addresses");
  flags.boolean("disable-cert-rotation", o.disable_cert_rotation, "leave the webhook's certificates to somebody else");
  flags.text("cert-dir", o.cert_dir, "directory of the webhook's certificate, when it is not rotated");
  flags.text("cert-service-name", o.cert_service_name, "Service whose name stands in the webhook's certificate");
  flags.text("lb-class", o.lb_class, "handle only Services of this load balancer class; empty: those without one");
  flags.boolean("leader-elect", o.leader_elect, "of several replicas only one assigns addresses: whoever holds the Lease");
  flags.text("webhook-mode", o.webhook_mode, "enabled, disabled, or onlywebhook");
  flags.text("webhook-secret", o.webhook_secret, "secret that holds the webhook's certificate");
  flags.text("pod-name", o.pod_name, "name of the Pod this program runs in");
  flags.boolean("webhook-http2", o.webhook_http2, "accepted: webhooks are served over HTTP/1.1, which every API server speaks");
  add_tls_flags(flags, o.tls);
  flags.text("metrics-cert-dir", o.metrics_cert_dir, "directory with tls.crt and tls.key for the metrics");
  flags.text("kubeconfig", o.kubeconfig, "how to reach the API server; empty: KUBECONFIG, or the Pod's service account");
}

}  // namespace

std::expected<ControllerOptions, EarlyExit> parse_controller_options(int argc, const char* const* argv,
                                                                     const Environment& environment) {
  ControllerOptions options;
  options.program = argc > 0 ? argv[0] : "controller";
  take_default(environment, "METALLB_NAMESPACE", options.namespace_, "namespace", options.given);
  take_default(environment, "METALLB_ML_SECRET_NAME", options.ml_secret_name, "ml-secret-name", options.given);
  take_default(environment, "METALLB_DEPLOYMENT", options.deployment, "deployment", options.given);
  take_default(environment, "METALLB_POD_NAME", options.pod_name, "pod-name", options.given);
  options.bgp_type = environment("METALLB_BGP_TYPE").value_or(options.bgp_type);
  std::string log_level = "info";
  FlagSet flags;
  add_flags(flags, options, log_level);
  const auto level = finish_parsing(flags, options.program, argc, argv, log_level, options.given);
  if (!level) return std::unexpected(level.error());
  options.log_level = *level;
  return options;
}

std::expected<ControllerSettings, StartupProblem> prepare_controller(const ControllerOptions& options,
                                                                     const FileReader& read) {
  ControllerSettings settings;
  auto tls = check_tls(options.tls);
  if (!tls) return std::unexpected(tls.error());
  settings.tls = std::move(*tls);
  auto namespace_name = find_namespace(options.namespace_, read);
  if (!namespace_name) return std::unexpected(namespace_name.error());
  settings.namespace_ = std::move(*namespace_name);
  const auto& mode = options.webhook_mode;
  if (mode != "enabled" && mode != "disabled" && mode != "onlywebhook") {
    return std::unexpected(StartupProblem{.op = "startup",
                                          .error = "unknown webhook mode \"" + mode + "\"",
                                          .msg = "--webhook-mode is one of enabled, disabled, onlywebhook"});
  }
  settings.allocate = mode != "onlywebhook";
  settings.serve_webhooks = mode != "disabled";
  const auto metrics = check_port("port", options.port);
  if (!metrics) return std::unexpected(metrics.error());
  settings.metrics_port = *metrics;
  const auto health = check_port("health-probe-port", options.health_probe_port);
  if (!health) return std::unexpected(health.error());
  settings.health_port = *health;
  return settings;
}

std::vector<std::string> accepted_without_effect(const ControllerOptions& options) {
  return intersection(options.given, {"pprof-bind-address"});
}

}  // namespace metallb::app
