// The BGP half of the speaker: decides Service by Service, and tells the engine peers and prefixes (bgp spec 1.12, 2, 5).
//
// The speaker's instance drives it in slices: reconcile() for each Service that has to be looked at, publish() after each
// slice. Between begin_batch() and the end of the pass the engine is told that more is to come, so that a new configuration
// reaches the routers at once, and what replaces before what is withdrawn.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "kube/objects/metallb.hpp"
#include "speaker/actions.hpp"
#include "speaker/bgp/decision.hpp"
#include "speaker/bgp/peers.hpp"
#include "speaker/bgp/routes.hpp"
#include "speaker/bgp/session_watch.hpp"
#include "speaker/decisions.hpp"

namespace metallb::speaker {

class BgpAnnouncer {
 public:
  /// Between an advertisement for BGPPeers that are not there and what is said of it: objects that are applied together come
  /// one after the other, in any order.
  static constexpr Duration kGrace = std::chrono::seconds(5);

  struct Settings {
    std::string node;                   ///< the own
    std::string namespace_;             ///< MetalLB's own
    bool ignore_exclude_label = false;  ///< --ignore-exclude-lb
  };
  /// Resources as the API has them, whatever node they are for. Both are called when something is to be told.
  struct Objects {
    std::function<std::shared_ptr<const kube::BGPAdvertisement>(const ObjectKey&)> advertisement;  ///< null: there is none
    std::function<std::shared_ptr<const kube::BGPPeer>(const ObjectKey&)> peer;                    ///< likewise
  };
  BgpAnnouncer(Settings settings, Objects objects, Log log);

  /// Peers, and what of the configuration concerns no single Service. `held`: why no session may run now; empty: they may.
  void configure(SteadyPoint now, const config::Config& config, const OwnNode& node, const std::string& held, Output& out);
  /// Some BGPPeer came or went, for whatever node.
  void peers_changed(SteadyPoint now);
  /// What the engine says of a session: see BgpSessionWatch.
  void session_changed(SteadyPoint now, bgp::PeerId peer, bool established, const std::string& problem) {
    session_watch_.changed(now, peer, established, problem);
  }
  /// What is told only when it has lasted for a while.
  void on_time(SteadyPoint now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;
  /// Looks at one Service. `service` is null when it has been deleted; `pool` owns the pool of `grounds`.
  void reconcile(const ServiceKey& key, const kube::Service* service, Slices slices, Grounds grounds,
                 const std::shared_ptr<const config::Pool>& pool, const NodeFacts* facts, Output& out);

  /// Much is about to change together: nothing is told to the routers before the next publish() without `more_to_come`.
  void begin_batch(Output& out);
  /// Tells the engine a slice of what differs.
  void publish(bool more_to_come, Output& out);
  /// publish() has work left, whatever is to come.
  [[nodiscard]] bool due() const { return routes_.due(); }
  /// Every Service has been looked at once: the engine may tell its peers that this is all.
  void services_known(Output& out);

  /// Services, at most `limit`, whose BGPPeers may be others than before.
  [[nodiscard]] std::vector<ServiceKey> take_affected(std::size_t limit) { return routes_.take_affected(limit); }
  [[nodiscard]] bool has_affected() const { return routes_.has_affected(); }
  [[nodiscard]] std::vector<std::string> peers_of(const ServiceKey& key) const { return routes_.peers_of(key); }

  /// The last decision per Service of type LoadBalancer, with its reason.
  [[nodiscard]] const Decisions<BgpDecision>& decisions() const { return decisions_; }
  [[nodiscard]] const std::map<ServiceKey, BgpAnnouncement>& announced() const { return announced_; }
  [[nodiscard]] const BgpRoutes& routes() const { return routes_; }
  [[nodiscard]] const BgpSessions& sessions() const { return peers_.sessions(); }

 private:
  /// An advertisement, and a family of its prefixes that reaches nobody.
  using Unreached = std::pair<std::string, IpFamily>;

  void announce(const ServiceKey& key, const kube::Service& service, const BgpDecision& decision, Output& out);
  void withdraw(const ServiceKey& key, Reason reason);
  void report_withdrawal(const ServiceKey& key, const std::vector<IpAddress>& addresses, Reason reason);
  void report(const ServiceKey& key, const kube::Service* service, const BgpDecision& decision, Output& out);
  void check_advertisements(SteadyPoint now, const config::Config& config);
  void check_peers_of(SteadyPoint now, const config::BgpAdvertisement& advertisement);
  void report_nowhere(const std::string& advertisement, Output& out);
  void report_unreached(const std::vector<Wish>& wishes, Output& out);
  [[nodiscard]] BgpDecision within_reach(BgpDecision decision, Output& out);
  void report(const BgpSessionWatch::Down& down, Output& out);
  void report(const LocalPrefDispute& dispute, Output& out);
  [[nodiscard]] kube::BGPAdvertisement object_of(const std::string& advertisement) const;

  Settings settings_;
  Objects objects_;
  Log log_;
  BgpPeers peers_;
  BgpRoutes routes_;
  BgpSessionWatch session_watch_;
  Decisions<BgpDecision> decisions_;
  std::map<ServiceKey, BgpAnnouncement> announced_;
  bool batch_ = false;  ///< the engine waits for more
  bool services_known_ = false;
  /// An advertisement that is limited to BGPPeers that this node has no session with.
  struct Nowhere {
    std::set<std::string> peers;
    SteadyPoint look_at = kIdle;  ///< then it is told, unless the peers have come
    bool logged = false;
    bool told = false;  ///< to the user: none of the peers exists
  };
  std::map<std::string, Nowhere> nowhere_;
  std::set<Unreached> unreached_;
  std::set<Unreached> told_;  ///< of those, the ones that a Service has needed
};

}  // namespace metallb::speaker
