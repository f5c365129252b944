#include "bgp/route_table.hpp"

#include <algorithm>
#include <utility>

#include "base/contract.hpp"

namespace metallb::bgp {
namespace {

constexpr std::size_t kFirstBuckets = 16;

template <class T>
void sort_once(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

/// The number of `value`, which gets one more user.
template <class T, class Kept>
std::uint32_t keep(T value, std::map<T, std::uint32_t>& ids, std::vector<Kept>& kept, std::vector<std::uint32_t>& free) {
  const auto [place, added] = ids.try_emplace(std::move(value), 0);
  if (added) {
    if (free.empty()) {
      place->second = static_cast<std::uint32_t>(kept.size());
      kept.push_back({place, 0});
    } else {
      place->second = free.back();
      free.pop_back();
      kept[place->second].place = place;
    }
  }
  ++kept[place->second].users;
  return place->second;
}

/// True if that was the last user.
template <class T, class Kept>
bool drop(std::uint32_t id, std::map<T, std::uint32_t>& ids, std::vector<Kept>& kept, std::vector<std::uint32_t>& free) {
  METALLB_CONTRACT(kept[id].users > 0, "what is let go was held");
  if (--kept[id].users > 0) return false;
  ids.erase(kept[id].place);
  free.push_back(id);
  return true;
}

}  // namespace

RouteTable::PackedPrefix::PackedPrefix(const IpPrefix& prefix)
    : high(static_cast<std::uint64_t>(prefix.network().number() >> 64)),
      low(static_cast<std::uint64_t>(prefix.network().number())),
      length(static_cast<std::uint8_t>(prefix.length())),
      family(prefix.family()) {}

IpPrefix RouteTable::PackedPrefix::unpacked() const {
  return {IpAddress::from_number(family, (static_cast<Uint128>(high) << 64) | low), length};
}

RouteTable::RouteTable() : by_prefix_(kFirstBuckets, ByPrefix{&routes_}, ByPrefix{&routes_}) {
  // Number 0 stands for none.
  attribute_sets_.emplace_back();
  wishes_.emplace_back();
}

std::optional<RouteIndex> RouteTable::set(const RouteChange& change) {
  // The order of offers that name peers decides; those to all come behind them, and only the first of them counts.
  Wish wish;
  for (const bool to_all : {false, true}) {
    for (const auto& offer : change.offers) {
      if (offer.peers.empty() != to_all) continue;
      auto peers = offer.peers;
      sort_once(peers);
      wish.push_back({keep_attributes(offer.attributes), std::move(peers)});
    }
  }
  const PackedPrefix prefix(change.prefix);
  const auto found = by_prefix_.find(prefix);
  const auto before = found == by_prefix_.end() ? WishId{0} : routes_[*found].wish;
  const auto wanted = wish.empty() ? WishId{0} : keep_wish(std::move(wish));
  if (wanted == before) {
    if (wanted != 0) drop_wish(wanted);
    return std::nullopt;
  }
  const auto route = found == by_prefix_.end() ? add(prefix) : *found;
  routes_[route].wish = wanted;
  wanted_routes_ += wanted != 0 ? 1 : 0;
  wanted_routes_ -= before != 0 ? 1 : 0;
  if (before != 0) drop_wish(before);
  forget_if_unused(route);
  return route;
}

AttributeId RouteTable::wanted(RouteIndex route, PeerId peer) const {
  const auto wish = routes_[route].wish;
  if (wish == 0) return 0;
  for (const auto& [attributes, peers] : wishes_[wish].place->first) {
    if (peers.empty() || std::binary_search(peers.begin(), peers.end(), peer)) return attributes;
  }
  return 0;
}

void RouteTable::hold(RouteIndex route, AttributeId id) {
  ++routes_[route].holders;
  ++attribute_sets_[id].users;
}

void RouteTable::let_go(RouteIndex route, AttributeId id) {
  METALLB_CONTRACT(routes_[route].holders > 0, "a route that is let go was held");
  --routes_[route].holders;
  let_go(id);
  forget_if_unused(route);
}

RouteIndex RouteTable::add(const PackedPrefix& prefix) {
  RouteIndex route = 0;
  if (free_routes_.empty()) {
    route = static_cast<RouteIndex>(routes_.size());
    routes_.push_back({prefix});
  } else {
    route = free_routes_.back();
    free_routes_.pop_back();
    routes_[route] = {prefix};
  }
  by_prefix_.insert(route);
  return route;
}

void RouteTable::forget_if_unused(RouteIndex route) {
  if (routes_[route].wish != 0 || routes_[route].holders > 0) return;
  by_prefix_.erase(route);
  free_routes_.push_back(route);
}

AttributeId RouteTable::keep_attributes(RouteAttributes attributes) {
  // bgp spec 3.4
  sort_once(attributes.communities);
  sort_once(attributes.large_communities);
  const auto id = keep(std::move(attributes), attribute_ids_, attribute_sets_, free_attributes_);
  METALLB_CONTRACT(id < (AttributeId{1} << 31), "the highest bit of an attribute number is not ours");
  return id;
}

void RouteTable::let_go(AttributeId id) {
  (void)drop(id, attribute_ids_, attribute_sets_, free_attributes_);
}

/// Takes over the users that the wish's attributes have because of it.
RouteTable::WishId RouteTable::keep_wish(Wish wish) {
  std::vector<AttributeId> used;
  for (const auto& offered : wish) used.push_back(offered.attributes);
  const auto id = keep(std::move(wish), wish_ids_, wishes_, free_wishes_);
  if (wishes_[id].users > 1) {
    for (const auto attributes : used) let_go(attributes);
  }
  return id;
}

void RouteTable::drop_wish(WishId id) {
  std::vector<AttributeId> used;
  if (wishes_[id].users == 1) {
    for (const auto& offered : wishes_[id].place->first) used.push_back(offered.attributes);
  }
  if (!drop(id, wish_ids_, wishes_, free_wishes_)) return;
  for (const auto attributes : used) let_go(attributes);
}

}  // namespace metallb::bgp
