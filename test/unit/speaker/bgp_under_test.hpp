// The BGP half of one speaker with everything around it played by the test: configuration, Services, and an engine that
// keeps what it is told.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "speaker/bgp/announcer.hpp"
#include "unit/speaker/objects.hpp"
#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker::test {

/// As slices(), with an address of `family` per endpoint.
inline SliceList endpoints(const std::string& text, const std::string& family = "IPv4") {
  SliceList out;
  for (const auto& slice : slices(text)) {
    auto copy = std::make_shared<kube::EndpointSlice>(*slice);
    copy->addressType = family;
    for (auto& endpoint : copy->endpoints) endpoint.addresses = {family == "IPv6" ? "fd00::1" : "10.0.0.1"};
    out.push_back(copy);
  }
  return out;
}

inline config::BgpAdvertisement bgp_ad(const std::string& name, const std::set<std::string>& nodes = {"pandora"}) {
  config::BgpAdvertisement out;
  out.name = name;
  out.nodes = nodes;
  return out;
}

inline config::Pool bgp_pool(std::vector<config::BgpAdvertisement> advertisements,
                             const std::vector<std::string>& prefixes = {"10.20.30.0/24"},
                             const std::string& name = "pool") {
  config::Pool out;
  out.name = name;
  for (const auto& prefix : prefixes) out.prefixes.push_back(IpPrefix::parse(prefix).value());
  out.bgp = std::move(advertisements);
  return out;
}

inline config::BgpPeer bgp_peer(const std::string& name, const std::string& address) {
  config::BgpPeer out;
  out.name = name;
  out.my_asn = 64512;
  out.peer_asn = 64513;
  out.address = IpAddress::parse(address).value();
  return out;
}

inline config::Config bgp_config(std::vector<config::Pool> pools, std::vector<config::BgpPeer> peers) {
  config::Config out;
  for (auto& pool : pools) out.pools.emplace(pool.name, pool);
  out.bgp_peers = std::move(peers);
  return out;
}

class BgpUnderTest {
 public:
  explicit BgpUnderTest(const std::string& node = "pandora")
      : announcer({.node = node, .namespace_ = "metallb-system", .ignore_exclude_label = false},
                  {.advertisement = [](const ObjectKey&) { return nullptr; },
                   .peer = [this](const ObjectKey& key) -> std::shared_ptr<const kube::BGPPeer> {
                     if (!existing_peers.contains(key.name)) return nullptr;
                     kube::BGPPeer peer;
                     peer.metadata.name = key.name;
                     return std::make_shared<const kube::BGPPeer>(peer);
                   }},
                  Log(log)) {}

  std::set<std::string> existing_peers;  ///< of any node
  Recorder log;
  BgpAnnouncer announcer;
  NodeFacts facts;
  OwnNode own;
  std::string held;
  SteadyPoint now{std::chrono::hours(1)};
  Output out;  ///< everything asked for since the last forget()

  void configure(const config::Config& config) {
    config_ = std::make_shared<const config::Config>(config);
    announcer.begin_batch(out);
    reconfigure();
    look_at_all();
  }
  void reconfigure() {
    announcer.configure(now, *config_, own, held, out);
    tell_engine();
  }
  void put(const kube::Service& service, SliceList slices) {
    services_[service.metadata.key()] = {std::make_shared<const kube::Service>(service), std::move(slices)};
    look_at(service.metadata.key());
  }
  void remove(const std::string& name) {
    services_[{"default", name}].first = nullptr;
    look_at({"default", name});
  }
  void look_at_all() {
    for (const auto& [key, service] : services_) reconcile(key);
    publish();
  }
  void pass(Duration time) {
    now += time;
    if (announcer.next_deadline() <= now) announcer.on_time(now, out);
  }
  void forget() {
    out.clear();
    told_ = 0;
    log.lines.clear();
  }

  /// What the engine announces to a BGPPeer: "10.20.30.1/32 100 0:1234 0:2345", "-" without local preference.
  [[nodiscard]] std::vector<std::string> ads(const std::string& peer) const {
    std::vector<std::string> found;
    for (const auto& [id, settings] : sessions_) {
      if (settings.name != peer) continue;
      for (const auto& [prefix, offers] : routes_) {
        if (const auto text = told(id, offers)) found.push_back(prefix.to_string() + " " + *text);
      }
    }
    return found;
  }
  /// The same of all peers, as text.
  [[nodiscard]] std::string picture() const {
    std::string text;
    for (const auto& [id, settings] : sessions_) {
      text += settings.name + ":";
      for (const auto& ad : ads(settings.name)) text += " [" + ad + "]";
      text += "\n";
    }
    return text;
  }
  /// Names of the BGPPeers in the order of their numbers, with the numbers.
  [[nodiscard]] std::map<std::string, std::uint32_t> sessions() const {
    std::map<std::string, std::uint32_t> found;
    for (const auto& [id, settings] : sessions_) found[settings.name] = id.value();
    return found;
  }
  [[nodiscard]] const bgp::PeerSettings& settings(const std::string& peer) const {
    return std::ranges::find_if(sessions_, [&](const auto& entry) { return entry.second.name == peer; })->second;
  }
  template <class T>
  [[nodiscard]] std::vector<T> commands() const {
    std::vector<T> found;
    for (const auto& action : out) {
      const auto* command = std::get_if<BgpCommand>(&action);
      if (command != nullptr && std::holds_alternative<T>(*command)) found.push_back(std::get<T>(*command));
    }
    return found;
  }
  [[nodiscard]] std::vector<std::string> events() const {
    std::vector<std::string> found;
    for (const auto& action : out) {
      if (const auto* note = std::get_if<kube::EventNote>(&action)) {
        found.push_back(note->about.kind + " " + note->about.name + " " + note->reason + ": " + note->message);
      }
    }
    return found;
  }
  /// Events that begin with `text`.
  [[nodiscard]] auto count(const std::string& text) const {
    return std::ranges::count_if(events(), [&](const auto& event) { return event.starts_with(text); });
  }
  [[nodiscard]] std::string reason(const std::string& name = "web") const {
    const auto* found = announcer.decisions().find({"default", name});
    return found == nullptr ? "?" : std::string(to_string(found->reason));
  }
  /// Whose peers may have changed since the last call, with their BGPPeers.
  [[nodiscard]] std::map<std::string, std::vector<std::string>> affected() {
    std::map<std::string, std::vector<std::string>> found;
    for (const auto& key : announcer.take_affected(1000)) found[key.name] = announcer.peers_of(key);
    return found;
  }

 private:
  void look_at(const ServiceKey& key) {
    reconcile(key);
    publish();
  }
  void reconcile(const ServiceKey& key) {
    const auto& [service, slices] = services_.at(key);
    auto grounds = grounds_of(service.get(), "", config_.get(), nullptr);
    const std::shared_ptr<const config::Pool> pool(config_, grounds.pool);
    announcer.reconcile(key, service.get(), slices, std::move(grounds), pool, &facts, out);
  }
  void publish() {
    do announcer.publish(false, out);
    while (announcer.due());
    tell_engine();
  }
  void tell_engine() {
    for (; told_ < out.size(); ++told_) {
      const auto* command = std::get_if<BgpCommand>(&out[told_]);
      if (command == nullptr) continue;
      if (const auto* set = std::get_if<peering::SetPeer>(command)) sessions_[set->peer] = set->wanted.settings;
      if (const auto* removed = std::get_if<peering::RemovePeer>(command)) sessions_.erase(removed->peer);
      if (const auto* publish = std::get_if<bgp::Publish>(command)) {
        for (const auto& change : publish->changes) {
          routes_.erase(change.prefix);
          if (!change.offers.empty()) routes_[change.prefix] = change.offers;
        }
      }
    }
  }
  /// bgp/routes.hpp: the first offer that names the peer, else the first to all.
  [[nodiscard]] static std::optional<std::string> told(bgp::PeerId id, const std::vector<bgp::Offer>& offers) {
    const bgp::Offer* best = nullptr;
    for (const auto& offer : offers) {
      const bool named = std::ranges::find(offer.peers, id) != offer.peers.end();
      if (named) {
        best = &offer;
        break;
      }
      if (offer.peers.empty() && best == nullptr) best = &offer;
    }
    if (best == nullptr) return std::nullopt;
    const auto& [local_pref, communities, large] = best->attributes;
    std::string text = local_pref ? std::to_string(*local_pref) : "-";
    for (const auto& c : communities) {
      text += " " + std::to_string(c.value() >> 16) + ":" + std::to_string(c.value() & 0xffff);
    }
    for (const auto& c : large) {
      text += " " + std::to_string(c.global) + ":" + std::to_string(c.local1) + ":" + std::to_string(c.local2);
    }
    return text;
  }

  std::shared_ptr<const config::Config> config_;
  std::map<ServiceKey, std::pair<std::shared_ptr<const kube::Service>, SliceList>> services_;
  std::map<bgp::PeerId, bgp::PeerSettings> sessions_;
  std::map<IpPrefix, std::vector<bgp::Offer>> routes_;
  std::size_t told_ = 0;
};

}  // namespace metallb::speaker::test
