// Pods and what stands around them: Deployments, EndpointSlices, Leases.
#include <algorithm>

#include "apiserver/tables/table.hpp"

namespace metallb::apiserver {
namespace {

const json::array& list_at(const json::object& object, std::string_view path) {
  static const json::array kEmpty;
  const auto* list = array_at(object, path);
  return list == nullptr ? kEmpty : *list;
}

struct PodSummary {
  std::string status;
  std::int64_t containers = 0;
  std::int64_t ready = 0;
  std::int64_t restarts = 0;
};

/// The status column: the phase, unless something tells more.
PodSummary summary_of(const json::object& pod) {
  PodSummary out;
  out.containers = static_cast<std::int64_t>(list_at(pod, "spec.containers").size());
  out.status = text_at(pod, "status.phase");
  if (const auto reason = text_at(pod, "status.reason"); !reason.empty()) out.status = reason;
  for (const auto& value : list_at(pod, "status.containerStatuses")) {
    const auto* container = value.if_object();
    if (container == nullptr) continue;
    out.restarts += number_at(*container, "restartCount").value_or(0);
    if (flag_at(*container, "ready").value_or(false)) ++out.ready;
    for (const std::string_view path : {"state.waiting.reason", "state.terminated.reason"}) {
      if (auto reason = text_at(*container, path); !reason.empty()) out.status = std::move(reason);
    }
  }
  if (!text_at(pod, "metadata.deletionTimestamp").empty()) out.status = "Terminating";
  return out;
}

json::array pod_cells(const json::object& pod, WallPoint now) {
  const auto summary = summary_of(pod);
  auto address = text_at(pod, "status.podIP");
  if (const auto& addresses = list_at(pod, "status.podIPs"); !addresses.empty() && addresses[0].is_object()) {
    address = text_at(addresses[0].get_object(), "ip");
  }
  const auto& gates = list_at(pod, "spec.readinessGates");
  return {json::value(name_of(pod)),
          json::value(std::to_string(summary.ready) + "/" + std::to_string(summary.containers)),
          json::value(summary.status),
          json::value(std::to_string(summary.restarts)),
          json::value(age_of(pod, now)),
          json::value(or_none(address)),
          json::value(or_none(text_at(pod, "spec.nodeName"))),
          json::value(or_none(text_at(pod, "status.nominatedNodeName"))),
          json::value(gates.empty() ? "<none>" : "0/" + std::to_string(gates.size()))};
}

json::array deployment_cells(const json::object& deployment, WallPoint now) {
  std::vector<std::string> names;
  std::vector<std::string> images;
  for (const auto& value : list_at(deployment, "spec.template.spec.containers")) {
    if (const auto* container = value.if_object()) {
      names.push_back(text_at(*container, "name"));
      images.push_back(text_at(*container, "image"));
    }
  }
  const auto count = [&deployment](std::string_view path) { return number_at(deployment, path).value_or(0); };
  return {json::value(name_of(deployment)),
          json::value(std::to_string(count("status.readyReplicas")) + "/" + std::to_string(count("spec.replicas"))),
          json::value(count("status.updatedReplicas")),
          json::value(count("status.availableReplicas")),
          json::value(age_of(deployment, now)),
          json::value(join(names)),
          json::value(join(images)),
          json::value(labels_text(map_at(deployment, "spec.selector.matchLabels")))};
}

/// At most three, then how many more.
std::string some_of(const std::vector<std::string>& texts) {
  constexpr std::size_t kShown = 3;
  if (texts.empty()) return "<unset>";
  if (texts.size() <= kShown) return join(texts);
  return join({texts.begin(), texts.begin() + kShown}) + " + " + std::to_string(texts.size() - kShown) + " more...";
}

json::array endpoint_slice_cells(const json::object& slice, WallPoint now) {
  std::vector<std::string> ports;
  for (const auto& value : list_at(slice, "ports")) {
    const auto* port = value.if_object();
    if (port == nullptr) continue;
    const auto number = number_at(*port, "port");
    ports.push_back(number ? std::to_string(*number) : "*");
  }
  std::vector<std::string> addresses;
  for (const auto& value : list_at(slice, "endpoints")) {
    if (const auto* endpoint = value.if_object()) {
      const auto some = texts_at(*endpoint, "addresses");
      addresses.insert(addresses.end(), some.begin(), some.end());
    }
  }
  return {json::value(name_of(slice)), json::value(text_at(slice, "addressType")), json::value(some_of(ports)),
          json::value(some_of(addresses)), json::value(age_of(slice, now))};
}

json::array lease_cells(const json::object& lease, WallPoint now) {
  return {json::value(name_of(lease)), json::value(text_at(lease, "spec.holderIdentity")), json::value(age_of(lease, now))};
}

}  // namespace

const Printer* workload_printer(std::string_view kind) {
  static const std::vector<std::pair<std::string_view, Printer>> table{
      {"Pod",
       {{{"Name"},
         {"Ready"},
         {"Status"},
         {"Restarts"},
         {"Age"},
         {"IP", "string", 1},
         {"Node", "string", 1},
         {"Nominated Node", "string", 1},
         {"Readiness Gates", "string", 1}},
        &pod_cells}},
      {"Deployment",
       {{{"Name"},
         {"Ready"},
         {"Up-to-date"},
         {"Available"},
         {"Age"},
         {"Containers", "string", 1},
         {"Images", "string", 1},
         {"Selector", "string", 1}},
        &deployment_cells}},
      {"EndpointSlice", {{{"Name"}, {"AddressType"}, {"Ports"}, {"Endpoints"}, {"Age"}}, &endpoint_slice_cells}},
      {"Lease", {{{"Name"}, {"Holder"}, {"Age"}}, &lease_cells}},
  };
  const auto found = std::ranges::find(table, kind, &std::pair<std::string_view, Printer>::first);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace metallb::apiserver
