// Claims of our addresses by others: failover spec 6 "Two owners", RFC 5227 section 2.4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "layer2/ndp_packet.hpp"
#include "world.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

const MacAddress kStrangerMac = mac("02:00:00:00:00:66");

struct ContestedAmongStrangers : testing::Test {
  explicit ContestedAmongStrangers(std::vector<InterfaceState> interfaces = {eth0()}) : world(std::move(interfaces)) {
    world.announce(kFoo, kVip);
    world.announce(kFoo, kVip6);
    world.settle();
  }

  /// What a frame brings, whatever it is.
  std::vector<Action> after(const Bytes& frame, InterfaceIndex interface = kEth0) {
    world.take();
    world.input(FrameReceived{interface, frame});
    world.core.on_time(world.now(), world.out);
    return world.take();
  }
  std::vector<ConflictSeen> conflicts(const Bytes& frame, InterfaceIndex interface = kEth0) {
    return World::of<ConflictSeen>(after(frame, interface));
  }
  /// A stranger's claim that is believed: it came before, longer ago than the probation.
  std::vector<ConflictSeen> proven(const Bytes& frame, InterfaceIndex interface = kEth0) {
    EXPECT_THAT(conflicts(frame, interface), testing::IsEmpty());
    world.run(kProbation);
    return conflicts(frame, interface);
  }
  std::uint64_t member() { return world.core.conflicts().member; }
  std::uint64_t foreign() { return world.core.conflicts().foreign; }

  World world;
};

struct Contested : ContestedAmongStrangers {
  Contested() : ContestedAmongStrangers({eth0(), eth1()}) { world.input(NeighboursKnown{{{kMemberMac, "iris2"}}}); }
};

/// A gratuitous packet, as somebody else would send it.
Bytes gratuitous(const MacAddress& from, const IpAddress& address = kVip, std::uint16_t operation = 1) {
  return arp_frame(
      {.ethernet_source = from, .operation = operation, .sender_mac = from, .sender_ip = address, .target_ip = address});
}
Bytes answered(const MacAddress& from, const IpAddress& address = kVip) {
  return arp_frame({.ethernet_destination = kOurMac,
                    .ethernet_source = from,
                    .operation = 2,
                    .sender_mac = from,
                    .sender_ip = address,
                    .target_ip = ip("192.168.1.10")});
}
Bytes used(const MacAddress& from, const IpAddress& address = kVip) {
  return arp_frame({.ethernet_source = from, .sender_mac = from, .sender_ip = address, .target_ip = kClientIp});
}
Bytes advertised(const MacAddress& from, const IpAddress& address = kVip6, bool solicited = false) {
  Bytes options{2, 1};
  options.insert(options.end(), from.bytes().begin(), from.bytes().end());
  return advertisement_frame({.ethernet_source = from,
                              .destination = solicited ? kOurLinkLocal : ip("ff02::1"),
                              .flags = solicited ? 0x60000000U : 0x20000000U,
                              .target = address,
                              .options = options});
}

TEST_F(Contested, AMembersAnnouncementIsToldWithItsNode) {
  const ConflictSeen expected{
      .address = kVip, .interface = kEth0, .interface_name = "eth0", .mac = kMemberMac, .node = "iris2", .announced = true};
  EXPECT_EQ(conflicts(gratuitous(kMemberMac)), std::vector{expected});
  EXPECT_EQ(member(), 1U);
  EXPECT_EQ(foreign(), 0U);
}

TEST_F(Contested, AStrangersAnnouncementIsToldWithoutANode) {
  const auto seen = proven(gratuitous(kStrangerMac), kEth1);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].node, std::nullopt);
  EXPECT_EQ(seen[0].mac, kStrangerMac);
  EXPECT_EQ(seen[0].interface_name, "eth1");
  EXPECT_EQ(foreign(), 1U);
  EXPECT_EQ(member(), 0U);
}

TEST_F(Contested, EveryKindOfClaimIsRecognised) {
  conflicts(gratuitous(kStrangerMac));
  conflicts(advertised(kStrangerMac));
  world.run(kProbation);
  for (const auto& frame : {gratuitous(kStrangerMac), gratuitous(kStrangerMac, kVip, 2), answered(kStrangerMac),
                            used(kStrangerMac), advertised(kStrangerMac), advertised(kStrangerMac, kVip6, true)}) {
    EXPECT_EQ(conflicts(frame).size(), 1U) << to_hex(frame);
    world.run(1s);
  }
  const auto from_the_address = solicitation_frame({.ethernet_source = kStrangerMac,
                                                    .source = kVip6,
                                                    .target = ip("2001:db8::99"),
                                                    .options = {1, 1, 2, 0, 0, 0, 0, 0x66}});
  ASSERT_EQ(conflicts(from_the_address).size(), 1U);
  EXPECT_EQ(foreign(), 7U);
}

TEST_F(Contested, AnAdvertisementWithoutOptionClaimsForWhereItCameFrom) {
  const auto seen = conflicts(advertisement_frame({.ethernet_source = kMemberMac, .options = {}}));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].mac, kMemberMac);
}

TEST_F(Contested, TellsWhetherTheWholeLanHeardIt) {
  EXPECT_FALSE(conflicts(answered(kMemberMac)).at(0).announced);
  EXPECT_TRUE(conflicts(advertised(kMemberMac)).at(0).announced);
  world.run(1s);
  EXPECT_FALSE(conflicts(advertised(kMemberMac, kVip6, true)).at(0).announced);
  EXPECT_FALSE(proven(used(kStrangerMac)).at(0).announced);
}

TEST_F(Contested, AnOriginalsAnswerToOurGratuitousRequestIsNoAnnouncement) {
  // layer2 spec 3.3: it answers the request that we broadcast, to us alone, and names the address twice.
  const auto seen = conflicts(arp_frame({.ethernet_destination = kOurMac,
                                         .ethernet_source = kMemberMac,
                                         .operation = 2,
                                         .sender_mac = kMemberMac,
                                         .sender_ip = kVip,
                                         .target_ip = kVip}));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_FALSE(seen[0].announced);
}

TEST_F(Contested, AMemberThatMerelySendsFromTheAddressIsCountedOnly) {
  EXPECT_TRUE(conflicts(used(kMemberMac)).empty());
  EXPECT_EQ(member(), 1U);
  EXPECT_EQ(conflicts(gratuitous(kMemberMac)).size(), 1U) << "nor does it hide what the member announces";
}

TEST_F(Contested, NoClaimIsWhatClaimsNothingOfOurs) {
  EXPECT_TRUE(conflicts(arp_frame({})).empty()) << "a request";
  EXPECT_TRUE(conflicts(arp_frame({.sender_ip = IpAddress()})).empty()) << "RFC 5227 2.1.1: a probe, which is answered";
  EXPECT_TRUE(conflicts(solicitation_frame({.source = ip("::"), .options = {}})).empty()) << "RFC 4862 5.4.3";
  EXPECT_TRUE(conflicts(gratuitous(kStrangerMac, kClientIp)).empty());
  EXPECT_TRUE(conflicts(advertised(kStrangerMac, ip("fd00::240"))).empty()) << "the same low bits";
  EXPECT_EQ(foreign() + member(), 0U);
}

TEST_F(Contested, OurOwnFramesAreNoConflictWhereverTheyComeBack) {
  EXPECT_TRUE(conflicts(gratuitous(eth0().mac)).empty());
  EXPECT_TRUE(conflicts(gratuitous(eth1().mac), kEth0).empty()) << "two interfaces on one LAN";
  EXPECT_TRUE(conflicts(advertised(eth0().mac), kEth1).empty());
  EXPECT_EQ(foreign() + member(), 0U);
}

TEST_F(Contested, AnAddressThatIsNotAnsweredOnTheInterfaceIsNotContestedThere) {
  world.announce(kFoo, kVip, only({"eth1"}));
  EXPECT_TRUE(conflicts(gratuitous(kMemberMac), kEth0).empty());
  EXPECT_EQ(conflicts(gratuitous(kMemberMac), kEth1).size(), 1U);
  world.withdraw(kFoo, kVip);
  EXPECT_TRUE(conflicts(gratuitous(kMemberMac), kEth1).empty());
}

TEST_F(Contested, ClaimsOfNoStationAreNotBelieved) {
  EXPECT_TRUE(conflicts(gratuitous(MacAddress::broadcast())).empty());
  EXPECT_TRUE(conflicts(advertised(MacAddress({0x33, 0x33, 0, 0, 0, 1}))).empty());
  EXPECT_TRUE(conflicts(advertised(MacAddress())).empty());
}

TEST_F(Contested, InvalidAdvertisementsAreMalformedAndClaimNothing) {
  EXPECT_TRUE(conflicts(advertisement_frame({.hop_limit = 254})).empty());
  EXPECT_TRUE(conflicts(advertisement_frame({.bad_checksum = true})).empty());
  EXPECT_TRUE(conflicts(advertisement_frame({.flags = 0x60000000U})).empty()) << "solicited, and yet to everybody";
  EXPECT_EQ(world.core.drops().malformed, 3U);
}

TEST_F(Contested, AFloodIsToldOncePerAddressAndInterval) {
  proven(gratuitous(kStrangerMac));
  world.run(kConflictInterval);
  std::size_t told = 0;
  for (int i = 0; i < 1000; ++i) {
    told += conflicts(gratuitous(kStrangerMac)).size();
    world.run(1ms);
  }
  EXPECT_EQ(told, 20U) << "one in 50 ms";
  EXPECT_EQ(foreign(), 21U);
}

TEST_F(Contested, AFloodOfStrangersHidesNoMember) {
  conflicts(gratuitous(kStrangerMac));
  EXPECT_EQ(conflicts(gratuitous(kMemberMac)).size(), 1U);
}

TEST_F(Contested, WhatAMemberSaysToOurReannouncementIsToldAtOnce) {
  EXPECT_EQ(conflicts(gratuitous(kMemberMac)).size(), 1U);
  EXPECT_TRUE(conflicts(gratuitous(kMemberMac, kVip, 2)).empty()) << "the second frame of its round";
  world.input(Command(Reannounce{kVip}));
  EXPECT_TRUE(conflicts(gratuitous(kMemberMac, kVip, 2)).empty()) << "nor when we were quicker than that";
  EXPECT_EQ(conflicts(gratuitous(kMemberMac)).size(), 1U);
  EXPECT_TRUE(conflicts(gratuitous(kMemberMac)).empty()) << "only once";
}

TEST_F(Contested, AMembersAnnouncementIsNeitherAnsweredNorOpposedHere) {
  EXPECT_TRUE(World::of<SendFrame>(after(gratuitous(kMemberMac))).empty()) << "who is right is for the election to say";
  world.run(15s);
  EXPECT_TRUE(World::of<SendFrame>(world.take()).empty());
}

TEST_F(Contested, AMembersProbeAndItsQuestionsAreAnswered) {
  const auto probe = arp_frame({.ethernet_source = kMemberMac, .sender_mac = kMemberMac, .sender_ip = IpAddress()});
  EXPECT_EQ(World::of<SendFrame>(after(probe)).size(), 1U);
  const auto question = arp_frame({.ethernet_source = kMemberMac, .sender_mac = kMemberMac});
  EXPECT_EQ(World::of<SendFrame>(after(question)).size(), 1U);
}

TEST_F(Contested, AStrangerIsOpposedAtOnceWithOneRoundOnEveryInterface) {
  const auto frames = World::of<SendFrame>(after(gratuitous(kStrangerMac)));
  ASSERT_EQ(frames.size(), 5U) << "the answer to its request, and two frames on each of two interfaces";
  EXPECT_EQ(frames[0].purpose, Purpose::kAnswer);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_TRUE(frames[i].purpose == Purpose::kAnnouncement && frames[i].address == kVip);
  world.run(15s);
  for (const auto& sent : World::of<SendFrame>(world.take()))
    EXPECT_EQ(sent.purpose, Purpose::kProbe) << "RFC 5227 2.4 (c): one announcement";
}

TEST_F(Contested, AStrangerIsOpposedOnceInTenSeconds) {
  const auto before = world.core.address_counters().at(kVip).gratuitous_sent;
  for (int i = 0; i < 99; ++i) {
    after(used(kStrangerMac));
    world.run(100ms);
  }
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 4U);
  world.run(100ms);
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 8U);
}

TEST_F(Contested, AStrangersLastWordIsOpposedWhenTheTenSecondsAreOver) {
  // RFC 5227, Section 2.3: whoever takes an address announces it twice, two seconds apart. The LAN believes the second.
  after(gratuitous(kStrangerMac));
  world.run(2s);
  const auto before = world.core.address_counters().at(kVip).gratuitous_sent;
  after(gratuitous(kStrangerMac));
  world.run(7999ms);
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 0U);
  world.run(1ms);
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 4U);
  world.run(5s);
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 4U) << "one round";
}

TEST_F(Contested, TheSecondFrameOfAnAnnouncementMayHaveCrossedOurs) {
  after(gratuitous(kStrangerMac));
  const auto before = world.core.address_counters().at(kVip).gratuitous_sent;
  after(gratuitous(kStrangerMac, kVip, 2));
  world.run(10s);
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 4U);
}

TEST_F(Contested, ClaimsThatComeTogetherAreOpposedTogetherByOneRound) {
  // As a socket hands them over: a request and a reply, both also heard on the other interface of the same LAN.
  const auto before = world.core.address_counters().at(kVip).gratuitous_sent;
  for (const auto interface : {kEth0, kEth1}) {
    for (const auto operation : {std::uint16_t{1}, std::uint16_t{2}}) {
      world.input(FrameReceived{interface, gratuitous(kStrangerMac, kVip, operation)});
    }
  }
  world.core.on_time(world.now(), world.out);
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 4U);
  world.run(15s);
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 4U);
}

TEST_F(Contested, TwoThatBothDefendExchangeOneRoundInTenSeconds) {
  const auto before = world.core.address_counters().at(kVip).gratuitous_sent;
  world.input(FrameReceived{kEth0, gratuitous(kStrangerMac)});
  for (int i = 0; i < 600; ++i) {
    world.run(100ms);
    for (const auto& sent : World::of<SendFrame>(world.take())) {
      if (sent.purpose == Purpose::kAnnouncement) world.input(FrameReceived{kEth0, gratuitous(kStrangerMac)});
    }
  }
  EXPECT_GE(world.core.address_counters().at(kVip).gratuitous_sent - before, 4U * 6);
  EXPECT_LE(world.core.address_counters().at(kVip).gratuitous_sent - before, 4U * 7 + 2) << "and a refresh";
}

TEST_F(Contested, AfterAPauseAClaimIsOpposedThoughOneWasPlannedBefore) {
  after(gratuitous(kStrangerMac));
  world.run(2s);
  after(gratuitous(kStrangerMac));
  world.steady += 1s;  // the process stood still
  world.core.on_time(world.now(), world.out);
  world.run(6500ms);
  world.take();
  const auto before = world.core.address_counters().at(kVip).gratuitous_sent;
  after(gratuitous(kStrangerMac));
  world.run(1s);
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 4U) << "ten seconds after the first";
}

TEST_F(Contested, WhatIsPlannedAgainstAStrangerEndsWithTheAddress) {
  after(gratuitous(kStrangerMac));
  after(gratuitous(kStrangerMac));
  world.withdraw(kFoo, kVip);
  world.take();
  world.run(15s);
  EXPECT_TRUE(World::of<SendFrame>(world.take()).empty());
}

TEST_F(Contested, AMemberThatLeftTheTableIsAStranger) {
  world.input(NeighboursKnown{{}});
  EXPECT_EQ(proven(gratuitous(kMemberMac)).at(0).node, std::nullopt);
}

TEST_F(Contested, BoundsWhatItRemembersByWhatIsAnnounced) {
  // A withdrawn address is forgotten: announced again, the next claim is news.
  EXPECT_EQ(conflicts(gratuitous(kMemberMac)).size(), 1U);
  EXPECT_EQ(proven(gratuitous(kStrangerMac)).size(), 1U);
  world.withdraw(kFoo, kVip);
  world.announce(kFoo, kVip);
  EXPECT_EQ(conflicts(gratuitous(kMemberMac)).size(), 1U);
  EXPECT_TRUE(conflicts(gratuitous(kStrangerMac)).empty()) << "nor is a stranger proven any more";
}

// A member whose MAC is not known looks like a stranger, for the moment in which an address changes its owner.

/// The frames by which we asked whether somebody else has an address.
std::vector<Bytes> probes(const std::vector<Action>& actions) {
  std::vector<Bytes> out;
  for (const auto& sent : World::of<SendFrame>(actions)) {
    if (sent.purpose == Purpose::kProbe) out.push_back(sent.frame);
  }
  return out;
}

TEST_F(Contested, AStrangersFirstClaimIsProbedThreeTimesASecondApart) {
  EXPECT_TRUE(probes(after(gratuitous(kStrangerMac), kEth1)).empty());
  EXPECT_EQ(foreign(), 0U);
  world.run(kProbation - 1ms);
  EXPECT_TRUE(probes(world.take()).empty());
  world.run(1ms);
  const auto first = probes(world.take());
  // RFC 5227, Section 2.1.1: from nobody, to everybody, about the address.
  const auto expected = arp_frame({.ethernet_destination = MacAddress::broadcast(),
                                   .ethernet_source = eth1().mac,
                                   .sender_mac = eth1().mac,
                                   .sender_ip = ip("0.0.0.0"),
                                   .target_ip = kVip});
  EXPECT_THAT(first, testing::ElementsAre(expected));
  // A real loop is always a little late.
  world.run(10s, 1ms);
  EXPECT_EQ(probes(world.take()).size(), 2U);
}

TEST_F(Contested, AnIpv6AddressIsProbedAsForDuplicateAddressDetection) {
  conflicts(advertised(kStrangerMac));
  world.run(kProbation);
  const auto sent = probes(world.take());
  ASSERT_EQ(sent.size(), 1U);
  const auto probe = decode_solicitation(sent[0]);
  ASSERT_TRUE(probe) << "checksum and hop limit are right";
  EXPECT_TRUE(probe->is_duplicate_probe());
  EXPECT_EQ(probe->target, kVip6);
  EXPECT_EQ(probe->destination, solicited_node_group(kVip6));
  EXPECT_EQ(probe->ethernet_destination, MacAddress::multicast(solicited_node_group(kVip6)));
  EXPECT_EQ(probe->source_link_layer, std::nullopt) << "RFC 4861, Section 4.3: not from the unspecified address";
}

TEST_F(Contested, AStrangerThatAnswersTheProbeIsTold) {
  conflicts(gratuitous(kStrangerMac));
  world.run(kProbation);
  EXPECT_EQ(conflicts(answered(kStrangerMac)).size(), 1U);
  EXPECT_EQ(foreign(), 1U);
}

TEST_F(Contested, WhoeverClaimsForAMomentOnlyIsNeitherToldNorCounted) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(conflicts(gratuitous(kStrangerMac)).empty());
    world.run(90ms);
  }
  world.run(1min);
  EXPECT_EQ(foreign(), 0U);
}

TEST_F(Contested, AStrangersProbationIsForgottenAfterNinetySeconds) {
  conflicts(gratuitous(kStrangerMac));
  world.run(kSuspicion + 1ms);
  EXPECT_TRUE(proven(gratuitous(kStrangerMac)).size() == 1U) << "begins anew";
  world.run(kSuspicion);
  EXPECT_EQ(conflicts(gratuitous(kStrangerMac)).size(), 1U) << "each claim counts from then on";
}

TEST_F(Contested, ManyStrangersAtOnceAreBelievedWithoutProbation) {
  std::size_t told = 0;
  for (int i = 10; i < 60; ++i) {
    told += conflicts(gratuitous(mac("02:00:00:00:01:" + std::to_string(i)))).size();
    world.run(kConflictInterval);
  }
  EXPECT_EQ(told, 46U) << "all but four";
}

TEST_F(Contested, NobodyIsProbedForAnAddressThatIsWithdrawn) {
  conflicts(gratuitous(kStrangerMac));
  world.withdraw(kFoo, kVip);
  world.run(1min);
  EXPECT_TRUE(probes(world.take()).empty());
}

TEST_F(Contested, AProbeThatCouldNotBeSentIsNoFault) {
  conflicts(gratuitous(kStrangerMac));
  const auto before = world.core.address_counters().at(kVip).gratuitous_sent;
  world.input(FrameLost{kVip, Purpose::kProbe});
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent, before);
}

// Without membership any claim may be that of a new owner, which the API has told before us.

TEST_F(ContestedAmongStrangers, AClaimIsOpposedAfterAPause) {
  EXPECT_EQ(World::of<SendFrame>(after(gratuitous(kStrangerMac))).size(), 1U) << "the answer";
  world.run(4999ms);
  EXPECT_THAT(World::of<SendFrame>(world.take()), testing::SizeIs(3)) << "the probes";
  world.run(1ms);
  EXPECT_EQ(World::of<SendFrame>(world.take()).size(), 2U);
}

TEST_F(ContestedAmongStrangers, AClaimIsNotOpposedWhenTheAddressIsWithdrawnMeanwhile) {
  after(gratuitous(kStrangerMac));
  world.run(4s);
  world.withdraw(kFoo, kVip);
  world.take();
  world.run(1min);
  EXPECT_TRUE(World::of<SendFrame>(world.take()).empty());
}

TEST_F(ContestedAmongStrangers, ANewServiceDoesNotWaitForTheAnnouncementThatOpposes) {
  after(gratuitous(kStrangerMac));
  world.announce(kBar, kVip);
  EXPECT_EQ(World::of<SendFrame>(world.take()).size(), 2U);
}

}  // namespace
}  // namespace metallb::layer2
