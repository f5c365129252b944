#include "sim/cluster.hpp"

#include <algorithm>
#include <utility>

#include "gossip/keys.hpp"
#include "sim/invariants.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;
using Severity = Invariants::Severity;

constexpr std::size_t kClient = 60000;
constexpr std::size_t kStranger = 60001;
constexpr std::size_t kControlPlane = 60002;
constexpr const char* kExcludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

/// Addresses of the machine with this number.
Host::Addresses addresses_of(std::size_t number, bool v6) {
  const auto high = static_cast<std::uint8_t>(number >> 8);
  const auto low = static_cast<std::uint8_t>(number);
  const auto in = [&](std::uint8_t first, std::uint8_t second) {
    std::array<std::uint8_t, 16> bytes{first, second};
    bytes[14] = high;
    bytes[15] = low;
    return IpAddress::v6(bytes);
  };
  return {.node = v6 ? in(0xFD, 0x01) : IpAddress::v4(10, 1, high, low),
          .link_local = in(0xFE, 0x80),
          .mac = MacAddress({0x02, 0, 0, 0, high, low})};
}

std::string name_of(std::size_t index) {
  return "node-" + std::to_string(index);
}

std::string text_of(const std::vector<std::size_t>& nodes) {
  std::string out;
  for (const auto node : nodes) out += (out.empty() ? "" : ", ") + name_of(node);
  return out;
}

}  // namespace

bool ClusterPlan::all_ours() const {
  return std::ranges::all_of(members, [](auto kind) { return kind == MemberKind::kOurs; });
}

bool Cluster::Node::live(const Lan& lan) const {
  const auto* running = process();
  return running != nullptr && !running->stopping() && !running->frozen() && host->powered() && lan.carrier(host->port());
}

Cluster::Cluster(std::uint64_t seed, ClusterPlan plan) : plan_(std::move(plan)), network_(seed), api_(network_.timeline) {
  invariants_ = std::make_unique<Invariants>(*this);
  const auto make_host = [&](const char* name, std::size_t number) {
    return std::make_unique<Host>(network_, name, addresses_of(number, plan_.v6_nodes));
  };
  client_host_ = make_host("client", kClient);
  stranger_host_ = make_host("stranger", kStranger);
  control_plane_ = make_host("controller", kControlPlane);
  network_.lan.set_carrier(stranger_host_->port(), false);
  network_.lan.set_carrier(control_plane_->port(), false);
  if (plan_.gateway) network_.gateway = client_host_->address();
  client_ = std::make_unique<Client>(network_, *client_host_, addresses_);
  stranger_ = std::make_unique<Stranger>(network_, *stranger_host_);
  network_.lan.set_quality(plan_.quality);
  if (plan_.encrypted) {
    const Bytes secret{'s', 'e', 'c', 'r', 'e', 't'};
    ring_.keys.push_back(gossip::derive_key(secret));
  }
  for (const auto kind : plan_.members) make_node(kind);
  put_objects();
  api_.on_change = [this] { note_addresses(); };
}

Cluster::~Cluster() = default;

Cluster::Node& Cluster::make_node(MemberKind kind) {
  auto node = std::make_unique<Node>();
  node->index = nodes_.size();
  node->kind = kind;
  node->host = std::make_unique<Host>(network_, name_of(node->index), addresses_of(node->index + 1, plan_.v6_nodes));
  node->changed = network_.timeline.now();
  nodes_.push_back(std::move(node));
  port_loss_.push_back(0);
  return *nodes_.back();
}

// ---- objects ----

void Cluster::put_objects() {
  for (const auto* name : {"default", "metallb-system"}) {
    kube::Namespace object;
    object.metadata.name = name;
    api_.put(std::move(object));
  }
  kube::IPAddressPool pool;
  pool.metadata.namespace_ = "metallb-system";
  pool.metadata.name = "pool";
  pool.spec.addresses = {"192.168.1.100-192.168.1.200", "fd00:10::/120"};
  api_.put(std::move(pool));
  kube::L2Advertisement advertisement;
  advertisement.metadata.namespace_ = "metallb-system";
  advertisement.metadata.name = "all";
  api_.put(std::move(advertisement));
  for (const auto& node : nodes_) put_node_object(*node);
  for (std::size_t service = 0; service < plan_.services.size(); ++service) {
    put_service(service);
    put_endpoints(service);
  }
}

void Cluster::put_node_object(const Node& node) {
  kube::Node object;
  object.metadata.name = node.name();
  object.status.addresses.push_back({.type = "InternalIP", .address = node.host->address().to_string()});
  if (node.excluded) object.metadata.labels[kExcludeLabel] = "";
  api_.put(std::move(object));
}

void Cluster::put_service(std::size_t service) {
  const auto& plan = plan_.services[service];
  kube::Service object;
  const auto key = service_key(service);
  object.metadata.namespace_ = key.namespace_;
  object.metadata.name = key.name;
  object.spec.type = "LoadBalancer";
  object.spec.externalTrafficPolicy = plan.local ? "Local" : "Cluster";
  object.spec.ports.push_back({.protocol = "TCP", .port = 80});
  if (plan.v4) object.spec.clusterIPs.emplace_back("10.43.0." + std::to_string(service + 1));
  if (plan.v6) object.spec.clusterIPs.emplace_back("fd43::" + std::to_string(service + 1));
  object.spec.clusterIP = object.spec.clusterIPs.front();
  if (plan.v4) object.spec.ipFamilies.emplace_back("IPv4");
  if (plan.v6) object.spec.ipFamilies.emplace_back("IPv6");
  api_.put(std::move(object));
}

void Cluster::put_endpoints(std::size_t service) {
  const auto key = service_key(service);
  kube::EndpointSlice slice;
  slice.metadata.namespace_ = key.namespace_;
  slice.metadata.name = key.name + "-1";
  slice.metadata.labels["kubernetes.io/service-name"] = key.name;
  slice.addressType = "IPv4";
  for (const auto node : plan_.services[service].endpoints) {
    kube::Endpoint endpoint;
    endpoint.addresses = {"10.42.0." + std::to_string(node + 1)};
    endpoint.conditions.ready = true;
    endpoint.nodeName = name_of(node);
    slice.endpoints.push_back(std::move(endpoint));
  }
  api_.put(std::move(slice));
}

void Cluster::note_addresses() {
  for (const auto& [key, service] : api_.of<kube::Service>().objects) {
    for (const auto& ingress : service->status.loadBalancer.ingress) {
      const auto address = IpAddress::parse(ingress.ip);
      if (!address || std::ranges::find(*addresses_, *address) != addresses_->end()) continue;
      addresses_->push_back(*address);
      say(key.name + " gets the address " + ingress.ip);
      invariants_->disturb(key.name + " got its address", Severity::kChange, plan_.api.delay + plan_.api.jitter);
    }
  }
  invariants_->objects_changed();
}

// ---- what can happen ----

void Cluster::start(Duration spread) {
  auto& controller =
      controllers_.emplace_back(std::make_unique<ControllerProcess>(network_, api_, *control_plane_, plan_.api));
  controller->start();
  client_->start();
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    const auto delay = Duration(static_cast<Duration::rep>(network_.random.below(spread.count() + 1)));
    network_.timeline.after(delay, [this, node] { start_speaker(node); });
  }
  invariants_->disturb("the cluster starts", Severity::kSevere, spread + 2 * (plan_.api.delay + plan_.api.jitter));
  network_.timeline.after(spread, [this] { invariants_->start(); });
}

void Cluster::start_speaker(std::size_t index) {
  auto& at = node(index);
  if (at.process() != nullptr || !at.host->powered()) return;
  say("speaker of " + at.name() + " (" + to_string(at.kind) + ") starts");
  SpeakerOptions options;
  options.kind = at.kind;
  options.settings = plan_.settings;
  options.ring = ring_;
  options.distance = plan_.api;
  if (index < plan_.defects.size()) options.defects = plan_.defects[index];
  options.tracked = addresses_;
  at.changed = network_.timeline.now();
  at.lives.push_back(std::make_unique<SpeakerProcess>(network_, api_, *at.host, *invariants_, std::move(options)));
  invariants_->disturb(at.name() + " started", Severity::kChange, 4 * (plan_.api.delay + plan_.api.jitter));
  at.lives.back()->start();
}

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
  invariants_->disturb(at.name() + " was killed", Severity::kDeath);
  at.process()->kill();
}

void Cluster::freeze(std::size_t index) {
  auto& at = node(index);
  if (at.process() == nullptr || at.process()->frozen()) return;
  say("speaker of " + at.name() + " is frozen");
  at.changed = network_.timeline.now();
  invariants_->disturb(at.name() + " was frozen", Severity::kDeath);
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
  invariants_->disturb(at.name() + " lost power", Severity::kDeath);
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
  invariants_->disturb(at.name() + " was unplugged", Severity::kDeath);
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
  say("packets from " + name_of(from) + " to " + name_of(to) + (blocked ? " are lost" : " arrive again"));
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
  say("the wall clock of " + name_of(index) + " is set by " + short_seconds(by));
  node(index).host->step_wall_clock(by);
  invariants_->disturb("a clock was set", Severity::kNone);
}

void Cluster::set_api_available(bool available) {
  say(available ? "the API server is back" : "the API server goes away");
  api_.set_available(available);
  invariants_->disturb("the API server " + std::string(available ? "came back" : "went away"),
                       available ? Severity::kChange : Severity::kNone, available ? Duration(5s) : Duration::zero());
}

void Cluster::stick_watches(std::size_t index, Duration how_long) {
  if (node(index).process() == nullptr) return;
  say("the watches of " + name_of(index) + " stand still for " + short_seconds(how_long));
  node(index).process()->stick_watches_until(network_.timeline.now() + how_long);
  invariants_->disturb("watches of " + name_of(index) + " stood still", Severity::kChange, how_long);
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
  api_.remove<kube::Service>(service_key(service));
}

void Cluster::move_endpoints(std::size_t service, std::vector<std::size_t> nodes) {
  say("endpoints of web-" + std::to_string(service) + " are now on " + text_of(nodes));
  plan_.services[service].endpoints = std::move(nodes);
  invariants_->disturb("endpoints moved", Severity::kChange, plan_.api.delay + plan_.api.jitter);
  put_endpoints(service);
}

void Cluster::exclude(std::size_t index, bool excluded) {
  auto& at = node(index);
  say(at.name() + (excluded ? " is excluded from load balancers" : " serves load balancers again"));
  at.excluded = excluded;
  invariants_->disturb(at.name() + " was relabelled", Severity::kChange, plan_.api.delay + plan_.api.jitter);
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
