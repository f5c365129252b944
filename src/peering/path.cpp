#include "peering/path.hpp"

#include <algorithm>
#include <cstdint>

namespace metallb::peering {
namespace {

/// RFC 5082: what has been forwarded even once does not arrive, so the allowance of 255 hops is none.
constexpr std::uint8_t kDirectNeighbourOnly = 255;

bool takes_several_hops(const bgp::PeerSettings& peer, bool connected) {
  if (peer.expected_internal()) return !connected;
  return peer.transport.ttl > 1 && peer.transport.minimum_ttl != kDirectNeighbourOnly;
}

bool is_ours(const Links& links, const std::string& vrf, const IpAddress& address) {
  return std::any_of(links.begin(), links.end(),
                     [&](const auto& entry) { return entry.second.vrf == vrf && entry.second.has(address); });
}

/// BFD goes where BGP goes. Without a connection that is a guess, which the last connection makes better; but an address
/// that this node has lost meanwhile helps nobody.
std::optional<IpAddress> local_end(const bgp::Transport& transport, const SessionEnd& end, const Links& links,
                                   const std::optional<OnLink>& place) {
  if (transport.source) return transport.source;
  if (end.local && (end.up || is_ours(links, transport.vrf, *end.local))) return end.local;
  return place ? std::optional(place->own) : end.local;
}

}  // namespace

std::optional<bfd::SessionKey> path_to(const bgp::PeerSettings& peer, const SessionEnd& end, const Links& links) {
  const auto& transport = peer.transport;
  if (!transport.address) return std::nullopt;
  const auto place = on_link(links, transport.vrf, *transport.address, transport.interface);
  const auto local = local_end(transport, end, links, place);
  if (!local) return std::nullopt;
  const auto* link = place ? place->link : find_link(links, transport.interface);
  const bool several = takes_several_hops(peer, place.has_value());
  return bfd::SessionKey{.vrf = transport.vrf,
                         .hops = several ? bfd::Hops::kMultiple : bfd::Hops::kSingle,
                         .remote = *transport.address,
                         .local = *local,
                         .interface = several || link == nullptr ? InterfaceIndex() : link->index};
}

}  // namespace metallb::peering
