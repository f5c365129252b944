// Which service wants which address answered on which interfaces; and per address, the union over its services.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/names.hpp"
#include "layer2/interface_set.hpp"
#include "net/ip_address.hpp"

namespace metallb::layer2 {

class Registrations {
 public:
  /// Registers, or replaces the interface set. Returns the set that (service, address) had before, if any.
  std::optional<InterfaceSet> set(const ServiceKey& service, const IpAddress& address, const InterfaceSet& interfaces);
  /// False when there was no such registration. Other services keep the address.
  bool remove(const ServiceKey& service, const IpAddress& address);

  /// Where the address is to be answered: an interface is covered if any registration covers it. Null when nobody wants
  /// it. Valid until the next change.
  [[nodiscard]] const InterfaceSet* coverage(const IpAddress& address) const;

  /// Calls `visit(address, coverage)` for every address, ascending.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [address, entry] : entries_) visit(address, entry.coverage);
  }

 private:
  struct Entry {
    std::map<ServiceKey, InterfaceSet> by_service;
    InterfaceSet coverage;
  };
  static InterfaceSet unite(const std::map<ServiceKey, InterfaceSet>& by_service);

  std::map<IpAddress, Entry> entries_;
};

}  // namespace metallb::layer2
