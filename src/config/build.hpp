// Custom resources -> one validated Config, or the reason why not.
//
// In:   the objects of the cluster that have a say in the configuration.
// Out:  a Config (config.hpp), or the first thing that is wrong with them.
// A pure function, the same for controller, speaker and admission: each passes the kinds it knows about and leaves the
// others empty. The controller passes neither advertisements, nodes nor Communities, so that a bad Community cannot freeze
// address allocation (controller spec 8.1); a bad pool is everybody's problem.
// The rules are those of controller spec 3.4; one file per kind: pools, layer2_advertisements, community_aliases.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "kube/objects/core.hpp"
#include "kube/objects/metallb.hpp"

namespace metallb::config {

template <class T>
using Objects = std::vector<std::shared_ptr<const T>>;

/// The inputs, already restricted to the MetalLB namespace where that applies. Order does not matter.
struct Resources {
  Objects<kube::IPAddressPool> pools;
  Objects<kube::L2Advertisement> l2_advertisements;
  Objects<kube::Community> communities;
  Objects<kube::Namespace> namespaces;
  Objects<kube::Node> nodes;
};

/// What is wrong, where, and what to do about it.
struct ConfigError {
  std::string object;   ///< "IPAddressPool metallb-system/pool-1"
  std::string field;    ///< "spec.addresses[0]"
  std::string problem;  ///< keeps the original's phrases, for example: invalid CIDR "1.2.3.4"
  std::string remedy;   ///< what the user should write instead
  std::string kind;     ///< of `object`, "IPAddressPool"
  ObjectKey key;        ///< of `object`
  /// "IPAddressPool metallb-system/pool-1: spec.addresses[0]: invalid CIDR ...: <remedy>"
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const ConfigError&, const ConfigError&) = default;
};

/// The first error in a stable order (by kind, then name) refuses the whole configuration: the caller keeps its last one.
[[nodiscard]] std::expected<Config, ConfigError> build(const Resources& resources);

}  // namespace metallb::config
