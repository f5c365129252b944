#include "peering/links.hpp"

#include <algorithm>

namespace metallb::peering {

std::optional<IpAddress> Link::link_local() const {
  const auto found = std::find_if(addresses.begin(), addresses.end(), [](const LinkAddress& a) {
    return a.usable && !a.address.is_v4() && a.address.is_link_local();
  });
  return found == addresses.end() ? std::nullopt : std::optional(found->address);
}

std::optional<OnLink> on_link(const Links& links, const std::string& vrf, const IpAddress& address) {
  std::optional<OnLink> best;
  int longest = -1;
  for (const auto& [name, link] : links) {
    if (link.vrf != vrf || !link.running) continue;
    for (const auto& own : link.addresses) {
      if (!own.usable || own.address.family() != address.family()) continue;
      if (own.address == address) return std::nullopt;
      if (own.prefix_length > longest && IpPrefix(own.address, own.prefix_length).contains(address)) {
        best = OnLink{&link, own.address};
        longest = own.prefix_length;
      }
    }
  }
  return best;
}

}  // namespace metallb::peering
