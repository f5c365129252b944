// What BGPPeer, BGPAdvertisement and BFDProfile mean once every rule has been checked: names, secrets and aliases resolved,
// text turned into values (bgp spec 1 and 2.1).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "config/community_value.hpp"
#include "kube/selector.hpp"
#include "net/ip_address.hpp"

namespace metallb::config {

/// Unset members: the default is the engine's (bgp spec 1.3).
struct BfdProfile {
  std::string name;
  std::optional<std::chrono::milliseconds> receive_interval;   ///< 10 to 60000
  std::optional<std::chrono::milliseconds> transmit_interval;  ///< 10 to 60000
  std::optional<std::chrono::milliseconds> echo_interval;      ///< 10 to 60000
  std::optional<std::uint8_t> detect_multiplier;               ///< 2 to 255
  std::optional<std::uint8_t> minimum_ttl;                     ///< 1 to 254
  bool echo_mode = false;
  bool passive_mode = false;
  friend bool operator==(const BfdProfile&, const BfdProfile&) = default;
};

struct BgpPeer {
  /// Whose AS the session accepts: exactly this one, ours, or any other.
  enum class RemoteAs : std::uint8_t { kFixed, kInternal, kExternal };

  std::string name;  ///< of the BGPPeer; advertisements refer to it
  std::uint32_t my_asn = 0;
  std::optional<std::uint32_t> local_asn;
  RemoteAs remote_as = RemoteAs::kFixed;
  std::uint32_t peer_asn = 0;        ///< of kFixed
  std::optional<IpAddress> address;  ///< either this or `interface`
  std::string interface;
  std::optional<IpAddress> source;
  std::uint16_t port = 179;
  std::optional<std::chrono::seconds> hold_time;  ///< 0, or 3 to 65535; set whenever keepalive_time is
  std::optional<Duration> keepalive_time;         ///< at most hold_time
  std::optional<std::chrono::seconds> connect_time;
  std::optional<IpAddress> router_id;          ///< IPv4, not 0.0.0.0
  std::vector<kube::Selector> node_selectors;  ///< any of them; empty: every node
  std::string password;                        ///< resolved; at most 80 bytes; empty: none
  std::optional<BfdProfile> bfd;
  bool graceful_restart = false;
  bool ebgp_multihop = false;
  std::string vrf;
  bool dual_stack = false;
  friend bool operator==(const BgpPeer&, const BgpPeer&) = default;
};

/// One BGPAdvertisement as resolved for a pool: selectors of nodes have become node names.
struct BgpAdvertisement {
  std::string name;             ///< of the BGPAdvertisement, for messages
  std::set<std::string> nodes;  ///< that announce; resolved from the Nodes known
  std::uint8_t aggregation_v4 = 32;
  std::uint8_t aggregation_v6 = 128;
  std::optional<std::uint32_t> local_pref;        ///< 0 in the object is unset
  std::set<CommunityValue> communities;           ///< aliases resolved; at most 63
  std::set<std::string> peers;                    ///< names of BGPPeers; empty: all
  std::vector<kube::Selector> service_selectors;  ///< sorted by text; empty = every Service
  friend bool operator==(const BgpAdvertisement&, const BgpAdvertisement&) = default;
};

}  // namespace metallb::config
