// Gratuitous announcements: failover spec 6, layer2 spec 3.6 and 3.7, without the repetitions of 7.10. What goes on without
// end is in refresh_test.cpp, what others claim in conflict_test.cpp.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
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
/// The failover spec's rounds, and then the original's.
Rounds burst(std::size_t frames) {
  return {{0ms, frames},    {50ms, frames},   {150ms, frames},  {350ms, frames}, {750ms, frames},
          {1100ms, frames}, {2200ms, frames}, {3300ms, frames}, {4400ms, frames}};
}
const Rounds kBurstOfTwo = burst(2);
const Rounds kBurstOfOne = burst(1);
constexpr auto kWhile = 8s;

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

TEST(Announcement, SendsFiveQuickRoundsAndThenTheOriginals) {
  World world;
  world.announce(kFoo, kVip);
  EXPECT_EQ(rounds(world, kWhile), kBurstOfTwo);
  world.announce(kFoo, kVip6);
  EXPECT_EQ(rounds(world, kWhile), kBurstOfOne);
}

TEST(Announcement, IsNotRepeatedWithTheSameInterfaces) {
  World world;
  world.announce(kFoo, kVip, only({"eth0"}));
  world.run(1500ms);
  world.take();
  world.announce(kFoo, kVip, only({"eth0"}));
  EXPECT_EQ(rounds(world, kWhile), (Rounds{{700ms, 2}, {1800ms, 2}, {2900ms, 2}})) << "the rest of the burst";
  world.announce(kFoo, kVip, only({"eth0"}));
  EXPECT_TRUE(world.take().empty());
}

TEST(Announcement, IsExtendedWhenAnotherServiceComesDuringTheBurst) {
  World world;
  world.announce(kFoo, kVip);
  world.run(1s);
  world.take();
  world.announce(kBar, kVip);
  EXPECT_EQ(rounds(world, kWhile), (Rounds{{100ms, 2}, {1200ms, 2}, {2300ms, 2}, {3400ms, 2}, {4500ms, 2}}));
  world.announce({"default", "third"}, kVip);
  EXPECT_EQ(rounds(world, kWhile), kBurstOfTwo);
}

TEST(Announcement, GoesOutOnNewInterfacesOnlyWhenTheSetGrows) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip, only({"eth0"}));
  world.settle();
  world.announce(kFoo, kVip, only({"eth0", "eth1"}));
  const auto before = world;
  EXPECT_TRUE(rounds(world, kWhile, kEth0).empty());
  world = before;
  EXPECT_EQ(rounds(world, kWhile, kEth1), kBurstOfTwo);
}

TEST(Announcement, StopsOnInterfacesThatLeaveTheSet) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip);
  world.take();
  world.announce(kFoo, kVip, only({"eth0"}));
  const auto before = world;
  EXPECT_EQ(rounds(world, kWhile, kEth0).size(), 8U);
  world = before;
  EXPECT_TRUE(rounds(world, kWhile, kEth1).empty());
}

TEST(Announcement, StopsWhenTheAddressIsWithdrawn) {
  World world;
  world.announce(kFoo, kVip);
  world.run(2s);
  world.take();
  world.withdraw(kFoo, kVip);
  EXPECT_TRUE(rounds(world, kWhile).empty());
  EXPECT_EQ(world.core.next_deadline(), kIdle);
}

TEST(Announcement, GoesOnWhenAnotherServiceStillHoldsTheAddress) {
  World world;
  world.announce(kFoo, kVip);
  world.announce(kBar, kVip);
  world.take();
  world.withdraw(kBar, kVip);
  EXPECT_EQ(rounds(world, kWhile).size(), 8U);
}

TEST(Announcement, IsMadeOnAnInterfaceThatAppears) {
  World world;
  world.announce(kFoo, kVip);
  world.settle();
  world.input(eth1());
  const auto before = world;
  EXPECT_TRUE(rounds(world, kWhile, kEth0).empty());
  world = before;
  EXPECT_EQ(rounds(world, kWhile, kEth1), kBurstOfTwo);
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
  EXPECT_EQ(rounds(world, kWhile), kBurstOfTwo);
}

TEST(Announcement, OfIpv6AloneIsMadeWhenTheLinkLocalAddressComes) {
  auto early = eth0();
  early.link_local.reset();
  World world({early});
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  world.settle();
  world.input(eth0());
  EXPECT_EQ(rounds(world, kWhile), kBurstOfOne);
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
  world.run(kWhile);
  EXPECT_EQ(World::of<SendFrame>(world.take()).size(), 16000U) << "no bound holds the repetitions up either";
}

TEST(Announcement, OfEveryAddressIsMadeOnceBeforeAnyIsRepeated) {
  // The commands come slowly: the first bursts would be in full swing before the last address has been announced once.
  World world;
  std::set<IpAddress> announced;
  for (std::uint32_t i = 0; i < 200; ++i) {
    world.steady += 10ms;
    const auto address = IpAddress::v4(0x0A000000 + i);
    world.announce(kFoo, address);
    const auto frames = World::of<SendFrame>(world.take());
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0].address, address);
  }
  world.core.on_time(world.now(), world.out);
  EXPECT_EQ(World::of<SendFrame>(world.take()).size(), kFramesPerSlice) << "now the repetitions";
}

TEST(Announcement, DoesNotDelayAnswers) {
  World world({});
  for (std::uint32_t i = 0; i < 1000; ++i) world.announce(kFoo, IpAddress::v4(0x0A000000 + i));
  world.input(eth0());
  const auto frames = world.receive(arp_frame({.target_ip = IpAddress::v4(0x0A000000)}));
  ASSERT_EQ(frames.size(), 1U) << "a received frame brings its answer and no slice of announcements";
}

TEST(AnnouncementSchedule, KeepsTheGapsWhenItIsCalledLate) {
  AnnouncementSchedule schedule;
  const Round round{kVip, kEth0};
  const SteadyPoint start{1h};
  schedule.start(start, round);
  EXPECT_EQ(schedule.take_due(start + 300ms), round);
  EXPECT_EQ(schedule.next(), start + 350ms);
  EXPECT_EQ(schedule.take_due(start + 349ms), std::nullopt);
  EXPECT_EQ(schedule.take_due(start + 1s), round);
  EXPECT_EQ(schedule.next(), start + 1100ms);
}

TEST(AnnouncementSchedule, CarriesOtherRhythms) {
  static constexpr std::array<Duration, 2> kGaps{1s, 1min};
  AnnouncementSchedule schedule;
  const Round round{kVip, kEth0};
  const SteadyPoint start{1h};
  schedule.start(start, round, {.gaps = kGaps, .length = 24h});
  EXPECT_EQ(schedule.take_due(start), round);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(schedule.take_due(start + 1s + i * 1min), round);
  schedule.stop(round);
  EXPECT_EQ(schedule.next(), kIdle);
}

TEST(AnnouncementSchedule, AddsARoundWithoutABurstOrHastensTheNextOne) {
  AnnouncementSchedule schedule;
  const Round round{kVip, kEth0};
  const SteadyPoint start{1h};
  schedule.once(start, round);
  EXPECT_EQ(schedule.take_due(start), round);
  EXPECT_EQ(schedule.next(), kIdle) << "one is all";
  schedule.start(start, round);
  EXPECT_EQ(schedule.take_due(start), round);
  schedule.once(start + 10ms, round);
  EXPECT_EQ(schedule.take_due(start + 10ms), round);
  EXPECT_EQ(schedule.next(), start + 110ms) << "the burst goes on with its next gap";
}

TEST(AnnouncementSchedule, PlansAheadAndBeginsEarlierWhenSomethingHappens) {
  AnnouncementSchedule schedule;
  const Round round{kVip, kEth0};
  const SteadyPoint start{1h};
  schedule.start_at(start + 5s, round, kOnce);
  EXPECT_EQ(schedule.next(), start + 5s);
  schedule.start(start + 1s, round);
  EXPECT_EQ(schedule.take_due(start + 1s), round);
  EXPECT_EQ(schedule.next(), start + 1050ms);
}

TEST(Announcement, IsMadeOnceMoreOnEveryInterfaceWhenTheSpeakerAsksForIt) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip);
  world.settle();
  world.input(Command(Reannounce{kVip}));
  const auto before = world;
  EXPECT_EQ(rounds(world, kWhile, kEth0), (Rounds{{0ms, 2}}));
  world = before;
  EXPECT_EQ(rounds(world, kWhile, kEth1), (Rounds{{0ms, 2}}));
  world.input(Command(Reannounce{kClientIp}));
  EXPECT_TRUE(world.of<SendFrame>(world.take()).empty()) << "not an address of ours";
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
  EXPECT_EQ(rounds(world, kWhile), kBurstOfTwo);
  world.input(SendersReady{kEth0, IpFamily::kIpv6});
  EXPECT_EQ(rounds(world, kWhile), kBurstOfOne);
  world.input(SendersReady{InterfaceIndex(99), IpFamily::kIpv4});
  EXPECT_TRUE(world.take().empty());
}

TEST(Announcement, BeginsAnewWhenTheCarrierComesAndGoesOnWithoutOne) {
  auto dead = eth0();
  dead.running = false;
  World world({dead});
  world.announce(kFoo, kVip);
  EXPECT_TRUE(world.answers(kVip)) << "the carrier does not decide who answers";
  world.settle();
  world.input(eth0());
  EXPECT_EQ(rounds(world, kWhile), kBurstOfTwo);
  world.input(dead);
  EXPECT_EQ(rounds(world, kWhile), Rounds{});
}

TEST(Announcement, IsNotCountedWhenItDidNotLeave) {
  World world;
  world.announce(kFoo, kVip);
  world.receive(arp_frame({}));
  world.input(FrameLost{kVip, Purpose::kAnnouncement});
  world.input(FrameLost{kVip, Purpose::kAnswer});
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
    EXPECT_EQ(sent.purpose, Purpose::kAnnouncement);
    EXPECT_EQ(sent.address, sent.frame[12] == 0x08 ? kVip : kVip6);
  }
  const auto answer = world.receive(arp_frame({}));
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].purpose, Purpose::kAnswer);
  EXPECT_EQ(answer[0].address, kVip);
}

}  // namespace
}  // namespace metallb::layer2
