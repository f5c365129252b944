// The routes that this node originates, once for all peers. Ten thousand prefixes mostly share a handful of attribute sets,
// so these are kept once and named by a number; what a peer was sent is then four bytes per prefix (adj_rib_out.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_set>
#include <vector>

#include "bgp/routes.hpp"

namespace metallb::bgp {

/// Names a set of attributes in the table; 0 stands for none. Below 2^31.
using AttributeId = std::uint32_t;
/// Names a prefix in the table. Numbers of prefixes that nobody wants or holds any more are given out again.
using RouteIndex = std::uint32_t;

class RouteTable {
 public:
  RouteTable();
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  /// The prefix, unless it is announced as it was before.
  std::optional<RouteIndex> set(const RouteChange& change);

  /// What the peer shall hold; 0: nothing.
  [[nodiscard]] AttributeId wanted(RouteIndex route, PeerId peer) const;
  /// One more than the greatest index in use.
  [[nodiscard]] RouteIndex size() const { return static_cast<RouteIndex>(routes_.size()); }
  /// Prefixes that somebody shall hold.
  [[nodiscard]] std::size_t wanted_routes() const { return wanted_routes_; }
  [[nodiscard]] IpPrefix prefix(RouteIndex route) const { return routes_[route].prefix.unpacked(); }
  [[nodiscard]] IpFamily family(RouteIndex route) const { return routes_[route].prefix.family; }
  [[nodiscard]] const RouteAttributes& attributes(AttributeId id) const { return attribute_sets_[id].place->first; }
  /// Sets of attributes in use; for tests and the status page.
  [[nodiscard]] std::size_t attribute_sets() const { return attribute_ids_.size(); }

  /// A peer was sent the route with these attributes: both stay until it is let go.
  void hold(RouteIndex route, AttributeId id);
  void let_go(RouteIndex route, AttributeId id);
  /// The number is in use beside what peers hold: it keeps its meaning until it is let go.
  void hold(AttributeId id) { ++attribute_sets_[id].users; }
  void let_go(AttributeId id);

 private:
  using WishId = std::uint32_t;  ///< 0: nobody shall hold it
  struct Offered {
    AttributeId attributes = 0;
    std::vector<PeerId> peers;  ///< ascending; empty: all
    friend auto operator<=>(const Offered&, const Offered&) = default;
  };
  using Wish = std::vector<Offered>;
  /// Each distinct value once, with a number and a count of its users.
  template <class T>
  struct Kept {
    typename std::map<T, std::uint32_t>::iterator place;
    std::uint32_t users = 0;
  };
  /// Half the size of an IpPrefix, which has the alignment of its 128-bit number.
  struct PackedPrefix {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::uint8_t length = 0;
    IpFamily family = IpFamily::kIpv4;
    PackedPrefix() = default;
    explicit PackedPrefix(const IpPrefix& prefix);
    [[nodiscard]] IpPrefix unpacked() const;
    friend bool operator==(const PackedPrefix&, const PackedPrefix&) = default;
  };
  struct Route {
    PackedPrefix prefix;
    WishId wish = 0;
    std::uint32_t holders = 0;
  };
  /// Routes by prefix, without a second copy of it.
  struct ByPrefix {
    using is_transparent = void;
    const std::vector<Route>* routes;
    [[nodiscard]] const PackedPrefix& of(RouteIndex route) const { return (*routes)[route].prefix; }
    std::size_t operator()(const PackedPrefix& prefix) const {
      return ((prefix.low ^ prefix.high * 31) * 0x9E3779B97F4A7C15ULL) ^ prefix.length;
    }
    std::size_t operator()(RouteIndex route) const { return (*this)(of(route)); }
    bool operator()(RouteIndex a, RouteIndex b) const { return of(a) == of(b); }
    bool operator()(const PackedPrefix& a, RouteIndex b) const { return a == of(b); }
    bool operator()(RouteIndex a, const PackedPrefix& b) const { return of(a) == b; }
  };

  RouteIndex add(const PackedPrefix& prefix);
  void forget_if_unused(RouteIndex route);
  AttributeId keep_attributes(RouteAttributes attributes);
  WishId keep_wish(Wish wish);
  void drop_wish(WishId id);

  std::vector<Route> routes_;
  std::vector<RouteIndex> free_routes_;
  std::unordered_set<RouteIndex, ByPrefix, ByPrefix> by_prefix_;
  std::size_t wanted_routes_ = 0;
  std::map<RouteAttributes, std::uint32_t> attribute_ids_;
  std::vector<Kept<RouteAttributes>> attribute_sets_;
  std::vector<AttributeId> free_attributes_;
  std::map<Wish, std::uint32_t> wish_ids_;
  std::vector<Kept<Wish>> wishes_;
  std::vector<WishId> free_wishes_;
};

}  // namespace metallb::bgp
