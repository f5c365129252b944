// Which address a Service gets (controller spec 4.6 to 4.9): the rules above the allocator, which knows pools and addresses
// but not who may have them.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "controller/service_request.hpp"
#include "ipam/allocator.hpp"

namespace metallb::controller {

/// A Service's wish, read from the object.
struct Wish {
  ServiceKey key;
  kube::StringMap labels;
  Families families = Families::kIpv4;
  bool prefers_dual = false;   ///< ipFamilyPolicy PreferDualStack
  bool requires_dual = false;  ///< ipFamilyPolicy RequireDualStack
  bool ipv6_first = false;     ///< ipFamilies begins with IPv6
  ipam::Claim claim;
  std::vector<IpAddress> addresses;  ///< asked for; may be empty
  std::string addresses_field;       ///< where they are, or would be, asked for
  std::string pool;                  ///< asked for; may be empty
  std::string pool_field;            ///< where it is, or would be, asked for
  std::string pools_namespace;       ///< where IPAddressPools belong
};

/// Where a Service without an address looks for one: it is worth another try when something changes there.
struct Interest {
  std::vector<IpAddress> addresses;
  std::vector<std::string> pools;
  std::string sharing_key;
  [[nodiscard]] bool empty() const { return addresses.empty() && pools.empty(); }
  friend bool operator==(const Interest&, const Interest&) = default;
};

struct Failure {
  std::string cause;                 ///< the original's text, which tools may look for
  std::string remedy;                ///< what the user can do, by the name of the annotation or field
  Interest interest;                 ///< empty when only a change of the Service or the configuration can help
  std::vector<std::string> details;  ///< per pool, why it gave nothing
  /// "<cause> (<details>): <remedy>", for events and logs: at most three details, and how many more there are.
  [[nodiscard]] std::string to_string() const;
};

[[nodiscard]] bool has_no_pools(const config::Config& config);
/// What fails then.
[[nodiscard]] Failure no_pools(const Wish& wish);

/// Assigns `addresses`, which the Service holds or wants, if the configuration lets it.
[[nodiscard]] std::expected<void, Failure> assign(const config::Config& config, ipam::Allocator& allocator, const Wish& wish,
                                                  const std::vector<IpAddress>& addresses);

/// Finds and assigns addresses: those asked for, else from the pool asked for, else from the best pool there is.
[[nodiscard]] std::expected<void, Failure> allocate(const config::Config& config, ipam::Allocator& allocator,
                                                    const Wish& wish);

/// Adds the missing family, from the pool that the Service's one address is from. Failing changes nothing.
[[nodiscard]] std::expected<IpAddress, Failure> add_family(const config::Config& config, ipam::Allocator& allocator,
                                                           const Wish& wish);

}  // namespace metallb::controller
