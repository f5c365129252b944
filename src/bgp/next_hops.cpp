#include "bgp/next_hops.hpp"

namespace metallb::bgp {
namespace {

Bytes joined(const IpAddress& global, const std::optional<IpAddress>& link_local) {
  auto out = global.bytes();
  if (link_local) {
    const auto more = link_local->bytes();
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

/// The form of MP_REACH_NLRI: the global address, and the link-local one if the peer can use it.
Bytes ipv6_next_hop(const LocalAddresses& addresses) {
  const auto& session = addresses.session;
  // Without a global address the link-local one stands in both places, which receivers accept (bgp spec 3.5).
  if (session.is_v6() && session.is_link_local()) return joined(addresses.ipv6.value_or(session), session);
  const auto link_local = addresses.on_link ? addresses.ipv6_link_local : std::nullopt;
  if (session.is_v6()) return joined(session, link_local);
  if (addresses.ipv6) return joined(*addresses.ipv6, link_local);
  return link_local ? joined(*link_local, link_local) : Bytes();
}

}  // namespace

NextHops next_hops(const LocalAddresses& addresses, bool ipv4_over_ipv6) {
  NextHops out;
  if (ipv4_over_ipv6) {
    out.ipv4 = ipv6_next_hop(addresses);
  } else if (addresses.session.is_v4()) {
    out.ipv4 = addresses.session.bytes();
  } else if (addresses.ipv4) {
    out.ipv4 = addresses.ipv4->bytes();
  }
  out.ipv6 = ipv6_next_hop(addresses);
  return out;
}

}  // namespace metallb::bgp
