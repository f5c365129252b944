// The message inside a stream, without seal (gossip spec 5), read while its bytes may still be arriving.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.hpp"
#include "gossip/message.hpp"
#include "gossip/message_codec.hpp"
#include "gossip/msgpack.hpp"

namespace metallb::gossip {

class StreamBody {
 public:
  /// The message is not complete.
  struct More {};
  /// It cannot be read.
  struct Bad {
    std::string reason;
  };
  /// It is the compression layer; `body` is its map, a view into the input.
  struct Compression {
    ByteView body;
  };
  using Outcome = std::variant<More, Bad, Compression, StreamMessage>;

  /// `all`: everything so far, from the type byte on. Goes on where it stopped, so that each byte is looked at a fixed
  /// number of times, in whatever pieces it comes. After anything but More it is of no further use.
  [[nodiscard]] Outcome advance(ByteView all);
  /// Bytes that the rows read so far take, without what their names and addresses take beyond that.
  [[nodiscard]] std::size_t held() const { return push_pull_.entries.size() * sizeof(PushPullEntry); }

 private:
  /// What comes next: the first map, a row of a push/pull, or the bytes at the end.
  enum class Part : std::uint8_t { kHead, kEntries, kRaw };

  /// Each takes in what is complete; nothing means that another part follows.
  std::optional<Outcome> head(MessageType type, ByteView value);
  std::optional<Outcome> push_pull_head(ByteView value);
  std::optional<Outcome> user_head(ByteView value);
  std::optional<Outcome> entry(ByteView value);
  Outcome raw(MessageType type, ByteView bytes);

  Part part_ = Part::kHead;
  std::size_t position_ = 1;  ///< where it begins
  MsgpackScanner scanner_;    ///< finds its end, unless it is kRaw
  std::size_t entries_left_ = 0;
  std::size_t raw_size_ = 0;  ///< of a user state or user message
  PushPull push_pull_;
};

}  // namespace metallb::gossip
