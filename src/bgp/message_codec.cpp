#include "bgp/message_codec.hpp"

#include <algorithm>
#include <utility>

#include "base/contract.hpp"
#include "bgp/update_codec.hpp"

namespace metallb::bgp {
namespace {

constexpr std::size_t kMarkerSize = 16;
constexpr std::size_t kRouteRefreshSize = kHeaderSize + 4;
constexpr std::size_t kLongestData = kMaximumMessage - kHeaderSize - 2;
constexpr std::uint8_t kVersion = 4;
constexpr std::uint8_t kCapabilitiesParameter = 2;
constexpr std::uint8_t kExtendedParameters = 255;  ///< RFC 9072

std::unexpected<Error> bad_length(std::size_t length) {
  Bytes data;
  ByteWriter(data).u16(static_cast<std::uint16_t>(length));
  return std::unexpected(reset(ErrorCode::kMessageHeader, header_error::kBadLength,
                               "a message has a length that its type may not have", std::move(data)));
}

std::unexpected<Error> bad_open(std::uint8_t subcode, std::string_view reason, Bytes data = {}) {
  return std::unexpected(reset(ErrorCode::kOpenMessage, subcode, reason, std::move(data)));
}

/// bgp spec 4.3
bool length_fits(std::size_t length, MessageType type, const DecodeContext& context) {
  const auto maximum = context.extended_message ? kMaximumExtendedMessage : kMaximumMessage;
  switch (type) {
    case MessageType::kOpen:
      return length >= 29 && length <= kMaximumMessage;
    case MessageType::kUpdate:
      return length >= 23 && length <= maximum;
    case MessageType::kNotification:
      return length >= 21 && length <= maximum;
    case MessageType::kKeepalive:
      return length == kHeaderSize;
    case MessageType::kRouteRefresh:
      // RFC 7313, Section 5: then the answer needs the whole message.
      return length == kRouteRefreshSize || (context.enhanced_route_refresh && length <= maximum);
  }
  return false;
}

std::expected<Message, Error> decode_route_refresh(ByteView message) {
  if (message.size() != kRouteRefreshSize) {
    const auto data = message.first(std::min(message.size(), kLongestData));
    return std::unexpected(
        reset(ErrorCode::kRouteRefresh, 1, "a ROUTE-REFRESH has a wrong length", Bytes(data.begin(), data.end())));
  }
  ByteReader in(message.subspan(kHeaderSize));
  RouteRefresh out;
  out.family.afi = in.u16();
  out.kind = static_cast<RouteRefresh::Kind>(in.u8());
  out.family.safi = in.u8();
  return out;
}

void write_open(const Open& open, Bytes& out) {
  const auto capabilities = write_capabilities(open.capabilities);
  Bytes short_form;
  Bytes long_form;
  for (const auto& capability : capabilities) {
    ByteWriter(short_form).u8(kCapabilitiesParameter).u8(static_cast<std::uint8_t>(capability.size())).bytes(capability);
    ByteWriter(long_form).u8(kCapabilitiesParameter).u16(static_cast<std::uint16_t>(capability.size())).bytes(capability);
  }
  const bool fits = short_form.size() <= 254 &&
                    std::all_of(capabilities.begin(), capabilities.end(), [](const Bytes& c) { return c.size() <= 255; });
  ByteWriter writer(out);
  writer.u8(kVersion).u16(open.my_as).u16(open.hold_time).u32(open.identifier.value());
  if (fits) {
    writer.u8(static_cast<std::uint8_t>(short_form.size())).bytes(short_form);
    return;
  }
  // RFC 9072, Section 2
  METALLB_CONTRACT(long_form.size() <= kMaximumMessage - kHeaderSize - 13, "an OPEN has 4096 bytes at most");
  writer.u8(255).u8(kExtendedParameters).u16(static_cast<std::uint16_t>(long_form.size())).bytes(long_form);
}

struct WriteBody {
  const EncodeContext& context;
  Bytes& out;
  MessageType operator()(const Open& open) const {
    write_open(open, out);
    return MessageType::kOpen;
  }
  MessageType operator()(const Update& update) const {
    write_update(update, context, out);
    return MessageType::kUpdate;
  }
  MessageType operator()(const Notification& notification) const {
    const auto data = ByteView(notification.data).first(std::min(notification.data.size(), kLongestData));
    ByteWriter(out).u8(static_cast<std::uint8_t>(notification.code)).u8(notification.subcode).bytes(data);
    return MessageType::kNotification;
  }
  MessageType operator()(const Keepalive&) const { return MessageType::kKeepalive; }
  MessageType operator()(const RouteRefresh& refresh) const {
    ByteWriter(out).u16(refresh.family.afi).u8(static_cast<std::uint8_t>(refresh.kind)).u8(refresh.family.safi);
    return MessageType::kRouteRefresh;
  }
};

}  // namespace

std::expected<Header, Error> read_header(ByteView bytes, const DecodeContext& context) {
  METALLB_CONTRACT(bytes.size() >= kHeaderSize, "a header is looked at when it is complete");
  if (!std::all_of(bytes.begin(), bytes.begin() + kMarkerSize, [](std::uint8_t b) { return b == 0xFF; })) {
    return std::unexpected(reset(ErrorCode::kMessageHeader, header_error::kNotSynchronised, "a marker is not all ones"));
  }
  ByteReader in(bytes.subspan(kMarkerSize));
  const std::size_t length = in.u16();
  const auto type = in.u8();
  if (length < kHeaderSize || length > (context.extended_message ? kMaximumExtendedMessage : kMaximumMessage))
    return bad_length(length);
  // Type 128, route refresh before its standard, belongs to a capability that we never announce (bgp spec 4.3).
  if (type < 1 || type > 5) {
    return std::unexpected(
        reset(ErrorCode::kMessageHeader, header_error::kBadType, "a message has an unknown type", Bytes{type}));
  }
  const Header header{length, static_cast<MessageType>(type)};
  if (!length_fits(length, header.type, context)) return bad_length(length);
  return header;
}

std::expected<Open, Error> decode_open(ByteView body) {
  ByteReader in(body);
  const auto version = in.u8();
  Open out;
  out.my_as = in.u16();
  out.hold_time = in.u16();
  out.identifier = RouterId(in.u32());
  const std::size_t length = in.u8();
  if (!in.ok()) return bad_length(kHeaderSize + body.size());
  auto parameters = body.subspan(in.position());
  // RFC 9072: a first parameter of type 255 means that lengths have two bytes, whatever the one-byte length says.
  const bool extended = !parameters.empty() && parameters[0] == kExtendedParameters;
  if (version != kVersion)
    return bad_open(open_error::kUnsupportedVersion, "the peer speaks another version of BGP", {0, kVersion});
  if (extended) {
    in.skip(1);
    const std::size_t total = in.u16();
    parameters = in.take(total);
    if (!in.ok() || in.remaining() != 0)
      return bad_open(open_error::kUnspecific, "the optional parameters do not fill the OPEN");
  } else if (length != parameters.size()) {
    return bad_open(open_error::kUnspecific, "the optional parameters do not fill the OPEN");
  }
  ByteReader list(parameters);
  while (list.remaining() > 0) {
    const auto type = list.u8();
    const auto value = list.take(extended ? list.u16() : list.u8());
    if (!list.ok()) return bad_open(open_error::kUnspecific, "an optional parameter runs over the end of the OPEN");
    if (type != kCapabilitiesParameter)
      return bad_open(open_error::kUnsupportedParameter, "an optional parameter of an unknown type");
    if (auto read = read_capabilities(value, out.capabilities); !read) return std::unexpected(std::move(read.error()));
  }
  return out;
}

std::expected<Message, Error> decode(ByteView message, const DecodeContext& context) {
  if (message.size() < kHeaderSize) return bad_length(message.size());
  const auto header = read_header(message, context);
  if (!header) return std::unexpected(header.error());
  if (header->length != message.size()) return bad_length(header->length);
  const auto body = message.subspan(kHeaderSize);
  switch (header->type) {
    case MessageType::kOpen:
      return decode_open(body);
    case MessageType::kUpdate:
      return decode_update(body, context);
    case MessageType::kNotification:
      return Notification{static_cast<ErrorCode>(body[0]), body[1], Bytes(body.begin() + 2, body.end())};
    case MessageType::kKeepalive:
      return Keepalive{};
    case MessageType::kRouteRefresh:
      break;
  }
  return decode_route_refresh(message);
}

Bytes encode_body(const Message& message, const EncodeContext& context) {
  Bytes out;
  (void)std::visit(WriteBody{context, out}, message);
  return out;
}

Bytes encode(const Message& message, const EncodeContext& context) {
  Bytes out;
  begin_message(MessageType::kKeepalive, out);
  const auto type = std::visit(WriteBody{context, out}, message);
  out[kHeaderSize - 1] = static_cast<std::uint8_t>(type);
  end_message(0, out);
  return out;
}

void begin_message(MessageType type, Bytes& out) {
  out.insert(out.end(), kMarkerSize, 0xFF);
  ByteWriter(out).u16(0).u8(static_cast<std::uint8_t>(type));
}

void end_message(std::size_t begin, Bytes& out) {
  const auto length = out.size() - begin;
  METALLB_CONTRACT(length <= kMaximumExtendedMessage, "a message has 65535 bytes at most");
  out[begin + kMarkerSize] = static_cast<std::uint8_t>(length >> 8);
  out[begin + kMarkerSize + 1] = static_cast<std::uint8_t>(length);
}

}  // namespace metallb::bgp
