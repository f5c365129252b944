#include "app/speaker_command.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "app/component.hpp"
#include "app/endpoints.hpp"
#include "app/speaker_metrics.hpp"
#include "app/speaker_options.hpp"
#include "app/version.hpp"
#include "io/driver.hpp"
#include "io/log_sink.hpp"
#include "io/packets/packets_thread.hpp"
#include "speaker/instance.hpp"

namespace metallb::app {
namespace {

constexpr auto kExcludeFile = "/etc/metallb/excludel2.yaml";

using SpeakerDriver = io::Driver<speaker::Instance, speaker::Input, speaker::Output>;

/// The core with its driver, between the watches, the packets thread and the writes.
class SpeakerRuntime {
 public:
  SpeakerRuntime(Component& component, speaker::Options options)
      : component_(component),
        namespace_(options.namespace_),
        core_(std::move(options), component.log()),
        driver_(component.loop(), core_, [this](speaker::Output& out) { carry_out(out); }) {}

  /// Fails without the right to open packet sockets. Starts to follow the API afterwards.
  [[nodiscard]] std::expected<void, SystemError> start(std::string exclude_expression) {
    auto packets = io::PacketsThread::start(
        component_.loop(), {.exclude_expression = std::move(exclude_expression)},
        {.interfaces_changed =
             [this](std::set<std::string> names) { driver_.feed(speaker::InterfacesChanged{std::move(names)}); }},
        component_.log());
    if (!packets) return std::unexpected(packets.error());
    packets_ = std::move(*packets);
    const io::WatchScope own{.namespace_ = namespace_, .label_selector = {}, .field_selector = {}};
    follow<kube::Service>({});
    follow<kube::EndpointSlice>({});
    follow<kube::Node>({});
    follow<kube::Namespace>({});
    follow<kube::ServiceL2Status>({});
    follow<kube::IPAddressPool>(own);
    follow<kube::L2Advertisement>(own);
    follow<kube::Community>(own);
    return {};
  }

  [[nodiscard]] const speaker::Instance& core() const { return core_; }
  [[nodiscard]] const io::PacketsThread& packets() const { return *packets_; }

 private:
  template <class T>
  void follow(io::WatchScope scope) {
    component_.watch<T>(std::move(scope), [this](const kube::Change<T>& change) { driver_.feed(change); });
  }

  void carry_out(speaker::Output& out) {
    for (auto& action : out) {
      if (auto* command = std::get_if<layer2::Command>(&action)) {
        packets_->send(std::move(*command));
      } else if (auto* write = std::get_if<kube::Write>(&action)) {
        component_.write(std::move(*write), [this](kube::WriteDone done) { driver_.feed(std::move(done)); });
      } else {
        component_.tell(std::move(std::get<kube::EventNote>(action)));
      }
    }
  }

  Component& component_;
  std::string namespace_;
  speaker::Instance core_;
  SpeakerDriver driver_;
  std::unique_ptr<io::PacketsThread> packets_;
};

/// The own pod as owner of status objects; nothing when the pod's name was not given.
std::expected<std::optional<speaker::PodIdentity>, StartupProblem> identity(Component& component,
                                                                            const std::string& namespace_,
                                                                            const std::string& pod_name) {
  if (pod_name.empty()) return std::nullopt;
  const auto pod = component.own_pod(namespace_, pod_name);
  if (!pod) return std::unexpected(pod.error());
  return speaker::PodIdentity{.name = pod->metadata.name, .uid = pod->metadata.uid};
}

int run(const SpeakerOptions& options, const Log& log) {
  log_banner(log, "speaker");
  const auto settings = prepare_speaker(options, file_reader());
  if (!settings) return fail(log, settings.error());
  for (const auto& flag : accepted_without_effect(options)) {
    log.info({{"op", "startup"}, {"flag", flag}, {"msg", "flag accepted, but this build does not have its feature"}});
  }
  // The original's words for it: people search for them.
  log.info({{"op", "startup"},
            {"msg", "not starting fast dead node detection (memberlist): every Node of the API counts as a speaker"}});
  if (options.bgp_type != "native") {
    log.warn({{"op", "startup"},
              {"variable", "METALLB_BGP_TYPE"},
              {"value", options.bgp_type},
              {"msg", "this build announces in layer 2 mode only: BGP peers and advertisements are not looked at"}});
  }
  const auto exclude_expression = io::read_exclude_expression(kExcludeFile);
  if (!exclude_expression) {
    return fail(log, {.op = "startup",
                      .error = exclude_expression.error().to_string(),
                      .msg = "cannot use the list of excluded interfaces"});
  }
  auto component = Component::create(
      {.event_source = "metallb-speaker", .instance = settings->node_name, .kubeconfig = options.kubeconfig}, log);
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
  if (const auto started = runtime.start(*exclude_expression); !started) {
    return fail(log, {.op = "startup", .error = started.error().to_string(), .msg = "cannot announce from this node"});
  }
  (*endpoints)->add_metrics([&runtime] { return metrics_of(runtime.core(), runtime.packets().report()); });
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
