#include "app/speaker_command.hpp"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "app/component.hpp"
#include "app/endpoints.hpp"
#include "app/membership.hpp"
#include "app/membership_metrics.hpp"
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
/// From the stop signal to the end, whatever happens: the pod's grace period is two seconds (operations spec 2.7).
constexpr auto kFarewell = std::chrono::seconds(1);

using SpeakerDriver = io::Driver<speaker::Instance, speaker::Input, speaker::Output>;

/// The core with its driver, between the watches, the packets thread, the membership and the writes.
class SpeakerRuntime {
 public:
  SpeakerRuntime(Component& component, speaker::Options options)
      : component_(component),
        node_name_(options.node_name),
        namespace_(options.namespace_),
        core_(std::move(options), component.log()),
        driver_(component.loop(), core_, [this](speaker::Output& out) { carry_out(out); }),
        farewell_timer_(component.loop()) {}

  /// Fails without the right to open packet sockets, or when the membership's port cannot be bound. Starts to follow the
  /// API afterwards.
  [[nodiscard]] std::expected<void, SystemError> start(std::string exclude_expression,
                                                       const std::optional<MembershipSettings>& membership) {
    auto packets = io::PacketsThread::start(
        component_.loop(), {.exclude_expression = std::move(exclude_expression)},
        {.interfaces_changed =
             [this](std::set<std::string> names) { driver_.feed(speaker::InterfacesChanged{std::move(names)}); },
         .conflict_seen = [this](layer2::ConflictSeen seen) { driver_.feed(std::move(seen)); }},
        component_.log());
    if (!packets) return std::unexpected(packets.error());
    packets_ = std::move(*packets);
    if (membership) {
      if (auto started = join_cluster(*membership); !started) return started;
    }
    component_.before_stop([this](std::function<void()> done) { farewell(std::move(done)); });
    const io::WatchScope own{.namespace_ = namespace_, .label_selector = {}, .field_selector = {}};
    follow<kube::Service>({});
    follow<kube::EndpointSlice>({});
    component_.watch<kube::Node>({}, [this](const kube::Change<kube::Node>& change) {
      driver_.feed(change);
      if (membership_) membership_->node_changed(change);
    });
    follow<kube::Namespace>({});
    follow<kube::ServiceL2Status>({});
    follow<kube::IPAddressPool>(own);
    follow<kube::L2Advertisement>(own);
    follow<kube::BGPPeer>(own);
    follow<kube::BGPAdvertisement>(own);
    follow<kube::BFDProfile>(own);
    follow<kube::Community>(own);
    follow<kube::Secret>(own);
    return {};
  }

  [[nodiscard]] const speaker::Instance& core() const { return core_; }
  [[nodiscard]] const io::PacketsThread& packets() const { return *packets_; }
  /// Null without membership.
  [[nodiscard]] const Membership* membership() const { return membership_.get(); }

 private:
  [[nodiscard]] std::expected<void, SystemError> join_cluster(const MembershipSettings& settings) {
    auto membership = Membership::start(
        component_, node_name_, namespace_, settings,
        {.members_changed = [this](speaker::MembersChanged changed) { driver_.feed(std::move(changed)); },
         .neighbours_changed =
             [this](std::map<MacAddress, std::string> names) { packets_->use_neighbours({.nodes = std::move(names)}); }});
    if (!membership) return std::unexpected(membership.error());
    membership_ = std::move(*membership);
    return {};
  }

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
      } else if (auto* note = std::get_if<kube::EventNote>(&action)) {
        component_.tell(std::move(*note));
      }
    }
    if (farewell_done_) end_when_through();
  }

  /// gossip spec 1.5: the others are told, and every address is answered until its successor is heard; a second at most.
  void farewell(std::function<void()> done) {
    if (!membership_) return done();  // nobody would know that somebody has to take over
    farewell_done_ = std::move(done);
    farewell_timer_.expires_after(kFarewell);
    farewell_timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) end();
    });
    // Where nobody is left who could take over, nobody is waited for.
    successors_ = !membership_->alone();
    membership_->leave([this] {
      left_ = true;
      end_when_through();
    });
    if (successors_) driver_.feed(speaker::Stopping{});
  }

  void end_when_through() {
    if (left_ && (!successors_ || core_.announces_nothing())) end();
  }

  void end() {
    if (auto done = std::exchange(farewell_done_, nullptr)) done();
  }

  Component& component_;
  std::string node_name_;
  std::string namespace_;
  speaker::Instance core_;
  SpeakerDriver driver_;
  std::unique_ptr<io::PacketsThread> packets_;
  std::unique_ptr<Membership> membership_;
  boost::asio::steady_timer farewell_timer_;
  std::function<void()> farewell_done_;  ///< set while this speaker is stopping
  bool successors_ = false;
  bool left_ = false;
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
  if (const auto started = runtime.start(*exclude_expression, settings->membership); !started) {
    return fail(log, {.op = "startup", .error = started.error().to_string(), .msg = "cannot announce from this node"});
  }
  (*endpoints)->add_metrics([&runtime] { return metrics_of(runtime.core(), runtime.packets().report()); });
  if (const auto* membership = runtime.membership()) {
    (*endpoints)->add_metrics([membership] { return membership_metrics(membership->report(), membership->holds()); });
  }
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
