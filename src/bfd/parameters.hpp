// What a session is and how it is to run: its key, and the fields of a BFDProfile (bgp spec 1.3).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "base/names.hpp"
#include "net/ip_address.hpp"

namespace metallb::bfd {

/// RFC 5881 (single hop) or RFC 5883 (multihop): UDP port 3784 or 4784, and what is asked of the time to live.
enum class Hops : std::uint8_t { kSingle, kMultiple };

/// Which session a packet without our discriminator belongs to, and where packets go. Ordered so that all sessions with one
/// peer stand together.
struct SessionKey {
  std::string vrf;  ///< name of the VRF device; empty is the default
  Hops hops = Hops::kSingle;
  IpAddress remote;
  IpAddress local;
  InterfaceIndex interface;  ///< single hop: only packets from this interface count; 0 is any. Multihop: 0
  friend auto operator<=>(const SessionKey&, const SessionKey&) = default;
};

/// Defaults are those of the original, except `minimum_ttl` (bgp spec 4.13).
struct Parameters {
  std::chrono::milliseconds receive_interval{300};
  std::chrono::milliseconds transmit_interval{300};
  std::uint8_t detect_mult = 3;
  std::chrono::milliseconds echo_interval{50};
  bool echo = false;             ///< send echo packets; without effect on a multihop session
  bool passive = false;          ///< send nothing before the peer has spoken
  std::uint8_t minimum_ttl = 1;  ///< of packets received on a multihop session
  friend bool operator==(const Parameters&, const Parameters&) = default;
};

/// What is wrong with a session that somebody wants, and what to mend; nothing when it can run.
[[nodiscard]] std::optional<std::string> problem_of(const SessionKey& key, const Parameters& parameters);

}  // namespace metallb::bfd
