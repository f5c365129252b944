// The bytes of messages: a header, then a body by type.
//
//      0                                   16        18     19
//     +-----------------------------------+---------+------+--------+
//     |  marker: 16 times 0xFF            | length  | type | body … |   the length counts the header
//     +-----------------------------------+---------+------+--------+
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.hpp"
#include "bgp/error.hpp"
#include "bgp/message.hpp"

namespace metallb::bgp {

inline constexpr std::size_t kHeaderSize = 19;
inline constexpr std::size_t kMaximumMessage = 4096;
inline constexpr std::size_t kMaximumExtendedMessage = 65535;  ///< RFC 8654

enum class MessageType : std::uint8_t { kOpen = 1, kUpdate = 2, kNotification = 3, kKeepalive = 4, kRouteRefresh = 5 };

/// What the OPENs of both sides made of the wire.
struct DecodeContext {
  bool four_octet_as = true;
  bool extended_message = false;        ///< we announced it, so the peer may send up to 65535 bytes
  bool enhanced_route_refresh = false;  ///< both sides announced it
  bool internal = false;                ///< iBGP
};

/// Two spellings of the same attributes that every receiver must understand (bgp spec 4.6).
enum class AttributeForm : std::uint8_t {
  kPlain,  ///< lengths of two bytes only where needed, ascending by type
  kFrr,    ///< as FRR writes them; for comparison with what it sent
};
struct EncodeContext {
  bool four_octet_as = true;
  AttributeForm form = AttributeForm::kPlain;
};

struct Header {
  std::size_t length = 0;  ///< of the whole message: 19 to 65535
  MessageType type = MessageType::kKeepalive;
};
/// Looks at the first 19 bytes, which must be there. What it lets pass has a length that its type may have.
[[nodiscard]] std::expected<Header, Error> read_header(ByteView bytes, const DecodeContext& context);

/// One whole message. Everything that RFC 7606 does not answer with a reset of the session is left to `faults` of the
/// UPDATE, whose defective attributes are missing.
[[nodiscard]] std::expected<Message, Error> decode(ByteView message, const DecodeContext& context);
[[nodiscard]] std::expected<Open, Error> decode_open(ByteView body);

/// The whole message with its header. Contract: it fits into 65535 bytes (OPEN: 4096).
[[nodiscard]] Bytes encode(const Message& message, const EncodeContext& context = {});
/// The body alone, as the specification's vectors have it.
[[nodiscard]] Bytes encode_body(const Message& message, const EncodeContext& context = {});

/// Appends a header whose length is set by end_message().
void begin_message(MessageType type, Bytes& out);
/// `begin` is where the message's header stands in `out`.
void end_message(std::size_t begin, Bytes& out);

}  // namespace metallb::bgp
