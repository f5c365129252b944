// Which endpoints of a Service can take traffic, and where they are.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "kube/objects/core.hpp"

namespace metallb::speaker {

using Slices = std::span<const std::shared_ptr<const kube::EndpointSlice>>;

/// Ready, or not ready any more but still serving. `ready` absent counts as ready; `terminating` does not matter
/// (layer2 spec 2.2, "can serve").
[[nodiscard]] bool can_serve(const kube::EndpointConditions& conditions);

struct ServingEndpoints {
  bool any = false;             ///< at least one endpoint can serve, whether its node is known or not
  std::set<std::string> nodes;  ///< nodes of the endpoints that can serve
};

/// All slices of one Service pooled, whatever their address family.
[[nodiscard]] ServingEndpoints serving_endpoints(Slices slices);

/// As the slice's label says; nullopt when the slice carries no kubernetes.io/service-name label.
[[nodiscard]] std::optional<ServiceKey> service_of(const kube::EndpointSlice& slice);

}  // namespace metallb::speaker
