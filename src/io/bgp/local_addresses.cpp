#include "io/bgp/local_addresses.hpp"

#include <algorithm>

namespace metallb::io {
namespace {

using peering::Link;
using peering::LinkAddress;
using peering::Links;

bool reaches(const Link& link, const IpAddress& peer) {
  if (peer.is_v6() && peer.is_link_local()) return true;
  return std::ranges::any_of(link.addresses, [&](const LinkAddress& a) {
    return a.usable && a.address.family() == peer.family() && a.subnet().contains(peer);
  });
}

/// The interface of the connection. An address may stand on several: the one that leads to the peer is meant.
const Link* link_of(const IpAddress& session, const bgp::Transport& transport, const Links& links) {
  if (const auto* named = peering::find_link(links, transport.interface)) return named;
  const Link* found = nullptr;
  for (const auto& [name, link] : links) {
    if (link.vrf != transport.vrf || !link.has(session)) continue;
    if (found == nullptr ||
        (transport.address && !reaches(*found, *transport.address) && reaches(link, *transport.address))) {
      found = &link;
    }
  }
  return found;
}

/// The first usable one that others can reach.
std::optional<IpAddress> global_address(const Link& link, IpFamily family) {
  const auto found = std::ranges::find_if(link.addresses, [&](const LinkAddress& a) {
    return a.usable && a.address.family() == family && !a.address.is_link_local() && !a.address.is_loopback();
  });
  return found == link.addresses.end() ? std::nullopt : std::optional(found->address);
}

}  // namespace

bgp::LocalAddresses local_addresses(const IpAddress& session, const bgp::Transport& transport, const Links& links,
                                    const std::optional<IpAddress>& node_ipv6) {
  bgp::LocalAddresses out;
  out.session = session;
  if (const auto* link = link_of(session, transport, links)) {
    out.ipv4 = global_address(*link, IpFamily::kIpv4);
    out.ipv6 = global_address(*link, IpFamily::kIpv6);
    out.ipv6_link_local = link->link_local();
    out.on_link = transport.address && reaches(*link, *transport.address);
  }
  // Where this node's own address does not lead over the session's link (in a VRF, or over a link that has link-local
  // addresses only), naming it would draw traffic to where nobody answers.
  if (!out.ipv6 && session.is_v4() && transport.vrf.empty()) out.ipv6 = node_ipv6;
  return out;
}

bool can_dial(const bgp::Transport& transport, const Links& links) {
  const auto there = [&](const std::string& device) { return device.empty() || links.contains(device); };
  if (!there(transport.interface) || !there(transport.vrf)) return false;
  if (!transport.source) return true;
  return std::ranges::any_of(links, [&](const auto& entry) {
    const auto& link = entry.second;
    return link.vrf == transport.vrf && std::ranges::any_of(link.addresses, [&](const LinkAddress& a) {
             return a.usable && a.address == *transport.source;
           });
  });
}

}  // namespace metallb::io
