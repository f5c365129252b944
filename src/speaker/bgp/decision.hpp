// Whether this node announces one Service by BGP, and why (bgp spec 2.2). Every node decides for itself: there is no
// election. Pure: the same surroundings give the same decision.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "net/ip_address.hpp"
#include "speaker/decision.hpp"
#include "speaker/endpoints.hpp"
#include "speaker/nodes.hpp"

namespace metallb::speaker {

/// What this node announces on behalf of one Service.
struct BgpAnnouncement {
  std::string uid;  ///< of the Service: another one may come to have its name
  std::string pool;
  std::vector<IpAddress> addresses;  ///< in the order of the Service's status, without repetitions
  friend bool operator==(const BgpAnnouncement&, const BgpAnnouncement&) = default;
};

struct BgpDecision {
  using Action = Decision::Action;
  Action action = Action::kWithdraw;
  Reason reason = Reason::kNotOwner;
  std::string detail;            ///< a sentence for the user
  BgpAnnouncement announcement;  ///< as far as known; of kAnnounce exactly what is to be announced
  /// Of this node and the Service, as far as that was looked at.
  std::vector<std::shared_ptr<const config::BgpAdvertisement>> advertisements;
  /// Why addresses of the Service are missing in an announcement: their family has no endpoint of its own.
  Reason missing = Reason::kAnnounced;
  friend bool operator==(const BgpDecision&, const BgpDecision&) = default;
};

/// All that a decision depends on besides the Service and its endpoints.
struct BgpSurroundings {
  const std::string& node;
  const NodeFacts* facts = nullptr;   ///< of the own Node; null while the API does not know it
  bool ignore_exclude_label = false;  ///< --ignore-exclude-lb
};

/// `service` may be null when `grounds` have a conclusion; else `pool` owns their pool.
[[nodiscard]] BgpDecision decide_bgp(const BgpSurroundings& surroundings, const kube::Service* service, Slices slices,
                                     Grounds grounds, const std::shared_ptr<const config::Pool>& pool);

}  // namespace metallb::speaker
