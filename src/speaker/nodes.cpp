#include "speaker/nodes.hpp"

#include <algorithm>

namespace metallb::speaker {

NodeFacts facts_of(const kube::Node& node) {
  return {.network_unavailable = std::ranges::any_of(node.status.conditions,
                                                     [](const kube::Condition& condition) {
                                                       return condition.type == "NetworkUnavailable" &&
                                                              condition.status == "True";
                                                     }),
          .excluded = node.metadata.labels.contains("node.kubernetes.io/exclude-from-external-load-balancers")};
}

OwnNode own_facts_of(const OwnNode& before, const kube::Node& node) {
  OwnNode out{.labels = node.metadata.labels, .internal_v4 = std::nullopt, .internal_v6 = std::nullopt};
  for (const auto& entry : node.status.addresses) {
    const auto address = entry.type == "InternalIP" ? IpAddress::parse(entry.address) : std::nullopt;
    if (!address || address->is_unspecified()) continue;
    auto& kept = address->is_v4() ? out.internal_v4 : out.internal_v6;
    if (!kept || address == (address->is_v4() ? before.internal_v4 : before.internal_v6)) kept = address;
  }
  if (!out.internal_v4) out.internal_v4 = before.internal_v4;
  if (!out.internal_v6) out.internal_v6 = before.internal_v6;
  return out;
}

}  // namespace metallb::speaker
