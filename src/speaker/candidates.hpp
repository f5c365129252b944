// Who may announce a Service, seen from no node in particular: every speaker computes the same answer from the same
// objects (layer2 spec 2.2). The own node enters only where the functions ask for one; mixing the two up makes two nodes
// announce at once.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "layer2/election.hpp"
#include "layer2/interface_set.hpp"
#include "speaker/endpoints.hpp"
#include "speaker/nodes.hpp"

namespace metallb::speaker {

/// Advertisements of a pool that apply to one Service. They point into the pool.
using Advertisements = std::vector<const config::Layer2Advertisement*>;

/// Those whose service selectors match (or that have none), whatever nodes they name (step 2).
[[nodiscard]] Advertisements advertisements_for(const config::Pool& pool, const kube::Service& service);

/// Is the Service marked as sharing its address while some advertisement picks Services by label? Then nobody announces it:
/// the Services that share the address could be given to different nodes (step 3).
[[nodiscard]] bool shares_address_across_selectors(const Advertisements& advertisements, const kube::Service& service);

[[nodiscard]] bool names_node(const Advertisements& advertisements, const std::string& node);

/// The interfaces on which `node` would answer: all, or the union of the lists of the advertisements that name it.
[[nodiscard]] layer2::InterfaceSet interfaces_on(const Advertisements& advertisements, const std::string& node);

/// The cluster as the election sees it.
struct Electorate {
  const NodeTable& nodes;
  /// Live speakers; nullopt: every Node of `nodes` counts (step 5).
  const std::optional<std::set<std::string>>& members;
  bool ignore_exclude_label = false;  ///< the same on all speakers
};

/// Nodes that may announce, with their summed preference scores (steps 5-7, 9). `local_only` is externalTrafficPolicy Local.
[[nodiscard]] layer2::Candidates candidates(const Electorate& electorate, const Advertisements& advertisements,
                                            const ServingEndpoints& endpoints, bool local_only);

}  // namespace metallb::speaker
