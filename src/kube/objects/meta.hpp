// What every Kubernetes object carries, and the shapes that several kinds share.
//
// Objects are described structs whose member names are the wire names (a C++ keyword gets a trailing "_"), so that one
// mapper (kube/json.hpp) reads and writes them all. Unknown members are dropped: a decoded object is never written back
// whole (design section 6).
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/describe/class.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"

namespace metallb::kube {

/// Flat, since there are two or three entries in each, and tens of thousands of maps.
using StringMap = boost::container::flat_map<std::string, std::string>;

struct OwnerReference {
  std::string apiVersion;
  std::string kind;
  std::string name;
  std::string uid;
  std::optional<bool> controller;
  std::optional<bool> blockOwnerDeletion;
  bool operator==(const OwnerReference&) const = default;
};
BOOST_DESCRIBE_STRUCT(OwnerReference, (), (apiVersion, kind, name, uid, controller, blockOwnerDeletion))

struct ObjectMeta {
  std::string name;
  std::string generateName;
  std::string namespace_;
  std::string uid;
  std::string resourceVersion;  ///< compare for equality only
  std::optional<std::int64_t> generation;
  std::string creationTimestamp;  ///< RFC 3339
  StringMap labels;
  StringMap annotations;
  std::vector<OwnerReference> ownerReferences;
  bool operator==(const ObjectMeta&) const = default;

  [[nodiscard]] ObjectKey key() const { return {namespace_, name}; }
  /// Which object in which version, and nothing else: what is kept of one that matters little.
  [[nodiscard]] ObjectMeta identity() const {
    ObjectMeta out;
    out.name = name;
    out.namespace_ = namespace_;
    out.uid = uid;
    out.resourceVersion = resourceVersion;
    return out;
  }
};
BOOST_DESCRIBE_STRUCT(ObjectMeta, (),
                      (name, generateName, namespace_, uid, resourceVersion, generation, creationTimestamp, labels,
                       annotations, ownerReferences))

struct ObjectReference {
  std::string apiVersion;
  std::string kind;
  std::string namespace_;
  std::string name;
  std::string uid;
  std::string resourceVersion;
  std::string fieldPath;
  bool operator==(const ObjectReference&) const = default;
};
BOOST_DESCRIBE_STRUCT(ObjectReference, (), (apiVersion, kind, namespace_, name, uid, resourceVersion, fieldPath))

struct LabelSelectorRequirement {
  std::string key;
  std::string operator_;
  std::vector<std::string> values;
  bool operator==(const LabelSelectorRequirement&) const = default;
};
BOOST_DESCRIBE_STRUCT(LabelSelectorRequirement, (), (key, operator_, values))

/// As written by the user; kube/selector.hpp compiles and evaluates it.
struct LabelSelector {
  StringMap matchLabels;
  std::vector<LabelSelectorRequirement> matchExpressions;
  bool operator==(const LabelSelector&) const = default;
};
BOOST_DESCRIBE_STRUCT(LabelSelector, (), (matchLabels, matchExpressions))

/// metav1.Condition, also used for the older condition types of Node and Pod (which lack observedGeneration).
struct Condition {
  std::string type;
  std::string status;  ///< "True", "False" or "Unknown"
  std::optional<std::int64_t> observedGeneration;
  std::string lastTransitionTime;
  std::string lastHeartbeatTime;
  std::string reason;
  std::string message;
  bool operator==(const Condition&) const = default;
};
BOOST_DESCRIBE_STRUCT(Condition, (),
                      (type, status, observedGeneration, lastTransitionTime, lastHeartbeatTime, reason, message))

}  // namespace metallb::kube
