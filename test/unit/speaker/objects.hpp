// Objects for the speaker's tests, in few words.
#pragma once

#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "kube/objects/core.hpp"
#include "kube/objects/metallb.hpp"

namespace metallb::speaker::test {

using SliceList = std::vector<std::shared_ptr<const kube::EndpointSlice>>;

/// Endpoints as in layer2 spec section 6: "iris1+" ready, "iris1-" not ready, "iris1~" not ready but serving, "iris1*" ready
/// and not serving, "+" ready on an unknown node; blanks between endpoints, " / " between slices.
inline SliceList slices(const std::string& text, const std::string& service = "default/web") {
  const auto slash = service.find('/');
  SliceList out;
  std::shared_ptr<kube::EndpointSlice> slice;
  const auto begin = [&] {
    slice = std::make_shared<kube::EndpointSlice>();
    slice->metadata.namespace_ = service.substr(0, slash);
    slice->metadata.name = service.substr(slash + 1) + "-" + std::to_string(out.size());
    slice->metadata.labels["kubernetes.io/service-name"] = service.substr(slash + 1);
    out.push_back(slice);
  };
  begin();
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word == "/") {
      begin();
      continue;
    }
    kube::Endpoint endpoint;
    const char state = word.back();
    word.pop_back();
    if (!word.empty()) endpoint.nodeName = word;
    endpoint.conditions.ready = state == '+' || state == '*';
    if (state == '~') endpoint.conditions.serving = true;
    if (state == '*') endpoint.conditions.serving = false;
    slice->endpoints.push_back(endpoint);
  }
  return out;
}

inline kube::Service service(const std::vector<std::string>& addresses, const std::string& name = "web") {
  kube::Service out;
  out.metadata.namespace_ = "default";
  out.metadata.name = name;
  out.metadata.uid = "uid-" + name;
  out.spec.type = "LoadBalancer";
  out.spec.externalTrafficPolicy = "Cluster";
  for (const auto& address : addresses) out.status.loadBalancer.ingress.push_back({address, ""});
  return out;
}

inline kube::Node node(const std::string& name, const kube::StringMap& labels = {}) {
  kube::Node out;
  out.metadata.name = name;
  out.metadata.labels = labels;
  return out;
}

inline kube::Node with_network(kube::Node node, const std::string& unavailable) {
  kube::Condition condition;
  condition.type = "NetworkUnavailable";
  condition.status = unavailable;
  node.status.conditions.push_back(condition);
  return node;
}

inline constexpr auto kExclude = "node.kubernetes.io/exclude-from-external-load-balancers";

/// An advertisement as resolved for a pool.
inline config::Layer2Advertisement ad(const std::set<std::string>& nodes, const std::vector<std::string>& selectors = {},
                                      const std::set<std::string>& interfaces = {},
                                      const std::map<std::string, std::int64_t>& scores = {}) {
  config::Layer2Advertisement out;
  out.name = "ad";
  out.nodes = nodes;
  out.all_interfaces = interfaces.empty();
  out.interfaces = interfaces;
  for (const auto& text : selectors) out.service_selectors.push_back(kube::Selector::parse(text).value());
  out.scores = scores;
  return out;
}

}  // namespace metallb::speaker::test
