// What the elections need to know of each Node, and the BGP sessions of the own one.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "kube/objects/core.hpp"
#include "net/ip_address.hpp"

namespace metallb::speaker {

/// Of a Node known from the API. Readiness, cordons and taints do not matter here (layer2 spec 2.2).
struct NodeFacts {
  bool network_unavailable = false;  ///< condition NetworkUnavailable is "True"
  bool excluded = false;             ///< label node.kubernetes.io/exclude-from-external-load-balancers, whatever its value
  friend bool operator==(const NodeFacts&, const NodeFacts&) = default;
};
using NodeTable = std::map<std::string, NodeFacts>;

[[nodiscard]] NodeFacts facts_of(const kube::Node& node);

/// What the BGP sessions of this node depend on of its own Node.
struct OwnNode {
  kube::StringMap labels;                ///< peers are selected by them
  std::optional<IpAddress> internal_v4;  ///< an IPv4 address of type InternalIP
  std::optional<IpAddress> internal_v6;  ///< the same of IPv6
  friend bool operator==(const OwnNode&, const OwnNode&) = default;
};

/// The same after `node` has been seen. An address stays while the Node still has it or has none of its family: a router ID
/// or a next hop made of it should not change (bgp spec 1.8).
[[nodiscard]] OwnNode own_facts_of(const OwnNode& before, const kube::Node& node);

}  // namespace metallb::speaker
