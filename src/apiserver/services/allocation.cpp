#include "apiserver/services/allocation.hpp"

#include <algorithm>

#include "apiserver/services/defaults.hpp"
#include "base/contract.hpp"

namespace metallb::apiserver {
namespace {

IpFamily other(IpFamily family) {
  return family == IpFamily::kIpv4 ? IpFamily::kIpv6 : IpFamily::kIpv4;
}

/// Calls `each` with every address and node port that a kept Service holds.
template <class Address, class Port>
void each_holding(const json::object& service, Address address, Port port) {
  for (const auto& text : texts_at(service, "spec.clusterIPs")) {
    if (const auto parsed = IpAddress::parse(text)) address(*parsed);
  }
  if (const auto* ports = array_at(service, "spec.ports")) {
    for (const auto& value : *ports) {
      const auto* p = value.if_object();
      if (const auto number = p == nullptr ? std::nullopt : number_at(*p, "nodePort")) port(*number);
    }
  }
  if (const auto number = number_at(service, "spec.healthCheckNodePort")) port(*number);
}

}  // namespace

void ServiceAllocation::observe(const ObjectKey& key, const json::object* before, const json::object* after) {
  if (before != nullptr) {
    each_holding(
        *before, [this](const IpAddress& address) { addresses_.erase(address); },
        [this](std::int64_t port) { node_ports_.erase(port); });
  }
  if (after != nullptr) {
    each_holding(
        *after, [&](const IpAddress& address) { addresses_[address] = key; },
        [&](std::int64_t port) { node_ports_[port] = key; });
  }
}

Causes ServiceAllocation::assign(const ObjectKey& key, json::object& service) {
  METALLB_CONTRACT(!ranges_.cluster_cidrs.empty(), "a cluster has at least one address range");
  auto& spec = object_in(service, "spec");
  Causes causes;
  if (needs_cluster_ip(service)) {
    const bool headless = text_at(spec, "clusterIP") == "None";
    causes = assign_families(spec, headless && map_at(spec, "selector").empty());
    if (!causes.empty()) return causes;
    if (headless) {
      spec["clusterIPs"] = json::array{"None"};
    } else {
      causes = assign_cluster_ips(key, spec);
    }
  }
  const auto type = service_type(service);
  if (causes.empty() && (type == "NodePort" || type == "LoadBalancer")) causes = assign_node_ports(key, spec);
  if (causes.empty() && needs_health_check_port(service)) causes = assign_health_check_port(key, spec);
  return causes;
}

const IpPrefix* ServiceAllocation::cidr_of(IpFamily family) const {
  const auto found = std::ranges::find(ranges_.cluster_cidrs, family, &IpPrefix::family);
  return found == ranges_.cluster_cidrs.end() ? nullptr : &*found;
}

Causes ServiceAllocation::assign_families(json::object& spec, bool headless_without_selector) const {
  std::vector<IpFamily> families;
  const auto named = texts_at(spec, "ipFamilies");
  for (const auto& text : named) families.push_back(text == "IPv6" ? IpFamily::kIpv6 : IpFamily::kIpv4);
  const auto requested = texts_at(spec, "clusterIPs");
  for (std::size_t i = 0; i < requested.size(); ++i) {
    const auto address = IpAddress::parse(requested[i]);
    if (!address) continue;  // "None"
    if (i == families.size()) families.push_back(address->family());
    if (address->family() != families[i]) {
      const auto wanted = std::string(to_string(families[i]));
      return {invalid_value("spec.clusterIPs[" + std::to_string(i) + "]", json::value(requested[i]),
                            "expected an " + wanted + " value as indicated by `ipFamilies[" + std::to_string(i) + "]`")};
    }
  }
  auto policy = text_at(spec, "ipFamilyPolicy");
  // With no pods of its own behind it, a headless Service can be of both families whatever the cluster has.
  if (headless_without_selector && policy.empty()) policy = "RequireDualStack";
  if (policy.empty()) policy = "SingleStack";
  if (families.empty()) families.push_back(ranges_.cluster_cidrs.front().family());

  if (policy == "SingleStack" && (families.size() > 1 || requested.size() > 1)) {
    return {invalid_value("spec.ipFamilyPolicy", json::value(policy),
                          "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified")};
  }
  const bool dual_cluster = ranges_.cluster_cidrs.size() > 1;
  if (policy == "RequireDualStack" && !dual_cluster && !headless_without_selector) {
    return {
        invalid_value("spec.ipFamilyPolicy", json::value(policy), "this cluster is not configured for dual-stack services")};
  }
  if (families.size() == 1 && policy != "SingleStack" && (dual_cluster || headless_without_selector)) {
    families.push_back(other(families[0]));
  }
  json::array list;
  for (std::size_t i = 0; i < families.size(); ++i) {
    list.emplace_back(to_string(families[i]));
    if (cidr_of(families[i]) == nullptr && !headless_without_selector) {
      return {invalid_value("spec.ipFamilies[" + std::to_string(i) + "]", list.back(), "not configured on this cluster")};
    }
  }
  spec["ipFamilies"] = std::move(list);
  spec["ipFamilyPolicy"] = policy;
  return {};
}

Causes ServiceAllocation::assign_cluster_ips(const ObjectKey& key, json::object& spec) {
  const auto families = texts_at(spec, "ipFamilies");
  auto addresses = texts_at(spec, "clusterIPs");
  for (std::size_t i = 0; i < families.size(); ++i) {
    const auto* cidr = cidr_of(families[i] == "IPv6" ? IpFamily::kIpv6 : IpFamily::kIpv4);
    METALLB_CONTRACT(cidr != nullptr, "assign_families() admits configured families only");
    if (i < addresses.size()) {
      const auto wanted = *IpAddress::parse(addresses[i]);
      const auto holder = addresses_.find(wanted);
      if (holder != addresses_.end() && holder->second == key) continue;
      const auto refuse = [&](const std::string& why) -> Causes {
        return {invalid_value("spec.clusterIPs", to_array(addresses), "failed to allocate IP " + addresses[i] + ": " + why)};
      };
      if (!cidr->contains(wanted) || wanted == cidr->first()) {
        return refuse("the provided IP is not in the valid range. The range of valid IPs is " + cidr->to_string());
      }
      if (holder != addresses_.end()) return refuse("provided IP is already allocated");
    } else {
      const auto chosen = free_address(*cidr);
      if (!chosen)
        return {invalid_value("spec.clusterIPs", to_array(addresses), "failed to allocate a serviceIP: range is full")};
      addresses.push_back(chosen->to_string());
    }
  }
  spec["clusterIP"] = addresses.front();
  spec["clusterIPs"] = to_array(addresses);
  return {};
}

std::optional<IpAddress> ServiceAllocation::free_address(const IpPrefix& cidr) {
  // Network and broadcast addresses are left out, and the first 2^32 addresses of a larger range are plenty.
  const auto size = cidr.last().number() - cidr.first().number();
  if (size < 2) return std::nullopt;
  const auto usable = static_cast<std::uint64_t>(std::min<Uint128>(size - 1, Uint128{1} << 32));
  const auto start = random_.below(usable);
  // Among addresses_.size() + 1 candidates one is free, unless the range ends before.
  const auto tries = std::min<std::uint64_t>(usable, addresses_.size() + 1);
  for (std::uint64_t i = 0; i < tries; ++i) {
    const auto address = IpAddress::from_number(cidr.family(), cidr.first().number() + 1 + (start + i) % usable);
    if (!addresses_.contains(address)) return address;
  }
  return std::nullopt;
}

std::optional<std::uint16_t> ServiceAllocation::free_node_port(const std::vector<std::int64_t>& also_taken) {
  const auto count = static_cast<std::uint64_t>(ranges_.last_node_port - ranges_.first_node_port + 1);
  const auto start = random_.below(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto port = static_cast<std::uint16_t>(ranges_.first_node_port + (start + i) % count);
    if (!node_ports_.contains(port) && std::ranges::find(also_taken, port) == also_taken.end()) return port;
  }
  return std::nullopt;
}

std::optional<std::string> ServiceAllocation::port_problem(const ObjectKey& key, std::int64_t port) const {
  const auto holder = node_ports_.find(port);
  if (holder != node_ports_.end()) {
    return holder->second == key ? std::nullopt : std::optional<std::string>("provided port is already allocated");
  }
  if (port >= ranges_.first_node_port && port <= ranges_.last_node_port) return std::nullopt;
  return "provided port is not in the valid range. The range of valid ports is " + std::to_string(ranges_.first_node_port) +
         "-" + std::to_string(ranges_.last_node_port);
}

Causes ServiceAllocation::assign_node_ports(const ObjectKey& key, json::object& spec) {
  auto* value = spec.if_contains("ports");
  if (value == nullptr || !value->is_array()) return {};
  auto& ports = value->get_array();
  std::vector<std::int64_t> taken;
  std::map<std::int64_t, std::int64_t> by_port;  // TCP and UDP of one port share a node port
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const auto& port = ports[i].get_object();
    const auto number = number_at(port, "nodePort").value_or(0);
    if (number == 0) continue;
    if (const auto problem = port_problem(key, number)) {
      return {invalid_value("spec.ports[" + std::to_string(i) + "].nodePort", json::value(number), *problem)};
    }
    taken.push_back(number);
    by_port.emplace(number_at(port, "port").value_or(0), number);
  }
  if (text_at(spec, "type") == "LoadBalancer" && !flag_at(spec, "allocateLoadBalancerNodePorts").value_or(true)) return {};
  for (std::size_t i = 0; i < ports.size(); ++i) {
    auto& port = ports[i].get_object();
    if (number_at(port, "nodePort").value_or(0) != 0) continue;
    const auto number = number_at(port, "port").value_or(0);
    if (const auto shared = by_port.find(number); shared != by_port.end()) {
      port["nodePort"] = shared->second;
      continue;
    }
    const auto chosen = free_node_port(taken);
    if (!chosen) {
      return {invalid_value("spec.ports[" + std::to_string(i) + "].nodePort", json::value(0),
                            "failed to allocate a nodePort: range is full")};
    }
    port["nodePort"] = *chosen;
    taken.push_back(*chosen);
    by_port.emplace(number, *chosen);
  }
  return {};
}

Causes ServiceAllocation::assign_health_check_port(const ObjectKey& key, json::object& spec) {
  const auto wanted = number_at(spec, "healthCheckNodePort").value_or(0);
  if (wanted != 0) {
    const auto problem = port_problem(key, wanted);
    return problem ? Causes{invalid_value("spec.healthCheckNodePort", json::value(wanted), *problem)} : Causes{};
  }
  std::vector<std::int64_t> taken;
  for (const auto& port : spec.at("ports").get_array())
    taken.push_back(number_at(port.get_object(), "nodePort").value_or(0));
  const auto chosen = free_node_port(taken);
  if (!chosen)
    return {invalid_value("spec.healthCheckNodePort", json::value(0), "failed to allocate a nodePort: range is full")};
  spec["healthCheckNodePort"] = *chosen;
  return {};
}

}  // namespace metallb::apiserver
