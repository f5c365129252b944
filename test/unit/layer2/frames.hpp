// Frames and hexadecimal text for the layer 2 tests, built by hand from the RFCs' layouts and not with the module's own
// encoders, so that a mistake there cannot hide.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"
#include "unit/hex.hpp"

namespace metallb::layer2::test {

inline IpAddress ip(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(IpAddress());
}

inline MacAddress mac(std::string_view text) {
  const auto parsed = MacAddress::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(MacAddress());
}

using metallb::test::from_hex;
using metallb::test::to_hex;

// The cast of layer2 spec 3.7.
inline const MacAddress kOurMac({0x02, 0, 0, 0, 0, 0x01});
inline const MacAddress kClientMac({0x02, 0, 0, 0, 0, 0x99});
inline const IpAddress kVip = IpAddress::v4(192, 168, 1, 240);
inline const IpAddress kClientIp = IpAddress::v4(192, 168, 1, 35);

inline constexpr std::string_view kGratuitousRequest =
    "ffffffffffff02000000000108060001080006040001020000000001c0a801f0ffffffffffffc0a801f000000000000000000000000000000000000"
    "0";
inline constexpr std::string_view kGratuitousReply =
    "ffffffffffff02000000000108060001080006040002020000000001c0a801f0ffffffffffffc0a801f000000000000000000000000000000000000"
    "0";
inline constexpr std::string_view kClientRequest =
    "ffffffffffff02000000009908060001080006040001020000000099c0a80123000000000000c0a801f000000000000000000000000000000000000"
    "0";
inline constexpr std::string_view kAnswer =
    "02000000009902000000000108060001080006040002020000000001c0a801f0020000000099c0a8012300000000000000000000000000000000000"
    "0";

struct Arp {
  MacAddress ethernet_destination = MacAddress::broadcast();
  MacAddress ethernet_source = kClientMac;
  std::uint16_t ether_type = 0x0806;
  std::uint16_t hardware_type = 1;
  std::uint16_t protocol_type = 0x0800;
  std::uint8_t hardware_length = 6;
  std::uint8_t protocol_length = 4;
  std::uint16_t operation = 1;
  MacAddress sender_mac = kClientMac;
  IpAddress sender_ip = kClientIp;
  IpAddress target_ip = kVip;
  std::size_t size = 60;  ///< cut or padded to this
};

inline Bytes arp_frame(const Arp& a) {
  Bytes out;
  ByteWriter w(out);
  w.bytes(a.ethernet_destination.bytes()).bytes(a.ethernet_source.bytes()).u16(a.ether_type);
  w.u16(a.hardware_type).u16(a.protocol_type).u8(a.hardware_length).u8(a.protocol_length).u16(a.operation);
  w.bytes(a.sender_mac.bytes()).bytes(a.sender_ip.bytes()).bytes(MacAddress().bytes()).bytes(a.target_ip.bytes());
  out.resize(a.size, 0);
  return out;
}

/// RFC 1071 over the pseudo-header of RFC 8200, Section 8.1, word by word.
inline std::uint16_t checksum(const IpAddress& source, const IpAddress& destination, ByteView message) {
  Bytes all;
  ByteWriter w(all);
  w.bytes(source.bytes16()).bytes(destination.bytes16());
  w.u32(static_cast<std::uint32_t>(message.size())).u32(58).bytes(message);
  if (all.size() % 2 != 0) all.push_back(0);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < all.size(); i += 2) sum += static_cast<std::uint64_t>(all[i]) * 256 + all[i + 1];
  while (sum > 0xFFFF) sum = sum % 0x10000 + sum / 0x10000;
  return static_cast<std::uint16_t>(0xFFFF - sum);
}

inline const IpAddress kVip6 = ip("2001:db8::240");
inline const IpAddress kOurLinkLocal = ip("fe80::1");
inline const IpAddress kClientLinkLocal = ip("fe80::99");

struct Solicitation {
  MacAddress ethernet_destination = MacAddress({0x33, 0x33, 0xff, 0x00, 0x02, 0x40});
  MacAddress ethernet_source = kClientMac;
  std::uint16_t ether_type = 0x86DD;
  std::uint8_t version = 6;
  std::uint8_t next_header = 58;
  std::uint8_t hop_limit = 255;
  IpAddress source = kClientLinkLocal;
  IpAddress destination = ip("ff02::1:ff00:240");
  std::uint8_t type = 135;
  std::uint8_t code = 0;
  IpAddress target = kVip6;
  Bytes options = {1, 1, 0x02, 0, 0, 0, 0, 0x99};
  int length_error = 0;
  bool bad_checksum = false;
  std::size_t padding = 0;
};

inline Bytes solicitation_frame(const Solicitation& s) {
  Bytes message;
  ByteWriter m(message);
  m.u8(s.type).u8(s.code).u16(0).u32(0).bytes(s.target.bytes16()).bytes(s.options);
  const auto sum = static_cast<std::uint16_t>(checksum(s.source, s.destination, message) + (s.bad_checksum ? 1 : 0));
  message[2] = static_cast<std::uint8_t>(sum >> 8);
  message[3] = static_cast<std::uint8_t>(sum);
  Bytes out;
  ByteWriter w(out);
  w.bytes(s.ethernet_destination.bytes()).bytes(s.ethernet_source.bytes()).u16(s.ether_type);
  w.u32(static_cast<std::uint32_t>(s.version) << 28);
  w.u16(static_cast<std::uint16_t>(static_cast<int>(message.size()) + s.length_error));
  w.u8(s.next_header).u8(s.hop_limit).bytes(s.source.bytes16()).bytes(s.destination.bytes16()).bytes(message);
  out.resize(out.size() + s.padding, 0);
  return out;
}

struct Advertisement {
  MacAddress ethernet_destination = MacAddress({0x33, 0x33, 0, 0, 0, 1});
  MacAddress ethernet_source = kClientMac;
  std::uint8_t hop_limit = 255;
  IpAddress source = kClientLinkLocal;
  IpAddress destination = ip("ff02::1");
  std::uint32_t flags = 0x20000000;
  IpAddress target = kVip6;
  Bytes options = {2, 1, 0x02, 0, 0, 0, 0, 0x99};
  bool bad_checksum = false;
};

inline Bytes advertisement_frame(const Advertisement& a) {
  Bytes message;
  ByteWriter m(message);
  m.u8(136).u8(0).u16(0).u32(a.flags).bytes(a.target.bytes16()).bytes(a.options);
  const auto sum = static_cast<std::uint16_t>(checksum(a.source, a.destination, message) + (a.bad_checksum ? 1 : 0));
  message[2] = static_cast<std::uint8_t>(sum >> 8);
  message[3] = static_cast<std::uint8_t>(sum);
  Bytes out;
  ByteWriter w(out);
  w.bytes(a.ethernet_destination.bytes()).bytes(a.ethernet_source.bytes()).u16(0x86DD).u32(6U << 28);
  w.u16(static_cast<std::uint16_t>(message.size())).u8(58).u8(a.hop_limit);
  w.bytes(a.source.bytes16()).bytes(a.destination.bytes16()).bytes(message);
  return out;
}

}  // namespace metallb::layer2::test
