#include "layer2/arp_packet.hpp"

#include <utility>

#include "base/contract.hpp"
#include "layer2/ethernet.hpp"

namespace metallb::layer2 {
namespace {

constexpr std::uint16_t kHardwareEthernet = 1;
constexpr std::uint8_t kMacLength = 6;
constexpr std::uint8_t kIpv4Length = 4;

}  // namespace

std::expected<ArpPacket, ArpError> decode_arp(ByteView frame) {
  ByteReader in(frame);
  const auto ethernet = read_ethernet(in);
  if (!in.ok()) return std::unexpected(ArpError::kTruncated);
  if (ethernet.type != kEtherTypeArp) return std::unexpected(ArpError::kNotArp);
  in.skip(2);  // hardware type
  const auto protocol = in.u16();
  const auto hardware_length = in.u8();
  const auto protocol_length = in.u8();
  ArpPacket packet;
  packet.ethernet_destination = ethernet.destination;
  packet.ethernet_source = ethernet.source;
  packet.operation = static_cast<ArpOperation>(in.u16());
  if (!in.ok()) return std::unexpected(ArpError::kTruncated);
  if (protocol != kEtherTypeIpv4 || protocol_length != kIpv4Length) return std::unexpected(ArpError::kNotIpv4);
  if (hardware_length != kMacLength) return std::unexpected(ArpError::kNotEthernet);
  packet.sender_mac = MacAddress(in.array<kMacLength>());
  packet.sender_ip = IpAddress::v4(in.u32());
  packet.target_mac = MacAddress(in.array<kMacLength>());
  packet.target_ip = IpAddress::v4(in.u32());
  if (!in.ok()) return std::unexpected(ArpError::kTruncated);
  return packet;
}

Bytes encode_arp(const ArpPacket& packet) {
  METALLB_CONTRACT(packet.sender_ip.is_v4() && packet.target_ip.is_v4(), "ARP carries IPv4 addresses");
  Bytes frame;
  frame.reserve(kMinimumFrame);
  ByteWriter out(frame);
  write_ethernet(out, {packet.ethernet_destination, packet.ethernet_source, kEtherTypeArp});
  out.u16(kHardwareEthernet).u16(kEtherTypeIpv4).u8(kMacLength).u8(kIpv4Length).u16(std::to_underlying(packet.operation));
  out.bytes(packet.sender_mac.bytes()).u32(static_cast<std::uint32_t>(packet.sender_ip.number()));
  out.bytes(packet.target_mac.bytes()).u32(static_cast<std::uint32_t>(packet.target_ip.number()));
  out.pad_to(kMinimumFrame);
  return frame;
}

}  // namespace metallb::layer2
