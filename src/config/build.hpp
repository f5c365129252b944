// Custom resources -> one validated Config, and what is wrong with those that are not part of it.
//
// In:   the objects of the cluster that have a say in the configuration.
// Out:  a Config (config.hpp) of all objects that are valid, and an error for each of the others.
// A pure function, the same for controller, speaker and admission: each passes the kinds it knows about and leaves the
// others empty. It remembers nothing: what was valid before an edit is the business of last_good.hpp.
// The rules are those of controller spec 3.4; one file per kind.
#pragma once

#include <memory>
#include <optional>
#include <set>
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

/// An object that has a part in somebody else's error. For an alias, which several Communities may define, the kind is
/// "Community" and the name is that of the alias.
struct Party {
  std::string kind;  ///< "BFDProfile"
  ObjectKey key;
  friend auto operator<=>(const Party&, const Party&) = default;
};

/// What is wrong, as it is told of one of two objects that exclude each other.
struct Fault {
  std::string field;
  std::string problem;
  std::string remedy;
  friend bool operator==(const Fault&, const Fault&) = default;
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
  /// With which object it is in conflict, or which one it misses: to change that one would mend it as well.
  std::optional<Party> other;
  /// What to tell of `other` where that one steps back, and it is of a kind that build() never blames for this.
  std::optional<Fault> of_other;
  bool left_out = true;   ///< no version of the object is in force
  std::string meanwhile;  ///< what is in force until it is mended, in words; empty where nothing is remembered
  /// "spec.addresses[0]: invalid CIDR ...: <remedy>; <meanwhile>"
  [[nodiscard]] std::string explanation() const;
  /// "IPAddressPool metallb-system/pool-1: <explanation>"
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const ConfigError&, const ConfigError&) = default;
};

struct Built {
  Config config;                    ///< of the valid objects
  std::vector<ConfigError> errors;  ///< at most one per object, in a stable order: by kind, then age and name
};

/// An object with an error is left out; of two in conflict, the younger one. Never fails as a whole. Those that are `recent`
/// lose to all others of their kind, whatever their age: what has only just changed does not push out what works.
[[nodiscard]] Built build(const Resources& resources, const std::set<Party>& recent = {});

}  // namespace metallb::config
