// What is answered and what is dropped: layer2 spec 3.3, 3.4, 3.7, section 6 rows 87-93, and what the responder does better
// than the original (7.8).
#include <gtest/gtest.h>

#include "world.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

struct Answer {
  MacAddress ethernet_destination;
  IpAddress source;
  IpAddress destination;
  unsigned flags = 0;
  IpAddress target;
  MacAddress mac;
};

/// Reads an advertisement and checks what holds for all of them.
Answer read(const Bytes& frame) {
  Answer out;
  EXPECT_EQ(frame.size(), 86U);
  ByteReader in(frame);
  out.ethernet_destination = MacAddress(in.array<6>());
  EXPECT_EQ(MacAddress(in.array<6>()), kOurMac);
  EXPECT_EQ(in.u16(), 0x86DD);
  EXPECT_EQ(in.u32(), 0x60000000U);
  EXPECT_EQ(in.u16(), 32U);
  EXPECT_EQ(in.u8(), 58U);
  EXPECT_EQ(in.u8(), 255U);
  out.source = IpAddress::v6(in.array<16>());
  out.destination = IpAddress::v6(in.array<16>());
  EXPECT_EQ(checksum(out.source, out.destination, ByteView(frame).subspan(54)), 0);
  EXPECT_EQ(in.u16(), 136U << 8);
  in.skip(2);
  out.flags = in.u32();
  out.target = IpAddress::v6(in.array<16>());
  EXPECT_EQ(in.u16(), 0x0201);
  out.mac = MacAddress(in.array<6>());
  EXPECT_TRUE(in.ok());
  return out;
}

constexpr unsigned kSolicited = 0x40000000;
constexpr unsigned kOverride = 0x20000000;

struct Responding : testing::Test {
  Responding() {
    world.announce(kFoo, kVip);
    world.announce(kFoo, kVip6);
    world.settle();
  }
  World world;
};

TEST_F(Responding, AnswersARequestAsTheSpecificationShows) {
  const auto frames = world.receive(from_hex(kClientRequest));
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].interface, kEth0);
  EXPECT_EQ(to_hex(frames[0].frame), kAnswer);
  const auto& counters = world.core.address_counters().at(kVip);
  EXPECT_EQ(counters.requests_received, 1U);
  EXPECT_EQ(counters.responses_sent, 1U);
}

TEST_F(Responding, AnswersARequestSentToItsOwnMac) {
  EXPECT_EQ(world.receive(arp_frame({.ethernet_destination = kOurMac})).size(), 1U);
}

TEST_F(Responding, AnswersNoSenderThatIsNoStation) {
  for (const auto& sender : {MacAddress::broadcast(), MacAddress({1, 0, 0x5E, 0, 0, 1}), MacAddress()}) {
    EXPECT_TRUE(world.receive(arp_frame({.sender_mac = sender})).empty()) << sender.to_string();
  }
  EXPECT_EQ(world.core.drops().malformed, 3U);
}

TEST_F(Responding, AnswersProbesAndGratuitousRequests) {
  const auto probe = world.receive(arp_frame({.sender_ip = IpAddress()}));
  ASSERT_EQ(probe.size(), 1U);
  EXPECT_EQ(to_hex(ByteView(probe[0].frame).subspan(38, 4)), "00000000");
  EXPECT_EQ(world.receive(arp_frame({.sender_ip = kVip})).size(), 1U);
}

TEST_F(Responding, SendsTheReplyToTheHardwareAddressInTheBody) {
  const auto frames = world.receive(arp_frame({.sender_mac = mac("02:00:00:00:00:77")}));
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(to_hex(ByteView(frames[0].frame).first(6)), "020000000077");
}

TEST_F(Responding, DropsAndCountsByTheFirstReasonThatHolds) {
  const auto foreign = mac("02:00:00:00:00:55");
  const auto other = IpAddress::v4(192, 168, 1, 7);
  // Row 88; a reply to a foreign host for an unknown address is still first of all no request.
  EXPECT_TRUE(world.receive(arp_frame({.operation = 2})).empty());
  EXPECT_TRUE(world.receive(arp_frame({.ethernet_destination = foreign, .operation = 2, .target_ip = other})).empty());
  EXPECT_EQ(world.core.drops().not_a_request, 2U);
  // Row 89.
  EXPECT_TRUE(world.receive(arp_frame({.ethernet_destination = foreign})).empty());
  EXPECT_TRUE(world.receive(arp_frame({.ethernet_destination = foreign, .target_ip = other})).empty());
  EXPECT_EQ(world.core.drops().wrong_destination, 2U);
  // Row 92.
  EXPECT_TRUE(world.receive(arp_frame({.target_ip = other})).empty());
  EXPECT_EQ(world.core.drops().unknown_address, 1U);
  EXPECT_EQ(world.core.drops().malformed, 0U);
  EXPECT_EQ(world.core.drops().wrong_interface, 0U);
  EXPECT_EQ(world.core.address_counters().at(kVip).requests_received, 0U);
}

TEST_F(Responding, CountsMalformedFrames) {
  EXPECT_TRUE(world.receive({}).empty());
  EXPECT_TRUE(world.receive(arp_frame({.size = 13})).empty());
  EXPECT_TRUE(world.receive(arp_frame({.size = 41})).empty());
  EXPECT_TRUE(world.receive(arp_frame({.hardware_length = 8})).empty());
  EXPECT_TRUE(world.receive(arp_frame({.protocol_length = 16})).empty());
  EXPECT_TRUE(world.receive(arp_frame({.ether_type = 0x8100})).empty());
  EXPECT_TRUE(world.receive(solicitation_frame({.hop_limit = 64})).empty());
  EXPECT_TRUE(world.receive(solicitation_frame({.bad_checksum = true})).empty());
  EXPECT_EQ(world.core.drops().malformed, 8U);
}

TEST_F(Responding, IgnoresOtherProtocolsAndItsOwnFramesWithoutCounting) {
  EXPECT_TRUE(world.receive(arp_frame({.ether_type = 0x0800})).empty());
  EXPECT_TRUE(world.receive(arp_frame({.ethernet_source = kOurMac})).empty());
  EXPECT_TRUE(world.receive(solicitation_frame({.ethernet_source = kOurMac})).empty());
  EXPECT_TRUE(world.receive(solicitation_frame({.next_header = 17})).empty());
  const auto& drops = world.core.drops();
  EXPECT_EQ(drops.malformed + drops.not_a_request + drops.wrong_destination + drops.unknown_address, 0U);
}

TEST_F(Responding, IgnoresFramesOfAnInterfaceItDoesNotKnow) {
  EXPECT_TRUE(world.receive(from_hex(kClientRequest), InterfaceIndex(99)).empty());
}

TEST_F(Responding, AnswersAMulticastSolicitation) {
  const auto frames = world.receive(solicitation_frame({}));
  ASSERT_EQ(frames.size(), 1U);
  const auto na = read(frames[0].frame);
  EXPECT_EQ(na.ethernet_destination, kClientMac);
  EXPECT_EQ(na.source, kOurLinkLocal);
  EXPECT_EQ(na.destination, kClientLinkLocal);
  EXPECT_EQ(na.flags, kSolicited | kOverride);
  EXPECT_EQ(na.target, kVip6);
  EXPECT_EQ(na.mac, kOurMac);
  EXPECT_EQ(world.core.address_counters().at(kVip6).requests_received, 1U);
  EXPECT_EQ(world.core.address_counters().at(kVip6).responses_sent, 1U);
}

TEST_F(Responding, DiffersFromTheOriginalsAdvertisementInTheOverrideFlagOnly) {
  const auto frames = world.receive(solicitation_frame({}));
  ASSERT_EQ(frames.size(), 1U);
  // Layer2 spec 3.7 has 8800060e40000000...: with the flag, the checksum is 0x2000 less.
  EXPECT_EQ(to_hex(ByteView(frames[0].frame).subspan(54)),
            "8800e60d6000000020010db80000000000000000000002400201020000000001");
}

TEST_F(Responding, AnswersAUnicastSolicitationToTheMacItCameFrom) {
  const auto probing = mac("02:00:00:00:00:42");
  const auto frames = world.receive(solicitation_frame({.ethernet_destination = kOurMac,
                                                        .ethernet_source = probing,
                                                        .source = ip("2001:db8::99"),
                                                        .destination = kVip6,
                                                        .options = {}}));
  ASSERT_EQ(frames.size(), 1U);
  const auto na = read(frames[0].frame);
  EXPECT_EQ(na.ethernet_destination, probing);
  EXPECT_EQ(na.destination, ip("2001:db8::99"));
  EXPECT_EQ(na.flags, kSolicited | kOverride);
}

TEST_F(Responding, PrefersTheSourceLinkLayerOptionToTheEthernetSource) {
  const auto frames = world.receive(solicitation_frame({.options = {1, 1, 2, 0, 0, 0, 0, 0x42}}));
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(read(frames[0].frame).ethernet_destination, mac("02:00:00:00:00:42"));
}

TEST_F(Responding, TellsDuplicateAddressProbesThatTheAddressIsTaken) {
  const auto frames = world.receive(solicitation_frame({.source = ip("::"), .options = {}}));
  ASSERT_EQ(frames.size(), 1U);
  const auto na = read(frames[0].frame);
  EXPECT_EQ(na.ethernet_destination, mac("33:33:00:00:00:01"));
  EXPECT_EQ(na.destination, ip("ff02::1"));
  EXPECT_EQ(na.flags, kOverride);
  EXPECT_EQ(na.target, kVip6);
}

TEST_F(Responding, DropsOtherSolicitationsByReason) {
  EXPECT_TRUE(world.receive(solicitation_frame({.type = 136})).empty());
  EXPECT_TRUE(world.receive(solicitation_frame({.type = 133})).empty());
  EXPECT_EQ(world.core.drops().not_a_request, 2U);
  EXPECT_TRUE(world.receive(solicitation_frame({.ethernet_destination = mac("02:00:00:00:00:55")})).empty());
  EXPECT_EQ(world.core.drops().wrong_destination, 1U);
  EXPECT_TRUE(world.receive(solicitation_frame({.target = ip("2001:db8::241")})).empty());
  // Same low 32 bits: passes the socket's filter, but is not ours.
  EXPECT_TRUE(world.receive(solicitation_frame({.target = ip("fd00::240")})).empty());
  EXPECT_EQ(world.core.drops().unknown_address, 2U);
}

TEST_F(Responding, DoesNotTakeAMappedTargetForTheIpv4Address) {
  auto frame = solicitation_frame({.source = kClientLinkLocal});
  const auto mapped = from_hex("00000000000000000000ffffc0a801f0");
  std::copy(mapped.begin(), mapped.end(), frame.begin() + 62);
  EXPECT_TRUE(world.receive(frame).empty());
  EXPECT_EQ(world.core.drops().malformed, 1U);
}

TEST_F(Responding, TellsKnownAddressesOnAnotherInterfaceFromUnknownOnes) {
  world.input(eth1());
  world.announce(kFoo, kVip, only({"eth1"}));
  EXPECT_FALSE(world.answers(kVip, kEth0));
  EXPECT_TRUE(world.answers(kVip, kEth1));
  EXPECT_EQ(world.core.drops().wrong_interface, 1U);
  EXPECT_EQ(world.core.drops().unknown_address, 0U);
  EXPECT_EQ(world.log.lines.at(world.log.lines.size() - 2),
            "op=arpRequestIgnore reason=notMatchInterface interface=eth0 ip=192.168.1.240");
}

TEST_F(Responding, LogsAnswersAtDebugLevelOnly) {
  world.receive(from_hex(kClientRequest));
  EXPECT_EQ(world.log.lines.back(),
            "msg=got ARP request for service IP, sending response interface=eth0 ip=192.168.1.240 senderIP=192.168.1.35 "
            "senderMAC=02:00:00:00:00:99 responseMAC=02:00:00:00:00:01");
  world.receive(solicitation_frame({}));
  EXPECT_EQ(world.log.lines.back(),
            "msg=got NDP request for service IP, sending response interface=eth0 ip=2001:db8::240 senderIP=fe80::99 "
            "senderMAC=02:00:00:00:00:99 responseMAC=02:00:00:00:00:01");
  world.log.lowest = LogLevel::kInfo;
  world.log.lines.clear();
  world.receive(from_hex(kClientRequest));
  EXPECT_TRUE(world.log.lines.empty());
}

}  // namespace
}  // namespace metallb::layer2
