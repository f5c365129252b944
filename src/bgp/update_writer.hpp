// One session's way of writing routes: what the same prefix looks like depends on who the peer is and what was negotiated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/message_codec.hpp"
#include "bgp/names.hpp"
#include "bgp/routes.hpp"

namespace metallb::bgp {

/// As NEXT_HOP or MP_REACH_NLRI carry them: 4 bytes, 16 (global) or 32 (global, then link-local). Empty: there is none, and
/// routes of that family are not announced (bgp spec 3.5).
struct NextHops {
  Bytes ipv4;
  Bytes ipv6;
  friend bool operator==(const NextHops&, const NextHops&) = default;
};

struct SessionTerms {
  std::vector<Family> families;  ///< negotiated
  NextHops next_hops;
  bool ipv4_over_ipv6 = false;  ///< RFC 8950: IPv4 routes go in MP_REACH_NLRI, with an IPv6 next hop
  bool internal = false;        ///< iBGP
  Asn local_as;                 ///< as the peer sees us
  bool four_octet_as = true;    ///< both sides
  std::size_t maximum_message = kMaximumMessage;
  std::optional<std::uint32_t> med = 0;
  bool end_of_rib = false;              ///< the peer knows RFC 4724
  bool enhanced_route_refresh = false;  ///< both sides
};

class UpdateWriter {
 public:
  explicit UpdateWriter(const SessionTerms& terms) : terms_(terms) {}

  /// Whether routes of the family can be announced at all.
  [[nodiscard]] bool carries(IpFamily family) const;
  /// Whether a prefix with these attributes fits into a message of this session.
  [[nodiscard]] bool fits(const RouteAttributes& attributes) const;

  /// Everything but MP_REACH_NLRI, to be used for all prefixes of the family with these attributes.
  [[nodiscard]] Bytes attributes(const RouteAttributes& attributes, IpFamily family) const;
  /// How many bytes of prefixes fit into one UPDATE beside `attributes` bytes of attributes; into a withdrawal with 0.
  [[nodiscard]] std::size_t room(IpFamily family, std::size_t attributes) const;

  /// Each appends one UPDATE. `prefixes` is in the wire's form.
  void announce(IpFamily family, ByteView attributes, ByteView prefixes, Bytes& out) const;
  void withdraw(IpFamily family, ByteView prefixes, Bytes& out) const;
  /// RFC 4724, Section 2.
  static void end_of_rib(const Family& family, Bytes& out);

 private:
  [[nodiscard]] bool classic(IpFamily family) const { return family == IpFamily::kIpv4 && !terms_.ipv4_over_ipv6; }
  [[nodiscard]] const Bytes& next_hop(IpFamily family) const {
    return family == IpFamily::kIpv4 ? terms_.next_hops.ipv4 : terms_.next_hops.ipv6;
  }
  const SessionTerms& terms_;
};

}  // namespace metallb::bgp
