// Which prefixes this node announces, to which sessions and with what, on behalf of all Services together (bgp spec 2.3,
// 2.4). A change of one Service costs what its own prefixes cost; told is only what differs from what was told before.
//
// Several Services, and several advertisements, can want the same prefix: an aggregate, or an address that Services share.
// Then each session gets the union of the communities and the highest local preference that is set. The result depends on
// what is wanted, never on the order in which it came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/names.hpp"
#include "bgp/routes.hpp"
#include "config/bgp.hpp"
#include "net/ip_range.hpp"
#include "speaker/bgp/peers.hpp"

namespace metallb::speaker {

/// One prefix, wanted because of one advertisement.
struct Wish {
  IpPrefix prefix;
  std::shared_ptr<const config::BgpAdvertisement> terms;
  friend bool operator==(const Wish&, const Wish&) = default;
};

/// `addresses` under each of `advertisements`, cut to its aggregation lengths.
[[nodiscard]] std::vector<Wish> wishes_for(
    const std::vector<IpAddress>& addresses,
    const std::vector<std::shared_ptr<const config::BgpAdvertisement>>& advertisements);

/// Two advertisements want different local preferences for one prefix and one session.
struct LocalPrefDispute {
  struct Side {
    std::uint32_t local_pref = 0;
    std::string advertisement;
    friend auto operator<=>(const Side&, const Side&) = default;
  };
  IpPrefix prefix;
  Side used;     ///< the highest
  Side ignored;  ///< the lowest
  friend bool operator==(const LocalPrefDispute&, const LocalPrefDispute&) = default;
};

class BgpRoutes {
 public:
  /// All that is wanted on behalf of the Service from now on; empty: nothing.
  void set(const ServiceKey& service, std::vector<Wish> wishes);
  /// All prefixes are computed again by and by.
  void set_sessions(const BgpSessions& sessions);

  /// Prefixes wait for flush().
  [[nodiscard]] bool due() const { return !dirty_.empty(); }
  /// Computes at most `limit` of the prefixes that wait. What replaces comes before what is withdrawn (bgp spec 2.5).
  [[nodiscard]] std::vector<bgp::RouteChange> flush(std::size_t limit);

  /// Prefixes of which advertisements want different local preferences, as far as they are computed. In the middle of a pass
  /// some are in dispute only since one of their Services has not been looked at yet.
  [[nodiscard]] const std::map<IpPrefix, LocalPrefDispute>& disputes() const { return disputes_; }
  /// Those that have arisen since the last call, and stand.
  [[nodiscard]] std::vector<LocalPrefDispute> take_new_disputes();

  /// Services whose sessions may be others than before; at most `limit`, each once. None while prefixes wait.
  [[nodiscard]] std::vector<ServiceKey> take_affected(std::size_t limit);
  [[nodiscard]] bool has_affected() const { return !affected_.empty(); }
  /// The BGPPeers to which a prefix of the Service is announced, sorted (bgp spec 2.7). deviation: not those whose session
  /// does not carry the family of any of its prefixes.
  [[nodiscard]] std::vector<std::string> peers_of(const ServiceKey& service) const;

  /// Kept once for all prefixes that have the same; few, since they depend on advertisements and sessions.
  using Offers = std::shared_ptr<const std::vector<bgp::Offer>>;
  struct Prefix {
    Offers offers;  ///< as told last; null: not announced
    /// Distinct advertisements that want it, and how many wishes each has. Few.
    std::vector<std::pair<std::shared_ptr<const config::BgpAdvertisement>, std::size_t>> terms;
    std::set<const ServiceKey*> services;  ///< keys of wishes_
  };
  [[nodiscard]] const std::map<IpPrefix, Prefix>& prefixes() const { return prefixes_; }
  /// How many of them are announced to somebody.
  [[nodiscard]] std::size_t announced() const { return announced_; }

 private:
  using Wishes = std::map<ServiceKey, std::vector<Wish>>;
  void add(const ServiceKey* service, const Wish& wish);
  void remove(const ServiceKey* service, const Wish& wish);
  [[nodiscard]] std::vector<bgp::Offer> offers_for(const IpPrefix& prefix, const Prefix& wanted,
                                                   std::optional<LocalPrefDispute>& dispute) const;
  Offers keep(std::vector<bgp::Offer> offers);
  void let_go(Offers offers);
  void note(const IpPrefix& prefix, const std::optional<LocalPrefDispute>& dispute);

  BgpSessions sessions_;
  Wishes wishes_;
  std::map<IpPrefix, Prefix> prefixes_;
  std::set<IpPrefix> dirty_;
  std::set<ServiceKey> affected_;
  struct ByValue {
    using is_transparent = void;
    static const std::vector<bgp::Offer>& of(const Offers& offers) { return *offers; }
    static const std::vector<bgp::Offer>& of(const std::vector<bgp::Offer>& offers) { return offers; }
    bool operator()(const auto& a, const auto& b) const { return of(a) < of(b); }
  };
  std::set<Offers, ByValue> kept_;
  std::map<IpPrefix, LocalPrefDispute> disputes_;
  std::set<IpPrefix> told_disputes_;     ///< by take_new_disputes()
  std::set<IpPrefix> changed_disputes_;  ///< since then
  std::size_t announced_ = 0;
};

}  // namespace metallb::speaker
