// Cluster addresses, IP families and node ports of Services: who has which, and what a new or changed Service gets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "apiserver/error.hpp"
#include "base/names.hpp"
#include "base/random.hpp"
#include "net/ip_range.hpp"

namespace metallb::apiserver {

struct AllocationRanges {
  /// One per family, the cluster's first family first; at least one.
  std::vector<IpPrefix> cluster_cidrs;
  std::uint16_t first_node_port = 30000;
  std::uint16_t last_node_port = 32767;
};

class ServiceAllocation {
 public:
  ServiceAllocation(AllocationRanges ranges, std::uint64_t seed) : ranges_(std::move(ranges)), random_(seed) {}

  /// Fills in families, policy, cluster addresses and node ports of a Service that passed validation. Reserves nothing: the
  /// Service counts once observe() has seen it kept, so a dry run costs no address.
  [[nodiscard]] Causes assign(const ObjectKey& key, json::object& service);
  /// To be called for every change of a Service; null for not there.
  void observe(const ObjectKey& key, const json::object* before, const json::object* after);

 private:
  [[nodiscard]] Causes assign_families(json::object& spec, bool headless_without_selector) const;
  [[nodiscard]] Causes assign_cluster_ips(const ObjectKey& key, json::object& spec);
  [[nodiscard]] Causes assign_node_ports(const ObjectKey& key, json::object& spec);
  [[nodiscard]] Causes assign_health_check_port(const ObjectKey& key, json::object& spec);
  [[nodiscard]] std::optional<IpAddress> free_address(const IpPrefix& cidr);
  [[nodiscard]] std::optional<std::uint16_t> free_node_port(const std::vector<std::int64_t>& also_taken);
  [[nodiscard]] std::optional<std::string> port_problem(const ObjectKey& key, std::int64_t port) const;
  [[nodiscard]] const IpPrefix* cidr_of(IpFamily family) const;

  AllocationRanges ranges_;
  Random random_;
  std::unordered_map<IpAddress, ObjectKey> addresses_;
  std::map<std::int64_t, ObjectKey> node_ports_;
};

}  // namespace metallb::apiserver
