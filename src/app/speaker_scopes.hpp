// What a speaker watches of each kind: no more than its roles grant (operations spec 1.11), since a refused list means that
// the kind is never known, and no more than it needs, since every speaker of the cluster does the same.
#pragma once

#include <string>
#include <type_traits>

#include "io/kube/kube_client.hpp"
#include "kube/objects/core.hpp"
#include "kube/objects/metallb.hpp"
#include "speaker/instance.hpp"

namespace metallb::app {

/// Granted by the ClusterRole; the rest only by the Role of MetalLB's namespace.
template <class T>
inline constexpr bool kWatchedEverywhere =
    std::is_same_v<T, kube::Service> || std::is_same_v<T, kube::EndpointSlice> || std::is_same_v<T, kube::Node> ||
    std::is_same_v<T, kube::Namespace> || std::is_same_v<T, kube::ServiceL2Status>;

/// `namespace_`: MetalLB's own. `node`: the own one.
template <class T>
[[nodiscard]] io::WatchScope speaker_scope(const std::string& namespace_, const std::string& node) {
  io::WatchScope out;
  if constexpr (!kWatchedEverywhere<T>) out.namespace_ = namespace_;
  // One object per Service and node: those of other nodes are none of our business. A ServiceL2Status is, also another
  // node's: who takes over removes it.
  if constexpr (std::is_same_v<T, kube::ServiceBGPStatus>) {
    out.label_selector = std::string(speaker::kStatusNodeLabel) + "=" + node;
  }
  if constexpr (std::is_same_v<T, kube::ConfigMap>) {
    out.field_selector = std::string("metadata.name=") + speaker::kExtrasName;
  }
  return out;
}

}  // namespace metallb::app
