// Router advertisements and router solicitations: ICMPv6 messages without their IPv6 header, as a raw socket delivers them.
// The kernel computes and checks their checksum.
//
// RFC 4861 (Neighbor Discovery for IPv6), Sections 4.1, 4.2, 6.1.1 and 6.1.2; bgp spec 4.11.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::peering {

/// What the IPv6 header said about a message.
struct NdpArrival {
  IpAddress source;
  IpAddress destination;
  std::uint8_t hop_limit = 0;
};

/// Why a message must not be believed.
enum class NdpError : std::uint8_t {
  kOtherType,  ///< another ICMPv6 message
  kTruncated,  ///< shorter than its fixed part, or than an option says
  kHopLimit,   ///< not 255: it came through a router
  kSource,     ///< an advertisement not from a link-local address, or a solicitation from a group
  kCode,       ///< not 0
  kOption,     ///< an option of length 0, or one that contradicts the rest
  kOwn,        ///< it is our own (the codec cannot know; the instance counts it)
};
inline constexpr std::size_t kNdpErrors = 7;
/// As metrics label it: "hop_limit".
[[nodiscard]] std::string_view to_string(NdpError error);

///      0     1     2           4              8
///     +-----+-----+-----------+--------------+------------------
///     | 133 |  0  | checksum  |   reserved   |  options (8 * n)
///     +-----+-----+-----------+--------------+------------------
struct RouterSolicitation {
  std::optional<MacAddress> source_link_layer;
  friend bool operator==(const RouterSolicitation&, const RouterSolicitation&) = default;
};

///      0     1     2           4           5       6          8                12              16
///     +-----+-----+-----------+-----------+-------+----------+----------------+---------------+----------------
///     | 134 |  0  | checksum  | hop limit | flags | lifetime | reachable time | retrans timer | options (8 * n)
///     +-----+-----+-----------+-----------+-------+----------+----------------+---------------+----------------
struct RouterAdvertisement {
  std::uint8_t current_hop_limit = 0;  ///< for hosts to use; 0: not told
  std::uint8_t flags = 0;
  std::uint16_t lifetime = 0;  ///< seconds as a default router; 0: it is none
  std::uint32_t reachable_time = 0;
  std::uint32_t retransmit_timer = 0;
  std::optional<MacAddress> source_link_layer;
  friend bool operator==(const RouterAdvertisement&, const RouterAdvertisement&) = default;
};
using NdpMessage = std::variant<RouterSolicitation, RouterAdvertisement>;

/// `message` begins with the type. Of options only the first source link-layer address is read; others are walked.
[[nodiscard]] std::expected<NdpMessage, NdpError> decode_ndp(const NdpArrival& arrival, ByteView message);

/// With a checksum of 0, which the kernel fills in.
[[nodiscard]] Bytes encode(const RouterSolicitation& solicitation);
[[nodiscard]] Bytes encode(const RouterAdvertisement& advertisement);

/// RFC 4291, Section 2.7.1: ff02::1 and ff02::2.
[[nodiscard]] IpAddress all_nodes();
[[nodiscard]] IpAddress all_routers();

}  // namespace metallb::peering
