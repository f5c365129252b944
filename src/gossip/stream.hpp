// The layers around the one message that each direction of a TCP connection carries (gossip spec 3.7 to 3.9, 5):
//
//   out:  message -> compress (always) -> [frame 0a + seal]
//   in:   [label: refused] -> [frame + unseal] -> [compression] -> message
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "gossip/keys.hpp"
#include "gossip/message.hpp"
#include "gossip/stream_body.hpp"

namespace metallb::gossip {

struct StreamOptions {
  bool compress = true;
  bool seal = true;  ///< false: plaintext although there is a key (gossip_verify_outgoing)
};
/// Sealed with the ring's first key.
[[nodiscard]] Bytes encode_stream(const StreamMessage& message, const StreamOptions& options, const KeyRing& ring,
                                  const NonceSource& nonces);

/// What is wrong with a stream. `answer`: its sender is told by an error message before the connection ends (gossip spec 5).
struct StreamFault {
  std::string reason;
  bool answer = false;
};

/// Of one frame, and of a message that is not compressed.
inline constexpr std::size_t kMaximumStream = 20 * 1024 * 1024;
inline constexpr std::size_t kMaximumDecompressedStream = 40 * 1024 * 1024;
/// Rows of a push/pull: twice the members that a table holds. (The original stops at a million, which in memory would be far
/// more than the bytes that carry them.)
inline constexpr std::int64_t kMaximumEntries = 20'000;

/// Collects one message from the bytes of a connection as they come. Bounded by the limits above; what a length field
/// promises is not allocated before it is there. Rows of a push/pull without a name or in a state that the protocol does not
/// know are left out.
class StreamReader {
 public:
  explicit StreamReader(Plaintext plaintext = Plaintext::kRefused) : plaintext_(plaintext) {}

  /// Takes in bytes; nothing more happens once there is a message or a fault. Bytes after the message are ignored.
  void receive(ByteView data, const KeyRing& ring);
  /// The peer sends no more: what is incomplete becomes a fault (none if nothing came at all).
  void finish();

  [[nodiscard]] const std::optional<StreamMessage>& message() const { return message_; }
  [[nodiscard]] const std::optional<StreamFault>& fault() const { return fault_; }
  [[nodiscard]] bool done() const { return message_ || fault_; }
  /// Nothing has been received.
  [[nodiscard]] bool untouched() const { return buffer_.empty() && !done(); }
  /// Which key of the ring opened it; 0 when none had to.
  [[nodiscard]] std::size_t key() const { return key_; }
  /// Bytes held for what is incomplete: at most kMaximumStream, what its rows take beside it, and a few more.
  [[nodiscard]] std::size_t held() const { return buffer_.size() + body_.held(); }

 private:
  /// Of the bytes that an outcome is about.
  enum Extent : std::uint8_t { kGrowing, kWhole };
  void advance(const KeyRing& ring);
  void advance_sealed(const KeyRing& ring);
  void take(StreamBody::Outcome outcome, Extent extent);
  void take_compressed(ByteView body);
  void fail(std::string reason, bool answer);

  Plaintext plaintext_;
  Bytes buffer_;
  StreamBody body_;
  std::size_t key_ = 0;
  std::optional<StreamMessage> message_;
  std::optional<StreamFault> fault_;
};

}  // namespace metallb::gossip
