// Gratuitous announcements: layer2 spec 3.6 and 3.7, without the repetitions of 7.10.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "world.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

/// Runs for a while and tells at which offsets from the start how many frames left `interface`.
std::map<Duration, std::size_t> rounds(World& world, Duration duration, InterfaceIndex interface = kEth0) {
  std::map<Duration, std::size_t> out;
  const auto start = world.steady;
  const auto collect = [&] {
    for (const auto& sent : World::of<SendFrame>(world.take())) {
      if (sent.interface == interface) ++out[world.steady - start];
    }
  };
  collect();
  while (world.core.next_deadline() <= start + duration) {
    world.steady = std::max(world.steady, world.core.next_deadline());
    world.core.on_time(world.now(), world.out);
    collect();
  }
  world.steady = start + duration;
  return out;
}

using Rounds = std::map<Duration, std::size_t>;
const Rounds kFiveOfTwo{{0ms, 2}, {1100ms, 2}, {2200ms, 2}, {3300ms, 2}, {4400ms, 2}};
const Rounds kFiveOfOne{{0ms, 1}, {1100ms, 1}, {2200ms, 1}, {3300ms, 1}, {4400ms, 1}};

TEST(Announcement, MakesATakeOverKnownWithARequestAndAReply) {
  World world;
  world.announce(kFoo, kVip);
  const auto frames = world.of<SendFrame>(world.take());
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(to_hex(frames[0].frame), kGratuitousRequest);
  EXPECT_EQ(to_hex(frames[1].frame), kGratuitousReply);
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent, 2U);
  EXPECT_EQ(world.core.address_counters().at(kVip).responses_sent, 0U);
}

TEST(Announcement, MakesAnIpv6TakeOverKnownWithAnUnsolicitedAdvertisement) {
  World world;
  world.announce(kFoo, kVip6);
  const auto frames = world.of<SendFrame>(world.take());
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(to_hex(frames[0].frame),
            "33330000000102000000000186dd6000000000203afffe800000000000000000000000000001ff020000000000000000000000000001"
            "880026242000000020010db80000000000000000000002400201020000000001");
  EXPECT_EQ(world.core.address_counters().at(kVip6).gratuitous_sent, 1U);
}

TEST(Announcement, SendsFiveRoundsInFiveSeconds) {
  World world;
  world.announce(kFoo, kVip);
  EXPECT_EQ(rounds(world, 1min), kFiveOfTwo);
  EXPECT_EQ(world.core.next_deadline(), kIdle);
  world.announce(kFoo, kVip6);
  EXPECT_EQ(rounds(world, 1min), kFiveOfOne);
}

TEST(Announcement, IsNotRepeatedWithTheSameInterfaces) {
  World world;
  world.announce(kFoo, kVip, only({"eth0"}));
  world.run(1500ms);
  world.take();
  world.announce(kFoo, kVip, only({"eth0"}));
  EXPECT_EQ(rounds(world, 1min), (Rounds{{700ms, 2}, {1800ms, 2}, {2900ms, 2}}));
  world.announce(kFoo, kVip, only({"eth0"}));
  EXPECT_TRUE(world.take().empty());
}

TEST(Announcement, IsExtendedWhenAnotherServiceComesDuringTheBurst) {
  World world;
  world.announce(kFoo, kVip);
  world.run(1s);
  world.take();
  world.announce(kBar, kVip);
  EXPECT_EQ(rounds(world, 1min), (Rounds{{100ms, 2}, {1200ms, 2}, {2300ms, 2}, {3400ms, 2}, {4500ms, 2}}));
  world.announce({"default", "third"}, kVip);
  EXPECT_EQ(rounds(world, 1min), kFiveOfTwo);
}

TEST(Announcement, GoesOutOnNewInterfacesOnlyWhenTheSetGrows) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip, only({"eth0"}));
  world.settle();
  world.announce(kFoo, kVip, only({"eth0", "eth1"}));
  const auto before = world;
  EXPECT_TRUE(rounds(world, 1min, kEth0).empty());
  world = before;
  EXPECT_EQ(rounds(world, 1min, kEth1), kFiveOfTwo);
}

TEST(Announcement, StopsOnInterfacesThatLeaveTheSet) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip);
  world.take();
  world.announce(kFoo, kVip, only({"eth0"}));
  const auto before = world;
  EXPECT_EQ(rounds(world, 1min, kEth0).size(), 4U);
  world = before;
  EXPECT_TRUE(rounds(world, 1min, kEth1).empty());
}

TEST(Announcement, StopsWhenTheAddressIsWithdrawn) {
  World world;
  world.announce(kFoo, kVip);
  world.run(2s);
  world.take();
  world.withdraw(kFoo, kVip);
  EXPECT_TRUE(rounds(world, 1min).empty());
  EXPECT_EQ(world.core.next_deadline(), kIdle);
}

TEST(Announcement, GoesOnWhenAnotherServiceStillHoldsTheAddress) {
  World world;
  world.announce(kFoo, kVip);
  world.announce(kBar, kVip);
  world.take();
  world.withdraw(kBar, kVip);
  EXPECT_EQ(rounds(world, 1min).size(), 4U);
}

TEST(Announcement, IsMadeOnAnInterfaceThatAppears) {
  World world;
  world.announce(kFoo, kVip);
  world.settle();
  world.input(eth1());
  const auto before = world;
  EXPECT_TRUE(rounds(world, 1min, kEth0).empty());
  world = before;
  EXPECT_EQ(rounds(world, 1min, kEth1), kFiveOfTwo);
}

TEST(Announcement, IsMadeAnewWhenTheMacChangesEvenDuringTheBurst) {
  World world;
  world.announce(kFoo, kVip);
  world.run(500ms);
  world.take();
  auto changed = eth0();
  changed.mac = mac("02:00:00:00:00:0a");
  world.input(changed);
  const auto frames = world.of<SendFrame>(world.out);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(to_hex(ByteView(frames[0].frame).subspan(22, 6)), "02000000000a");
  EXPECT_EQ(rounds(world, 1min), kFiveOfTwo);
}

TEST(Announcement, OfIpv6AloneIsMadeWhenTheLinkLocalAddressComes) {
  auto early = eth0();
  early.link_local.reset();
  World world({early});
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  world.settle();
  world.input(eth0());
  EXPECT_EQ(rounds(world, 1min), kFiveOfOne);
}

TEST(Announcement, OfManyAddressesComesInSlices) {
  World world({});
  for (std::uint32_t i = 0; i < 1000; ++i) world.announce(kFoo, IpAddress::v4(0x0A000000 + i));
  world.input(eth0());
  auto sent = World::of<SendFrame>(world.take()).size();
  EXPECT_LE(sent, kFramesPerSlice);
  int calls = 0;
  while (world.core.next_deadline() <= world.steady) {
    world.core.on_time(world.now(), world.out);
    const auto slice = World::of<SendFrame>(world.take()).size();
    EXPECT_GT(slice, 0U);
    EXPECT_LE(slice, kFramesPerSlice);
    sent += slice;
    ++calls;
  }
  EXPECT_EQ(sent, 2000U);
  EXPECT_GE(calls, 31);
  world.run(1min);
  EXPECT_EQ(World::of<SendFrame>(world.take()).size(), 8000U);
}

TEST(Announcement, DoesNotDelayAnswers) {
  World world({});
  for (std::uint32_t i = 0; i < 1000; ++i) world.announce(kFoo, IpAddress::v4(0x0A000000 + i));
  world.input(eth0());
  const auto frames = world.receive(arp_frame({.target_ip = IpAddress::v4(0x0A000000)}));
  ASSERT_EQ(frames.size(), 1U) << "a received frame brings its answer and no slice of announcements";
}

TEST(AnnouncementSchedule, KeepsTheIntervalWhenItIsCalledLate) {
  AnnouncementSchedule schedule;
  const AnnouncementSchedule::Round round{kVip, kEth0};
  const SteadyPoint start{1h};
  schedule.start(start, round);
  EXPECT_EQ(schedule.take_due(start + 300ms), round);
  EXPECT_EQ(schedule.next(), start + 1400ms);
  EXPECT_EQ(schedule.take_due(start + 1300ms), std::nullopt);
}

TEST(AnnouncementSchedule, CarriesOtherRhythms) {
  AnnouncementSchedule schedule;
  const AnnouncementSchedule::Round round{kVip, kEth0};
  const SteadyPoint start{1h};
  schedule.start(start, round, {.interval = 1min, .length = 24h});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(schedule.take_due(start + i * 1min), round);
  schedule.stop(round);
  EXPECT_EQ(schedule.next(), kIdle);
}

/// Somebody else's gratuitous request for `address`.
Bytes claim(const IpAddress& address, const MacAddress& from = kClientMac) {
  return arp_frame({.ethernet_source = from, .sender_mac = from, .sender_ip = address, .target_ip = address});
}

TEST(Announcement, AnswersAClaimOfSomebodyElseAndOpposesItAfterAPause) {
  World world;
  world.announce(kFoo, kVip);
  world.settle();
  EXPECT_EQ(world.receive(claim(kVip)).size(), 1U) << "a gratuitous request is a request";
  EXPECT_EQ(rounds(world, 1min), (Rounds{{5000ms, 2}, {6100ms, 2}, {7200ms, 2}, {8300ms, 2}, {9400ms, 2}}));
}

TEST(Announcement, OpposesClaimsOfAnAddressOnceInTenSeconds) {
  World world;
  world.announce(kFoo, kVip);
  world.settle();
  std::size_t before = world.core.address_counters().at(kVip).gratuitous_sent;
  for (int i = 0; i < 99; ++i) {
    world.receive(claim(kVip));
    world.run(100ms);
  }
  world.settle();
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 10U);
  before = world.core.address_counters().at(kVip).gratuitous_sent;
  world.receive(claim(kVip));
  world.settle();
  EXPECT_EQ(world.core.address_counters().at(kVip).gratuitous_sent - before, 10U);
}

TEST(Announcement, SaysNothingAgainstAClaimWhenTheAddressIsWithdrawnMeanwhile) {
  World world;
  world.announce(kFoo, kVip);
  world.settle();
  world.receive(claim(kVip));
  world.run(4s);
  world.withdraw(kFoo, kVip);
  world.take();
  EXPECT_EQ(rounds(world, 1min), Rounds{});
}

TEST(Announcement, TakesNoNoticeOfItsOwnAnnouncementsHeardOnAnotherInterface) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip);
  world.settle();
  world.receive(claim(kVip, eth1().mac));
  world.receive(claim(kVip, eth0().mac), kEth1);
  EXPECT_EQ(world.core.next_deadline(), kIdle);
}

TEST(Announcement, TakesNoNoticeOfOrdinaryRequestsAndClaimsOfForeignAddresses) {
  World world;
  world.announce(kFoo, kVip);
  world.settle();
  world.receive(arp_frame({}));
  world.receive(claim(kClientIp));
  EXPECT_EQ(world.core.next_deadline(), kIdle);
}

TEST(Announcement, OfANewServiceDoesNotWaitForTheBurstThatOpposesAClaim) {
  World world;
  world.announce(kFoo, kVip);
  world.settle();
  world.receive(claim(kVip));
  world.take();
  world.announce(kBar, kVip);
  const auto sent = rounds(world, 1min);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.begin()->first, 0ms);
  EXPECT_GT(sent.rbegin()->first, 8s) << "the claim is opposed nevertheless";
}

TEST(Announcement, BeginsAnewWhenTheSocketIsReadyAgain) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  world.run(2s);
  world.take();
  world.input(SendersReady{kEth0, IpFamily::kIpv4});
  EXPECT_EQ(world.of<SendFrame>(world.take()).size(), 2U) << "IPv4 on one interface, at once";
  world.settle();
  world.input(SendersReady{kEth0, IpFamily::kIpv4});
  EXPECT_EQ(rounds(world, 1min), kFiveOfTwo);
  world.input(SendersReady{kEth0, IpFamily::kIpv6});
  EXPECT_EQ(rounds(world, 1min), kFiveOfOne);
  world.input(SendersReady{InterfaceIndex(99), IpFamily::kIpv4});
  EXPECT_EQ(rounds(world, 1min), Rounds{});
}

TEST(Announcement, BeginsAnewWhenTheCarrierComesAndGoesOnWithoutOne) {
  auto dead = eth0();
  dead.running = false;
  World world({dead});
  world.announce(kFoo, kVip);
  EXPECT_TRUE(world.answers(kVip)) << "the carrier does not decide who answers";
  world.settle();
  world.input(eth0());
  EXPECT_EQ(rounds(world, 1min), kFiveOfTwo);
  world.input(dead);
  EXPECT_EQ(rounds(world, 1min), Rounds{});
}

TEST(Announcement, IsNotCountedWhenItDidNotLeave) {
  World world;
  world.announce(kFoo, kVip);
  world.receive(arp_frame({}));
  world.input(FrameLost{kVip, true});
  world.input(FrameLost{kVip, false});
  const auto& counters = world.core.address_counters().at(kVip);
  EXPECT_EQ(counters.gratuitous_sent, 1U);
  EXPECT_EQ(counters.responses_sent, 0U);
  EXPECT_EQ(counters.requests_received, 1U);
}

TEST(Announcement, NamesTheAddressOfEveryFrame) {
  World world;
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  for (const auto& sent : world.of<SendFrame>(world.take())) {
    EXPECT_TRUE(sent.gratuitous);
    EXPECT_EQ(sent.address, sent.frame[12] == 0x08 ? kVip : kVip6);
  }
  const auto answer = world.receive(arp_frame({}));
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_FALSE(answer[0].gratuitous);
  EXPECT_EQ(answer[0].address, kVip);
}

}  // namespace
}  // namespace metallb::layer2
