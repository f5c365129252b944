// The messages of BGP-4 as values. How they lie on the wire is the business of message_codec.hpp.
//
// RFC 4271 (A Border Gateway Protocol 4), RFC 2918 and RFC 7313 (Route Refresh), RFC 4760 (Multiprotocol Extensions).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/capabilities.hpp"
#include "bgp/error.hpp"
#include "bgp/names.hpp"
#include "net/ip_range.hpp"

namespace metallb::bgp {

///     +---------+------------+-----------+------------+---------+------------------------------+
///     | version | My AS (16) | hold (16) | identifier | length  | optional parameters …        |   after the header
///     +---------+------------+-----------+------------+---------+------------------------------+
struct Open {
  std::uint16_t my_as = 0;      ///< 23456 when the number needs four octets
  std::uint16_t hold_time = 0;  ///< seconds
  RouterId identifier;
  Capabilities capabilities;
  /// RFC 6793: the capability, else the field.
  [[nodiscard]] Asn asn() const { return capabilities.four_octet_as.value_or(Asn(my_as)); }
  friend bool operator==(const Open&, const Open&) = default;
};

enum class Origin : std::uint8_t { kIgp = 0, kEgp = 1, kIncomplete = 2 };

struct AsPathSegment {
  enum class Kind : std::uint8_t { kSet = 1, kSequence = 2, kConfederationSequence = 3, kConfederationSet = 4 };
  Kind kind = Kind::kSequence;
  std::vector<Asn> ases;  ///< 1 to 255
  friend bool operator==(const AsPathSegment&, const AsPathSegment&) = default;
};
using AsPath = std::vector<AsPathSegment>;

/// One that has no member of its own, as it came.
struct RawAttribute {
  std::uint8_t flags = 0;  ///< without the extended length bit
  std::uint8_t type = 0;
  Bytes value;
  friend bool operator==(const RawAttribute&, const RawAttribute&) = default;
};

struct PathAttributes {
  std::optional<Origin> origin;
  std::optional<AsPath> as_path;
  std::optional<IpAddress> next_hop;  ///< IPv4
  std::optional<std::uint32_t> med;
  std::optional<std::uint32_t> local_pref;
  std::vector<Community> communities;
  std::optional<AsPath> as4_path;
  std::vector<LargeCommunity> large_communities;
  std::vector<RawAttribute> others;  ///< ascending by type
  friend bool operator==(const PathAttributes&, const PathAttributes&) = default;
};

/// RFC 4760, Section 3.
struct MpReach {
  Family family;
  Bytes next_hop;  ///< 4, 16 or 32 bytes
  std::vector<IpPrefix> prefixes;
  friend bool operator==(const MpReach&, const MpReach&) = default;
};
/// RFC 4760, Section 4.
struct MpUnreach {
  Family family;
  std::vector<IpPrefix> prefixes;
  friend bool operator==(const MpUnreach&, const MpUnreach&) = default;
};

/// What was wrong with an UPDATE that was read all the same.
struct UpdateFaults {
  std::size_t count = 0;
  std::optional<Error> worst;  ///< the first of those with the strongest treatment
  friend bool operator==(const UpdateFaults&, const UpdateFaults&) = default;
};

///     +----------------+-------------+-----------------+--------------+--------+
///     | withdrawn (16) | prefixes …  | attributes (16) | attributes … | NLRI … |   after the header
///     +----------------+-------------+-----------------+--------------+--------+
struct Update {
  std::vector<IpPrefix> withdrawn;  ///< IPv4
  PathAttributes attributes;
  std::optional<MpReach> mp_reach;
  std::optional<MpUnreach> mp_unreach;
  std::vector<IpPrefix> announced;  ///< IPv4
  UpdateFaults faults;              ///< not on the wire
  friend bool operator==(const Update&, const Update&) = default;
};

struct Keepalive {
  friend bool operator==(const Keepalive&, const Keepalive&) = default;
};

struct RouteRefresh {
  enum class Kind : std::uint8_t { kRequest = 0, kBegin = 1, kEnd = 2 };  ///< RFC 7313: BoRR and EoRR
  Family family;
  Kind kind = Kind::kRequest;  ///< from the wire: may be a value without a name
  friend bool operator==(const RouteRefresh&, const RouteRefresh&) = default;
};

using Message = std::variant<Open, Update, Notification, Keepalive, RouteRefresh>;

}  // namespace metallb::bgp
