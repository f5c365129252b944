// Timing and limits of the membership protocol and of the watch ring (gossip spec 1.4, failover spec 3 and 4).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace metallb::gossip {

/// failover spec section 3. Read from the object "WatchRing" of the memberlist configuration file, whose keys are the names
/// below in its style (minimum_timeout: "MinimumTimeout"); what is missing keeps its default.
struct RingSettings {
  bool enabled = true;
  std::size_t watchers = 3;                          ///< k: successors that watch a member
  Duration period = std::chrono::milliseconds(100);  ///< between two pings of one member
  Duration minimum_timeout = std::chrono::milliseconds(30);
  Duration burst_step = std::chrono::milliseconds(20);
  std::size_t minimum_burst = 5;
  std::size_t maximum_burst = 25;
  double false_verdict = 1e-9;                              ///< q^n must not be above it where one watcher judges alone
  double false_accusation = 1e-7;                           ///< likewise where the verdict takes two watchers
  double minimum_loss = 0.01;                               ///< q is at least this
  Duration shortest_burst = std::chrono::milliseconds(60);  ///< also after ICMP errors
  Duration late_loop = std::chrono::milliseconds(20);       ///< noticed lateness that starts a burst anew
  Duration mass_silence_hold = std::chrono::seconds(1);
  Duration alone_hold = std::chrono::seconds(1);
  Duration witness_timeout = std::chrono::milliseconds(100);
  Duration damping = std::chrono::minutes(10);
};

/// Limits of what the file may say, so that sums and products of settings stay within 64 bits where they are computed in
/// floating point or one after the other.
inline constexpr Duration kMaximumDuration = std::chrono::hours(10'000);
inline constexpr std::int64_t kMaximumMultiplier = 1000;
inline constexpr std::int64_t kMaximumCount = 1'000'000;
inline constexpr std::int64_t kLargestUdpPayload = 65'507;

/// Names and meanings are those of the configuration file; 0 means what gossip spec 1.4 says. From the file nothing is
/// negative (that is the same as 0), nor above the limits above.
struct Settings {
  Duration tcp_timeout = std::chrono::seconds(10);
  std::int64_t indirect_checks = 3;
  std::int64_t retransmit_mult = 4;
  std::int64_t suspicion_mult = 4;
  std::int64_t suspicion_max_timeout_mult = 6;
  Duration push_pull_interval = std::chrono::seconds(30);
  Duration probe_timeout = std::chrono::milliseconds(500);
  Duration probe_interval = std::chrono::seconds(1);
  bool disable_tcp_pings = false;
  std::int64_t awareness_max_multiplier = 8;
  std::int64_t gossip_nodes = 3;
  Duration gossip_interval = std::chrono::milliseconds(200);
  Duration gossip_to_the_dead_time = std::chrono::seconds(30);
  bool gossip_verify_incoming = true;
  bool gossip_verify_outgoing = true;
  bool enable_compression = true;
  std::int64_t handoff_queue_depth = 1024;
  std::int64_t udp_buffer_size = 1400;
  RingSettings ring;
};

[[nodiscard]] Settings lan_settings();
[[nodiscard]] Settings wan_settings();

/// The text of /etc/metallb/memberlist/config.json over the LAN profile, by the original's rules (gossip spec 1.4: keys
/// match case-insensitively, a missing or bad duration is an error, a missing number or boolean is 0 or false). The error
/// names every bad key and the remedy.
[[nodiscard]] std::expected<Settings, std::string> parse_settings(std::string_view json);

}  // namespace metallb::gossip
