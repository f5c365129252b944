#include "speaker/endpoints.hpp"

namespace metallb::speaker {

bool can_serve(const kube::EndpointConditions& conditions) {
  return conditions.ready.value_or(true) || conditions.serving.value_or(false);
}

ServingEndpoints serving_endpoints(Slices slices) {
  ServingEndpoints out;
  for (const auto& slice : slices) {
    for (const auto& endpoint : slice->endpoints) {
      if (!can_serve(endpoint.conditions)) continue;
      out.any = true;
      if (endpoint.nodeName.has_value() && !endpoint.nodeName->empty()) out.nodes.insert(*endpoint.nodeName);
    }
  }
  return out;
}

EndpointHealths endpoint_healths(Slices slices, const std::string& node) {
  EndpointHealths out;
  for (const auto& slice : slices) {
    for (const auto& endpoint : slice->endpoints) {
      if (endpoint.addresses.empty() || !can_serve(endpoint.conditions)) continue;
      const bool here = endpoint.nodeName == node;
      const auto count = [here](EndpointHealth& health) {
        health.anywhere = true;
        health.here = health.here || here;
      };
      count(out.pooled);
      if (slice->addressType != "IPv6") count(out.ipv4);
      if (slice->addressType != "IPv4") count(out.ipv6);
    }
  }
  return out;
}

std::optional<ServiceKey> service_of(const kube::EndpointSlice& slice) {
  const auto label = slice.metadata.labels.find("kubernetes.io/service-name");
  if (label == slice.metadata.labels.end()) return std::nullopt;
  return ServiceKey{slice.metadata.namespace_, label->second};
}

}  // namespace metallb::speaker
