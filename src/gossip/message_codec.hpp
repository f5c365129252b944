// The bytes of single messages (gossip spec 2, 3.2, 5): a type byte and a body, mostly one MessagePack map. What surrounds
// them is in packet.hpp and stream.hpp.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.hpp"
#include "gossip/message.hpp"

namespace metallb::gossip {

/// The first byte of a message (gossip spec 2).
enum class MessageType : std::uint8_t {
  kPing = 0,
  kIndirectPing = 1,
  kAck = 2,
  kSuspect = 3,
  kAlive = 4,
  kDead = 5,
  kPushPull = 6,
  kCompound = 7,
  kUser = 8,
  kCompress = 9,
  kEncrypt = 10,
  kNack = 11,
  kCrc = 12,
  kError = 13,
  kLabel = 244,
};

/// Those that a stream may begin with, but for the seal's frame.
[[nodiscard]] bool is_stream_type(MessageType type);

/// Appends the message as it stands in a packet.
void write_message(const PacketMessage& message, Bytes& out);
/// Appends the message as it stands in a stream.
void write_message(const StreamMessage& message, Bytes& out);

enum class MessageFault : std::uint8_t {
  kBadBody,      ///< empty, incomplete, of the wrong types, or with numbers out of range
  kUnknownType,  ///< none that stands in a packet by itself
};
/// One message of a packet, without layers around it. Bytes after the body are ignored.
[[nodiscard]] std::expected<PacketMessage, MessageFault> read_packet_message(ByteView message);

/// Each takes in one complete map (without type byte) and yields nothing if it is not that.
[[nodiscard]] std::optional<Ping> read_ping(ByteView body);
[[nodiscard]] std::optional<Ack> read_ack(ByteView body);
[[nodiscard]] std::optional<ErrorReply> read_error(ByteView body);

/// What stands before the rows of a push/pull.
struct PushPullHead {
  bool join = false;
  std::int64_t nodes = 0;
  std::int64_t user_state_length = 0;
};
[[nodiscard]] std::optional<PushPullHead> read_push_pull_head(ByteView body);

struct ReadEntry {
  PushPullEntry entry;
  bool known_state = true;  ///< false: `entry.state` means nothing, the row had a number that the protocol does not know
};
[[nodiscard]] std::optional<ReadEntry> read_push_pull_entry(ByteView body);

/// The length of what follows the map of a user message in a stream.
[[nodiscard]] std::optional<std::int64_t> read_user_length(ByteView body);

/// Appends the compression layer with `message` in it.
void write_compressed(ByteView message, Bytes& out);
/// The message out of the body of a compression layer, `cap` bytes at most.
[[nodiscard]] std::optional<Bytes> read_compressed(ByteView body, std::size_t cap);

}  // namespace metallb::gossip
