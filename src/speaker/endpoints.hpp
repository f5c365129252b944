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

/// What BGP asks: is there an endpoint that can serve, anywhere and on this very node?
struct EndpointHealth {
  bool anywhere = false;
  bool here = false;
};
/// By family of the endpoints. Those of slices of FQDNs count for both.
struct EndpointHealths {
  EndpointHealth pooled;  ///< of any family
  EndpointHealth ipv4;
  EndpointHealth ipv6;
};
/// An endpoint counts when it can serve and has an address; `here` when its node is known to be `node` (bgp spec 2.2).
[[nodiscard]] EndpointHealths endpoint_healths(Slices slices, const std::string& node);

/// As the slice's label says; nullopt when the slice carries no kubernetes.io/service-name label.
[[nodiscard]] std::optional<ServiceKey> service_of(const kube::EndpointSlice& slice);

}  // namespace metallb::speaker
