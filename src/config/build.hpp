// Custom resources -> one validated Config, or the reason why not.
//
// In:   the objects of the cluster that have a say in the configuration.
// Out:  a Config (config.hpp), or the first thing that is wrong with them.
// A pure function, the same for controller, speaker and admission: each passes the kinds it knows about and leaves the
// others empty. The controller passes neither advertisements, nodes nor Communities, so that a bad Community cannot freeze
// address allocation (controller spec 8.1); a bad pool is everybody's problem.
// The rules are those of controller spec 3.4; one file per kind.
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
  Objects<kube::BGPPeer> bgp_peers;
  Objects<kube::BGPAdvertisement> bgp_advertisements;
  Objects<kube::BFDProfile> bfd_profiles;
  Objects<kube::Community> communities;
  Objects<kube::Namespace> namespaces;
  Objects<kube::Node> nodes;
  Objects<kube::Secret> secrets;
  /// The node that the configuration is for. BGPPeers and BGPAdvertisements whose nodeSelectors do not select it are left
  /// out unread, so that what is wrong with them stops only the nodes concerned (bgp spec 1.10). Empty: all of them count.
  std::string node_name;
};

/// What is wrong, where, and what to do about it.
struct ConfigError {
  std::string object;   ///< "IPAddressPool metallb-system/pool-1"
  std::string field;    ///< "spec.addresses[0]"
  std::string problem;  ///< keeps the original's phrases, for example: invalid CIDR "1.2.3.4"
  std::string remedy;   ///< what the user should write instead
  std::string kind;     ///< of `object`, "IPAddressPool"
  ObjectKey key;        ///< of `object`
  /// What is missing may be on its way: a Secret, a BFDProfile, an alias of a Community. Admission lets such objects pass.
  bool transient = false;
  /// "IPAddressPool metallb-system/pool-1: spec.addresses[0]: invalid CIDR ...: <remedy>"
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const ConfigError&, const ConfigError&) = default;
};

/// The first error in a stable order (by kind, then name) refuses the whole configuration: the caller keeps its last one.
[[nodiscard]] std::expected<Config, ConfigError> build(const Resources& resources);

}  // namespace metallb::config
