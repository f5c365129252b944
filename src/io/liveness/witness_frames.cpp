#include "io/liveness/witness_frames.hpp"

#include <cstddef>

#include "layer2/arp_packet.hpp"
#include "layer2/ethernet.hpp"
#include "layer2/ndp_packet.hpp"

namespace metallb::io {
namespace {

constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kNeighborSolicitation = 135;
constexpr std::uint8_t kNeighborAdvertisement = 136;
constexpr std::uint8_t kSourceLinkLayerAddress = 1;
constexpr std::uint8_t kOnLinkHopLimit = 255;
/// Of the frame: enough to tell who sent it.
constexpr std::uint32_t kEnough = 128;

/// RFC 4861, Section 4.3: with the own MAC address as option, so that the answer needs no question of its own.
///     Ethernet (14) | IPv6 (40) | 135 | 0 | checksum | reserved (4) | target (16) | 1 | 1 | MAC (6)
Bytes encode_solicitation(const MacAddress& mac, const IpAddress& source, const IpAddress& target) {
  const auto group = solicited_node_group(target);
  Bytes message;
  const auto write_message = [&](std::uint16_t checksum) {
    message.clear();
    ByteWriter(message)
        .u8(kNeighborSolicitation)
        .u8(0)
        .u16(checksum)
        .u32(0)
        .bytes(target.bytes16())
        .u8(kSourceLinkLayerAddress)
        .u8(1)  // in units of eight octets
        .bytes(mac.bytes());
  };
  write_message(0);
  write_message(layer2::icmpv6_checksum(source, group, message));
  Bytes frame;
  ByteWriter out(frame);
  layer2::write_ethernet(out, {MacAddress::multicast(group), mac, layer2::kEtherTypeIpv6});
  out.u32(0x60000000)  // version 6, no traffic class, no flow
      .u16(static_cast<std::uint16_t>(message.size()))
      .u8(kIcmpv6)
      .u8(kOnLinkHopLimit)
      .bytes(source.bytes16())
      .bytes(group.bytes16())
      .bytes(message);
  return frame;
}

/// Neighbour discovery that speaks for an address: its source, or the target of an advertisement.
bool speaks_for(ByteView frame, const IpAddress& address) {
  ByteReader in(frame);
  if (layer2::read_ethernet(in).type != layer2::kEtherTypeIpv6) return false;
  in.skip(6);  // version, traffic class, flow; payload length
  const auto next = in.u8();
  const auto hop_limit = in.u8();
  const auto source = IpAddress::v6(in.array<16>());
  in.skip(16);
  const auto type = in.u8();
  in.skip(7);
  const auto target = IpAddress::v6(in.array<16>());
  // RFC 4861, Section 7.1: less than 255 has come through a router.
  if (!in.ok() || next != kIcmpv6 || hop_limit != kOnLinkHopLimit) return false;
  return source == address || (type == kNeighborAdvertisement && target == address);
}

}  // namespace

Bytes encode_question(const Uplink& uplink, const IpAddress& target) {
  if (target.is_v6()) return encode_solicitation(uplink.mac, uplink.source_v6.value_or(IpAddress()), target);
  return layer2::encode_arp({.ethernet_destination = MacAddress::broadcast(),
                             .ethernet_source = uplink.mac,
                             .operation = layer2::ArpOperation::kRequest,
                             .sender_mac = uplink.mac,
                             .sender_ip = uplink.source_v4.value_or(IpAddress()),
                             .target_mac = MacAddress(),
                             .target_ip = target});
}

bool comes_from(ByteView frame, const MacAddress& mac) {
  ByteReader in(frame);
  return layer2::read_ethernet(in).source == mac && in.ok();
}

bool is_sign_of_life(ByteView frame, const WitnessTarget& target) {
  if (target.mac && comes_from(frame, *target.mac)) return true;
  if (target.address.is_v6()) return speaks_for(frame, target.address);
  const auto arp = layer2::decode_arp(frame);
  return arp && arp->sender_ip == target.address;
}

std::vector<sock_filter> witness_filter(std::span<const WitnessTarget> targets) {
  constexpr std::uint32_t kSourceMac = 6;
  constexpr std::uint32_t kType = 12;
  constexpr std::uint32_t kNextHeader = 20;
  const sock_filter pass = BPF_STMT(BPF_RET | BPF_K, kEnough);
  const sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  std::vector<sock_filter> out;
  bool v4 = false;
  bool v6 = false;
  for (const auto& target : targets) {
    (target.address.is_v4() ? v4 : v6) = true;
    if (!target.mac) continue;
    const auto& mac = target.mac->bytes();
    const auto high = static_cast<std::uint32_t>((mac[0] << 24U) | (mac[1] << 16U) | (mac[2] << 8U) | mac[3]);
    const auto low = static_cast<std::uint32_t>((mac[4] << 8U) | mac[5]);
    out.insert(out.end(),
               {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSourceMac), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high, 0, 3),
                BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kSourceMac + 4), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, low, 0, 1), pass});
  }
  if (v4) {
    out.insert(out.end(), {BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kType),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, layer2::kEtherTypeArp, 0, 1), pass});
  }
  if (v6) {
    out.insert(out.end(),
               {BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kType), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, layer2::kEtherTypeIpv6, 0, 3),
                BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kNextHeader), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kIcmpv6, 0, 1), pass});
  }
  out.push_back(drop);
  return out;
}

}  // namespace metallb::io
