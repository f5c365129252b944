// The interfaces on which an address is to be answered: all, or those named.
#pragma once

#include <set>
#include <string>

namespace metallb::layer2 {

struct InterfaceSet {
  bool all = false;
  std::set<std::string> names;  ///< meaningless when `all`

  [[nodiscard]] bool covers(const std::string& name) const { return all || names.contains(name); }
  friend bool operator==(const InterfaceSet&, const InterfaceSet&) = default;
};

}  // namespace metallb::layer2
