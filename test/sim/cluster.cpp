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
  node->host = std::make_unique<Host>(network_, node_name(node->index), addresses_of(node->index + 1, plan_.v6_nodes));
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
  object.spec.ipFamilyPolicy = plan.v4 && plan.v6 ? "RequireDualStack" : "SingleStack";
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
    endpoint.nodeName = node_name(node);
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
      invariants_->api_news(plan_.api.delay + plan_.api.jitter);
      invariants_->disturb(key.name + " got its address", Severity::kChange, plan_.api.delay + plan_.api.jitter);
    }
  }
  invariants_->objects_changed();
}

// ---- the start ----

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
  if (plan_.api.stale > 0) invariants_->api_news(6 * (plan_.api.delay + plan_.api.jitter));
  invariants_->disturb(at.name() + " started", Severity::kChange, 4 * (plan_.api.delay + plan_.api.jitter));
  at.lives.back()->start();
}

}  // namespace metallb::sim
