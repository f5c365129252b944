#include "peering/needs.hpp"

#include <tuple>

namespace metallb::peering {

std::string missing_for(const bgp::PeerSettings& peer, const Links& links) {
  const auto& [vrf, name] = std::tie(peer.transport.vrf, peer.transport.interface);
  if (!vrf.empty()) {
    const auto* device = find_link(links, vrf);
    if (device == nullptr || !device->is_vrf) return "VRF not found: " + vrf;
  }
  if (name.empty()) return {};
  const auto* link = find_link(links, name);
  if (link == nullptr) return "interface " + name + " not found";
  if (link->vrf != vrf) {
    return "interface " + name + " is in " + (link->vrf.empty() ? "the default VRF" : "VRF " + link->vrf) +
           ": set the peer's vrf to match";
  }
  if (!link->running) return "interface " + name + " is down";
  const auto& address = peer.transport.address;
  const bool by_link_local = !address || (address->is_v6() && address->is_link_local());
  if (by_link_local && !link->link_local()) return "interface has no link-local";
  return {};
}

}  // namespace metallb::peering
