// What two speakers can do beyond RFC 4271, as announced in OPEN. RFC 5492 (Capabilities Advertisement with BGP-4).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/error.hpp"
#include "bgp/names.hpp"

namespace metallb::bgp {

enum class CapabilityCode : std::uint8_t {
  kMultiprotocol = 1,          ///< RFC 4760
  kRouteRefresh = 2,           ///< RFC 2918
  kExtendedNextHop = 5,        ///< RFC 8950
  kExtendedMessage = 6,        ///< RFC 8654
  kGracefulRestart = 64,       ///< RFC 4724, RFC 8538
  kFourOctetAs = 65,           ///< RFC 6793
  kEnhancedRouteRefresh = 70,  ///< RFC 7313
  kFqdn = 73,                  ///< draft-walton-bgp-hostname-capability
};

/// RFC 8950: routes of `family` may have a next hop of `next_hop_afi`.
struct ExtendedNextHop {
  Family family;
  std::uint16_t next_hop_afi = 0;
  friend bool operator==(const ExtendedNextHop&, const ExtendedNextHop&) = default;
};
inline constexpr ExtendedNextHop kIpv4OverIpv6{kIpv4Unicast, 2};

///      0               1
///     +-+-+-+-+-------+---------------+----------+--------+--------+
///     |R|N|   |  restart time, 12 bit | AFI (16) | SAFI   |F|      | …
///     +-+-+-+-+-------+---------------+----------+--------+--------+
struct GracefulRestart {
  struct Entry {
    Family family;
    bool forwarding = false;  ///< F: forwarding went on during the restart
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  bool restarting = false;     ///< R
  bool notification = false;   ///< N: NOTIFICATIONs, too, begin a graceful restart (RFC 8538)
  std::uint16_t seconds = 0;   ///< 0..4095
  std::vector<Entry> entries;  ///< empty: helps others only
  friend bool operator==(const GracefulRestart&, const GracefulRestart&) = default;
};

struct Fqdn {
  std::string host;    ///< at most 255 bytes, as received: not for logs before it is cleaned
  std::string domain;  ///< likewise
  friend bool operator==(const Fqdn&, const Fqdn&) = default;
};

struct Capabilities {
  std::vector<Family> families;  ///< in the order announced, without repetition
  std::vector<ExtendedNextHop> extended_next_hops;
  bool route_refresh = false;
  bool enhanced_route_refresh = false;
  std::optional<Asn> four_octet_as;
  bool extended_message = false;
  std::optional<Fqdn> fqdn;
  std::optional<GracefulRestart> graceful_restart;
  std::vector<std::uint8_t> others;  ///< codes received that mean nothing to us, without repetition; never sent
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

/// Reads the capabilities of one optional parameter into what others said before: the last one wins for AS and graceful
/// restart, families and extended next hops are united (bgp spec 4.4).
[[nodiscard]] std::expected<void, Error> read_capabilities(ByteView parameter, Capabilities& into);

/// Each capability as code, length, value, in the order of bgp spec 4.4.
[[nodiscard]] std::vector<Bytes> write_capabilities(const Capabilities& capabilities);

/// The multiprotocol capabilities of these families, as the data of NOTIFICATION 2/7.
[[nodiscard]] Bytes write_families(const std::vector<Family>& families);

}  // namespace metallb::bgp
