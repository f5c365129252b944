// What is configured about one peer, after all names and secrets have been resolved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "bgp/names.hpp"
#include "net/ip_address.hpp"

namespace metallb::bgp {

/// All that the TCP connection depends on.
struct Transport {
  std::optional<IpAddress> address;  ///< nothing: not known yet (interface peers before their neighbour was heard)
  std::string interface;             ///< bound to; needed for link-local addresses
  std::uint16_t port = 179;
  std::optional<IpAddress> source;
  std::string vrf;               ///< the device; empty: the default VRF
  std::string password;          ///< TCP MD5; empty: none
  std::uint8_t ttl = 1;          ///< bgp spec 3.1
  std::uint8_t minimum_ttl = 0;  ///< RFC 5082: what arrives with less is dropped; 0: anything goes
  friend bool operator==(const Transport&, const Transport&) = default;
};

/// Whose AS is acceptable (bgp spec 4.5).
struct PeerAs {
  enum class Kind : std::uint8_t { kFixed, kInternal, kExternal };
  Kind kind = Kind::kFixed;
  Asn number;  ///< of kFixed
  friend bool operator==(const PeerAs&, const PeerAs&) = default;
};

/// Who begins the TCP connection.
enum class Initiative : std::uint8_t { kActive, kPassive, kBoth };

struct PeerSettings {
  std::string name;  ///< for logs
  Transport transport;
  Initiative initiative = Initiative::kActive;
  Asn my_as;
  Asn local_as;  ///< as this peer sees us; `my_as` unless configured
  RouterId router_id;
  PeerAs peer_as;
  std::vector<Family> families;                    ///< IPv4 first
  Duration hold_time = std::chrono::seconds(180);  ///< whole seconds, 0 or 3 to 65535
  std::optional<Duration> keepalive_time;          ///< nothing or 0: a third of the hold time
  std::optional<Duration> connect_time;            ///< nothing: 30 s, doubling up to 120 s
  bool graceful_restart = false;
  std::optional<std::uint32_t> med = 0;
  std::string host_name;  ///< of this node, for the FQDN capability
  std::string held;       ///< why the session must not run now; empty: it may
  friend bool operator==(const PeerSettings&, const PeerSettings&) = default;

  /// Whether the peer is to be in our AS, as far as that is known before its OPEN: as `my_as` says, for `local_as` is only
  /// how the peer sees us (bgp spec 1.1).
  [[nodiscard]] bool expected_internal() const;
  /// RFC 8950: IPv4 routes with IPv6 next hops are offered on IPv6 sessions of both families (bgp spec 3.5).
  [[nodiscard]] bool offers_ipv4_over_ipv6() const;
};

/// Whether the session on the wire would be another one (bgp spec 1.12); the rest is applied without touching it.
[[nodiscard]] bool needs_reset(const PeerSettings& before, const PeerSettings& after);

}  // namespace metallb::bgp
