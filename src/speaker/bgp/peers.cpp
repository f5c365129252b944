#include "speaker/bgp/peers.hpp"

#include <algorithm>
#include <utility>

#include "speaker/bgp/peer_settings.hpp"

namespace metallb::speaker {
namespace {

/// "10.0.0.1", or the interface's name.
std::string text(const bgp::Transport& transport) {
  return transport.address ? transport.address->to_string() : transport.interface;
}

bool has(const peering::Peer& peer, const bgp::Family& family) {
  return std::ranges::find(peer.settings.families, family) != peer.settings.families.end();
}

}  // namespace

BgpPeers::Identity BgpPeers::identity_of(const config::BgpPeer& peer) {
  return {peer.vrf, peer.interface, peer.address, peer.port, peer.source};
}

BgpPeers::Claims BgpPeers::claims(const std::vector<config::BgpPeer>& configured, const OwnNode& node) const {
  Claims out;
  for (const auto& peer : configured) {
    if (!peer.node_selectors.empty() && !kube::any_matches(peer.node_selectors, node.labels)) continue;
    const auto identity = identity_of(peer);
    auto& claim = out[identity];
    const auto running = peers_.find(identity);
    // Who has the session keeps it, so that a new name can be given before the old one is taken away.
    const auto rank = [&](const config::BgpPeer& p) {
      return std::pair(running == peers_.end() || running->second.wanted.settings.name != p.name, p.name);
    };
    if (claim.holder == nullptr || rank(peer) < rank(*claim.holder)) {
      if (claim.holder != nullptr) claim.others.push_back(claim.holder);
      claim.holder = &peer;
    } else {
      claim.others.push_back(&peer);
    }
  }
  return out;
}

bool BgpPeers::apply(const std::vector<config::BgpPeer>& configured, const OwnNode& node, const std::string& held,
                     Output& out) {
  const auto wanted = claims(configured, node);
  follow_ports(wanted);
  remove_others(configured, wanted, out);

  BgpSessions sessions;
  for (const auto& [identity, claim] : wanted) {
    const auto [known, is_new] = peers_.try_emplace(identity);
    auto& peer = known->second;
    if (is_new) peer.id = bgp::PeerId(++last_id_);
    auto settings = peer_of(*claim.holder, node_, node, held);
    if (is_new || settings != peer.wanted) out.emplace_back(BgpCommand(peering::SetPeer{peer.id, settings}));
    peer.wanted = std::move(settings);
    if (is_new) {
      log_.info({{"event", "peerAdded"},
                 {"peer", text(peer.wanted.settings.transport)},
                 {"vrf", claim.holder->vrf},
                 {"name", claim.holder->name},
                 {"msg", "peer configured, starting BGP session"}});
    }
    sessions.all[peer.id] = {.name = claim.holder->name,
                             .ipv4 = has(peer.wanted, bgp::kIpv4Unicast),
                             .ipv6 = has(peer.wanted, bgp::kIpv6Unicast)};
    sessions.by_name[claim.holder->name] = peer.id;
    for (const auto* other : claim.others) sessions.by_name[other->name] = peer.id;
  }
  report(wanted);
  const bool changed = sessions != sessions_;
  sessions_ = std::move(sessions);
  return changed;
}

/// Gives the session of a BGPPeer whose port has been edited its new identity (bgp spec 1.12: it is reset).
void BgpPeers::follow_ports(const Claims& wanted) {
  std::map<std::pair<std::string, Identity>, Identity> vanished;  // by name, and all but the port
  const auto without_port = [](Identity identity) {
    std::get<std::uint16_t>(identity) = 0;
    return identity;
  };
  for (const auto& [identity, peer] : peers_) {
    if (!wanted.contains(identity)) vanished.emplace(std::pair(peer.wanted.settings.name, without_port(identity)), identity);
  }
  for (const auto& [identity, claim] : wanted) {
    if (peers_.contains(identity)) continue;
    const auto found = vanished.find({claim.holder->name, without_port(identity)});
    if (found == vanished.end()) continue;
    auto node = peers_.extract(found->second);
    node.key() = identity;
    peers_.insert(std::move(node));
    vanished.erase(found);
  }
}

void BgpPeers::remove_others(const std::vector<config::BgpPeer>& configured, const Claims& wanted, Output& out) {
  std::erase_if(peers_, [&](const auto& entry) {
    const auto& [identity, peer] = entry;
    if (wanted.contains(identity)) return false;
    out.emplace_back(BgpCommand(peering::RemovePeer{peer.id}));
    const bool filtered = std::ranges::any_of(configured, [&](const auto& other) { return identity_of(other) == identity; });
    log_.info({{"event", "peerRemoved"},
               {"peer", text(peer.wanted.settings.transport)},
               {"vrf", peer.wanted.settings.transport.vrf},
               {"name", peer.wanted.settings.name},
               {"reason", filtered ? "filteredByNodeSelector" : "removedFromConfig"},
               {"msg", "peer deconfigured, closing BGP session"}});
    return true;
  });
}

void BgpPeers::report(const Claims& wanted) {
  std::set<std::string> doubles;
  for (const auto& [identity, claim] : wanted) {
    for (const auto* other : claim.others) {
      doubles.insert(other->name);
      if (reported_.contains(other->name)) continue;
      log_.warn({{"event", "peerIgnored"},
                 {"name", other->name},
                 {"msg", "BGPPeer " + claim.holder->name +
                             " describes the same session (VRF, address or interface, port, source): its settings apply; "
                             "delete one of the two"}});
    }
  }
  reported_ = std::move(doubles);
}

}  // namespace metallb::speaker
