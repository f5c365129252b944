// What we say in OPEN, and what both OPENs together mean. RFC 4271, Section 6.2; RFC 6793; RFC 6286; bgp spec 4.4, 4.5.
#pragma once

#include <expected>
#include <vector>

#include "base/time.hpp"
#include "bgp/error.hpp"
#include "bgp/message.hpp"
#include "bgp/settings.hpp"

namespace metallb::bgp {

/// How much we announce. Some old routers refuse what they do not know instead of ignoring it (bgp spec 4.4).
enum class CapabilitySet : std::uint8_t { kFull, kMinimal, kNone };

/// Whether a peer of this AS is the expected one.
[[nodiscard]] bool acceptable_as(const PeerSettings& settings, Asn as);
[[nodiscard]] Open make_open(const PeerSettings& settings, CapabilitySet set, bool restarting);

struct Negotiated {
  Asn peer_as;
  RouterId peer_id;
  bool internal = false;         ///< iBGP
  Duration hold_time{};          ///< 0: no hold timer, no keepalives
  Duration keepalive_time{};     ///< before jitter
  std::vector<Family> families;  ///< in our order; never empty
  bool four_octet_as = false;    ///< both sides, like all that follow unless they say otherwise
  bool ipv4_over_ipv6 = false;
  bool extended_message = false;
  bool route_refresh = false;  ///< the peer answers ROUTE-REFRESH
  bool enhanced_route_refresh = false;
  bool graceful_restart = false;      ///< the peer announced it, if only as helper
  bool notification_restart = false;  ///< RFC 8538: NOTIFICATIONs that are no hard resets begin a restart, too
  Capabilities peer;                  ///< all that it announced
};

/// Fails with the NOTIFICATION that the peer's OPEN deserves.
[[nodiscard]] std::expected<Negotiated, Error> negotiate(const PeerSettings& settings, const Open& sent,
                                                         const Open& received);

/// RFC 4271, Section 4.4: KEEPALIVEs come no faster.
inline constexpr Duration kFastestKeepalive = std::chrono::seconds(1);

/// The smaller of what is configured and a third of the hold time, but not below kFastestKeepalive; 0 without a hold time.
[[nodiscard]] Duration keepalive_time(const PeerSettings& settings, Duration hold_time);

/// Whether a NOTIFICATION says that a capability of ours, other than a family, was too much for the peer.
[[nodiscard]] bool refuses_capabilities(const Notification& notification, const Open& sent);

}  // namespace metallb::bgp
