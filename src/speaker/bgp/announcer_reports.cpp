// What the BGP half of the speaker tells users: log lines and events, each once while its cause lasts.
#include <algorithm>
#include <array>
#include <utility>

#include "kube/event_note.hpp"
#include "speaker/address_list.hpp"
#include "speaker/bgp/announcer.hpp"
#include "speaker/concluded.hpp"

namespace metallb::speaker {
namespace {

constexpr auto kSkipping = "skipping should announce bgp";
constexpr std::array kFamilies{IpFamily::kIpv4, IpFamily::kIpv6};

std::string listed(const std::set<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

void BgpAnnouncer::report_withdrawal(const ServiceKey& key, const std::vector<IpAddress>& addresses, Reason reason) {
  log_.info({{"event", "serviceWithdrawn"},
             {"service", key.to_string()},
             {"ip", texts(addresses)},
             {"reason", to_string(reason)},
             {"protocol", "bgp"},
             {"msg", "this node does not announce the Service any more"}});
}

void BgpAnnouncer::report(const ServiceKey& key, const kube::Service* service, const BgpDecision& decision, Output& out) {
  const auto* before = decisions_.find(key);
  if (before != nullptr && before->reason == decision.reason && before->detail == decision.detail) return;
  const auto name = key.to_string();
  const auto reason = to_string(decision.reason);
  switch (decision.reason) {
    case Reason::kConflictingAdvertisements:
      log_.error({{"event", reason},
                  {"service", name},
                  {"error", decision.detail},
                  {"msg", "the Service is not announced by BGP"}});
      if (service == nullptr) return;
      out.emplace_back(
          kube::event_note(*service, kube::EventNote::Type::kWarning, "conflictingAdvertisements",
                           "not announced from node \"" + settings_.node + "\" with protocol \"bgp\": " + decision.detail));
      return;
    case Reason::kNodeNetworkUnavailable:
    case Reason::kNodeExcluded:
      log_.warn({{"event", kSkipping}, {"service", name}, {"reason", reason}, {"msg", decision.detail}});
      return;
    case Reason::kNotOwner:
    case Reason::kNoMatchingAdvertisement:
    case Reason::kNoLocalEndpoints:
    case Reason::kNoEndpoints:
      log_.debug({{"event", kSkipping}, {"service", name}, {"reason", reason}, {"msg", decision.detail}});
      return;
    default:  // told by layer 2's side, which has the same grounds
      return;
  }
}

void BgpAnnouncer::check_advertisements(SteadyPoint now, const config::Config& config) {
  std::map<std::string, const config::BgpAdvertisement*> here;
  for (const auto& [name, pool] : config.pools) {
    for (const auto& advertisement : pool.bgp) {
      if (advertisement.nodes.contains(settings_.node)) here.try_emplace(advertisement.name, &advertisement);
    }
  }
  std::erase_if(nowhere_, [&](const auto& entry) { return !here.contains(entry.first); });
  unreached_.clear();
  for (const auto& [name, advertisement] : here) check_peers_of(now, *advertisement);
  std::erase_if(told_, [&](const auto& entry) { return !unreached_.contains(entry); });
}

void BgpAnnouncer::check_peers_of(SteadyPoint now, const config::BgpAdvertisement& advertisement) {
  const auto& name = advertisement.name;
  std::vector<const BgpSessions::Session*> reached;
  for (const auto& [peer, id] : sessions().by_name) {
    if (advertisement.peers.empty() || advertisement.peers.contains(peer)) reached.push_back(&sessions().all.at(id));
  }
  if (!reached.empty() || advertisement.peers.empty()) {
    nowhere_.erase(name);
    // A node without any session is none of the advertisement's fault.
    for (const auto family : kFamilies) {
      if (reached.empty() || std::ranges::any_of(reached, [&](const auto* s) { return s->carries(family); })) continue;
      unreached_.insert({name, family});
    }
    return;
  }
  auto& entry = nowhere_[name];
  if (entry.peers != advertisement.peers) entry = {.peers = advertisement.peers, .look_at = now + kGrace};
}

void BgpAnnouncer::peers_changed(SteadyPoint now) {
  for (auto& [name, entry] : nowhere_) entry.look_at = now + kGrace;
}

void BgpAnnouncer::on_time(SteadyPoint now, Output& out) {
  for (auto& [name, entry] : nowhere_) {
    if (entry.look_at > now) continue;
    entry.look_at = kIdle;
    report_nowhere(name, out);
  }
  for (const auto& down : session_watch_.take_due(now)) report(down, out);
}

SteadyPoint BgpAnnouncer::next_deadline() const {
  auto deadline = session_watch_.next_deadline();
  for (const auto& [name, entry] : nowhere_) deadline = std::min(deadline, entry.look_at);
  return deadline;
}

void BgpAnnouncer::report_nowhere(const std::string& advertisement, Output& out) {
  auto& entry = nowhere_.at(advertisement);
  const bool exist = std::ranges::any_of(
      entry.peers, [this](const auto& peer) { return objects_.peer({settings_.namespace_, peer}) != nullptr; });
  const auto peers = listed(entry.peers);
  if (!std::exchange(entry.logged, true)) {
    log_.warn({{"event", "announcedNowhere"},
               {"advertisement", advertisement},
               {"peers", peers},
               {"msg", exist ? "this node has no session with any of the BGPPeers to which the BGPAdvertisement is limited"
                             : "none of the BGPPeers exists to which the BGPAdvertisement is limited"}});
  }
  // Peers of other nodes are how peers are chosen by rack; names that nobody has are a mistake.
  if (!exist && !entry.told) {
    out.emplace_back(
        kube::event_note(object_of(advertisement), kube::EventNote::Type::kWarning, "announcedNowhere",
                         "spec.peers: no BGPPeer has the name " + peers +
                             ", so nothing is announced: correct the names, or remove them to announce to all peers"));
  }
  entry.told = !exist;
}

/// Without the addresses whose family no session carries: to say that this node announces them would be wrong.
BgpDecision BgpAnnouncer::within_reach(BgpDecision decision, Output& out) {
  if (unreached_.empty()) return decision;
  auto& addresses = decision.announcement.addresses;
  report_unreached(wishes_for(addresses, decision.advertisements), out);
  const auto missing = std::erase_if(addresses, [&](const IpAddress& address) {
    return std::ranges::all_of(decision.advertisements, [&](const auto& advertisement) {
      return unreached_.contains({advertisement->name, address.family()});
    });
  });
  if (addresses.empty()) {
    return withdrawn(std::move(decision), Reason::kFamilyNotCarried,
                     "no BGP session of node " + settings_.node + " carries the family of the Service's addresses");
  }
  if (missing > 0) decision.missing = Reason::kFamilyNotCarried;
  return decision;
}

void BgpAnnouncer::report_unreached(const std::vector<Wish>& wishes, Output& out) {
  if (unreached_.empty()) return;
  for (const auto& wish : wishes) {
    const Unreached entry{wish.terms->name, wish.prefix.family()};
    if (!unreached_.contains(entry) || !told_.insert(entry).second) continue;
    const auto family = std::string(to_string(wish.prefix.family()));
    const auto text = family + " prefixes, such as " + wish.prefix.to_string() + ", reach no peer of node \"" +
                      settings_.node + "\", since no session carries " + family +
                      ": set dualStackAddressFamily on a BGPPeer, or add one with an " + family + " address";
    log_.warn({{"event", "familyNotCarried"}, {"advertisement", entry.first}, {"msg", text}});
    out.emplace_back(kube::event_note(object_of(entry.first), kube::EventNote::Type::kWarning, "familyNotCarried", text));
  }
}

void BgpAnnouncer::report(const LocalPrefDispute& dispute, Output& out) {
  const auto& [prefix, used, ignored] = dispute;
  const auto text = "localPref " + std::to_string(ignored.local_pref) + " is not used for " + prefix.to_string() +
                    ", since BGPAdvertisement " + used.advertisement + " sets the higher localPref " +
                    std::to_string(used.local_pref) + " for the same prefix: give both the same value";
  log_.warn({{"event", "localPrefDiffers"}, {"advertisement", ignored.advertisement}, {"msg", text}});
  out.emplace_back(
      kube::event_note(object_of(ignored.advertisement), kube::EventNote::Type::kWarning, "localPrefDiffers", text));
}

void BgpAnnouncer::report(const BgpSessionWatch::Down& down, Output& out) {
  // It is logged attempt by attempt. Who is deleted meanwhile needs no event.
  const auto peer = objects_.peer({settings_.namespace_, down.name});
  if (!peer) return;
  out.emplace_back(kube::event_note(*peer, kube::EventNote::Type::kWarning, "bgpSessionDown",
                                    "the BGP session of node \"" + settings_.node + "\" is down, for a minute and more: " +
                                        (down.problem.empty() ? "the router has not answered" : down.problem)));
}

kube::BGPAdvertisement BgpAnnouncer::object_of(const std::string& advertisement) const {
  const ObjectKey key{settings_.namespace_, advertisement};
  if (const auto object = objects_.advertisement(key)) return *object;
  kube::BGPAdvertisement gone;
  gone.metadata.namespace_ = key.namespace_;
  gone.metadata.name = key.name;
  return gone;
}

}  // namespace metallb::speaker
