// Solicited-node groups that an interface must be a member of, counted because several addresses share one when their
// low 24 bits agree (RFC 4291, Section 2.7.1).
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "base/names.hpp"
#include "net/ip_address.hpp"

namespace metallb::layer2 {

class GroupMemberships {
 public:
  /// True when this is the first address that needs `group` on the interface: join it.
  bool add(InterfaceIndex interface, const IpAddress& group);
  /// True when this was the last one: leave it. Calls must pair with add().
  bool remove(InterfaceIndex interface, const IpAddress& group);

 private:
  std::map<std::pair<InterfaceIndex, IpAddress>, std::size_t> counts_;
};

}  // namespace metallb::layer2
