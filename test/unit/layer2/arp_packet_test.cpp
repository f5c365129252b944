// ARP frames: the vectors of layer2 spec 3.7, the checks of 3.3.
#include "layer2/arp_packet.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "frames.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

MacAddress any_mac() {
  std::array<std::uint8_t, 6> bytes{};
  for (auto& b : bytes) b = *rc::gen::arbitrary<std::uint8_t>();
  return MacAddress(bytes);
}

TEST(ArpPacket, ReadsAClientsRequest) {
  const auto packet = decode_arp(from_hex(kClientRequest));
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->ethernet_destination, MacAddress::broadcast());
  EXPECT_EQ(packet->ethernet_source, kClientMac);
  EXPECT_EQ(packet->operation, ArpOperation::kRequest);
  EXPECT_EQ(packet->sender_mac, kClientMac);
  EXPECT_EQ(packet->sender_ip, kClientIp);
  EXPECT_EQ(packet->target_mac, MacAddress());
  EXPECT_EQ(packet->target_ip, kVip);
}

TEST(ArpPacket, WritesTheAnswerOfTheSpecification) {
  ArpPacket packet;
  packet.ethernet_destination = kClientMac;
  packet.ethernet_source = kOurMac;
  packet.operation = ArpOperation::kReply;
  packet.sender_mac = kOurMac;
  packet.sender_ip = kVip;
  packet.target_mac = kClientMac;
  packet.target_ip = kClientIp;
  EXPECT_EQ(to_hex(encode_arp(packet)), kAnswer);
}

TEST(ArpPacket, ReadsAFrameWithoutPadding) {
  EXPECT_TRUE(decode_arp(arp_frame({.size = 42})).has_value());
}

TEST(ArpPacket, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < 42; ++size) {
    const auto packet = decode_arp(arp_frame({.size = size}));
    ASSERT_FALSE(packet.has_value()) << size;
    EXPECT_EQ(packet.error(), ArpError::kTruncated) << size;
  }
}

TEST(ArpPacket, RefusesOtherEtherTypes) {
  EXPECT_EQ(decode_arp(arp_frame({.ether_type = 0x0800})).error(), ArpError::kNotArp);
}

TEST(ArpPacket, RefusesOtherProtocolsAndAddressLengths) {
  EXPECT_EQ(decode_arp(arp_frame({.protocol_type = 0x86DD})).error(), ArpError::kNotIpv4);
  EXPECT_EQ(decode_arp(arp_frame({.protocol_length = 16})).error(), ArpError::kNotIpv4);
  EXPECT_EQ(decode_arp(arp_frame({.hardware_length = 8})).error(), ArpError::kNotEthernet);
}

TEST(ArpPacket, DoesNotLookAtTheHardwareType) {
  EXPECT_TRUE(decode_arp(arp_frame({.hardware_type = 6})).has_value());
}

RC_GTEST_PROP(ArpPacket, ReadsBackWhatItWrote, ()) {
  ArpPacket packet;
  packet.ethernet_destination = any_mac();
  packet.ethernet_source = any_mac();
  packet.operation = static_cast<ArpOperation>(*rc::gen::arbitrary<std::uint16_t>());
  packet.sender_mac = any_mac();
  packet.sender_ip = IpAddress::v4(*rc::gen::arbitrary<std::uint32_t>());
  packet.target_mac = any_mac();
  packet.target_ip = IpAddress::v4(*rc::gen::arbitrary<std::uint32_t>());
  const auto frame = encode_arp(packet);
  RC_ASSERT(frame.size() == 60U);
  const auto read = decode_arp(frame);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == packet);
}

}  // namespace
}  // namespace metallb::layer2
