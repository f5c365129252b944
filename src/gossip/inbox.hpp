// Sorts the messages of one packet: what is served at once, and what changes the member table, in the order in which it is
// believed (gossip spec 4.4).
//
// The original hands table changes over two bounded queues to a worker, which takes alive messages first and the newest
// first. Here every packet is worked off before the next one is read, so a queue only ever holds what one packet brought.
// What remains of it: the order within the packet; the bound (handoff_queue_depth, per priority) on what one packet may
// bring, the rest of which is dropped and counted; and that a depth of 0 drops every alive, suspect and dead message that
// comes in a packet.
#pragma once

#include <cstdint>
#include <vector>

#include "gossip/counters.hpp"
#include "gossip/message.hpp"

namespace metallb::gossip {

struct Inbox {
  std::vector<PacketMessage> requests;  ///< pings, indirect pings, acks and nacks, in order
  std::vector<Alive> alive;             ///< newest first
  std::vector<PacketMessage> rumours;   ///< suspect and dead, newest first
};

/// Of pings and indirect pings: a packet of any real sender has one. More would make us answer one packet with hundreds.
inline constexpr std::size_t kMostRequests = 8;

[[nodiscard]] Inbox sort(std::vector<PacketMessage> messages, std::int64_t handoff_queue_depth, Counters& counters);

}  // namespace metallb::gossip
