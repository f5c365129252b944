#include "io/liveness/echo_frames.hpp"

#include <cstddef>

#include "base/contract.hpp"
#include "io/liveness/bfd_socket_options.hpp"

namespace metallb::io {
namespace {

constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kLargestPayload = 1472;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kVersionAndLength = 0x45;  ///< IPv4, five words
constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kFragment = 0x3FFF;  ///< "more follow", and the offset

/// RFC 1071: the sum of 16-bit words, folded; `sum` starts it.
std::uint16_t checksum(ByteView data, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < data.size(); i += 2) {
    sum += static_cast<std::uint32_t>(data[i]) << 8U;
    if (i + 1 < data.size()) sum += data[i + 1];
  }
  while (sum >> 16U) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

void put(Bytes& packet, std::size_t at, std::uint16_t value) {
  packet[at] = static_cast<std::uint8_t>(value >> 8U);
  packet[at + 1] = static_cast<std::uint8_t>(value);
}

}  // namespace

Bytes encode_echo_frame(const EchoFrame& frame) {
  METALLB_CONTRACT(frame.from.is_v4() && frame.to.is_v4(), "echo frames are IPv4");
  METALLB_CONTRACT(frame.payload.size() <= kLargestPayload, "an echo packet fits into one frame");
  const auto udp_length = static_cast<std::uint16_t>(kUdpHeader + frame.payload.size());
  Bytes packet;
  ByteWriter(packet)
      .u8(kVersionAndLength)
      .u8(kInternetworkControl)
      .u16(static_cast<std::uint16_t>(kIpHeader + udp_length))
      .u16(0)  // identification: never fragmented
      .u16(kDontFragment)
      .u8(frame.ttl)
      .u8(kUdp)
      .u16(0)  // checksum
      .u32(static_cast<std::uint32_t>(frame.from.number()))
      .u32(static_cast<std::uint32_t>(frame.to.number()))
      .u16(kEchoPort)
      .u16(kEchoPort)
      .u16(udp_length)
      .u16(0)  // checksum
      .bytes(frame.payload);
  const ByteView whole(packet);
  put(packet, 10, checksum(whole.first(kIpHeader)));
  // RFC 768: over addresses, protocol and length as well; a sum of zero is sent as ones.
  std::uint32_t pseudo = std::uint32_t{kUdp} + udp_length;
  for (std::size_t i = 12; i < kIpHeader; i += 2) pseudo += static_cast<std::uint32_t>((whole[i] << 8U) | whole[i + 1]);
  const auto sum = checksum(whole.subspan(kIpHeader), pseudo);
  put(packet, kIpHeader + 6, sum == 0 ? std::uint16_t{0xFFFF} : sum);
  return packet;
}

std::optional<EchoFrame> decode_echo_frame(ByteView packet) {
  if (packet.empty() || packet[0] >> 4U != 4) return std::nullopt;
  const std::size_t header = (packet[0] & 0x0FU) * std::size_t{4};
  if (header < kIpHeader || packet.size() < header + kUdpHeader || checksum(packet.first(header)) != 0) {
    return std::nullopt;
  }
  ByteReader in(packet);
  in.skip(2);
  const auto length = in.u16();
  in.skip(2);
  const auto fragment = in.u16();
  EchoFrame frame;
  frame.ttl = in.u8();
  const auto protocol = in.u8();
  in.skip(2);
  frame.from = IpAddress::v4(in.u32());
  frame.to = IpAddress::v4(in.u32());
  in.skip(header - kIpHeader + 2);
  const auto port = in.u16();
  const auto udp_length = in.u16();
  in.skip(2);
  if (protocol != kUdp || (fragment & kFragment) != 0 || port != kEchoPort) return std::nullopt;
  // A frame may be padded beyond the packet's length, but not end before it.
  if (udp_length < kUdpHeader || header + udp_length > length || length > packet.size()) return std::nullopt;
  frame.payload = in.take(udp_length - kUdpHeader);
  return frame;
}

std::vector<sock_filter> echo_filter() {
  constexpr std::uint32_t kFragmentAt = 6;
  constexpr std::uint32_t kProtocolAt = 9;
  constexpr std::uint32_t kSourceAt = 12;
  constexpr std::uint32_t kDestinationAt = 16;
  return {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kProtocolAt),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kUdp, 0, 9),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kFragmentAt),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kFragment, 7, 0),
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kEchoPort, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSourceAt),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kDestinationAt),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xFFFF),
  };
}

}  // namespace metallb::io
