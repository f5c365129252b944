// The core group's kinds, but for Pods (workloads.cpp).
#include <algorithm>

#include "apiserver/tables/table.hpp"

namespace metallb::apiserver {
namespace {

std::string external_address(const json::object& service) {
  const auto type = text_at(service, "spec.type");
  const auto external_ips = texts_at(service, "spec.externalIPs");
  if (type == "ExternalName") return text_at(service, "spec.externalName");
  if (type != "LoadBalancer") return or_none(join(external_ips));
  std::vector<std::string> addresses;
  if (const auto* ingress = array_at(service, "status.loadBalancer.ingress")) {
    for (const auto& value : *ingress) {
      const auto* entry = value.if_object();
      if (entry == nullptr) continue;
      auto text = text_at(*entry, "ip");
      addresses.push_back(text.empty() ? text_at(*entry, "hostname") : std::move(text));
    }
  }
  addresses.insert(addresses.end(), external_ips.begin(), external_ips.end());
  return addresses.empty() ? "<pending>" : join(addresses);
}

std::string ports_text(const json::object& service) {
  std::vector<std::string> parts;
  if (const auto* ports = array_at(service, "spec.ports")) {
    for (const auto& value : *ports) {
      const auto* port = value.if_object();
      if (port == nullptr) continue;
      auto text = std::to_string(number_at(*port, "port").value_or(0));
      if (const auto node_port = number_at(*port, "nodePort").value_or(0); node_port > 0)
        text += ":" + std::to_string(node_port);
      parts.push_back(text + "/" + text_at(*port, "protocol"));
    }
  }
  return or_none(join(parts));
}

json::array service_cells(const json::object& service, WallPoint now) {
  const auto cluster_ips = texts_at(service, "spec.clusterIPs");
  const auto cluster_ip = cluster_ips.empty() ? text_at(service, "spec.clusterIP") : cluster_ips.front();
  return {json::value(name_of(service)),
          json::value(text_at(service, "spec.type")),
          json::value(or_none(cluster_ip)),
          json::value(external_address(service)),
          json::value(ports_text(service)),
          json::value(age_of(service, now)),
          json::value(labels_text(map_at(service, "spec.selector")))};
}

std::string node_status(const json::object& node) {
  std::string out = "Unknown";
  if (const auto* conditions = array_at(node, "status.conditions")) {
    for (const auto& value : *conditions) {
      const auto* condition = value.if_object();
      if (condition == nullptr || text_at(*condition, "type") != "Ready") continue;
      out = text_at(*condition, "status") == "True" ? "Ready" : "NotReady";
    }
  }
  return flag_at(node, "spec.unschedulable").value_or(false) ? out + ",SchedulingDisabled" : out;
}

std::string node_roles(const json::object& node) {
  constexpr std::string_view kPrefix = "node-role.kubernetes.io/";
  std::vector<std::string> roles;
  for (const auto& [key, value] : map_at(node, "metadata.labels")) {
    if (key.starts_with(kPrefix) && key.size() > kPrefix.size()) roles.push_back(key.substr(kPrefix.size()));
    if (key == "kubernetes.io/role" && !value.empty()) roles.push_back(value);
  }
  std::ranges::sort(roles);
  return or_none(join(roles));
}

std::string node_address(const json::object& node, std::string_view type) {
  if (const auto* addresses = array_at(node, "status.addresses")) {
    for (const auto& value : *addresses) {
      const auto* address = value.if_object();
      if (address != nullptr && text_at(*address, "type") == type) return text_at(*address, "address");
    }
  }
  return "<none>";
}

json::array node_cells(const json::object& node, WallPoint now) {
  const auto info = [&node](std::string_view member) {
    auto text = text_at(node, "status.nodeInfo." + std::string(member));
    return json::value(text.empty() ? "<unknown>" : text);
  };
  return {json::value(name_of(node)),
          json::value(node_status(node)),
          json::value(node_roles(node)),
          json::value(age_of(node, now)),
          json::value(text_at(node, "status.nodeInfo.kubeletVersion")),
          json::value(node_address(node, "InternalIP")),
          json::value(node_address(node, "ExternalIP")),
          info("osImage"),
          info("kernelVersion"),
          info("containerRuntimeVersion")};
}

json::array namespace_cells(const json::object& object, WallPoint now) {
  return {json::value(name_of(object)), json::value(text_at(object, "status.phase")), json::value(age_of(object, now))};
}

std::int64_t members_of(const json::object& object, std::string_view path) {
  const auto* map = object_at(object, path);
  return map == nullptr ? 0 : static_cast<std::int64_t>(map->size());
}

json::array secret_cells(const json::object& secret, WallPoint now) {
  return {json::value(name_of(secret)), json::value(text_at(secret, "type")), json::value(members_of(secret, "data")),
          json::value(age_of(secret, now))};
}

json::array config_map_cells(const json::object& map, WallPoint now) {
  return {json::value(name_of(map)), json::value(members_of(map, "data") + members_of(map, "binaryData")),
          json::value(age_of(map, now))};
}

json::array service_account_cells(const json::object& account, WallPoint now) {
  const auto* secrets = array_at(account, "secrets");
  return {json::value(name_of(account)), json::value(secrets == nullptr ? 0 : secrets->size()),
          json::value(age_of(account, now))};
}

json::array event_cells(const json::object& event, WallPoint now) {
  auto first = text_at(event, "firstTimestamp");
  auto last = text_at(event, "lastTimestamp");
  if (first.empty()) first = text_at(event, "eventTime");
  if (last.empty()) last = text_at(event, "series.lastObservedTime");
  if (last.empty()) last = first;
  auto kind = text_at(event, "involvedObject.kind");
  std::ranges::transform(kind, kind.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto name = text_at(event, "involvedObject.name");
  auto source = text_at(event, "source.component");
  if (source.empty()) source = text_at(event, "reportingComponent");
  if (const auto host = text_at(event, "source.host"); !host.empty()) source += ", " + host;
  auto message = text_at(event, "message");
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.pop_back();
  const auto count = number_at(event, "count").value_or(0);
  return {json::value(age_of(last, now)),
          json::value(text_at(event, "type")),
          json::value(text_at(event, "reason")),
          json::value(name.empty() ? kind : kind + "/" + name),
          json::value(text_at(event, "involvedObject.fieldPath")),
          json::value(source),
          json::value(message),
          json::value(age_of(first, now)),
          json::value(count == 0 ? 1 : count),
          json::value(name_of(event))};
}

json::array definition_cells(const json::object& object, WallPoint) {
  return {json::value(name_of(object)), json::value(text_at(object, "metadata.creationTimestamp"))};
}

}  // namespace

const Printer* core_printer(std::string_view kind) {
  static const std::vector<std::pair<std::string_view, Printer>> table{
      {"Service",
       {{{"Name"}, {"Type"}, {"Cluster-IP"}, {"External-IP"}, {"Port(s)"}, {"Age"}, {"Selector", "string", 1}},
        &service_cells}},
      {"Node",
       {{{"Name"},
         {"Status"},
         {"Roles"},
         {"Age"},
         {"Version"},
         {"Internal-IP", "string", 1},
         {"External-IP", "string", 1},
         {"OS-Image", "string", 1},
         {"Kernel-Version", "string", 1},
         {"Container-Runtime", "string", 1}},
        &node_cells}},
      {"Namespace", {{{"Name"}, {"Status"}, {"Age"}}, &namespace_cells}},
      {"Secret", {{{"Name"}, {"Type"}, {"Data"}, {"Age"}}, &secret_cells}},
      {"ConfigMap", {{{"Name"}, {"Data"}, {"Age"}}, &config_map_cells}},
      {"ServiceAccount", {{{"Name"}, {"Secrets"}, {"Age"}}, &service_account_cells}},
      {"CustomResourceDefinition", {{{"Name"}, {"Created At", "date"}}, &definition_cells}},
      {"Event",
       {{{"Last Seen"},
         {"Type"},
         {"Reason"},
         {"Object"},
         {"Subobject", "string", 1},
         {"Source", "string", 1},
         {"Message"},
         {"First Seen", "string", 1},
         {"Count", "string", 1},
         {"Name", "string", 1}},
        &event_cells}},
  };
  const auto found = std::ranges::find(table, kind, &std::pair<std::string_view, Printer>::first);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace metallb::apiserver
