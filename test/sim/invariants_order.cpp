// Who is there, who may own an address, who does, and whether all of that agrees.
#include <algorithm>

#include "layer2/election.hpp"
#include "sim/invariants.hpp"

namespace metallb::sim {

std::set<int> Invariants::sides() const {
  std::set<int> out;
  for (const auto& node : cluster_.nodes()) {
    if (node->live(cluster_.lan())) out.insert(cluster_.lan().group(node->host->port()));
  }
  return out;
}

bool Invariants::on(const Node& node, int side) const {
  return node.live(cluster_.lan()) && cluster_.lan().group(node.host->port()) == side;
}

std::optional<ServiceKey> Invariants::service_of(const IpAddress& address, IpAddress& first) const {
  for (const auto& [key, service] : cluster_.api().of<kube::Service>().objects) {
    const auto& ingress = service->status.loadBalancer.ingress;
    for (const auto& entry : ingress) {
      if (IpAddress::parse(entry.ip) != address) continue;
      first = *IpAddress::parse(ingress.front().ip);
      return key;
    }
  }
  return std::nullopt;
}

std::set<std::string> Invariants::candidates(std::size_t address, int side) const {
  IpAddress first;
  const auto service = service_of(cluster_.addresses()[address], first);
  std::set<std::string> out;
  if (!service) return out;
  const ServicePlan* plan = nullptr;
  for (std::size_t i = 0; i < cluster_.services().size(); ++i) {
    if (Cluster::service_key(i) == *service) plan = &cluster_.services()[i];
  }
  if (plan == nullptr || plan->endpoints.empty()) return out;
  for (const auto& node : cluster_.nodes()) {
    if (!on(*node, side) || node->excluded) continue;
    if (plan->local && std::ranges::find(plan->endpoints, node->index) == plan->endpoints.end()) continue;
    out.insert(node->name());
  }
  return out;
}

std::vector<const Cluster::Node*> Invariants::owners(std::size_t address, int side) const {
  std::vector<const Node*> out;
  for (const auto& node : cluster_.nodes()) {
    const auto* process = node->process();
    if (process == nullptr || process->frozen() || !node->host->powered() || !cluster_.lan().carrier(node->host->port()))
      continue;
    if (cluster_.lan().group(node->host->port()) != side) continue;
    const auto found = answering_.find({node->index, address});
    if (found != answering_.end() && found->second.now) out.push_back(node.get());
  }
  return out;
}

// ---- agreement ----

bool Invariants::in_order() {
  for (const auto& node : cluster_.nodes()) {
    if (node->impaired && node->live(cluster_.lan())) return false;
  }
  return members_agree() && owners_are_right();
}

bool Invariants::members_agree() {
  for (const auto side : sides()) {
    std::set<std::string> live;
    for (const auto& node : cluster_.nodes()) {
      if (on(*node, side)) live.insert(node->name());
    }
    for (const auto& node : cluster_.nodes()) {
      if (on(*node, side) && node->process()->electorate().members != live) return false;
    }
  }
  return true;
}

bool Invariants::owners_are_right() {
  for (const auto side : sides()) {
    for (std::size_t address = 0; address < cluster_.addresses().size(); ++address) {
      const auto answering = owners(address, side);
      layer2::Candidates nominees;
      for (const auto& name : candidates(address, side)) nominees[name];
      if (nominees.empty()) {
        if (!answering.empty()) return false;
        continue;
      }
      IpAddress first;
      (void)service_of(cluster_.addresses()[address], first);
      if (answering.size() != 1 || answering.front()->name() != layer2::rank(first, nominees).front()) return false;
    }
  }
  return true;
}

}  // namespace metallb::sim
