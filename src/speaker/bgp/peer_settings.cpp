#include "speaker/bgp/peer_settings.hpp"

#include <boost/crc.hpp>
#include <cstdint>

namespace metallb::speaker {
namespace {

using RemoteAs = config::BgpPeer::RemoteAs;

constexpr std::uint8_t kFarTtl = 255;

bool is_internal(const config::BgpPeer& peer) {
  // As myASN says: localASN is only how the peer sees us (bgp spec 1.1).
  return peer.remote_as == RemoteAs::kInternal || (peer.remote_as == RemoteAs::kFixed && peer.peer_asn == peer.my_asn);
}

bgp::PeerAs peer_as_of(const config::BgpPeer& peer) {
  using Kind = bgp::PeerAs::Kind;
  switch (peer.remote_as) {
    case RemoteAs::kFixed:
      return {.kind = Kind::kFixed, .number = bgp::Asn(peer.peer_asn)};
    case RemoteAs::kInternal:
      return {.kind = Kind::kInternal, .number = {}};
    case RemoteAs::kExternal:
      return {.kind = Kind::kExternal, .number = {}};
  }
  return {};
}

std::vector<bgp::Family> families_of(const config::BgpPeer& peer) {
  if (peer.dual_stack || !peer.address) return {bgp::kIpv4Unicast, bgp::kIpv6Unicast};
  return {bgp::unicast(peer.address->family())};
}

/// As the original's native mode: the CRC-32 (IEEE) of the name, its bytes in little-endian order.
std::uint32_t hash_of(const std::string& node_name) {
  boost::crc_32_type sum;
  sum.process_bytes(node_name.data(), node_name.size());
  const auto hash = __builtin_bswap32(sum.checksum());
  return hash == 0 ? 1 : hash;  // RFC 6286, Section 2.1: not 0
}

}  // namespace

bgp::RouterId router_id_of(const config::BgpPeer& peer, const std::string& node_name, const OwnNode& node) {
  const auto& address = peer.router_id ? peer.router_id : node.internal_v4;
  return bgp::RouterId(address ? static_cast<std::uint32_t>(address->number()) : hash_of(node_name));
}

bfd::Parameters bfd_parameters_of(const config::BfdProfile& profile) {
  bfd::Parameters out;
  out.receive_interval = profile.receive_interval.value_or(out.receive_interval);
  out.transmit_interval = profile.transmit_interval.value_or(out.transmit_interval);
  out.echo_interval = profile.echo_interval.value_or(out.echo_interval);
  out.detect_mult = profile.detect_multiplier.value_or(out.detect_mult);
  out.minimum_ttl = profile.minimum_ttl.value_or(out.minimum_ttl);
  out.echo = profile.echo_mode;
  out.passive = profile.passive_mode;
  return out;
}

peering::Peer peer_of(const config::BgpPeer& peer, const std::string& node_name, const OwnNode& node,
                      const std::string& held) {
  peering::Peer out;
  auto& settings = out.settings;
  settings.name = peer.name;
  settings.transport = {.address = peer.address,
                        .interface = peer.interface,
                        .port = peer.port,
                        .source = peer.source,
                        .vrf = peer.vrf,
                        .password = peer.password,
                        .ttl = is_internal(peer) || peer.ebgp_multihop ? kFarTtl : std::uint8_t{1},
                        .minimum_ttl = 0};
  settings.my_as = bgp::Asn(peer.my_asn);
  settings.local_as = bgp::Asn(peer.local_asn.value_or(peer.my_asn));
  settings.router_id = router_id_of(peer, node_name, node);
  settings.peer_as = peer_as_of(peer);
  settings.families = families_of(peer);
  if (peer.hold_time) settings.hold_time = *peer.hold_time;
  settings.keepalive_time = peer.keepalive_time;
  if (peer.connect_time) settings.connect_time = *peer.connect_time;
  settings.graceful_restart = peer.graceful_restart;
  settings.host_name = node_name;
  settings.held = held;
  if (peer.bfd) out.bfd = bfd_parameters_of(*peer.bfd);
  return out;
}

}  // namespace metallb::speaker
