// How a user mends what allocation refuses: the second half of the events and log lines about it. Each text names the
// annotation or the field to change, by the name that the Service uses for it.
#pragma once

#include <string>
#include <vector>

#include "controller/allocation.hpp"

namespace metallb::controller::remedy {

/// The allocator refuses `addresses`, which the Service asks for or holds.
[[nodiscard]] std::string refused(ipam::Refusal::Reason reason, const Wish& wish, const std::vector<IpAddress>& addresses,
                                  const config::Config& config);
/// The pool's serviceAllocation does not serve the Service.
[[nodiscard]] std::string not_served(const Wish& wish, const std::string& pool);
/// The families asked for are not those of the Service.
[[nodiscard]] std::string wrong_families(const Wish& wish);
/// The addresses asked for are those of the pool `owner`, and another one is asked for.
[[nodiscard]] std::string contradiction(const Wish& wish, const std::string& owner);
/// The pool that the Service names had its addresses; now `owner` has them.
[[nodiscard]] std::string moved(const Wish& wish, const std::string& owner);
/// There is no pool at all.
[[nodiscard]] std::string create_pool(const Wish& wish);
/// The pool asked for does not exist.
[[nodiscard]] std::string unknown_pool(const Wish& wish);
/// The pool asked for exists, but has no valid version.
[[nodiscard]] std::string broken_pool(const Wish& wish);
/// The pool asked for has not what the Service needs.
[[nodiscard]] std::string exhausted(const Wish& wish, const std::string& pool);
/// No pool has an address for a Service that asks for nothing.
[[nodiscard]] std::string no_pool(const Wish& wish);
/// The pool has no address of the family that a Service with one address would like to have as well.
[[nodiscard]] std::string one_family(const std::string& pool);
/// Two cluster addresses, and a policy for one.
[[nodiscard]] std::string single_stack();
/// Fewer cluster addresses than RequireDualStack needs.
[[nodiscard]] std::string one_cluster_address();
/// Cluster addresses that are none, or of one family twice.
[[nodiscard]] std::string bad_cluster_addresses();
/// Addresses in the status that are none, or two of one family.
[[nodiscard]] std::string bad_status();

}  // namespace metallb::controller::remedy
