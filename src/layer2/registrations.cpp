#include "layer2/registrations.hpp"

namespace metallb::layer2 {

std::optional<InterfaceSet> Registrations::set(const ServiceKey& service, const IpAddress& address,
                                               const InterfaceSet& interfaces) {
  auto& entry = entries_[address];
  std::optional<InterfaceSet> before;
  const auto [it, added] = entry.by_service.try_emplace(service, interfaces);
  if (!added) before = std::exchange(it->second, interfaces);
  entry.coverage = unite(entry.by_service);
  return before;
}

bool Registrations::remove(const ServiceKey& service, const IpAddress& address) {
  const auto it = entries_.find(address);
  if (it == entries_.end() || it->second.by_service.erase(service) == 0) return false;
  if (it->second.by_service.empty()) {
    entries_.erase(it);
  } else {
    it->second.coverage = unite(it->second.by_service);
  }
  return true;
}

const InterfaceSet* Registrations::coverage(const IpAddress& address) const {
  const auto it = entries_.find(address);
  return it == entries_.end() ? nullptr : &it->second.coverage;
}

InterfaceSet Registrations::unite(const std::map<ServiceKey, InterfaceSet>& by_service) {
  InterfaceSet out;
  for (const auto& [service, interfaces] : by_service) {
    if (interfaces.all) return {.all = true, .names = {}};
    out.names.insert(interfaces.names.begin(), interfaces.names.end());
  }
  return out;
}

}  // namespace metallb::layer2
