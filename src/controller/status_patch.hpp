// Decisions as merge patches for the status subresource (RFC 7386; the driver applies them to the fresh object and updates,
// since RBAC grants no patch: operations spec 1.11).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kube/objects/core.hpp"
#include "kube/objects/metallb.hpp"
#include "net/ip_address.hpp"

namespace metallb::controller {

/// What turns `service` into one that lists `addresses` from `pool` (no addresses and an empty pool: none); nullopt when it
/// does already. Entries that stay are not touched, so what the API server added to them (ipMode, ports) stays.
[[nodiscard]] std::optional<std::string> service_patch(const kube::Service& service, const std::vector<IpAddress>& addresses,
                                                       const std::string& pool);
/// The same, whatever the object looks like at the API: for when `service` may be older than a write of ours.
[[nodiscard]] std::string full_service_patch(const std::vector<IpAddress>& addresses, const std::string& pool);

/// All four counters, as the schema requires.
[[nodiscard]] std::string pool_patch(const kube::IPAddressPoolStatus& status);

}  // namespace metallb::controller
