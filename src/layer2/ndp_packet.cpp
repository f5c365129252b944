#include "layer2/ndp_packet.hpp"

#include <array>
#include <cstddef>

#include "base/contract.hpp"
#include "layer2/ethernet.hpp"

namespace metallb::layer2 {
namespace {

constexpr std::uint8_t kNextHeaderIcmpv6 = 58;
constexpr std::uint8_t kHopLimit = 255;
constexpr std::uint8_t kNeighborSolicitation = 135;
constexpr std::uint8_t kNeighborAdvertisement = 136;
constexpr std::uint8_t kSourceLinkLayerAddress = 1;
constexpr std::uint8_t kTargetLinkLayerAddress = 2;
constexpr std::uint16_t kOptionUnit = 8;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kMessageAt = kEthernetHeader + kIpv6Header;
constexpr std::uint16_t kTargetEnd = 24;  ///< of both messages: where their options begin
constexpr std::uint32_t kRouterFlag = 0x8000'0000;
constexpr std::uint32_t kSolicitedFlag = 0x4000'0000;
constexpr std::uint32_t kOverrideFlag = 0x2000'0000;

std::uint32_t add_words(std::uint32_t sum, ByteView bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto low = i + 1 < bytes.size() ? bytes[i + 1] : std::uint8_t{0};
    sum += (static_cast<std::uint32_t>(bytes[i]) << 8) | low;
  }
  return sum;
}

/// What both messages have in common, read as far as the options.
struct Message {
  EthernetHeader ethernet;
  IpAddress source;
  IpAddress destination;
  std::uint32_t flags = 0;  ///< reserved in a solicitation
  IpAddress target;
  ByteView options;
};

std::expected<Message, NdpError> open(ByteView frame, std::uint8_t wanted_type) {
  Message out;
  ByteReader in(frame);
  out.ethernet = read_ethernet(in);
  if (!in.ok()) return std::unexpected(NdpError::kTruncated);
  if (out.ethernet.type != kEtherTypeIpv6) return std::unexpected(NdpError::kNotNdp);
  const auto version = static_cast<unsigned>(in.u32() >> 28);
  const auto length = in.u16();
  const auto next_header = in.u8();
  const auto hop_limit = in.u8();
  out.source = IpAddress::v6(in.array<16>());
  out.destination = IpAddress::v6(in.array<16>());
  if (!in.ok()) return std::unexpected(NdpError::kTruncated);
  if (version != 6) return std::unexpected(NdpError::kInvalid);
  if (next_header != kNextHeaderIcmpv6) return std::unexpected(NdpError::kNotNdp);

  const auto message = in.take(length);
  ByteReader body(message);
  const auto type = body.u8();
  const auto code = body.u8();
  if (!in.ok() || !body.ok()) return std::unexpected(NdpError::kTruncated);
  if (type != wanted_type) return std::unexpected(NdpError::kOtherType);
  body.skip(2);  // checksum
  out.flags = body.u32();
  out.target = IpAddress::v6(body.array<16>());
  if (!body.ok()) return std::unexpected(NdpError::kTruncated);
  out.options = body.take(body.remaining());
  if (hop_limit != kHopLimit) return std::unexpected(NdpError::kHopLimit);
  if (code != 0) return std::unexpected(NdpError::kInvalid);
  if (!out.source.is_v6() || !out.destination.is_v6() || !out.target.is_v6()) return std::unexpected(NdpError::kInvalid);
  if (out.target.is_multicast() || out.source.is_multicast()) return std::unexpected(NdpError::kInvalid);
  if (icmpv6_checksum(out.source, out.destination, message) != 0) return std::unexpected(NdpError::kChecksum);
  return out;
}

/// The link-layer address in the first option of `wanted_type`, if there is one. False when an option is malformed.
bool read_options(ByteView options, std::uint8_t wanted_type, std::optional<MacAddress>& out) {
  ByteReader in(options);
  while (in.remaining() > 0) {
    const auto type = in.u8();
    const auto units = in.u8();
    if (!in.ok() || units == 0) return false;  // RFC 4861, Section 7.1.1: all options have a length greater than zero
    const auto body = in.take(units * kOptionUnit - 2);
    if (!in.ok()) return false;
    if (type != wanted_type || out) continue;  // Section 4.3: unknown options are ignored
    if (units != 1) return false;              // RFC 2464, Section 6: one unit on Ethernet
    ByteReader address(body);
    out = MacAddress(address.array<6>());
  }
  return true;
}

}  // namespace

std::uint16_t icmpv6_checksum(const IpAddress& source, const IpAddress& destination, ByteView message) {
  // An Ethernet payload has at most 64 KiB, so 32 bits hold the sum.
  auto sum = add_words(0, source.bytes16());
  sum = add_words(sum, destination.bytes16());
  sum = add_words(sum + static_cast<std::uint32_t>(message.size()) + kNextHeaderIcmpv6, message);
  while ((sum >> 16) != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::expected<NeighborSolicitation, NdpError> decode_solicitation(ByteView frame) {
  const auto message = open(frame, kNeighborSolicitation);
  if (!message) return std::unexpected(message.error());
  NeighborSolicitation out;
  out.ethernet_destination = message->ethernet.destination;
  out.ethernet_source = message->ethernet.source;
  out.source = message->source;
  out.destination = message->destination;
  out.target = message->target;
  if (!read_options(message->options, kSourceLinkLayerAddress, out.source_link_layer)) {
    return std::unexpected(NdpError::kInvalid);
  }
  // RFC 4861, Section 7.1.1.
  if (out.is_duplicate_probe() && (out.destination != solicited_node_group(out.target) || out.source_link_layer)) {
    return std::unexpected(NdpError::kInvalid);
  }
  return out;
}

std::expected<NeighborAdvertisement, NdpError> decode_advertisement(ByteView frame) {
  const auto message = open(frame, kNeighborAdvertisement);
  if (!message) return std::unexpected(message.error());
  NeighborAdvertisement out;
  out.ethernet_destination = message->ethernet.destination;
  out.ethernet_source = message->ethernet.source;
  out.source = message->source;
  out.destination = message->destination;
  out.target = message->target;
  out.router = (message->flags & kRouterFlag) != 0;
  out.solicited = (message->flags & kSolicitedFlag) != 0;
  out.override_ = (message->flags & kOverrideFlag) != 0;
  std::optional<MacAddress> target_link_layer;
  if (!read_options(message->options, kTargetLinkLayerAddress, target_link_layer))
    return std::unexpected(NdpError::kInvalid);
  out.target_link_layer = target_link_layer.value_or(out.ethernet_source);
  // RFC 4861, Section 7.1.2: nobody asked who gets it by multicast.
  if (out.solicited && out.destination.is_multicast()) return std::unexpected(NdpError::kInvalid);
  return out;
}

namespace {

/// Ethernet and IPv6 headers of a message of `length` bytes.
Bytes begin_frame(const EthernetHeader& ethernet, const IpAddress& source, const IpAddress& destination,
                  std::uint16_t length) {
  Bytes frame;
  frame.reserve(kMessageAt + length);
  ByteWriter out(frame);
  write_ethernet(out, ethernet);
  out.u32(6U << 28).u16(length).u8(kNextHeaderIcmpv6).u8(kHopLimit);
  out.bytes(source.bytes16()).bytes(destination.bytes16());
  return frame;
}

void set_checksum(Bytes& frame, const IpAddress& source, const IpAddress& destination) {
  const auto sum = icmpv6_checksum(source, destination, ByteView(frame).subspan(kMessageAt));
  frame[kMessageAt + 2] = static_cast<std::uint8_t>(sum >> 8);
  frame[kMessageAt + 3] = static_cast<std::uint8_t>(sum);
}

}  // namespace

Bytes encode_solicitation(const NeighborSolicitation& s) {
  METALLB_CONTRACT(s.source.is_v6() && s.destination.is_v6() && s.target.is_v6(), "NDP carries IPv6 addresses");
  const std::uint16_t length = kTargetEnd + (s.source_link_layer ? kOptionUnit : 0);
  auto frame = begin_frame({s.ethernet_destination, s.ethernet_source, kEtherTypeIpv6}, s.source, s.destination, length);
  ByteWriter out(frame);
  out.u8(kNeighborSolicitation).u8(0).u16(0).u32(0).bytes(s.target.bytes16());
  if (s.source_link_layer) out.u8(kSourceLinkLayerAddress).u8(1).bytes(s.source_link_layer->bytes());
  set_checksum(frame, s.source, s.destination);
  return frame;
}

Bytes encode_advertisement(const NeighborAdvertisement& a) {
  METALLB_CONTRACT(a.source.is_v6() && a.destination.is_v6() && a.target.is_v6(), "NDP carries IPv6 addresses");
  auto frame = begin_frame({a.ethernet_destination, a.ethernet_source, kEtherTypeIpv6}, a.source, a.destination,
                           kTargetEnd + kOptionUnit);
  ByteWriter out(frame);
  out.u8(kNeighborAdvertisement).u8(0).u16(0);
  out.u32((a.router ? kRouterFlag : 0U) | (a.solicited ? kSolicitedFlag : 0U) | (a.override_ ? kOverrideFlag : 0U));
  out.bytes(a.target.bytes16());
  out.u8(kTargetLinkLayerAddress).u8(1).bytes(a.target_link_layer.bytes());
  set_checksum(frame, a.source, a.destination);
  return frame;
}

}  // namespace metallb::layer2
