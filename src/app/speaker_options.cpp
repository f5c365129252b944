#include "app/speaker_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace metallb::app {
namespace {

constexpr std::array<std::string_view, 3> kBgpTypes = {"native", "frr", "frr-k8s"};

void add_flags(FlagSet& flags, SpeakerOptions& o, std::string& log_level) {
  flags.boolean("arp-in-kernel", o.arp_in_kernel, "answer ARP in the kernel where that is possible and permitted");
  flags.text("namespace", o.namespace_, "namespace of the configuration; empty: the Pod's own");
  flags.text("host", o.host, "without effect, for old command lines");
  flags.text("ml-bindaddr", o.ml_bindaddr, "address for the speakers' membership; empty: every node is taken for a member");
  flags.text("ml-bindport", o.ml_bindport, "port for the speakers' membership; empty: 7946");
  flags.text("ml-labels", o.ml_labels, "labels of the speakers' Pods; empty: every node is taken for a member");
  flags.text("ml-secret-key-path", o.ml_secret_key_path, "directory with the file secretkey for the membership");
  flags.text("ml-config-path", o.ml_config_path, "file with the membership's timing, which replaces the whole profile");
  flags.boolean("ml-watch-ring", o.ml_watch_ring, "notice a dead node within a quarter of a second");
  flags.boolean("ml-wan-config", o.ml_wan_config, "slower membership, for speakers that are far from each other");
  flags.text("node-name", o.node_name, "name of the node this program runs on");
  flags.text("pod-name", o.pod_name, "name of the Pod this program runs in");
  flags.integer("port", o.port, "HTTPS port of the metrics, on all addresses; 0: no metrics");
  flags.text("log-level", log_level, "all, debug, info, warn, error or none");
  flags.text("pprof-bind-address", o.pprof_bind_address, "address for profiling; empty: none");
  flags.integer("health-probe-port", o.health_probe_port, "HTTP port of /healthz and /readyz, on 127.0.0.1");
  flags.text("lb-class", o.lb_class, "handle only Services of this load balancer class; empty: those without one");
  flags.boolean("ignore-exclude-lb", o.ignore_exclude_lb, "announce from nodes that are excluded from load balancers too");
  flags.text("bgp-debounce-timeout", o.bgp_debounce_timeout,
             "without effect: changes go out at once; must be a positive number");
  flags.text("frrk8s-namespace", o.frrk8s_namespace, "where frr-k8s is looked for; empty: the configuration's namespace");
  flags.boolean("frrk8s-secret-passthrough", o.frrk8s_secret_passthrough, "without effect, for old command lines");
  flags.boolean("allow-frr-k8s", o.allow_frr_k8s, "speak BGP also where frr-k8s runs on the node");
  flags.boolean("unnumbered-ipv4", o.unnumbered_ipv4,
                "peer over IPv4 on interfaces of 30 or 31 bits where no router advertisement comes");
  add_tls_flags(flags, o.tls);
  flags.text("metrics-cert-dir", o.metrics_cert_dir, "directory with tls.crt and tls.key for the metrics");
  flags.text("kubeconfig", o.kubeconfig, "how to reach the API server; empty: KUBECONFIG, or the Pod's service account");
}

/// A variable that is no name of the original's: on and off, as well as what a boolean flag takes. Empty counts as not set.
std::expected<void, EarlyExit> take_switch(const Environment& environment, const char* variable, bool& value,
                                           const char* flag, std::set<std::string>& given) {
  const auto text = environment(variable);
  if (!text || text->empty()) return {};
  const auto on = *text == "on" || *text == "off" ? std::expected<bool, std::string>(*text == "on") : parse_boolean(*text);
  if (!on) {
    const auto message = std::string(variable) + " must be on or off, not \"" + *text + "\"\n";
    return std::unexpected(EarlyExit{.code = kExitUsage, .output = {}, .errors = message});
  }
  value = *on;
  given.insert(flag);
  return {};
}

}  // namespace

std::optional<std::int64_t> parse_decimal(const std::string& text) {
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

std::expected<SpeakerOptions, EarlyExit> parse_speaker_options(int argc, const char* const* argv,
                                                               const Environment& environment) {
  SpeakerOptions options;
  options.program = argc > 0 ? argv[0] : "speaker";
  take_default(environment, "METALLB_NAMESPACE", options.namespace_, "namespace", options.given);
  take_default(environment, "METALLB_HOST", options.host, "host", options.given);
  take_default(environment, "METALLB_ML_BIND_ADDR", options.ml_bindaddr, "ml-bindaddr", options.given);
  take_default(environment, "METALLB_ML_BIND_PORT", options.ml_bindport, "ml-bindport", options.given);
  take_default(environment, "METALLB_ML_LABELS", options.ml_labels, "ml-labels", options.given);
  take_default(environment, "METALLB_ML_SECRET_KEY_PATH", options.ml_secret_key_path, "ml-secret-key-path", options.given);
  take_default(environment, "METALLB_NODE_NAME", options.node_name, "node-name", options.given);
  take_default(environment, "METALLB_POD_NAME", options.pod_name, "pod-name", options.given);
  take_default(environment, "FRRK8S_NAMESPACE", options.frrk8s_namespace, "frrk8s-namespace", options.given);
  // An empty variable counts as not set here: the original falls back to its default.
  if (const auto debounce = environment("METALLB_BGP_DEBOUNCE_TIMEOUT"); debounce && !debounce->empty()) {
    options.bgp_debounce_timeout = *debounce;
    options.given.insert("bgp-debounce-timeout");
  }
  for (const auto& taken :
       {take_switch(environment, "METALLB_ARP_IN_KERNEL", options.arp_in_kernel, "arp-in-kernel", options.given),
        take_switch(environment, "METALLB_ML_WATCH_RING", options.ml_watch_ring, "ml-watch-ring", options.given)}) {
    if (!taken) return std::unexpected(taken.error());
  }
  options.bgp_type = environment("METALLB_BGP_TYPE").value_or(options.bgp_type);
  std::string log_level = "info";
  FlagSet flags;
  add_flags(flags, options, log_level);
  const auto level = finish_parsing(flags, options.program, argc, argv, log_level, options.given);
  if (!level) return std::unexpected(level.error());
  options.log_level = *level;
  return options;
}

std::expected<SpeakerSettings, StartupProblem> prepare_speaker(const SpeakerOptions& options, const FileReader& read) {
  SpeakerSettings settings;
  auto tls = check_tls(options.tls);
  if (!tls) return std::unexpected(tls.error());
  settings.tls = std::move(*tls);

  const auto debounce = parse_decimal(options.bgp_debounce_timeout);
  if (!debounce || *debounce <= 0) {
    return startup_problem("invalid value \"" + options.bgp_debounce_timeout + "\"",
                           "--bgp-debounce-timeout must be a positive number of milliseconds");
  }

  auto namespace_name = find_namespace(options.namespace_, read);
  if (!namespace_name) return std::unexpected(namespace_name.error());
  settings.namespace_ = std::move(*namespace_name);
  if (options.node_name.empty())
    return startup_problem("no node name", "--node-name or METALLB_NODE_NAME must name this node");
  settings.node_name = options.node_name;
  settings.frrk8s_namespace = options.frrk8s_namespace.empty() ? settings.namespace_ : options.frrk8s_namespace;

  auto membership = prepare_membership(options, read);
  if (!membership) return std::unexpected(membership.error());
  settings.membership = std::move(*membership);

  if (options.frrk8s_secret_passthrough && (options.bgp_type != "frr-k8s" || options.frrk8s_namespace.empty())) {
    return startup_problem("secret passthrough needs the BGP type frr-k8s and its namespace",
                           "--frrk8s-secret-passthrough goes with METALLB_BGP_TYPE=frr-k8s and --frrk8s-namespace only");
  }
  if (std::ranges::find(kBgpTypes, options.bgp_type) == kBgpTypes.end()) {
    return startup_problem("unknown BGP type \"" + options.bgp_type + "\"",
                           "METALLB_BGP_TYPE is one of native, frr, frr-k8s", kExitUsage);
  }
  const auto metrics = check_port("port", options.port);
  if (!metrics) return std::unexpected(metrics.error());
  settings.metrics_port = *metrics;
  const auto health = check_port("health-probe-port", options.health_probe_port);
  if (!health) return std::unexpected(health.error());
  settings.health_port = *health;
  return settings;
}

std::vector<std::string> accepted_without_effect(const SpeakerOptions& options) {
  return intersection(options.given, {"bgp-debounce-timeout", "frrk8s-secret-passthrough", "host", "pprof-bind-address"});
}

}  // namespace metallb::app
