#include "peering/links.hpp"

#include <algorithm>

namespace metallb::peering {

std::optional<IpAddress> Link::link_local() const {
  const auto found = std::find_if(addresses.begin(), addresses.end(), [](const LinkAddress& a) {
    return a.usable && !a.address.is_v4() && a.address.is_link_local();
  });
  return found == addresses.end() ? std::nullopt : std::optional(found->address);
}

bool Link::has(const IpAddress& address) const {
  return std::any_of(addresses.begin(), addresses.end(), [&](const LinkAddress& a) { return a.address == address; });
}

const Link* find_link(const Links& links, const std::string& name) {
  const auto found = links.find(name);
  return found == links.end() ? nullptr : &found->second;
}

const Link* find_link(const Links& links, InterfaceIndex index) {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const auto& entry) { return entry.second.index == index; });
  return found == links.end() ? nullptr : &found->second;
}

std::optional<OnLink> on_link(const Links& links, const std::string& vrf, const IpAddress& address,
                              const std::string& interface) {
  if (interface.empty() && address.is_v6() && address.is_link_local()) return std::nullopt;
  std::optional<OnLink> best;
  int longest = -1;
  for (const auto& [name, link] : links) {
    if (link.vrf != vrf || !link.running || (!interface.empty() && name != interface)) continue;
    for (const auto& own : link.addresses) {
      if (!own.usable || own.address.family() != address.family()) continue;
      if (own.address == address) return std::nullopt;
      const auto subnet = own.subnet();
      if (subnet.length() > longest && subnet.contains(address)) {
        best = OnLink{&link, own.address};
        longest = subnet.length();
      }
    }
  }
  return best;
}

std::optional<PointToPoint> point_to_point(const Link& link) {
  for (const auto& own : link.addresses) {
    if (!own.usable || !own.address.is_v4()) continue;
    const auto number = static_cast<std::uint32_t>(own.address.number());
    // RFC 3021: both addresses of 31 bits are hosts. Of 30 bits the outer two are the network and its broadcast.
    if (own.prefix_length == 31) return PointToPoint{own.address, IpAddress::v4(number ^ 1U)};
    const auto host = number & 3U;
    if (own.prefix_length == 30 && (host == 1 || host == 2)) return PointToPoint{own.address, IpAddress::v4(number ^ 3U)};
  }
  return std::nullopt;
}

}  // namespace metallb::peering
