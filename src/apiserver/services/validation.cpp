#include "apiserver/services/validation.hpp"

#include <algorithm>
#include <set>

#include "apiserver/names.hpp"
#include "apiserver/services/defaults.hpp"
#include "net/ip_address.hpp"
#include "net/ip_range.hpp"

namespace metallb::apiserver {
namespace {

void check_one_of(const json::object& service, std::string_view path, const std::vector<std::string>& allowed,
                  Causes& causes) {
  const auto value = text_at(service, path);
  if (!value.empty() && std::ranges::find(allowed, value) == allowed.end()) {
    causes.push_back(unsupported_value(std::string(path), value, allowed));
  }
}

void check_number_range(const json::object& port, std::string_view key, const std::string& path, Causes& causes) {
  const auto number = number_at(port, key).value_or(0);
  if (number < 1 || number > 65535) {
    causes.push_back(
        invalid_value(path + "." + std::string(key), json::value(number), "must be between 1 and 65535, inclusive"));
  }
}

/// RFC 6335, Section 5.1: a service name, at most 15 characters, letters, digits and single hyphens.
bool is_port_name(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return text.size() <= 15 && !text.empty() && std::ranges::all_of(text, fits) &&
         text.find("--") == std::string_view::npos &&
         std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; }) && text.front() != '-' && text.back() != '-';
}

void check_port(const json::object& port, const std::string& path, bool name_needed, Causes& causes) {
  const auto name = text_at(port, "name");
  if (name.empty() && name_needed) {
    causes.push_back(required_value(path + ".name"));
  } else if (!name.empty()) {
    if (const auto problem = name_problem(NameRule::kLabel, name)) {
      causes.push_back(invalid_value(path + ".name", json::value(name), *problem));
    }
  }
  check_number_range(port, "port", path, causes);
  const std::vector<std::string> protocols{"SCTP", "TCP", "UDP"};
  const auto protocol = text_at(port, "protocol");
  if (protocol.empty()) {
    causes.push_back(required_value(path + ".protocol"));
  } else if (std::ranges::find(protocols, protocol) == protocols.end()) {
    causes.push_back(unsupported_value(path + ".protocol", protocol, protocols));
  }
  const auto target_name = text_at(port, "targetPort");
  if (target_name.empty()) {
    if (port.contains("targetPort")) check_number_range(port, "targetPort", path, causes);
  } else if (!is_port_name(target_name)) {
    causes.push_back(invalid_value(path + ".targetPort", json::value(target_name),
                                   "must contain only alphanumeric characters (a-z, 0-9), and hyphens ('-')"));
  }
}

void check_ports(const json::object& service, Causes& causes) {
  const auto type = service_type(service);
  const auto* ports = array_at(service, "spec.ports");
  if (ports == nullptr || ports->empty()) {
    const bool headless = text_at(service, "spec.clusterIP") == "None";
    if (type != "ExternalName" && !headless) causes.push_back(required_value("spec.ports"));
    return;
  }
  std::set<std::string> names;
  std::set<std::pair<std::string, std::int64_t>> numbers;
  std::set<std::pair<std::string, std::int64_t>> node_ports;
  for (std::size_t i = 0; i < ports->size(); ++i) {
    const auto path = "spec.ports[" + std::to_string(i) + "]";
    const auto* port = (*ports)[i].if_object();
    if (port == nullptr) continue;  // the schema has said so
    check_port(*port, path, ports->size() > 1, causes);
    const auto name = text_at(*port, "name");
    if (!name.empty() && !names.insert(name).second) causes.push_back(duplicate_value(path + ".name", json::value(name)));
    const auto protocol = text_at(*port, "protocol");
    if (!numbers.emplace(protocol, number_at(*port, "port").value_or(0)).second) {
      causes.push_back(
          duplicate_value(path, json::object{{"port", number_at(*port, "port").value_or(0)}, {"protocol", protocol}}));
    }
    const auto node_port = number_at(*port, "nodePort").value_or(0);
    if (node_port != 0 && type != "NodePort" && type != "LoadBalancer") {
      causes.push_back(forbidden_value(path + ".nodePort", "may not be used when `type` is '" + type + "'"));
    } else if (node_port != 0 && !node_ports.emplace(protocol, node_port).second) {
      causes.push_back(duplicate_value(path + ".nodePort", json::value(node_port)));
    }
  }
}

void check_addresses(const json::object& service, Causes& causes) {
  const auto type = service_type(service);
  const auto cluster_ips = texts_at(service, "spec.clusterIPs");
  const auto cluster_ip = text_at(service, "spec.clusterIP");
  if (type == "ExternalName") {
    if (text_at(service, "spec.externalName").empty()) causes.push_back(required_value("spec.externalName"));
    if (!cluster_ips.empty() || !cluster_ip.empty()) {
      causes.push_back(forbidden_value("spec.clusterIPs", "may not be set for ExternalName services"));
    }
  }
  if (cluster_ip.empty() && !cluster_ips.empty()) {
    causes.push_back(
        invalid_value("spec.clusterIPs", to_array(cluster_ips), "must be empty when `clusterIP` is not specified"));
  } else if (!cluster_ips.empty() && cluster_ips.front() != cluster_ip) {
    causes.push_back(invalid_value("spec.clusterIPs", to_array(cluster_ips), "first value must match `clusterIP`"));
  }
  if (cluster_ips.size() > 2) {
    causes.push_back(invalid_value("spec.clusterIPs", to_array(cluster_ips), "may only hold up to 2 values"));
  }
  if (type == "LoadBalancer" && cluster_ip == "None") {
    causes.push_back(
        invalid_value("spec.clusterIPs[0]", json::value("None"), "may not be set to 'None' for LoadBalancer services"));
  }
  if (type == "NodePort" && cluster_ip == "None") {
    causes.push_back(
        invalid_value("spec.clusterIPs[0]", json::value("None"), "may not be set to 'None' for NodePort services"));
  }
  for (std::size_t i = 0; i < cluster_ips.size(); ++i) {
    if (cluster_ips[i] == "None" && cluster_ips.size() == 1) continue;
    if (!IpAddress::parse(cluster_ips[i])) {
      causes.push_back(invalid_value("spec.clusterIPs[" + std::to_string(i) + "]", json::value(cluster_ips[i]),
                                     "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
    }
  }
  const auto external = texts_at(service, "spec.externalIPs");
  for (std::size_t i = 0; i < external.size(); ++i) {
    if (!IpAddress::parse(external[i])) {
      causes.push_back(invalid_value("spec.externalIPs[" + std::to_string(i) + "]", json::value(external[i]),
                                     "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
    }
  }
}

void check_load_balancer(const json::object& service, const json::object* before, Causes& causes) {
  const auto type = service_type(service);
  const bool balancer = type == "LoadBalancer";
  const auto ranges = texts_at(service, "spec.loadBalancerSourceRanges");
  if (!ranges.empty() && !balancer) {
    causes.push_back(forbidden_value("spec.LoadBalancerSourceRanges", "may only be used when `type` is 'LoadBalancer'"));
  }
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (!IpPrefix::parse(ranges[i])) {
      causes.push_back(invalid_value("spec.LoadBalancerSourceRanges[" + std::to_string(i) + "]", json::value(ranges[i]),
                                     "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"));
    }
  }
  if (!balancer && flag_at(service, "spec.allocateLoadBalancerNodePorts")) {
    causes.push_back(
        forbidden_value("spec.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'"));
  }
  const auto load_balancer_class = text_at(service, "spec.loadBalancerClass");
  if (!load_balancer_class.empty() && !balancer) {
    causes.push_back(forbidden_value("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"));
  }
  if (before != nullptr && balancer && service_type(*before) == "LoadBalancer" &&
      load_balancer_class != text_at(*before, "spec.loadBalancerClass")) {
    causes.push_back(invalid_value("spec.loadBalancerClass", json::value(load_balancer_class), "may not change once set"));
  }
}

void check_policies(const json::object& service, Causes& causes) {
  const auto type = service_type(service);
  check_one_of(service, "spec.internalTrafficPolicy", {"Cluster", "Local"}, causes);
  const auto external = text_at(service, "spec.externalTrafficPolicy");
  if (external.empty()) return;
  if (type != "NodePort" && type != "LoadBalancer" && texts_at(service, "spec.externalIPs").empty()) {
    causes.push_back(invalid_value("spec.externalTrafficPolicy", json::value(external),
                                   "may only be set for externally-accessible services"));
  } else {
    check_one_of(service, "spec.externalTrafficPolicy", {"Cluster", "Local"}, causes);
  }
  if (number_at(service, "spec.healthCheckNodePort").value_or(0) != 0 && !needs_health_check_port(service)) {
    causes.push_back(invalid_value("spec.healthCheckNodePort", *find(service, "spec.healthCheckNodePort"),
                                   "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
  }
}

/// The first cluster address stays for the life of the Service, except through type ExternalName.
void check_unchanged(const json::object& service, const json::object& before, Causes& causes) {
  if (!needs_cluster_ip(service) || !needs_cluster_ip(before)) return;
  const auto old_ips = texts_at(before, "spec.clusterIPs");
  const auto new_ips = texts_at(service, "spec.clusterIPs");
  if (!old_ips.empty() && (new_ips.empty() || new_ips.front() != old_ips.front())) {
    causes.push_back(invalid_value("spec.clusterIPs[0]", to_array(new_ips), "may not change once set"));
  }
  const auto old_families = texts_at(before, "spec.ipFamilies");
  const auto new_families = texts_at(service, "spec.ipFamilies");
  if (!old_families.empty() && !new_families.empty() && old_families.front() != new_families.front()) {
    causes.push_back(invalid_value("spec.ipFamilies[0]", json::value(new_families.front()), "may not change once set"));
  }
  if (old_families.size() == 2 && new_families.size() == 2 && old_ips.size() == 2 && new_ips.size() == 2 &&
      old_ips[1] != new_ips[1]) {
    causes.push_back(invalid_value("spec.clusterIPs[1]", json::value(new_ips[1]), "may not change once set"));
  }
}

}  // namespace

Causes validate_service(const json::object& service, const json::object* before) {
  Causes causes;
  check_one_of(service, "spec.type", {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"}, causes);
  check_one_of(service, "spec.sessionAffinity", {"ClientIP", "None"}, causes);
  check_one_of(service, "spec.ipFamilyPolicy", {"PreferDualStack", "RequireDualStack", "SingleStack"}, causes);
  const auto families = texts_at(service, "spec.ipFamilies");
  for (std::size_t i = 0; i < families.size(); ++i) {
    const auto path = "spec.ipFamilies[" + std::to_string(i) + "]";
    if (families[i] != "IPv4" && families[i] != "IPv6") {
      causes.push_back(unsupported_value(path, families[i], {"IPv4", "IPv6"}));
    } else if (i > 0 && families[i] == families[0]) {
      causes.push_back(duplicate_value(path, json::value(families[i])));
    }
  }
  check_ports(service, causes);
  check_addresses(service, causes);
  check_load_balancer(service, before, causes);
  check_policies(service, causes);
  if (before != nullptr) check_unchanged(service, *before, causes);
  return causes;
}

}  // namespace metallb::apiserver
