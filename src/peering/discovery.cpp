// Peers on interfaces: their neighbours are found by router advertisements (bgp spec 4.11).
#include <algorithm>
#include <set>
#include <utility>

#include "peering/instance.hpp"
#include "peering/needs.hpp"

namespace metallb::peering {
namespace {

using std::chrono::seconds;

/// A neighbour is tried for so long, the time that an attempt to connect may take, before another one takes its place.
constexpr Duration kTrial = seconds(10);
/// bgp spec 4.11: so long IPv6 has the first say.
constexpr Duration kIpv4Delay = seconds(10);
constexpr Duration kLogPause = std::chrono::minutes(1);
/// What FRR advertises, which peers may take for their own packets.
constexpr std::uint8_t kCurrentHopLimit = 64;

/// Somebody answers at the other end, or is a router that we have a session with.
bool is_in_use(bgp::State state) {
  return state >= bgp::State::kOpenSent;
}

}  // namespace

void Instance::on_time(Now now, Output& out) {
  if (stopping_) return;
  for (auto& [name, discovery] : discoveries_) send_due(now.steady, name, discovery, out);
  for (auto& [peer, entry] : peers_) {
    if (ipv4_deadline(entry) > now.steady) continue;
    try_ipv4(now.steady, entry);
    refresh(entry, peer, out);
  }
}

SteadyPoint Instance::next_deadline() const {
  auto deadline = kIdle;
  for (const auto& [name, discovery] : discoveries_) {
    deadline = std::min(deadline, discovery.schedule.next_deadline(searching(name)));
  }
  for (const auto& [peer, entry] : peers_) deadline = std::min(deadline, ipv4_deadline(entry));
  return deadline;
}

// ---- where to look ----

const Link* Instance::discovery_link(const Entry& entry) const {
  const auto& settings = entry.wanted.settings;
  // Who must not run for a reason of the speaker's (another BGP daemon on this node, say) must not be heard of either.
  if (!is_on_interface(settings) || !settings.held.empty()) return nullptr;
  return missing_for(settings, links_).empty() ? find_link(links_, settings.transport.interface) : nullptr;
}

bool Instance::is_looked_for_on(const Entry& entry, const std::string& interface) const {
  return entry.wanted.settings.transport.interface == interface && discovery_link(entry) != nullptr;
}

void Instance::renew_discoveries(SteadyPoint now, Duration pause, Output& out) {
  std::set<std::string> wanted;
  for (const auto& [peer, entry] : peers_) {
    if (discovery_link(entry) != nullptr) wanted.insert(entry.wanted.settings.transport.interface);
  }
  for (auto at = discoveries_.begin(); at != discoveries_.end();) {
    const auto& [name, discovery] = *at;
    const auto* link = find_link(links_, name);
    // Under the same name it may be another interface.
    const bool stays = wanted.contains(name) && link != nullptr && link->index == discovery.interface;
    if (!stays) out.emplace_back(LeaveGroups{discovery.interface});
    at = stays ? std::next(at) : discoveries_.erase(at);
  }
  for (auto& [peer, entry] : peers_) {
    // With its interface a neighbour is lost at once; which one it is next time, its advertisements will tell.
    if (!discoveries_.contains(entry.wanted.settings.transport.interface) || discovery_link(entry) == nullptr) {
      entry.neighbour.reset();
    }
  }
  for (const auto& name : wanted) {
    const auto& link = links_.at(name);
    const auto at = discoveries_.find(name);
    at == discoveries_.end() ? begin_discovery(now, pause, link, out) : follow_link(link, at->second);
  }
}

void Instance::begin_discovery(SteadyPoint now, Duration pause, const Link& link, Output& out) {
  discoveries_.emplace(link.name, Discovery{.interface = link.index,
                                            .own = link.link_local().value_or(IpAddress()),
                                            .mac = link.mac,
                                            .schedule = DiscoverySchedule(now, now + pause)});
  for (auto& [peer, entry] : peers_) {
    if (is_looked_for_on(entry, link.name)) entry.searched_since = now;
  }
  out.emplace_back(JoinGroups{link.index});
}

void Instance::follow_link(const Link& link, Discovery& discovery) {
  discovery.mac = link.mac;
  const bool own_is_usable = std::any_of(link.addresses.begin(), link.addresses.end(),
                                         [&](const LinkAddress& a) { return a.usable && a.address == discovery.own; });
  if (!own_is_usable) discovery.own = link.link_local().value_or(discovery.own);
  const auto ends = point_to_point(link);
  for (auto& [peer, entry] : peers_) {
    if (!entry.neighbour || !is_looked_for_on(entry, link.name)) continue;
    if (entry.neighbour->address.is_v6()) {
      entry.neighbour->own = discovery.own;
    } else if (!ends || ends->own != entry.neighbour->own || ends->other != entry.neighbour->address) {
      entry.neighbour.reset();
    }
  }
}

bool Instance::searching(const std::string& interface) const {
  return std::any_of(peers_.begin(), peers_.end(), [&](const auto& peer) {
    const auto& entry = peer.second;
    return is_looked_for_on(entry, interface) && (!entry.neighbour || entry.state != bgp::State::kEstablished);
  });
}

// ---- what is heard ----

void Instance::take(Now now, const NdpReceived& in, Output& out) {
  const auto found = std::find_if(discoveries_.begin(), discoveries_.end(),
                                  [&](const auto& entry) { return entry.second.interface == in.interface; });
  if (found == discoveries_.end()) return;
  auto& [name, discovery] = *found;
  const auto discard = [this](NdpError why) { ++counters_.discarded[static_cast<std::size_t>(why)]; };
  const auto message = decode_ndp(in.arrival, in.message);
  if (!message) return discard(message.error());
  // What a port sends may come back to it; we are not our own neighbour.
  if (links_.at(name).has(in.arrival.source)) return discard(NdpError::kOwn);
  if (std::holds_alternative<RouterSolicitation>(*message)) {
    ++counters_.solicitations_received;
    return discovery.schedule.asked(now.steady);
  }
  // A router with a lifetime of 0 is no default router, and still the neighbour.
  ++counters_.advertisements_received;
  for (auto& [peer, entry] : peers_) {
    if (!is_looked_for_on(entry, name)) continue;
    consider(now.steady, entry, in.arrival.source, discovery.own);
    refresh(entry, peer, out);
  }
}

void Instance::consider(SteadyPoint now, Entry& entry, const IpAddress& address, const IpAddress& own) {
  const auto old = entry.neighbour;
  if (old && old->address == address) return;
  const bool by_ipv4 = old && old->address.is_v4();
  const bool in_use = old && is_in_use(entry.state);
  const bool has_its_turn = old && !by_ipv4 && now - old->since < kTrial;
  if (in_use || has_its_turn) {
    if (by_ipv4) return;  // the same neighbour, most likely
    return log_neighbour(
        now, entry, address, "otherNeighbour",
        "several routers advertise themselves on the interface of this peer: leave one on that link, or name "
        "the peer by its address");
  }
  entry.neighbour = Neighbour{.address = address, .own = own, .since = now};
  log_neighbour(now, entry, address, "neighbourFound", "the peer on this interface is known by its router advertisement");
}

void Instance::log_neighbour(SteadyPoint now, Entry& entry, const IpAddress& address, const char* event, const char* text) {
  if (entry.logged != SteadyPoint::min() && now - entry.logged < kLogPause) return;
  entry.logged = now;
  log_.info({{"op", "bgp"},
             {"event", event},
             {"peer", entry.wanted.settings.name},
             {"interface", entry.wanted.settings.transport.interface},
             {"neighbour", address.to_string()},
             {"msg", text}});
}

// ---- what is said ----

void Instance::send_due(SteadyPoint now, const std::string& name, Discovery& discovery, Output& out) {
  const auto due = discovery.schedule.take(now, searching(name));
  const auto link_layer = discovery.mac.is_station() ? std::optional(discovery.mac) : std::nullopt;
  const auto send = [&](const IpAddress& to, Bytes message) {
    out.emplace_back(SendNdp{discovery.interface, discovery.own, to, std::move(message)});
  };
  if (due.advertise) {
    ++counters_.advertisements_sent;
    // A lifetime of 0: with another one hosts on the link, and the peer, would take this node for their default router.
    send(all_nodes(),
         encode(RouterAdvertisement{.current_hop_limit = kCurrentHopLimit, .lifetime = 0, .source_link_layer = link_layer}));
  }
  if (due.solicit) {
    ++counters_.solicitations_sent;
    send(all_routers(), encode(RouterSolicitation{link_layer}));
  }
}

// ---- the IPv4 neighbour, where that is wanted ----

SteadyPoint Instance::ipv4_deadline(const Entry& entry) const {
  if (!options_.ipv4_on_point_to_point || entry.neighbour) return kIdle;
  const auto* link = discovery_link(entry);
  return link != nullptr && point_to_point(*link) ? entry.searched_since + kIpv4Delay : kIdle;
}

void Instance::try_ipv4(SteadyPoint now, Entry& entry) {
  const auto ends = point_to_point(*discovery_link(entry));
  entry.neighbour = Neighbour{.address = ends->other, .own = ends->own, .since = now};
  log_neighbour(now, entry, ends->other, "neighbourFound",
                "no router advertisement on the interface of this peer: it is taken for the other end of the IPv4 subnet");
}

}  // namespace metallb::peering
