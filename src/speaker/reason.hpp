// Why a Service is announced here or not, in the words of the log's `reason` key (operations spec 4).
#pragma once

#include <cstdint>
#include <string_view>

namespace metallb::speaker {

enum class Reason : std::uint8_t {
  kAnnounced,
  kServiceDeleted,
  kNotLoadBalancer,
  kForeignLoadBalancerClass,  ///< ours; the original forgets to withdraw (layer2 spec 7, item 15)
  kNoConfiguration,           ///< ours; nothing valid has been loaded yet
  kNoAddress,
  kInvalidAddress,
  kAddressNotAllowed,
  kAddressChanged,
  kNotOwner,
  kNoMatchingAdvertisement,
  kSharedAddressWithServiceSelector,
  kNoMatchingInterface,  ///< ours; the original keeps the old registration (layer2 spec 7, items 5 and 6)
  kInterfacesUnknown,    ///< ours; the first list of interfaces is still to come
  kYielded,              ///< ours; a member that comes first announces it as well (failover spec 6)
  kFirstJoin,            ///< ours; the first attempt to join the members has not ended (failover spec 4)
  kAlone,                ///< ours; all other members were lost at once (failover spec 4)
  kStopping,             ///< ours; answers until a successor is heard
  // BGP (bgp spec 2.2)
  kConflictingAdvertisements,
  kNodeNetworkUnavailable,
  kNodeExcluded,
  kNoLocalEndpoints,
  kNoEndpoints,
  kFamilyNotCarried,  ///< ours; no session carries the family of the addresses
};

/// "notOwner" and so on; empty for kAnnounced.
[[nodiscard]] std::string_view to_string(Reason reason);

}  // namespace metallb::speaker
