#include "sim/neighbour_frames.hpp"

#include "layer2/ethernet.hpp"
#include "layer2/ndp_packet.hpp"

namespace metallb::sim {
namespace {

constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kSolicitation = 135;
constexpr std::uint8_t kAdvertisement = 136;
constexpr std::uint8_t kSourceLinkLayer = 1;
constexpr std::uint8_t kTargetLinkLayer = 2;

}  // namespace

Bytes solicitation(const MacAddress& from, const IpAddress& source, const IpAddress& target) {
  const auto group = solicited_node_group(target);
  Bytes message;
  ByteWriter body(message);
  body.u8(kSolicitation).u8(0).u16(0).u32(0).bytes(target.bytes16());
  body.u8(kSourceLinkLayer).u8(1).bytes(from.bytes());
  const auto checksum = layer2::icmpv6_checksum(source, group, message);
  message[2] = static_cast<std::uint8_t>(checksum >> 8);
  message[3] = static_cast<std::uint8_t>(checksum);

  Bytes frame;
  ByteWriter out(frame);
  layer2::write_ethernet(out, {MacAddress::multicast(group), from, layer2::kEtherTypeIpv6});
  out.u32(0x60000000).u16(static_cast<std::uint16_t>(message.size())).u8(kIcmpv6).u8(255);
  out.bytes(source.bytes16()).bytes(group.bytes16()).bytes(message);
  return frame;
}

std::optional<SeenAdvertisement> read_advertisement(ByteView frame) {
  ByteReader in(frame);
  const auto ethernet = layer2::read_ethernet(in);
  if (!in.ok() || ethernet.type != layer2::kEtherTypeIpv6) return std::nullopt;
  in.skip(4);
  const auto length = in.u16();
  const auto next = in.u8();
  const auto hop_limit = in.u8();
  const auto source = IpAddress::v6(in.array<16>());
  const auto destination = IpAddress::v6(in.array<16>());
  const auto message = in.take(length);
  if (!in.ok() || next != kIcmpv6 || hop_limit != 255 || message.size() < 24 || message[0] != kAdvertisement)
    return std::nullopt;
  if (layer2::icmpv6_checksum(source, destination, message) != 0) return std::nullopt;

  ByteReader body(message);
  body.skip(4);
  const auto flags = body.u32();
  SeenAdvertisement seen;
  seen.target = IpAddress::v6(body.array<16>());
  seen.solicited = (flags & 0x40000000U) != 0;
  seen.override_ = (flags & 0x20000000U) != 0;
  if (body.u8() != kTargetLinkLayer || body.u8() != 1) return std::nullopt;
  seen.mac = MacAddress(body.array<6>());
  if (!body.ok()) return std::nullopt;
  return seen;
}

}  // namespace metallb::sim
