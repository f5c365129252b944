#include "speaker/owners.hpp"

#include <algorithm>

namespace metallb::speaker {

void Owners::set(const ServiceKey& service, const Decision* decision) {
  Succession succession;
  if (decision != nullptr && !decision->order.empty()) {
    succession.first = decision->order[0];
    if (decision->order.size() > 1) succession.second = decision->order[1];
  }
  const auto known = successions_.find(service);
  if (known != successions_.end()) {
    if (known->second == succession) {
      services_[succession][service] = decision;
      return;
    }
    const auto services = services_.find(known->second);
    services->second.erase(service);
    if (services->second.empty()) services_.erase(services);
    successions_.erase(known);
  }
  if (succession.first.empty()) return;
  services_[succession].emplace(service, decision);
  successions_.emplace(service, std::move(succession));
}

std::deque<ServiceKey> Owners::bequeathed_to(const std::string& node, const std::set<std::string>& members) const {
  std::deque<ServiceKey> out;
  const auto is_member = [&](const auto& name) { return members.contains(name); };
  for (const auto& [succession, services] : services_) {
    const auto& [owner, heir] = succession;
    if (is_member(owner) || (is_member(heir) && heir != node)) continue;
    for (const auto& [service, decision] : services) {
      // Several were lost at once, or one after the other faster than the decisions could follow.
      const auto next = heir == node ? decision->order.end() : std::ranges::find_if(decision->order, is_member);
      if (next == decision->order.end() || *next == node) out.push_back(service);
    }
  }
  return out;
}

std::deque<ServiceKey> Owners::of(const std::string& node) const {
  std::deque<ServiceKey> out;
  for (auto it = services_.lower_bound({node, {}}); it != services_.end() && it->first.first == node; ++it) {
    for (const auto& [service, decision] : it->second) out.push_back(service);
  }
  return out;
}

}  // namespace metallb::speaker
