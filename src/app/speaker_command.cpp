#include "app/speaker_command.hpp"

#include <optional>
#include <string>
#include <utility>

#include "app/bfd_metrics.hpp"
#include "app/bgp_metrics.hpp"
#include "app/bgp_view.hpp"
#include "app/component.hpp"
#include "app/endpoints.hpp"
#include "app/membership_metrics.hpp"
#include "app/speaker_metrics.hpp"
#include "app/speaker_options.hpp"
#include "app/speaker_runtime.hpp"
#include "app/version.hpp"
#include "io/clock.hpp"
#include "io/log_sink.hpp"
#include "io/packets/packets_thread.hpp"
#include "speaker/instance.hpp"

namespace metallb::app {
namespace {

constexpr auto kExcludeFile = "/etc/metallb/excludel2.yaml";
/// The own pod as owner of status objects; nothing when the pod's name was not given.
std::expected<std::optional<speaker::PodIdentity>, StartupProblem> identity(Component& component,
                                                                            const std::string& namespace_,
                                                                            const std::string& pod_name) {
  if (pod_name.empty()) return std::nullopt;
  const auto pod = component.own_pod(namespace_, pod_name);
  if (!pod) return std::unexpected(pod.error());
  return speaker::PodIdentity{.name = pod->metadata.name, .uid = pod->metadata.uid};
}

void log_membership(const std::optional<MembershipSettings>& membership, const SpeakerOptions& options, const Log& log) {
  if (!membership) {
    // The original's words for it: people search for them. It tells them in two lines, too (gossip spec 1.1).
    log.info({{"op", "startup"},
              {"msg", "not starting fast dead node detection (memberlist)"},
              {"reason", options.ml_labels.empty() ? "no labels of the speakers' pods: see --ml-labels (METALLB_ML_LABELS)"
                                                   : "no address: see --ml-bindaddr (METALLB_ML_BIND_ADDR)"}});
    log.info({{"op", "startup"}, {"msg", "memberlist disabled: every Node of the API counts as a speaker that is alive"}});
    return;
  }
  if (!membership->timing_file.empty()) {
    log.info({{"op", "startup"}, {"path", membership->timing_file}, {"msg", "memberlist configuration read from a file"}});
  }
  if (membership->secret.empty()) {
    log.warn({{"op", "startup"},
              {"msg",
               "no secret for the membership (--ml-secret-key-path): its traffic is not encrypted, and anybody on "
               "the network can declare nodes dead"}});
  }
}

int run(const SpeakerOptions& options, const Log& log) {
  log_banner(log, "speaker");
  const auto settings = prepare_speaker(options, file_reader());
  if (!settings) return fail(log, settings.error());
  for (const auto& flag : accepted_without_effect(options)) {
    log.info({{"op", "startup"}, {"flag", flag}, {"msg", "flag accepted, but this build does not have its feature"}});
  }
  log_membership(settings->membership, options, log);
  const auto exclude_expression = io::read_exclude_expression(kExcludeFile);
  if (!exclude_expression) {
    return fail(log, {.op = "startup",
                      .error = exclude_expression.error().to_string(),
                      .msg = "cannot use the list of excluded interfaces"});
  }
  auto component = Component::create(
      {.event_source = "metallb-speaker",
       .instance = settings->node_name,
       .kubeconfig = options.kubeconfig,
       // deviation: the original's first SIGQUIT leaves a speaker that announces, but hears of nobody any more.
       .quit = io::StopSignals::Quit::kStops},
      log);
  if (!component) return fail(log, component.error());
  auto endpoints = Endpoints::open(**component, {.health_address = "127.0.0.1",
                                                 .health_port = settings->health_port,
                                                 .metrics_port = settings->metrics_port,
                                                 .tls = settings->tls,
                                                 .metrics_certificate_directory = options.metrics_cert_dir});
  if (!endpoints) return fail(log, endpoints.error());
  auto pod = identity(**component, settings->namespace_, options.pod_name);
  if (!pod) return fail(log, pod.error());

  SpeakerRuntime runtime(**component, {.node_name = settings->node_name,
                                       .namespace_ = settings->namespace_,
                                       .pod = std::move(*pod),
                                       .lb_class = options.lb_class,
                                       .ignore_exclude_lb = options.ignore_exclude_lb});
  const auto started = runtime.start({.exclude_expression = *exclude_expression,
                                      .arp_in_kernel = options.arp_in_kernel,
                                      .membership = settings->membership,
                                      .frr_k8s_namespace = settings->frrk8s_namespace,
                                      .allow_frr_k8s = options.allow_frr_k8s,
                                      .unnumbered_ipv4 = options.unnumbered_ipv4});
  if (!started) {
    return fail(log, {.op = "startup", .error = started.error().to_string(), .msg = "cannot announce from this node"});
  }
  (*endpoints)->add_metrics([&runtime] { return metrics_of(runtime.core(), runtime.packets().report()); });
  if (const auto* membership = runtime.membership()) {
    (*endpoints)->add_metrics([membership] { return membership_metrics(membership->report(), membership->holds()); });
  }
  (*endpoints)->add_metrics([&runtime] { return bgp_metrics(runtime.bgp().engine(), io::now().steady); });
  (*endpoints)->add_metrics([&runtime] {
    const auto& bgp = runtime.bgp();
    return bfd_metrics(bgp.bfd(), bgp.peering().peers(), bgp.engine());
  });
  (*endpoints)->add_page("/bgp", [&runtime] {
    const auto& bgp = runtime.bgp();
    return bgp_view(bgp.engine(), bgp.peering(), bgp.bfd(), runtime.core().bgp().routes().disputes(), io::now().steady);
  });
  log.info({{"op", "Run"}, {"msg", "Starting Manager"}});
  return (*component)->run();
}

}  // namespace

int run_speaker(int argc, const char* const* argv) {
  const auto options = parse_speaker_options(argc, argv, process_environment());
  if (!options) return finish(options.error());
  io::JsonLogSink sink(options->log_level);
  return run(*options, Log(sink));
}

}  // namespace metallb::app
