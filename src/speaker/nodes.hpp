// What the election needs to know of each Node.
#pragma once

#include <map>
#include <string>

#include "kube/objects/core.hpp"

namespace metallb::speaker {

/// Of a Node known from the API. Readiness, cordons and taints do not matter here (layer2 spec 2.2).
struct NodeFacts {
  bool network_unavailable = false;  ///< condition NetworkUnavailable is "True"
  bool excluded = false;             ///< label node.kubernetes.io/exclude-from-external-load-balancers, whatever its value
  friend bool operator==(const NodeFacts&, const NodeFacts&) = default;
};
using NodeTable = std::map<std::string, NodeFacts>;

[[nodiscard]] NodeFacts facts_of(const kube::Node& node);

}  // namespace metallb::speaker
