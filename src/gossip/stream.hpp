// The layers around the one message that each direction of a TCP connection carries (gossip spec 3.7 to 3.9, 5):
//
//   out:  message -> compress (always) -> [frame 0a + seal]
//   in:   [label: refused] -> [frame + unseal] -> [compression] -> message
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.hpp"
#include "gossip/keys.hpp"
#include "gossip/message.hpp"

namespace metallb::gossip {

struct StreamOptions {
  bool compress = true;
};
[[nodiscard]] Bytes encode_stream(const StreamMessage& message, const StreamOptions& options, const KeyRing& ring,
                                  const NonceSource& nonces);

/// What is wrong with a stream. `answer`: its sender is told by an error message before the connection ends (gossip spec 5).
struct StreamFault {
  std::string reason;
  bool answer = false;
};

/// Collects one message from the bytes of a connection as they come. Bounded: 20 MiB of frame (or of plain message), 40 MiB
/// decompressed, 1 Mi entries; what a length field promises is not allocated before it is there.
class StreamReader {
 public:
  /// Takes in bytes; nothing more happens once there is a message or a fault.
  void receive(ByteView data, const KeyRing& ring);
  /// The peer sends no more: what is incomplete becomes a fault (none if nothing came at all).
  void finish(const KeyRing& ring);

  [[nodiscard]] const std::optional<StreamMessage>& message() const { return message_; }
  [[nodiscard]] const std::optional<StreamFault>& fault() const { return fault_; }
  [[nodiscard]] bool done() const { return message_ || fault_; }
  /// Nothing has been received.
  [[nodiscard]] bool untouched() const { return buffer_.empty() && !done(); }

 private:
  Bytes buffer_;
  std::optional<StreamMessage> message_;
  std::optional<StreamFault> fault_;
};

}  // namespace metallb::gossip
