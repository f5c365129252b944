// What the membership core counts, for metrics, the status page and tests. Totals since the start; awareness is a state.
#pragma once

#include <array>
#include <cstdint>
#include <variant>

#include "gossip/message.hpp"
#include "gossip/packet.hpp"
#include "gossip/watch_ring.hpp"

namespace metallb::gossip {

inline constexpr std::size_t kPacketKinds = std::variant_size_v<PacketMessage>;
inline constexpr std::size_t kPacketFaults = static_cast<std::size_t>(PacketFault::kReplayed) + 1;

struct Counters {
  struct Traffic {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  };
  /// By the first message of a packet (its index in PacketMessage); what is carried along shows below.
  std::array<Traffic, kPacketKinds> received;
  std::array<Traffic, kPacketKinds> sent;
  Traffic unusable;                                             ///< received, but nothing in it could be read
  std::array<std::uint64_t, kPacketKinds> messages_received{};  ///< carried along or not
  std::array<std::uint64_t, kPacketKinds> messages_sent{};
  std::array<std::uint64_t, kPacketFaults> faults{};  ///< by PacketFault

  // Messages that were read but not believed or not served.
  std::uint64_t wrong_target = 0;       ///< pings for another name
  std::uint64_t surplus = 0;            ///< beyond the handoff queue depth, or requests beyond what one packet may hold
  std::uint64_t dropped_names = 0;      ///< new members beyond the greatest table
  std::uint64_t bad_names = 0;          ///< empty or too long
  std::uint64_t bad_meta = 0;           ///< metadata that is too long
  std::uint64_t bad_addresses = 0;      ///< neither 4 nor 16 bytes, or no address of one host
  std::uint64_t bad_versions = 0;       ///< alive messages and whole push/pulls, gossip spec 3.4
  std::uint64_t bad_incarnations = 0;   ///< accusations that nobody could refute
  std::uint64_t address_conflicts = 0;  ///< gossip spec 7.2
  std::uint64_t relays_refused = 0;     ///< indirect pings beyond the greatest number under way

  // What became of members.
  std::uint64_t joins = 0;
  std::uint64_t suspicions = 0;
  std::uint64_t deaths = 0;  ///< by whose verdict whatsoever
  std::uint64_t leaves = 0;
  std::uint64_t refutations = 0;  ///< of accusations against this node
  std::uint64_t returns = 0;      ///< members that refuted their death

  // Detection.
  std::uint64_t probes = 0;
  std::uint64_t probes_failed = 0;
  std::uint64_t probes_void = 0;  ///< this node was paused meanwhile
  std::uint64_t pauses = 0;
  WatchRing::Counters ring;
  std::int64_t awareness = 0;  ///< 0 is healthy, gossip spec 6.1

  // Streams.
  std::uint64_t streams_accepted = 0;
  std::uint64_t streams_refused = 0;  ///< too many, or too much in memory
  std::uint64_t streams_dialled = 0;
  std::uint64_t streams_failed = 0;  ///< either way: broken, late, or unreadable
  std::uint64_t exchanges = 0;       ///< push/pulls that were merged
  std::uint64_t joined = 0;          ///< those of Join
  std::uint64_t not_joined = 0;
};

}  // namespace metallb::gossip
