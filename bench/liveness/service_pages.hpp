// The answers to a list of 10,000 Services, in pages, as an API server gives them.
#pragma once

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metallb::bench {

inline constexpr int kServices = 10'000;
inline constexpr int kPage = 500;

/// One Service as an API server prints it, with what nobody reads: managed fields and the last applied configuration.
inline boost::json::value service(int i) {
  namespace json = boost::json;
  const auto name = "service-" + std::to_string(i);
  const auto low = std::to_string(i / 250) + "." + std::to_string(i % 250);
  const json::object labels{{"app.kubernetes.io/name", name}, {"app.kubernetes.io/managed-by", "Helm"}, {"tier", "web"}};
  const json::array ports{
      {{"name", "http"}, {"protocol", "TCP"}, {"port", 80}, {"targetPort", 8080}, {"nodePort", 30'000 + i % 2'000}},
      {{"name", "https"}, {"protocol", "TCP"}, {"port", 443}, {"targetPort", "tls"}, {"nodePort", 32'000 + i % 700}}};
  const json::value applied{{"apiVersion", "v1"},
                            {"kind", "Service"},
                            {"metadata", {{"name", name}, {"namespace", "shop"}, {"labels", labels}}},
                            {"spec", {{"type", "LoadBalancer"}, {"ports", ports}, {"selector", labels}}}};
  const json::value written{
      {"f:metadata", {{"f:annotations", {{".", json::object()}}}, {"f:labels", {{"f:tier", json::object()}}}}},
      {"f:spec",
       {{"f:allocateLoadBalancerNodePorts", json::object()},
        {"f:externalTrafficPolicy", json::object()},
        {"f:ports", {{R"(k:{"port":80,"protocol":"TCP"})", {{"f:name", json::object()}, {"f:port", json::object()}}}}},
        {"f:selector", json::object()},
        {"f:type", json::object()}}}};
  const json::value status{{"f:status", {{"f:loadBalancer", {{"f:ingress", json::object()}}}}}};
  const auto managed = [](std::string_view who, const json::value& fields) {
    return json::value{{"manager", json::string(who)},   {"operation", "Update"},    {"apiVersion", "v1"},
                       {"time", "2026-03-01T10:00:00Z"}, {"fieldsType", "FieldsV1"}, {"fieldsV1", fields}};
  };
  return {{"metadata",
           {{"name", name},
            {"namespace", "shop"},
            {"uid", "6f1c8a52-0d5e-4b0e-9a51-" + std::to_string(100'000'000'000 + i)},
            {"resourceVersion", std::to_string(1'000'000 + i)},
            {"creationTimestamp", "2026-03-01T10:00:00Z"},
            {"labels", labels},
            {"annotations",
             {{"kubectl.kubernetes.io/last-applied-configuration", json::serialize(applied)},
              {"metallb.io/ip-allocated-from-pool", "pool"}}},
            {"managedFields", {managed("helm", written), managed("controller", status)}}}},
          {"spec",
           {{"type", "LoadBalancer"},
            {"ports", ports},
            {"selector", labels},
            {"clusterIP", "10.96." + low},
            {"clusterIPs", json::array{"10.96." + low}},
            {"ipFamilies", json::array{"IPv4"}},
            {"ipFamilyPolicy", "SingleStack"},
            {"allocateLoadBalancerNodePorts", true},
            {"externalTrafficPolicy", "Cluster"},
            {"internalTrafficPolicy", "Cluster"},
            {"sessionAffinity", "None"}}},
          {"status", {{"loadBalancer", {{"ingress", json::array{{{"ip", "10.0." + low}, {"ipMode", "VIP"}}}}}}}}};
}

inline std::vector<std::string> service_pages() {
  namespace json = boost::json;
  std::vector<std::string> out;
  for (int first = 0; first < kServices; first += kPage) {
    json::array items;
    for (int i = first; i < first + kPage; ++i) items.push_back(service(i));
    const bool last = first + kPage >= kServices;
    const json::value page{{"kind", "ServiceList"},
                           {"apiVersion", "v1"},
                           {"metadata", {{"resourceVersion", "2000000"}, {"continue", last ? "" : std::to_string(first)}}},
                           {"items", std::move(items)}};
    out.push_back(json::serialize(page));
  }
  return out;
}

}  // namespace metallb::bench
