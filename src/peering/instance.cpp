#include "peering/instance.hpp"

#include <algorithm>
#include <utility>

#include "peering/needs.hpp"
#include "peering/path.hpp"

namespace metallb::peering {
namespace {

/// What is advertised while the other end still learns that its link came up may be lost on it for good: FRR 8.4 takes the
/// neighbour in, forgets it with the next word of the link, and takes the advertisements that follow for old news. RFC 4861,
/// Section 6.3.7 has hosts wait for up to as long after an interface has come up.
constexpr Duration kSettling = std::chrono::seconds(1);

}  // namespace

void Instance::on_input(Now now, const Input& in, Output& out) {
  if (stopping_) return;
  std::visit([&](const auto& input) { take(now, input, out); }, in);
}

// ---- what the speaker wants ----

void Instance::take(Now now, const SetPeer& in, Output& out) {
  const auto [at, is_new] = peers_.try_emplace(in.peer, in.peer);
  auto& entry = at->second;
  const auto before = std::exchange(entry.wanted, in.wanted).settings.transport;
  const auto& wanted = entry.wanted.settings.transport;
  if (before.address != wanted.address || before.vrf != wanted.vrf || before.source != wanted.source ||
      before.interface != wanted.interface) {
    entry.session_address.reset();
    entry.neighbour.reset();
  }
  renew_discoveries(now.steady, {}, out);
  if (discovery_link(entry) != nullptr && !entry.neighbour) {
    entry.searched_since = now.steady;
    discoveries_.at(wanted.interface).schedule.search(now.steady);
  }
  refresh(entry, in.peer, out);
}

void Instance::take(Now now, const RemovePeer& in, Output& out) {
  const auto at = peers_.find(in.peer);
  if (at == peers_.end()) return;
  at->second.watch.want(std::nullopt, {}, out);
  out.emplace_back(bgp::RemovePeer{in.peer});
  peers_.erase(at);
  renew_discoveries(now.steady, {}, out);
}

void Instance::take(Now, const Stopping&, Output& out) {
  stopping_ = true;
  for (const auto& [name, discovery] : discoveries_) out.emplace_back(LeaveGroups{discovery.interface});
  discoveries_.clear();
}

// ---- what the network is ----

void Instance::take(Now now, const LinksChanged& in, Output& out) {
  links_ = in.links;
  const bool came_up = std::exchange(links_known_, true);
  renew_discoveries(now.steady, came_up ? kSettling : Duration(), out);
  refresh_all(out);
}

void Instance::take(Now, const DiscoveryTrouble& in, Output& out) {
  trouble_ = in.problem;
  refresh_all(out);
}

void Instance::take(Now, const SessionAddress& in, Output& out) {
  const auto at = peers_.find(in.peer);
  if (at == peers_.end()) return;
  at->second.session_address = in.local;
  at->second.address_is_current = true;
  refresh(at->second, in.peer, out);
}

// ---- what BGP and BFD say ----

void Instance::take(Now now, const bgp::StateChanged& in, Output& out) {
  const auto at = peers_.find(in.peer);
  if (at == peers_.end()) return;
  auto& entry = at->second;
  entry.state = in.to;
  if (in.from == bgp::State::kEstablished) entry.address_is_current = false;
  if (in.from == bgp::State::kEstablished && discovery_link(entry) != nullptr) {
    // The neighbour may have another address by now; routers that advertise once in minutes tell it only to who asks.
    discoveries_.at(entry.wanted.settings.transport.interface).schedule.search(now.steady);
  }
  refresh(entry, in.peer, out);
}

void Instance::take(Now, const bfd::StateChanged& in, Output& out) {
  const auto at = find_client(in.client);
  if (at == peers_.end()) return;
  at->second.watch.changed(in, out);
  refresh(at->second, at->first, out);
}

void Instance::take(Now, const bfd::Refused& in, Output&) {
  const auto at = find_client(in.client);
  if (at == peers_.end() || !at->second.watch.refused(in)) return;
  log_.error({{"op", "bfd"},
              {"event", "bfdRefused"},
              {"peer", at->second.wanted.settings.name},
              {"vrf", in.key.vrf},
              {"error", in.problem},
              {"msg", "the path to this peer is not watched; its BGP session runs without BFD"}});
}

Instance::Entries::iterator Instance::find_client(const std::string& client) {
  return std::find_if(peers_.begin(), peers_.end(),
                      [&](const auto& entry) { return entry.second.watch.client() == client; });
}

// ---- what follows ----

void Instance::refresh_all(Output& out) {
  for (auto& [peer, entry] : peers_) refresh(entry, peer, out);
}

void Instance::refresh(Entry& entry, bgp::PeerId peer, Output& out) {
  auto settings = settings_of(entry);
  if (entry.told != settings) {
    if (!settings.held.empty() && (!entry.told || entry.told->held != settings.held)) {
      log_.info({{"op", "bgp"},
                 {"event", "peerHeld"},
                 {"peer", settings.name},
                 {"vrf", settings.transport.vrf},
                 {"reason", settings.held},
                 {"msg", "the BGP session waits"}});
    }
    out.emplace_back(bgp::SetPeer{peer, settings});
    entry.told = std::move(settings);
  }
  if (entry.wanted.bfd) {
    entry.watch.want(path_of(entry), *entry.wanted.bfd, out);
    entry.watch.link(has_carrier(entry.watch.path()), out);
  } else {
    entry.watch.want(std::nullopt, {}, out);
  }
}

bgp::PeerSettings Instance::settings_of(const Entry& entry) const {
  auto out = entry.wanted.settings;
  if (!out.held.empty()) return out;
  if (!links_known_) {
    const bool needs_links = !out.transport.vrf.empty() || !out.transport.interface.empty();
    if (needs_links) out.held = "the interfaces of this node are not known yet";
    return out;
  }
  out.held = missing_for(out, links_);
  if (!out.held.empty() || !is_on_interface(out)) return out;
  auto& transport = out.transport;
  if (!entry.neighbour) {
    out.held = trouble_.empty() ? "no RA seen on interface " + transport.interface : trouble_;
    return out;
  }
  transport.address = entry.neighbour->address;
  if (!transport.source || transport.source->family() != transport.address->family())
    transport.source = entry.neighbour->own;
  return out;
}

std::optional<bfd::SessionKey> Instance::path_of(const Entry& entry) const {
  if (!links_known_ || !entry.told || !entry.told->held.empty()) return std::nullopt;
  const auto& transport = entry.told->transport;
  const SessionEnd end{.local = entry.session_address,
                       .up = entry.state == bgp::State::kEstablished && entry.address_is_current};
  auto path = path_to(*entry.told, end, links_);

  // A link that goes down takes its subnet along, and with it what made this path. BFD has to go on watching it: it is BFD
  // that tells BGP soon.
  const auto& old = entry.watch.path();
  if (path == old || !old || old->interface == InterfaceIndex()) return path;
  if (old->remote != transport.address || old->vrf != transport.vrf) return path;
  if (transport.source && transport.source != old->local) return path;
  if (on_link(links_, transport.vrf, *transport.address, transport.interface)) return path;
  const auto* link = find_link(links_, old->interface);
  const bool is_down = link != nullptr && !link->running;
  return is_down || entry.watch.state() == bfd::State::kUp ? old : path;
}

/// Of the link that the path is bound to, if it is bound to one.
bool Instance::has_carrier(const std::optional<bfd::SessionKey>& path) const {
  if (!path || path->interface == InterfaceIndex()) return true;
  const auto* link = find_link(links_, path->interface);
  return link != nullptr && link->running;
}

std::vector<PeerStatus> Instance::peers() const {
  std::vector<PeerStatus> out;
  out.reserve(peers_.size());
  for (const auto& [peer, entry] : peers_) {
    PeerStatus status{
        .peer = peer,
        .name = entry.wanted.settings.name,
        .neighbour = entry.neighbour ? std::optional(entry.neighbour->address) : std::nullopt,
        .held = entry.told ? entry.told->held : std::string(),
        .watched = entry.wanted.bfd.has_value(),
        .path = entry.watch.path(),
        .bfd = entry.watch.state(),
        .failures = entry.watch.failures(),
        .bfd_problem = entry.watch.problem(),
    };
    if (status.watched && !status.path) {
      status.bfd_problem = status.held.empty() ? "the local address is known when the BGP session connects" : status.held;
    }
    out.push_back(std::move(status));
  }
  return out;
}

}  // namespace metallb::peering
