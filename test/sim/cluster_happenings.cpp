// What can be done to a cluster, and what the invariants are told of it.
#include <utility>

#include "sim/cluster.hpp"
#include "sim/invariants.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;
using Severity = Invariants::Severity;

std::string text_of(const std::vector<std::size_t>& nodes) {
  std::string out;
  for (const auto node : nodes) out += (out.empty() ? "" : ", ") + Cluster::node_name(node);
  return out;
}

}  // namespace

void Cluster::stop_speaker(std::size_t index) {
  auto& at = node(index);
  if (at.process() == nullptr || at.process()->stopping()) return;
  say("speaker of " + at.name() + " is stopped cleanly");
  at.changed = network_.timeline.now();
  invariants_->disturb(at.name() + " stopped cleanly", Severity::kChange);
  at.process()->terminate();
}

void Cluster::kill_speaker(std::size_t index) {
  auto& at = node(index);
  if (at.process() == nullptr) return;
  say("speaker of " + at.name() + " is killed");
  at.changed = network_.timeline.now();
  invariants_->disturb(at.name() + " was killed", Severity::kDeath, Duration::zero(), &at);
  at.process()->kill();
}

void Cluster::freeze(std::size_t index) {
  auto& at = node(index);
  if (at.process() == nullptr || at.process()->frozen()) return;
  say("speaker of " + at.name() + " is frozen");
  at.changed = network_.timeline.now();
  invariants_->disturb(at.name() + " was frozen", Severity::kDeath, Duration::zero(), &at);
  at.process()->freeze();
}

void Cluster::go_on(std::size_t index) {
  auto& at = node(index);
  if (at.process() == nullptr || !at.process()->frozen()) return;
  say("speaker of " + at.name() + " goes on");
  at.changed = network_.timeline.now();
  at.process()->go_on();
  invariants_->disturb(at.name() + " went on", Severity::kChange);
}

void Cluster::slow_down(std::size_t index, Duration at_most) {
  auto& at = node(index);
  if (at.process() == nullptr) return;
  say("speaker of " + at.name() +
      (at_most == Duration::zero() ? " has the CPU again" : " waits up to " + short_seconds(at_most) + " for the CPU"));
  at.changed = network_.timeline.now();
  at.impaired = at_most > 30ms;
  at.process()->set_slowness(at_most);
  invariants_->disturb(at.name() + " changed its speed", at_most > 30ms ? Severity::kSevere : Severity::kChange, at_most);
}

void Cluster::power_off(std::size_t index) {
  auto& at = node(index);
  if (!at.host->powered()) return;
  say(at.name() + " loses power");
  at.changed = network_.timeline.now();
  invariants_->disturb(at.name() + " lost power", Severity::kDeath, Duration::zero(), &at);
  at.host->set_power(false);
  network_.lan.set_carrier(at.host->port(), false);
  if (at.process() != nullptr) at.process()->kill();
}

void Cluster::power_on(std::size_t index) {
  auto& at = node(index);
  if (at.host->powered()) return;
  say(at.name() + " has power again");
  at.changed = network_.timeline.now();
  network_.lan.set_carrier(at.host->port(), true);
  at.host->set_power(true);
}

void Cluster::unplug(std::size_t index) {
  auto& at = node(index);
  say("the cable of " + at.name() + " is pulled");
  at.changed = network_.timeline.now();
  invariants_->disturb(at.name() + " was unplugged", Severity::kDeath, Duration::zero(), &at);
  network_.lan.set_carrier(at.host->port(), false);
}

void Cluster::plug(std::size_t index) {
  auto& at = node(index);
  if (!at.host->powered()) return;
  say("the cable of " + at.name() + " is back");
  at.changed = network_.timeline.now();
  network_.lan.set_carrier(at.host->port(), true);
  invariants_->disturb(at.name() + " was plugged in", Severity::kSevere);
}

void Cluster::worsen_cable(std::size_t index, double loss) {
  auto& at = node(index);
  say("the cable of " + at.name() + (loss > 0 ? " loses " + std::to_string(loss) + " of all packets" : " is mended"));
  at.changed = network_.timeline.now();
  at.impaired = loss > 0;
  port_loss_[index] = loss;
  network_.lan.set_port_loss(at.host->port(), loss);
  invariants_->disturb(at.name() + " got another cable", Severity::kSevere);
}

void Cluster::make_deaf(std::size_t index, bool deaf) {
  auto& at = node(index);
  say(at.name() + (deaf ? " hears nothing any more" : " hears again"));
  at.changed = network_.timeline.now();
  at.impaired = deaf;
  network_.lan.set_deaf(at.host->port(), deaf);
  invariants_->disturb(at.name() + " changed its hearing", Severity::kSevere);
}

void Cluster::make_mute(std::size_t index, bool mute) {
  auto& at = node(index);
  say(at.name() + (mute ? " is not heard any more" : " is heard again"));
  at.changed = network_.timeline.now();
  at.impaired = mute;
  network_.lan.set_mute(at.host->port(), mute);
  invariants_->disturb(at.name() + " changed its voice", Severity::kSevere);
}

void Cluster::block(std::size_t from, std::size_t to, bool blocked) {
  say("packets from " + node_name(from) + " to " + node_name(to) + (blocked ? " are lost" : " arrive again"));
  node(from).changed = node(to).changed = network_.timeline.now();
  network_.lan.block(node(from).host->port(), node(to).host->port(), blocked);
  invariants_->disturb("one way between two was " + std::string(blocked ? "blocked" : "opened"), Severity::kSevere);
}

void Cluster::partition(const std::vector<std::size_t>& island) {
  say("the network falls apart: " + text_of(island) + " on one side");
  for (const auto index : island) network_.lan.set_group(node(index).host->port(), 1);
  for (auto& at : nodes_) at->changed = network_.timeline.now();
  invariants_->disturb("a partition", Severity::kSevere);
}

void Cluster::heal() {
  say("the network is whole again");
  for (auto& at : nodes_) {
    network_.lan.set_group(at->host->port(), 0);
    at->changed = network_.timeline.now();
  }
  invariants_->disturb("the partition ended", Severity::kSevere);
}

void Cluster::stop_switch(Duration how_long) {
  say("the switch stops for " + short_seconds(how_long));
  network_.lan.stop_switch_until(network_.timeline.now() + how_long);
  invariants_->disturb("the switch stopped", Severity::kSevere, how_long);
  network_.timeline.after(how_long, [this] {
    for (auto& at : nodes_) at->changed = network_.timeline.now();
    say("the switch goes on");
  });
}

void Cluster::set_quality(const Quality& quality) {
  say("the network loses " + std::to_string(quality.loss) + " of all packets, each way");
  network_.lan.set_quality(quality);
}

double Cluster::worst_loss() const {
  return std::max(network_.lan.quality().loss, *std::ranges::max_element(port_loss_));
}

void Cluster::step_wall_clock(std::size_t index, Duration by) {
  say("the wall clock of " + node_name(index) + " is set by " + short_seconds(by));
  node(index).host->step_wall_clock(by);
  invariants_->disturb("a clock was set", Severity::kNone);
}

void Cluster::set_api_available(bool available) {
  say(available ? "the API server is back" : "the API server goes away");
  api_.set_available(available);
  if (available) invariants_->api_news(5s);
  invariants_->disturb("the API server " + std::string(available ? "came back" : "went away"),
                       available ? Severity::kChange : Severity::kNone, available ? Duration(5s) : Duration::zero());
}

void Cluster::stick_watches(std::size_t index, Duration how_long) {
  if (node(index).process() == nullptr) return;
  say("the watches of " + node_name(index) + " stand still for " + short_seconds(how_long));
  node(index).process()->stick_watches_until(network_.timeline.now() + how_long);
  invariants_->api_news(how_long + plan_.api.delay + plan_.api.jitter);
  invariants_->disturb("watches of " + node_name(index) + " stood still", Severity::kChange, how_long);
}

void Cluster::restart_controller() {
  say("the controller is killed and starts again");
  controllers_.back()->kill();
  controllers_.push_back(std::make_unique<ControllerProcess>(network_, api_, *control_plane_, plan_.api));
  controllers_.back()->start();
  invariants_->disturb("the controller was restarted", Severity::kNone);
}

void Cluster::add_node(MemberKind kind) {
  plan_.members.push_back(kind);
  auto& added = make_node(kind);
  say(added.name() + " joins the cluster");
  put_node_object(added);
  start_speaker(added.index);
}

void Cluster::add_service(const ServicePlan& service) {
  plan_.services.push_back(service);
  say("web-" + std::to_string(plan_.services.size() - 1) + " is created");
  put_service(plan_.services.size() - 1);
  put_endpoints(plan_.services.size() - 1);
}

void Cluster::remove_service(std::size_t service) {
  say("web-" + std::to_string(service) + " is deleted");
  invariants_->disturb("a Service was deleted", Severity::kChange, plan_.api.delay + plan_.api.jitter);
  invariants_->api_news(plan_.api.delay + plan_.api.jitter);
  api_.remove<kube::Service>(service_key(service));
}

void Cluster::move_endpoints(std::size_t service, std::vector<std::size_t> nodes) {
  say("endpoints of web-" + std::to_string(service) + " are now on " + text_of(nodes));
  plan_.services[service].endpoints = std::move(nodes);
  invariants_->disturb("endpoints moved", Severity::kChange, plan_.api.delay + plan_.api.jitter);
  invariants_->api_news(plan_.api.delay + plan_.api.jitter);
  put_endpoints(service);
}

void Cluster::exclude(std::size_t index, bool excluded) {
  auto& at = node(index);
  say(at.name() + (excluded ? " is excluded from load balancers" : " serves load balancers again"));
  at.excluded = excluded;
  invariants_->disturb(at.name() + " was relabelled", Severity::kChange, plan_.api.delay + plan_.api.jitter);
  invariants_->api_news(plan_.api.delay + plan_.api.jitter);
  put_node_object(at);
}

void Cluster::stranger_takes(const IpAddress& address) {
  say("a stranger's device takes " + address.to_string());
  network_.lan.set_carrier(stranger_host_->port(), true);
  stranger_->take(address);
}

void Cluster::stranger_leaves() {
  say("the stranger's device is gone");
  stranger_->release();
  network_.lan.set_carrier(stranger_host_->port(), false);
}

}  // namespace metallb::sim
