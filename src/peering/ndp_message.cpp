#include "peering/ndp_message.hpp"

namespace metallb::peering {
namespace {

constexpr std::uint8_t kRouterSolicitation = 133;
constexpr std::uint8_t kRouterAdvertisement = 134;
constexpr std::uint8_t kSourceLinkLayerAddress = 1;
constexpr std::size_t kOptionUnit = 8;
constexpr std::uint8_t kHopLimit = 255;
constexpr Uint128 kLinkLocalGroups = static_cast<Uint128>(0xFF02) << 112;

/// RFC 4861, Section 4.6. The address of a link that is no Ethernet is passed over.
std::expected<std::optional<MacAddress>, NdpError> read_options(ByteReader& in) {
  std::optional<MacAddress> out;
  while (in.remaining() > 0) {
    const auto type = in.u8();
    const auto units = in.u8();
    if (!in.ok()) return std::unexpected(NdpError::kTruncated);
    if (units == 0) return std::unexpected(NdpError::kOption);  // Sections 6.1.1 and 6.1.2
    ByteReader body(in.take(units * kOptionUnit - 2));
    if (!in.ok()) return std::unexpected(NdpError::kTruncated);
    if (type == kSourceLinkLayerAddress && units == 1 && !out) out = MacAddress(body.array<6>());
  }
  return out;
}

void write_option(ByteWriter& out, const std::optional<MacAddress>& source_link_layer) {
  if (source_link_layer) out.u8(kSourceLinkLayerAddress).u8(1).bytes(source_link_layer->bytes());
}

}  // namespace

std::string_view to_string(NdpError error) {
  constexpr std::array<std::string_view, kNdpErrors> kNames{"other_type", "truncated", "hop_limit", "source",
                                                            "code",       "option",    "own"};
  return kNames[static_cast<std::size_t>(error)];
}

std::expected<NdpMessage, NdpError> decode_ndp(const NdpArrival& arrival, ByteView message) {
  ByteReader in(message);
  const auto type = in.u8();
  const auto code = in.u8();
  in.skip(2);  // checksum
  if (!in.ok()) return std::unexpected(NdpError::kTruncated);
  if (type != kRouterSolicitation && type != kRouterAdvertisement) return std::unexpected(NdpError::kOtherType);
  if (arrival.hop_limit != kHopLimit) return std::unexpected(NdpError::kHopLimit);
  if (code != 0) return std::unexpected(NdpError::kCode);

  if (type == kRouterSolicitation) {
    in.skip(4);  // reserved
    if (!in.ok()) return std::unexpected(NdpError::kTruncated);
    if (!arrival.source.is_v6() || arrival.source.is_multicast()) return std::unexpected(NdpError::kSource);
    const auto link_layer = read_options(in);
    if (!link_layer) return std::unexpected(link_layer.error());
    // Section 6.1.1: who has no address yet does not say where it is.
    if (arrival.source.is_unspecified() && *link_layer) return std::unexpected(NdpError::kOption);
    return RouterSolicitation{*link_layer};
  }
  RouterAdvertisement out;
  out.current_hop_limit = in.u8();
  out.flags = in.u8();
  out.lifetime = in.u16();
  out.reachable_time = in.u32();
  out.retransmit_timer = in.u32();
  if (!in.ok()) return std::unexpected(NdpError::kTruncated);
  // Section 6.1.2
  if (!arrival.source.is_v6() || !arrival.source.is_link_local()) return std::unexpected(NdpError::kSource);
  const auto link_layer = read_options(in);
  if (!link_layer) return std::unexpected(link_layer.error());
  out.source_link_layer = *link_layer;
  return out;
}

Bytes encode(const RouterSolicitation& solicitation) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(kRouterSolicitation).u8(0).u16(0).u32(0);
  write_option(out, solicitation.source_link_layer);
  return bytes;
}

Bytes encode(const RouterAdvertisement& advertisement) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(kRouterAdvertisement).u8(0).u16(0);
  out.u8(advertisement.current_hop_limit).u8(advertisement.flags).u16(advertisement.lifetime);
  out.u32(advertisement.reachable_time).u32(advertisement.retransmit_timer);
  write_option(out, advertisement.source_link_layer);
  return bytes;
}

IpAddress all_nodes() {
  return IpAddress::from_number(IpFamily::kIpv6, kLinkLocalGroups | 1);
}

IpAddress all_routers() {
  return IpAddress::from_number(IpFamily::kIpv6, kLinkLocalGroups | 2);
}

}  // namespace metallb::peering
