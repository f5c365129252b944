#include "app/controller_command.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "app/advice.hpp"
#include "app/component.hpp"
#include "app/configuration_report.hpp"
#include "app/controller_metrics.hpp"
#include "app/controller_options.hpp"
#include "app/endpoints.hpp"
#include "app/leader_election.hpp"
#include "app/membership_secret.hpp"
#include "app/version.hpp"
#include "app/webhooks.hpp"
#include "base/cases.hpp"
#include "controller/instance.hpp"
#include "io/driver.hpp"
#include "io/kube/kube_client.hpp"
#include "io/log_sink.hpp"

namespace metallb::app {
namespace {

using ControllerDriver = io::Driver<controller::Instance, controller::Input, controller::Output>;

/// The core with its driver, between the watches, the writes and the election.
class ControllerRuntime {
 public:
  ControllerRuntime(Component& component, const ControllerOptions& options, const ControllerSettings& settings,
                    const kube::Pod& pod)
      : component_(component),
        report_(component, report_options(settings.namespace_, pod.metadata)),
        advice_(component, {.namespace_ = settings.namespace_, .mandate = !options.leader_elect},
                [this](config::Advisor::Output& out) {
                  for (auto& action : out) carry_out(action);
                }),
        core_({.namespace_ = settings.namespace_, .lb_class = options.lb_class, .leads = !options.leader_elect},
              component.log()),
        driver_(component.loop(), core_,
                [this](controller::Output& out) {
                  for (auto& action : out) carry_out(action);
                }),
        writer_(component.writer([this] { return !election_ || election_->may_write(); })) {
    auto& services = follow<kube::Service>();
    auto& namespaces = follow<kube::Namespace>();
    auto& pools = share<kube::IPAddressPool>();
    share<kube::Community>();
    report_.rely_on(pools, std::string(kube::resource_of<kube::IPAddressPool>().plural));
    report_.rely_on(namespaces, std::string(kube::resource_of<kube::Namespace>().plural));
    if (!options.leader_elect) return;
    report_.mandate(false);
    election_.emplace(component, ObjectKey{settings.namespace_, "metallb-controller"}, pod,
                      [this, &services, &namespaces, &pools](bool leads) {
                        if (leads) {
                          for (auto* watch : {&services, &namespaces, &pools}) watch->list_anew();
                        }
                        driver_.feed(controller::Leading{leads});
                        report_.mandate(leads);
                        advice_.feed(config::Mandate{leads});
                      });
    component.before_stop([this](auto done) { election_->resign(std::move(done)); });
  }

  [[nodiscard]] const controller::Instance& core() const { return core_; }

 private:
  static config::StateReport::Options report_options(const std::string& namespace_, const kube::ObjectMeta& pod) {
    auto out = config::StateReport::controller(namespace_);
    out.pod_name = pod.name;
    out.pod_uid = pod.uid;
    return out;
  }

  template <class T>
  io::KubeWatch& follow() {
    return component_.watch<T>({}, [this](const kube::Change<T>& change) { driver_.feed(change); });
  }

  /// The core and advice look at the same objects. (To the core only those of its namespace count.)
  template <class T>
  io::KubeWatch& share() {
    return component_.watch<T>(advice_.shared_scope(), [this](const kube::Change<T>& change) {
      driver_.feed(change);
      advice_.feed(change);
    });
  }

  template <class... Actions>
  void carry_out(std::variant<Actions...>& action) {
    std::visit(Cases{[this](kube::Write& write) {
                       if (election_) election_->write_begins();
                       writer_->submit(std::move(write), [this](kube::WriteDone done) {
                         driver_.feed(std::move(done));
                         if (election_) election_->write_ended();
                       });
                     },
                     [this](config::Conclusion& conclusion) { report_.conclude(std::move(conclusion)); },
                     [this](config::Warnings& warnings) { report_.warn(std::move(warnings)); },
                     [this](kube::EventNote& note) {
                       // Else it decided after its time, as a process does that was paused: that comes to nothing.
                       if (!election_ || election_->may_write()) component_.tell(std::move(note));
                     }},
               action);
  }

  Component& component_;
  ConfigurationReport report_;
  AdviceRuntime advice_;
  controller::Instance core_;
  ControllerDriver driver_;
  std::unique_ptr<io::KubeWriter> writer_;
  std::optional<LeaderElectionRuntime> election_;
};

int run(const ControllerOptions& options, const Log& log) {
  log_banner(log, "controller");
  const auto settings = prepare_controller(options, file_reader());
  if (!settings) return fail(log, settings.error());
  for (const auto& flag : accepted_without_effect(options)) {
    log.info({{"op", "startup"}, {"flag", flag}, {"msg", "flag accepted, but this build does not have its feature"}});
  }
  auto component =
      Component::create({.event_source = "metallb-controller", .instance = "", .kubeconfig = options.kubeconfig}, log);
  if (!component) return fail(log, component.error());
  auto endpoints = Endpoints::open(**component, {.health_address = "",
                                                 .health_port = settings->health_port,
                                                 .metrics_port = settings->metrics_port,
                                                 .tls = settings->tls,
                                                 .metrics_certificate_directory = options.metrics_cert_dir});
  if (!endpoints) return fail(log, endpoints.error());
  kube::Pod own_pod;
  if (!options.pod_name.empty()) {
    auto pod = (*component)->own_pod(settings->namespace_, options.pod_name);
    if (!pod) return fail(log, pod.error());
    own_pod = *std::move(pod);
  }
  // Before anything else: as long as nothing answers, the API server refuses changes, and old BGPPeers cannot be read.
  std::unique_ptr<Webhooks> webhooks;
  if (settings->serve_webhooks) {
    webhooks = std::make_unique<Webhooks>(**component, Webhooks::Options{.namespace_ = settings->namespace_,
                                                                         .tls = settings->tls,
                                                                         .rotate = !options.disable_cert_rotation,
                                                                         .secret = options.webhook_secret,
                                                                         .service = options.cert_service_name,
                                                                         .certificate_directory = options.cert_dir});
    (*endpoints)->add_readiness_check("webhooks", [&served = *webhooks] { return served.listening(); });
  }
  // In webhook mode onlywebhook another process assigns the addresses.
  std::unique_ptr<ControllerRuntime> runtime;
  if (settings->allocate) {
    runtime = std::make_unique<ControllerRuntime>(**component, options, *settings, own_pod);
    (*endpoints)->add_metrics([&core = runtime->core()] { return metrics_of(core); });
  }
  std::unique_ptr<MembershipSecretRuntime> membership_secret;
  if (!options.ml_secret_name.empty()) {
    membership_secret = std::make_unique<MembershipSecretRuntime>(
        **component, controller::MembershipSecret::Options{.secret = {settings->namespace_, options.ml_secret_name},
                                                           .deployment = options.deployment,
                                                           .value = new_membership_secret()});
  }
  log.info({{"op", "Run"}, {"msg", "Starting Manager"}});
  return (*component)->run();
}

}  // namespace

int run_controller(int argc, const char* const* argv) {
  const auto options = parse_controller_options(argc, argv, process_environment());
  if (!options) return finish(options.error());
  io::JsonLogSink sink(options->log_level);
  return run(*options, Log(sink));
}

}  // namespace metallb::app
