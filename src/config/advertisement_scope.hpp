// Which pools, nodes and Services an advertisement is about: the same in L2Advertisement and BGPAdvertisement (controller
// spec 1.3, 1.4, 3.3, 3.4 rules A1 and A2).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/problem.hpp"
#include "kube/selector.hpp"

namespace metallb::config {

struct AdvertisementScope {
  std::set<std::string> pool_names;
  std::vector<kube::Selector> pool_selectors;
  std::set<std::string> nodes;                    ///< of the Nodes known; all of them when there are no nodeSelectors
  std::vector<kube::Selector> service_selectors;  ///< sorted by text; empty: every Service

  /// Named or selected; with neither names nor selectors every pool is.
  [[nodiscard]] bool includes(const kube::IPAddressPool& pool) const;
};

/// For kube::L2AdvertisementSpec and kube::BGPAdvertisementSpec.
template <class Spec>
[[nodiscard]] Checked<AdvertisementScope> resolve_scope(const Spec& spec, const Objects<kube::Node>& nodes);

}  // namespace metallb::config
