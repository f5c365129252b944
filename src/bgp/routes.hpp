// What this node wants known, before a session gives it next hop and AS path.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "bgp/names.hpp"
#include "net/ip_range.hpp"

namespace metallb::bgp {

struct RouteAttributes {
  std::optional<std::uint32_t> local_pref;  ///< told to internal peers only; they get 100 without one
  std::vector<Community> communities;       ///< any order; sent ascending and once each
  std::vector<LargeCommunity> large_communities;
  friend auto operator<=>(const RouteAttributes&, const RouteAttributes&) = default;
};

/// To whom a prefix is announced, and with what.
struct Offer {
  RouteAttributes attributes;
  std::vector<PeerId> peers;  ///< empty: all
  friend auto operator<=>(const Offer&, const Offer&) = default;
};

/// All that is wanted for one prefix, from now on. No offers: it is announced no longer. A peer that several offers name
/// gets the first one; one that names it goes before one to all.
struct RouteChange {
  IpPrefix prefix;
  std::vector<Offer> offers;
};

}  // namespace metallb::bgp
