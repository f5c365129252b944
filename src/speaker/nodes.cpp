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

}  // namespace metallb::speaker
