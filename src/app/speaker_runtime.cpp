#include "app/speaker_runtime.hpp"

#include <chrono>
#include <map>
#include <set>
#include <variant>

#include "app/speaker_scopes.hpp"

namespace metallb::app {
namespace {

/// From the stop signal to the end, whatever happens: the pod's grace period is two seconds (operations spec 2.7).
constexpr auto kFarewell = BgpMode::kFarewell + std::chrono::milliseconds(100);
/// Of these, for the successors of announced addresses.
constexpr auto kSuccession = std::chrono::seconds(1);

config::StateReport::Options report_options(const speaker::Options& options) {
  auto out = config::StateReport::speaker(options.namespace_, options.node_name);
  if (options.pod) {
    out.pod_name = options.pod->name;
    out.pod_uid = options.pod->uid;
  }
  return out;
}

}  // namespace

SpeakerRuntime::SpeakerRuntime(Component& component, speaker::Options options)
    : component_(component),
      node_name_(options.node_name),
      namespace_(options.namespace_),
      report_(component, report_options(options)),
      core_(std::move(options), component.log()),
      driver_(component.loop(), core_, [this](speaker::Output& out) { carry_out(out); }),
      farewell_timer_(component.loop()),
      succession_timer_(component.loop()) {}

std::expected<void, SystemError> SpeakerRuntime::start(const Options& options) {
  if (auto started = start_packets(options); !started) return started;
  if (options.membership) {
    if (auto joined = join_cluster(*options.membership); !joined) return joined;
  }
  if (auto started = start_bgp(options); !started) return started;
  liveness_.start();
  component_.before_stop([this](std::function<void()> done) { farewell(std::move(done)); });
  follow_api();
  return {};
}

std::expected<void, SystemError> SpeakerRuntime::start_packets(const Options& options) {
  auto packets = io::PacketsThread::start(
      component_.loop(), {.exclude_expression = options.exclude_expression, .arp_in_kernel = options.arp_in_kernel},
      {.interfaces_changed =
           [this](std::set<std::string> names) { driver_.feed(speaker::InterfacesChanged{std::move(names)}); },
       .conflict_seen = [this](layer2::ConflictSeen seen) { driver_.feed(std::move(seen)); }},
      component_.log());
  if (!packets) return std::unexpected(packets.error());
  packets_ = std::move(*packets);
  return {};
}

std::expected<void, SystemError> SpeakerRuntime::join_cluster(const MembershipSettings& settings) {
  auto membership = Membership::start(
      component_, liveness_, node_name_, namespace_, settings,
      {.members_changed = [this](speaker::MembersChanged changed) { driver_.feed(std::move(changed)); },
       .neighbours_changed =
           [this](std::map<MacAddress, std::string> names) { packets_->use_neighbours({.nodes = std::move(names)}); }});
  if (!membership) return std::unexpected(membership.error());
  membership_ = std::move(*membership);
  return {};
}

std::expected<void, SystemError> SpeakerRuntime::start_bgp(const Options& options) {
  auto bgp = BgpMode::start(
      component_, liveness_,
      {.node_name = node_name_,
       .frr_k8s_namespace = options.frr_k8s_namespace,
       .allow_frr_k8s = options.allow_frr_k8s,
       .unnumbered_ipv4 = options.unnumbered_ipv4},
      [this](std::string reason) { driver_.feed(speaker::BgpHeld{std::move(reason)}); },
      [this](speaker::BgpSessionChanged changed) { driver_.feed(std::move(changed)); });
  if (!bgp) return std::unexpected(bgp.error());
  bgp_ = std::move(*bgp);
  // Known before the first peer is, so that none is dialled ahead of the first look.
  if (!options.allow_frr_k8s) driver_.feed(speaker::BgpHeld{speaker::FrrK8sLookout::kFirstLook});
  return {};
}

void SpeakerRuntime::follow_api() {
  follow<kube::Service>();
  follow<kube::EndpointSlice>();
  component_.watch<kube::Node>(speaker_scope<kube::Node>(namespace_, node_name_),
                               [this](const kube::Change<kube::Node>& change) {
                                 driver_.feed(change);
                                 bgp_->node_changed(change);
                                 if (membership_) membership_->node_changed(change);
                               });
  follow_configuration<kube::Namespace>();
  follow<kube::ServiceL2Status>();
  follow<kube::ServiceBGPStatus>();
  follow_configuration<kube::IPAddressPool>();
  follow_configuration<kube::L2Advertisement>();
  follow_configuration<kube::BGPPeer>();
  follow_configuration<kube::BGPAdvertisement>();
  follow_configuration<kube::BFDProfile>();
  follow_configuration<kube::Community>();
  follow_configuration<kube::Secret>();
  follow<kube::ConfigMap>();
}

template <class T>
void SpeakerRuntime::follow() {
  component_.watch<T>(speaker_scope<T>(namespace_, node_name_),
                      [this](const kube::Change<T>& change) { driver_.feed(change); });
}

template <class T>
void SpeakerRuntime::follow_configuration() {
  report_.rely_on(component_.watch<T>(speaker_scope<T>(namespace_, node_name_),
                                      [this](const kube::Change<T>& change) { driver_.feed(change); }),
                  std::string(kube::resource_of<T>().plural));
}

void SpeakerRuntime::carry_out(speaker::Output& out) {
  for (auto& action : out) {
    if (auto* command = std::get_if<layer2::Command>(&action)) {
      packets_->send(std::move(*command));
    } else if (auto* for_bgp = std::get_if<speaker::BgpCommand>(&action)) {
      bgp_->carry_out(std::move(*for_bgp));
    } else if (auto* write = std::get_if<kube::Write>(&action)) {
      component_.write(std::move(*write), [this](kube::WriteDone done) { driver_.feed(std::move(done)); });
    } else if (auto* conclusion = std::get_if<config::Conclusion>(&action)) {
      report_.conclude(std::move(*conclusion));
    } else {
      component_.tell(std::move(std::get<kube::EventNote>(action)));
    }
  }
  if (farewell_done_) end_when_through();
}

/// Both modes say good-bye at the same time; the program ends when both are through.
void SpeakerRuntime::farewell(std::function<void()> done) {
  farewell_done_ = std::move(done);
  farewell_timer_.expires_after(kFarewell);
  farewell_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) end();
  });
  bgp_->stop([this] {
    bgp_stopped_ = true;
    end_when_through();
  });
  leave_cluster();
}

/// gossip spec 1.5: the others are told, and every address is answered until its successor is heard; a second at most.
void SpeakerRuntime::leave_cluster() {
  // From now on it changes nothing any more, whether or not there are others.
  driver_.feed(speaker::Stopping{});
  if (!membership_) {  // nobody would know that somebody has to take over
    left_ = true;
    return end_when_through();
  }
  // Where nobody is left who could take over, nobody is waited for.
  successors_ = !membership_->alone();
  succession_timer_.expires_after(kSuccession);
  succession_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    left_ = true;
    successors_ = false;
    if (farewell_done_) end_when_through();
  });
  membership_->leave([this] {
    left_ = true;
    if (farewell_done_) end_when_through();
  });
}

void SpeakerRuntime::end_when_through() {
  if (bgp_stopped_ && left_ && (!successors_ || core_.announces_nothing())) end();
}

void SpeakerRuntime::end() {
  if (auto done = std::exchange(farewell_done_, nullptr)) done();
}

}  // namespace metallb::app
