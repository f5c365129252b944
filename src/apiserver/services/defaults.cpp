#include "apiserver/services/defaults.hpp"

#include <map>
#include <set>

namespace metallb::apiserver {
namespace {

bool externally_accessible(const std::string& type) {
  return type == "NodePort" || type == "LoadBalancer";
}

bool same(const json::object& a, const json::object& b, std::string_view key) {
  const auto* left = a.if_contains(key);
  const auto* right = b.if_contains(key);
  return left == nullptr || right == nullptr ? left == right : *left == *right;
}

/// Node ports of ports that keep their name, unless another port claims the number.
void carry_over_node_ports(json::object& spec, const json::object& old_spec) {
  std::map<std::string, std::int64_t> by_name;
  std::set<std::int64_t> old_numbers;
  if (const auto* ports = array_at(old_spec, "ports")) {
    for (const auto& port : *ports) {
      if (const auto* p = port.if_object()) {
        const auto number = number_at(*p, "nodePort").value_or(0);
        by_name[text_at(*p, "name")] = number;
        old_numbers.insert(number);
      }
    }
  }
  auto* value = spec.if_contains("ports");
  auto* ports = value == nullptr ? nullptr : value->if_array();
  if (ports == nullptr) return;
  std::set<std::int64_t> used;
  for (const auto& port : *ports) {
    const auto* p = port.if_object();
    const auto number = p == nullptr ? 0 : number_at(*p, "nodePort").value_or(0);
    if (number != 0 && old_numbers.contains(number)) used.insert(number);
  }
  for (auto& port : *ports) {
    auto* p = port.if_object();
    if (p == nullptr || number_at(*p, "nodePort").value_or(0) != 0) continue;
    const auto known = by_name.find(text_at(*p, "name"));
    if (known != by_name.end() && known->second != 0 && used.insert(known->second).second) (*p)["nodePort"] = known->second;
  }
}

bool node_ports_unchanged(const json::object& spec, const json::object& old_spec) {
  const auto numbers = [](const json::object& s) {
    std::multiset<std::int64_t> out;
    if (const auto* ports = array_at(s, "ports")) {
      for (const auto& port : *ports) {
        if (const auto* p = port.if_object()) out.insert(number_at(*p, "nodePort").value_or(0));
      }
    }
    return out;
  };
  return numbers(spec) == numbers(old_spec);
}

void drop_node_ports(json::object& spec) {
  auto* value = spec.if_contains("ports");
  auto* ports = value == nullptr ? nullptr : value->if_array();
  if (ports == nullptr) return;
  for (auto& port : *ports) {
    if (auto* p = port.if_object()) erase(*p, "nodePort");
  }
}

void carry_over_cluster_ips(json::object& spec, const json::object& old_spec) {
  if (unset(spec, "clusterIP") && unset(spec, "clusterIPs")) {
    for (const std::string_view key : {"clusterIP", "clusterIPs"}) {
      if (const auto* value = old_spec.if_contains(key)) spec[key] = *value;
    }
  } else if (unset(spec, "clusterIP")) {
    // clusterIP was cleared but its list left alone: the user wants it gone, or sets the list alone.
    if (same(spec, old_spec, "clusterIPs")) {
      spec["clusterIP"] = text_at(old_spec, "clusterIP");
    } else if (const auto list = texts_at(spec, "clusterIPs"); !list.empty()) {
      spec["clusterIP"] = list.front();
    }
  } else if (unset(spec, "clusterIPs")) {
    if (text_at(spec, "clusterIP") == text_at(old_spec, "clusterIP")) {
      if (const auto* value = old_spec.if_contains("clusterIPs")) spec["clusterIPs"] = *value;
    } else {
      spec["clusterIPs"] = json::array{*spec.if_contains("clusterIP")};
    }
  } else if (!same(spec, old_spec, "clusterIP") && same(spec, old_spec, "clusterIPs")) {
    spec["clusterIPs"].get_array()[0] = *spec.if_contains("clusterIP");
  }
}

void carry_over_families(json::object& spec, const json::object& old_spec) {
  for (const std::string_view key : {"ipFamilyPolicy", "ipFamilies"}) {
    const auto* old_value = old_spec.if_contains(key);
    if (unset(spec, key) && old_value != nullptr) spec[key] = *old_value;
  }
  // Dual-stack to single-stack: the policy alone says it, what follows from it is trimmed.
  if (text_at(spec, "ipFamilyPolicy") != "SingleStack" || text_at(old_spec, "ipFamilyPolicy") == "SingleStack") return;
  for (const std::string_view key : {"ipFamilies", "clusterIPs"}) {
    auto* value = spec.if_contains(key);
    auto* list = value == nullptr ? nullptr : value->if_array();
    if (list != nullptr && list->size() == 2 && same(spec, old_spec, key)) list->pop_back();
  }
}

}  // namespace

std::string service_type(const json::object& service) {
  auto type = text_at(service, "spec.type");
  return type.empty() ? "ClusterIP" : type;
}

bool needs_cluster_ip(const json::object& service) {
  return service_type(service) != "ExternalName";
}

bool needs_node_ports(const json::object& service) {
  const auto type = service_type(service);
  return type == "NodePort" ||
         (type == "LoadBalancer" && flag_at(service, "spec.allocateLoadBalancerNodePorts").value_or(true));
}

bool needs_health_check_port(const json::object& service) {
  return service_type(service) == "LoadBalancer" && text_at(service, "spec.externalTrafficPolicy") == "Local";
}

void default_service_status(json::object& service) {
  if (service_type(service) != "LoadBalancer" || array_at(service, "status.loadBalancer.ingress") == nullptr) return;
  for (auto& value : object_in(object_in(service, "status"), "loadBalancer").at("ingress").get_array()) {
    auto* entry = value.if_object();
    if (entry != nullptr && !unset(*entry, "ip") && unset(*entry, "ipMode")) (*entry)["ipMode"] = "VIP";
  }
}

void default_service(json::object& service) {
  auto& spec = object_in(service, "spec");
  const auto fill = [&spec](std::string_view key, json::value value) {
    if (unset(spec, key)) spec[key] = std::move(value);
  };
  fill("type", "ClusterIP");
  fill("sessionAffinity", "None");
  if (text_at(spec, "sessionAffinity") == "ClientIP" && !number_at(spec, "sessionAffinityConfig.clientIP.timeoutSeconds")) {
    spec["sessionAffinityConfig"] = json::object{{"clientIP", json::object{{"timeoutSeconds", 10800}}}};
  }
  if (const auto address = text_at(spec, "clusterIP"); !address.empty()) fill("clusterIPs", to_array({address}));
  const auto type = text_at(spec, "type");
  if (type != "ExternalName") fill("internalTrafficPolicy", "Cluster");
  if (externally_accessible(type)) fill("externalTrafficPolicy", "Cluster");
  if (type == "LoadBalancer" && !flag_at(spec, "allocateLoadBalancerNodePorts")) fill("allocateLoadBalancerNodePorts", true);
  auto* ports = spec.if_contains("ports");
  if (ports == nullptr || !ports->is_array()) return;
  for (auto& value : ports->get_array()) {
    auto* port = value.if_object();
    if (port == nullptr) continue;
    if (unset(*port, "protocol")) (*port)["protocol"] = "TCP";
    const auto* target = port->if_contains("targetPort");
    const bool none = target == nullptr || target->is_null() || *target == json::value(0) || *target == json::value("");
    if (none && number_at(*port, "port")) (*port)["targetPort"] = *number_at(*port, "port");
    if (number_at(*port, "nodePort") == 0) erase(*port, "nodePort");
  }
}

void carry_over_service(json::object& after, const json::object& before) {
  auto& spec = object_in(after, "spec");
  const auto* old = object_at(before, "spec");
  if (old == nullptr) return;
  if (needs_cluster_ip(before) && needs_cluster_ip(after)) {
    carry_over_cluster_ips(spec, *old);
    carry_over_families(spec, *old);
  }
  if (needs_node_ports(before) && needs_node_ports(after)) carry_over_node_ports(spec, *old);
  if (needs_health_check_port(before) && needs_health_check_port(after) &&
      number_at(spec, "healthCheckNodePort").value_or(0) == 0) {
    if (const auto port = number_at(*old, "healthCheckNodePort")) spec["healthCheckNodePort"] = *port;
  }

  const auto drop = [&](std::string_view key) {
    if (same(spec, *old, key)) erase(spec, key);
  };
  const auto type = service_type(after);
  const auto old_type = service_type(before);
  if (needs_cluster_ip(before) && !needs_cluster_ip(after)) {
    for (const std::string_view key : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"})
      drop(key);
  }
  const bool had_node_ports = externally_accessible(old_type);
  if (had_node_ports && !externally_accessible(type) && node_ports_unchanged(spec, *old)) drop_node_ports(spec);
  if (needs_health_check_port(before) && !needs_health_check_port(after)) drop("healthCheckNodePort");
  if (old_type == "LoadBalancer" && type != "LoadBalancer") {
    drop("allocateLoadBalancerNodePorts");
    drop("loadBalancerClass");
  }
  if (externally_accessible(old_type) && !externally_accessible(type)) drop("externalTrafficPolicy");
}

}  // namespace metallb::apiserver
