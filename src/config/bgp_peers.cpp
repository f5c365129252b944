#include "config/bgp_peers.hpp"

#include <limits>
#include <map>
#include <tuple>

#include "config/bgp_passwords.hpp"
#include "config/bgp_timers.hpp"
#include "config/problem.hpp"
#include "config/selector_list.hpp"

namespace metallb::config {
namespace {

constexpr const char* kPeerKind = "BGPPeer";
constexpr std::int64_t kLargestAsn = std::numeric_limits<std::uint32_t>::max();
/// RFC 6793, Section 9: stands for an AS that takes four octets where there is room for two.
constexpr std::int64_t kAsTrans = 23'456;
constexpr std::uint16_t kBgpPort = 179;

Checked<std::uint32_t> as_number(const std::string& field, const std::string& what, std::int64_t number) {
  if (number < 1 || number > kLargestAsn || number == kAsTrans) {
    return std::unexpected(
        Problem{field, "invalid " + what + " " + std::to_string(number) + (number == kAsTrans ? ", which is AS_TRANS" : ""),
                "write the number of an autonomous system, from 1 to 4294967295; 23456 is nobody's"});
  }
  return static_cast<std::uint32_t>(number);
}

/// Whose AS is ours, and whose AS we accept.
Checked<void> read_as_numbers(const kube::BGPPeer& object, BgpPeer& out) {
  const auto& spec = object.spec;
  if (spec.myASN == 0) {
    return std::unexpected(Problem{"spec.myASN", "parsing peer " + object.metadata.name + " missing local ASN",
                                   "write the number of this cluster's autonomous system"});
  }
  const auto mine = as_number("spec.myASN", "local ASN", spec.myASN);
  if (!mine) return std::unexpected(mine.error());
  out.my_asn = *mine;
  if (spec.localASN) {
    const auto local = as_number("spec.localASN", "localASN", *spec.localASN);
    if (!local) return std::unexpected(local.error());
    out.local_asn = *local;
  }
  if (spec.peerASN == 0 && spec.dynamicASN.empty()) {
    return std::unexpected(Problem{"spec.peerASN", "missing peer ASN and dynamicASN",
                                   "write the router's AS number to peerASN, or internal or external to dynamicASN"});
  }
  if (spec.peerASN != 0 && !spec.dynamicASN.empty()) {
    return std::unexpected(
        Problem{"spec.dynamicASN", "both peer ASN and dynamicASN are set", "remove one of peerASN and dynamicASN"});
  }
  if (spec.dynamicASN.empty()) {
    const auto theirs = as_number("spec.peerASN", "peer ASN", spec.peerASN);
    if (!theirs) return std::unexpected(theirs.error());
    out.peer_asn = *theirs;
  } else if (spec.dynamicASN == "internal") {
    out.remote_as = BgpPeer::RemoteAs::kInternal;
  } else if (spec.dynamicASN == "external") {
    out.remote_as = BgpPeer::RemoteAs::kExternal;
  } else {
    return std::unexpected(
        Problem{"spec.dynamicASN", "invalid dynamicASN " + quoted(spec.dynamicASN), "write internal or external"});
  }
  // deviation: also with dynamicASN internal, where the original forgets to look (bgp spec 1.1).
  if (spec.ebgpMultiHop && out.peer_asn == out.my_asn) {
    return std::unexpected(Problem{"spec.ebgpMultiHop", "invalid ebgp-multihop: the peer is in our own AS",
                                   "remove it: an internal session may take any number of hops anyway"});
  }
  // With dynamicASN internal the original accepts it, to no effect.
  out.ebgp_multihop = spec.ebgpMultiHop && out.remote_as != BgpPeer::RemoteAs::kInternal;
  return {};
}

/// Something that one end of a TCP connection can have.
std::optional<IpAddress> endpoint(const std::string& text) {
  const auto address = IpAddress::parse(text);
  if (!address || address->is_unspecified() || address->is_multicast()) return std::nullopt;
  return address;
}

/// Where the router is, and where from we speak to it.
Checked<void> read_endpoints(const kube::BGPPeerSpec& spec, BgpPeer& out) {
  if (spec.peerAddress.empty() && spec.interface.empty()) {
    return std::unexpected(Problem{"spec.peerAddress", "missing BGPPeer address and interface",
                                   "write the router's address to peerAddress, or the link to it to interface"});
  }
  if (!spec.peerAddress.empty() && !spec.interface.empty()) {
    return std::unexpected(
        Problem{"spec.interface", "both BGPPeer address and interface are set", "remove one of peerAddress and interface"});
  }
  out.interface = spec.interface;
  if (!spec.peerAddress.empty()) {
    out.address = endpoint(spec.peerAddress);
    if (!out.address) {
      return std::unexpected(Problem{"spec.peerAddress", "invalid BGPPeer address " + quoted(spec.peerAddress),
                                     "write the router's IPv4 or IPv6 address, without zone, port or prefix length"});
    }
    if (out.address->is_v6() && out.address->is_link_local()) {
      return std::unexpected(
          Problem{"spec.peerAddress",
                  "invalid BGPPeer address " + quoted(spec.peerAddress) + ": link-local, and the link is not known",
                  "name the link in interface, and leave peerAddress out: the router's link-local address is found"});
    }
  }
  if (!spec.sourceAddress.empty()) {
    out.source = endpoint(spec.sourceAddress);
    if (!out.source || (out.address && out.address->family() != out.source->family())) {
      return std::unexpected(Problem{"spec.sourceAddress", "invalid source IP " + quoted(spec.sourceAddress),
                                     "write an address that this node has, of the same family as peerAddress"});
    }
  }
  const auto port = spec.peerPort.value_or(0);  // 0: as v1beta1 has it when unset
  if (port < 0 || port > std::numeric_limits<std::uint16_t>::max()) {
    return std::unexpected(Problem{"spec.peerPort", "invalid peer port " + std::to_string(port),
                                   "write the router's TCP port, or leave it out for 179"});
  }
  out.port = port == 0 ? kBgpPort : static_cast<std::uint16_t>(port);
  out.vrf = spec.vrf;
  return {};
}

Checked<void> read_router_id(const kube::BGPPeerSpec& spec, BgpPeer& out) {
  if (spec.routerID.empty()) return {};
  out.router_id = IpAddress::parse(spec.routerID);
  // RFC 6286, Section 2.1: any four octets but zero. The original accepts IPv6 addresses, which cannot work.
  if (!out.router_id || out.router_id->is_v6() || out.router_id->is_unspecified()) {
    return std::unexpected(Problem{"spec.routerID", "invalid router ID " + quoted(spec.routerID),
                                   "write four numbers as in an IPv4 address, not all of them 0, or leave it out"});
  }
  return {};
}

Checked<void> read_bfd_profile(const kube::BGPPeerSpec& spec, const BfdProfiles& profiles, BgpPeer& out) {
  if (spec.bfdProfile.empty()) return {};
  const auto found = profiles.find(spec.bfdProfile);
  if (found == profiles.end()) {
    return std::unexpected(Problem{.field = "spec.bfdProfile",
                                   .problem = "referencing non existing bfd profile " + quoted(spec.bfdProfile),
                                   .remedy = "create a BFDProfile of that name in MetalLB's own namespace",
                                   .transient = true,
                                   .other = std::pair("BFDProfile", spec.bfdProfile)});
  }
  out.bfd = found->second;
  return {};
}

Checked<BgpPeer> build_peer(const kube::BGPPeer& object, const BfdProfiles& profiles, const Objects<kube::Secret>& secrets) {
  const auto& spec = object.spec;
  BgpPeer out;
  out.name = object.metadata.name;
  if (auto read = read_as_numbers(object, out); !read) return std::unexpected(read.error());
  if (auto read = read_endpoints(spec, out); !read) return std::unexpected(read.error());
  if (auto read = read_router_id(spec, out); !read) return std::unexpected(read.error());
  auto timers = timers_of(spec);
  if (!timers) return std::unexpected(timers.error());
  out.hold_time = timers->hold_time;
  out.keepalive_time = timers->keepalive_time;
  out.connect_time = timers->connect_time;
  auto selectors = compile_list("spec.nodeSelectors", spec.nodeSelectors);
  if (!selectors) return std::unexpected(selectors.error());
  out.node_selectors = *std::move(selectors);
  auto password = password_of(spec, secrets);
  if (!password) return std::unexpected(password.error());
  out.password = *std::move(password);
  if (auto read = read_bfd_profile(spec, profiles, out); !read) return std::unexpected(read.error());
  out.graceful_restart = spec.enableGracefulRestart.value_or(false);
  out.dual_stack = spec.dualStackAddressFamily;
  return out;
}

/// What the engine knows a session by (bgp spec 1.7). The original knows them by VRF and address alone.
using Identity = std::tuple<std::string, std::string, std::optional<IpAddress>, std::uint16_t, std::optional<IpAddress>>;

Identity identity_of(const BgpPeer& peer) {
  return {peer.vrf, peer.interface, peer.address, peer.port, peer.source};
}

bool runs_on(const BgpPeer& peer, const kube::Node& node) {
  return peer.node_selectors.empty() || kube::any_matches(peer.node_selectors, node.metadata.labels);
}

bool meet(const BgpPeer& a, const BgpPeer& b, const Objects<kube::Node>& nodes) {
  return nodes.empty() ||
         std::any_of(nodes.begin(), nodes.end(), [&](const auto& node) { return runs_on(a, *node) && runs_on(b, *node); });
}

Problem same_session(const BgpPeer& peer, const BgpPeer& other) {
  auto what = peer.address ? peer.address->to_string() : "interface " + peer.interface;
  what += ", port " + std::to_string(peer.port);
  if (!peer.vrf.empty()) what += ", VRF " + peer.vrf;
  if (peer.source) what += ", source " + peer.source->to_string();
  return {peer.address ? "spec.peerAddress" : "spec.interface",
          "peer " + what + " already exists on a common node: it is that of BGPPeer " + quoted(other.name),
          "remove one of the two, keep them on different nodes with nodeSelectors, or give them different ports, VRFs or "
          "source addresses",
          false, std::pair(kPeerKind, other.name)};
}

/// Two that share a session, or a name, on a node that both select.
Checked<void> check_conflicts(const BgpPeer& peer, const std::vector<BgpPeer>& others, const Objects<kube::Node>& nodes) {
  const auto session = identity_of(peer);
  for (const auto& other : others) {
    if (other.name == peer.name) {
      return std::unexpected(
          Problem{"metadata.name", "peer " + quoted(peer.name) + " already exists", "rename one of the two peers"});
    }
    if (identity_of(other) == session && meet(peer, other, nodes)) return std::unexpected(same_session(peer, other));
  }
  return {};
}

}  // namespace

std::vector<BgpPeer> build_bgp_peers(const Objects<kube::BGPPeer>& peers, const Objects<kube::Node>& nodes,
                                     const BfdProfiles& profiles, const Objects<kube::Secret>& secrets,
                                     std::vector<ConfigError>& errors) {
  std::vector<BgpPeer> out;
  for (const auto& object : peers) {
    auto peer = build_peer(*object, profiles, secrets);
    auto checked = peer ? check_conflicts(*peer, out, nodes) : std::unexpected(peer.error());
    if (checked) {
      out.push_back(*std::move(peer));
    } else {
      errors.push_back(blame(kPeerKind, *object, std::move(checked.error())));
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

}  // namespace metallb::config
