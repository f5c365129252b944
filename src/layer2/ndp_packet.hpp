// Neighbour solicitations and advertisements, as whole Ethernet frames (packet sockets deliver no less, and
// only they see solicitations sent to an address that the kernel does not own).
//
// RFC 4861 (Neighbor Discovery for IPv6), RFC 4862 (Stateless Address Autoconfiguration), RFC 2464 (IPv6 over Ethernet),
// RFC 4443 (ICMPv6), RFC 8200 (IPv6).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::layer2 {

/// Why bytes are no message that may be believed.
enum class NdpError : std::uint8_t {
  kNotNdp,     ///< not ICMPv6 directly after the IPv6 header: none of our business
  kOtherType,  ///< ICMPv6 of another type
  kTruncated,  ///< shorter than a header or than its own length field
  kHopLimit,   ///< not 255: it came through a router
  kChecksum,
  kInvalid,  ///< breaks another rule of RFC 4861, Sections 7.1.1 and 7.1.2
};

///     Ethernet (14) | IPv6 (40) | ICMPv6:
///      0     1     2           4                8                        24
///     +-----+-----+-----------+----------------+------------------------+------------------
///     | 135 |  0  | checksum  |    reserved    |     target address     |  options (8 * n)
///     +-----+-----+-----------+----------------+------------------------+------------------
struct NeighborSolicitation {
  MacAddress ethernet_destination;
  MacAddress ethernet_source;
  IpAddress source;       ///< `::` in a duplicate address probe
  IpAddress destination;  ///< the target itself, or a group
  IpAddress target;
  std::optional<MacAddress> source_link_layer;  ///< from the first option of that type
  friend bool operator==(const NeighborSolicitation&, const NeighborSolicitation&) = default;

  /// RFC 4862, Section 5.4.3: somebody asks whether it may take the target for its own.
  [[nodiscard]] bool is_duplicate_probe() const { return source.is_v6() && source.number() == 0; }
};

/// Holds what RFC 4861, Section 7.1.1 demands of a solicitation. Addresses that are IPv4-mapped never occur on a link and
/// count as invalid, so every address in the result is IPv6. Bytes after the IPv6 payload are padding.
[[nodiscard]] std::expected<NeighborSolicitation, NdpError> decode_solicitation(ByteView frame);

/// A frame of 78 bytes, 86 with the option, with hop limit 255 and a valid checksum. All addresses must be IPv6.
[[nodiscard]] Bytes encode_solicitation(const NeighborSolicitation& solicitation);

/// An advertisement with one Target Link-Layer Address option.
///      0     1     2           4   (R S O, 29 zero bits)  8                24   25  26
///     +-----+-----+-----------+--------------------------+----------------+---+---+----------+
///     | 136 |  0  | checksum  |          flags           | target address | 2 | 1 |   MAC    |
///     +-----+-----+-----------+--------------------------+----------------+---+---+----------+
struct NeighborAdvertisement {
  MacAddress ethernet_destination;
  MacAddress ethernet_source;
  IpAddress source;
  IpAddress destination;
  IpAddress target;
  MacAddress target_link_layer;
  bool router = false;
  bool solicited = false;
  bool override_ = false;
};

/// Holds what RFC 4861, Section 7.1.2 demands of an advertisement. Without the option `target_link_layer` is where the frame
/// came from (Section 4.4).
[[nodiscard]] std::expected<NeighborAdvertisement, NdpError> decode_advertisement(ByteView frame);

/// A frame of 86 bytes with hop limit 255 and a valid checksum. All addresses must be IPv6.
[[nodiscard]] Bytes encode_advertisement(const NeighborAdvertisement& advertisement);

/// RFC 4443, Section 2.3: over the IPv6 pseudo-header and `message`. Zero when `message` holds a correct checksum already.
[[nodiscard]] std::uint16_t icmpv6_checksum(const IpAddress& source, const IpAddress& destination, ByteView message);

}  // namespace metallb::layer2
