// The bytes of path attributes.
//
//      0        1        2 (3)        3 (4)
//     +--------+--------+------------+---------+
//     |OTPE    |  type  |  length    | value … |   O optional, T transitive, P partial, E: the length has two bytes
//     +--------+--------+------------+---------+
//
// RFC 4271, RFC 1997 (Communities), RFC 4760 (Multiprotocol), RFC 6793 (Four-Octet AS), RFC 8092 (Large Communities),
// RFC 7606 (Revised Error Handling for BGP UPDATE Messages).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "bgp/error.hpp"
#include "bgp/message.hpp"
#include "bgp/message_codec.hpp"

namespace metallb::bgp {

enum class AttributeType : std::uint8_t {
  kOrigin = 1,
  kAsPath = 2,
  kNextHop = 3,
  kMed = 4,
  kLocalPref = 5,
  kAtomicAggregate = 6,
  kAggregator = 7,
  kCommunities = 8,
  kOriginatorId = 9,
  kClusterList = 10,
  kMpReach = 14,
  kMpUnreach = 15,
  kAs4Path = 17,
  kAs4Aggregator = 18,
  kLargeCommunities = 32,
};

inline constexpr std::uint8_t kOptional = 0x80, kTransitive = 0x40, kExtendedLength = 0x10;

struct AttributeView {
  std::uint8_t flags = 0;
  std::uint8_t type = 0;
  ByteView value;
};

/// The next attribute; nothing when it runs over the end.
[[nodiscard]] std::optional<AttributeView> read_attribute(ByteReader& in);

/// Whether Optional and Transitive are set as the type demands; types that we do not know may have any.
[[nodiscard]] bool flags_fit(const AttributeView& attribute);

/// Reads any attribute but MP_REACH_NLRI and MP_UNREACH_NLRI. One that is wrong leaves `into` as it was, and the error says
/// what RFC 7606 wants done.
[[nodiscard]] std::optional<Error> take_attribute(const AttributeView& attribute, const DecodeContext& context,
                                                  PathAttributes& into);

/// Appends flags, type, length and value. The length has two bytes when it needs them or when `extended` is asked for.
void write_attribute(std::uint8_t flags, AttributeType type, ByteView value, bool extended, Bytes& out);

/// Appends all but MP_REACH_NLRI and MP_UNREACH_NLRI, ascending by type. In paths of two-octet AS numbers 23456 stands for
/// those that do not fit, and AS4_PATH is added if there was one (RFC 6793, Section 4.2.2).
void write_attributes(const PathAttributes& attributes, const EncodeContext& context, Bytes& out);

}  // namespace metallb::bgp
