// Cuts the bytes of a TCP connection into messages.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>

#include "base/bytes.hpp"
#include "bgp/message_codec.hpp"

namespace metallb::bgp {

class MessageStream {
 public:
  struct Framed {
    MessageType type = MessageType::kKeepalive;
    ByteView message;  ///< whole, with its header; valid until the next call
  };

  void receive(ByteView bytes);
  /// The next whole message; nothing while it is incomplete. Once all whole messages have been taken, less than one message
  /// (65535 bytes) is kept.
  [[nodiscard]] std::expected<std::optional<Framed>, Error> next(const DecodeContext& context);

 private:
  Bytes buffer_;
  std::size_t taken_ = 0;
};

}  // namespace metallb::bgp
