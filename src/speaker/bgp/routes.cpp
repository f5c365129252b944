#include "speaker/bgp/routes.hpp"

#include <algorithm>
#include <optional>

#include "base/contract.hpp"

namespace metallb::speaker {
namespace {

using config::BgpAdvertisement;

/// What several advertisements make together of one prefix for one session.
class Merger {
 public:
  void add(const BgpAdvertisement& terms) {
    for (const auto& community : terms.communities) {
      const auto& [a, b, c] = community.parts;
      if (community.large) {
        large_communities_.insert({a, b, c});
      } else {
        communities_.insert(bgp::Community((a << 16) | b));
      }
    }
    if (!terms.local_pref) return;
    const LocalPrefDispute::Side side{*terms.local_pref, terms.name};
    if (!highest_ || side > *highest_) highest_ = side;
    if (!lowest_ || side < *lowest_) lowest_ = side;
  }
  [[nodiscard]] bgp::RouteAttributes attributes() const {
    bgp::RouteAttributes out;
    if (highest_) out.local_pref = highest_->local_pref;
    out.communities.assign(communities_.begin(), communities_.end());
    out.large_communities.assign(large_communities_.begin(), large_communities_.end());
    return out;
  }
  [[nodiscard]] std::optional<LocalPrefDispute> dispute(const IpPrefix& prefix) const {
    if (!highest_ || highest_->local_pref == lowest_->local_pref) return std::nullopt;
    return LocalPrefDispute{.prefix = prefix, .used = *highest_, .ignored = *lowest_};
  }

 private:
  std::set<bgp::Community> communities_;
  std::set<bgp::LargeCommunity> large_communities_;
  std::optional<LocalPrefDispute::Side> highest_;
  std::optional<LocalPrefDispute::Side> lowest_;
};

}  // namespace

std::vector<Wish> wishes_for(const std::vector<IpAddress>& addresses,
                             const std::vector<std::shared_ptr<const BgpAdvertisement>>& advertisements) {
  std::vector<Wish> out;
  for (const auto& address : addresses) {
    for (const auto& advertisement : advertisements) {
      const auto length = address.is_v4() ? advertisement->aggregation_v4 : advertisement->aggregation_v6;
      Wish wish{.prefix = IpPrefix(address, length), .terms = advertisement};
      // Two addresses of a Service may be under one aggregate.
      if (std::ranges::find(out, wish) == out.end()) out.push_back(std::move(wish));
    }
  }
  return out;
}

void BgpRoutes::set(const ServiceKey& service, std::vector<Wish> wishes) {
  const auto known = wishes_.find(service);
  if (known == wishes_.end() ? wishes.empty() : known->second == wishes) return;
  affected_.insert(service);
  const auto place = known == wishes_.end() ? wishes_.try_emplace(service).first : known;
  const auto before = std::exchange(place->second, std::move(wishes));
  for (const auto& wish : before) remove(&place->first, wish);
  for (const auto& wish : place->second) add(&place->first, wish);
  if (place->second.empty()) wishes_.erase(place);
}

void BgpRoutes::add(const ServiceKey* service, const Wish& wish) {
  auto& prefix = prefixes_[wish.prefix];
  const auto same = std::ranges::find(prefix.terms, wish.terms, [](const auto& entry) { return entry.first; });
  if (same == prefix.terms.end()) {
    prefix.terms.emplace_back(wish.terms, 1);
  } else {
    ++same->second;
  }
  prefix.services.insert(service);
  dirty_.insert(wish.prefix);
}

void BgpRoutes::remove(const ServiceKey* service, const Wish& wish) {
  auto& prefix = prefixes_.at(wish.prefix);
  const auto same = std::ranges::find(prefix.terms, wish.terms, [](const auto& entry) { return entry.first; });
  METALLB_CONTRACT(same != prefix.terms.end(), "what a Service wants no longer was wanted before");
  if (--same->second == 0) prefix.terms.erase(same);
  prefix.services.erase(service);
  dirty_.insert(wish.prefix);
}

void BgpRoutes::set_sessions(const BgpSessions& sessions) {
  sessions_ = sessions;
  for (const auto& [prefix, wanted] : prefixes_) dirty_.insert(dirty_.end(), prefix);
  for (const auto& [service, wishes] : wishes_) affected_.insert(affected_.end(), service);
}

std::vector<bgp::RouteChange> BgpRoutes::flush(std::size_t limit) {
  std::vector<bgp::RouteChange> out;
  std::vector<bgp::RouteChange> withdrawals;
  for (; limit > 0 && !dirty_.empty(); --limit) {
    const auto prefix = *dirty_.begin();
    dirty_.erase(dirty_.begin());
    const auto place = prefixes_.find(prefix);
    auto& wanted = place->second;
    std::optional<LocalPrefDispute> dispute;
    auto offers = keep(offers_for(prefix, wanted, dispute));
    note(prefix, dispute);
    if (offers != wanted.offers) {
      for (const auto* service : wanted.services) affected_.insert(*service);
      announced_ += offers ? 1 : 0;
      announced_ -= wanted.offers ? 1 : 0;
      let_go(std::exchange(wanted.offers, std::move(offers)));
      if (wanted.offers) {
        out.push_back({.prefix = prefix, .offers = *wanted.offers});
      } else {
        withdrawals.push_back({.prefix = prefix, .offers = {}});
      }
    }
    if (wanted.services.empty()) prefixes_.erase(place);
  }
  std::ranges::move(withdrawals, std::back_inserter(out));
  return out;
}

BgpRoutes::Offers BgpRoutes::keep(std::vector<bgp::Offer> offers) {
  if (offers.empty()) return nullptr;
  const auto known = kept_.find(offers);
  return known != kept_.end() ? *known
                              : *kept_.insert(std::make_shared<const std::vector<bgp::Offer>>(std::move(offers))).first;
}

void BgpRoutes::let_go(Offers offers) {
  constexpr auto kOursAndTheSets = 2;
  if (offers && offers.use_count() == kOursAndTheSets) kept_.erase(offers);
}

void BgpRoutes::note(const IpPrefix& prefix, const std::optional<LocalPrefDispute>& dispute) {
  const bool before = disputes_.contains(prefix);
  if (dispute) {
    disputes_.insert_or_assign(prefix, *dispute);
  } else if (before) {
    disputes_.erase(prefix);
  }
  if (before != dispute.has_value()) changed_disputes_.insert(prefix);
}

std::vector<LocalPrefDispute> BgpRoutes::take_new_disputes() {
  std::vector<LocalPrefDispute> out;
  for (const auto& prefix : std::exchange(changed_disputes_, {})) {
    const auto standing = disputes_.find(prefix);
    if (standing == disputes_.end()) {
      told_disputes_.erase(prefix);
    } else if (told_disputes_.insert(prefix).second) {
      out.push_back(standing->second);
    }
  }
  return out;
}

std::vector<bgp::Offer> BgpRoutes::offers_for(const IpPrefix& prefix, const Prefix& wanted,
                                              std::optional<LocalPrefDispute>& dispute) const {
  // The engine gives a session the first offer that suits it, so what several want for one session is merged here.
  Merger to_all;
  bool for_all = false;
  std::map<bgp::PeerId, Merger> named;
  for (const auto& [terms, count] : wanted.terms) {
    if (terms->peers.empty()) {
      for_all = true;
      to_all.add(*terms);
    }
    for (const auto& name : terms->peers) {
      // A name that is no session of this node's leads nowhere.
      if (const auto found = sessions_.by_name.find(name); found != sessions_.by_name.end()) named[found->second];
    }
  }
  for (auto& [id, merger] : named) {
    for (const auto& [terms, count] : wanted.terms) {
      const bool applies = terms->peers.empty() || std::ranges::any_of(terms->peers, [&](const auto& name) {
                             const auto found = sessions_.by_name.find(name);
                             return found != sessions_.by_name.end() && found->second == id;
                           });
      if (applies) merger.add(*terms);
    }
    if (!dispute) dispute = merger.dispute(prefix);
  }
  if (!dispute) dispute = to_all.dispute(prefix);

  std::map<bgp::RouteAttributes, std::vector<bgp::PeerId>> by_attributes;
  const auto common = to_all.attributes();
  for (const auto& [id, merger] : named) {
    auto attributes = merger.attributes();
    if (!for_all || attributes != common) by_attributes[std::move(attributes)].push_back(id);
  }
  std::vector<bgp::Offer> offers;
  for (auto& [attributes, ids] : by_attributes) offers.push_back({.attributes = attributes, .peers = std::move(ids)});
  if (for_all) offers.push_back({.attributes = common, .peers = {}});
  return offers;
}

std::vector<ServiceKey> BgpRoutes::take_affected(std::size_t limit) {
  std::vector<ServiceKey> out;
  if (due()) return out;
  for (; limit > 0 && !affected_.empty(); --limit) out.push_back(std::move(affected_.extract(affected_.begin()).value()));
  return out;
}

std::vector<std::string> BgpRoutes::peers_of(const ServiceKey& service) const {
  std::set<std::string> names;
  const auto wishes = wishes_.find(service);
  if (wishes == wishes_.end()) return {};
  for (const auto& wish : wishes->second) {
    const auto family = wish.prefix.family();
    const auto& offers = prefixes_.at(wish.prefix).offers;
    if (!offers) continue;
    for (const auto& offer : *offers) {
      for (const auto& [id, session] : sessions_.all) {
        const bool told = offer.peers.empty() || std::ranges::binary_search(offer.peers, id);
        if (told && session.carries(family)) names.insert(session.name);
      }
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace metallb::speaker
