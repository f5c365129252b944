// The refresh without end: failover spec 6 ("one per address every 60 s with jitter; at most 50 frames a second per
// interface in all"), layer2 spec 7 item 9.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "world.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

/// When frames left, by address, from now on.
std::map<IpAddress, std::vector<SteadyPoint>> sent(World& world, Duration duration, InterfaceIndex interface = kEth0) {
  std::map<IpAddress, std::vector<SteadyPoint>> out;
  const auto end = world.steady + duration;
  while (world.core.next_deadline() <= end) {
    world.steady = std::max(world.steady, world.core.next_deadline());
    world.core.on_time(world.now(), world.out);
    for (const auto& frame : World::of<SendFrame>(world.take())) {
      if (frame.interface == interface) out[frame.address].push_back(world.steady);
    }
  }
  world.steady = end;
  return out;
}

void announce_many(World& world, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) world.announce(kFoo, IpAddress::v4(0x0A000000 + i));
  world.settle();
}

TEST(Refresh, ComesOnceAMinutePerAddressWithoutEnd) {
  World world;
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  world.settle();
  for (const auto& [address, times] : sent(world, 6h)) {
    EXPECT_NEAR(static_cast<double>(times.size()), 6 * 60, 10) << address.to_string();
    std::set<Duration> gaps;
    for (std::size_t i = 1; i < times.size(); ++i) gaps.insert(times[i] - times[i - 1]);
    EXPECT_GE(*gaps.begin(), 54s);
    EXPECT_LE(*gaps.rbegin(), 68s);
    EXPECT_GT(gaps.size(), times.size() / 2) << "jitter: hardly two gaps are the same";
  }
}

TEST(Refresh, IsOneGratuitousRequest) {
  World world;
  world.announce(kFoo, kVip);
  world.settle();
  std::vector<SendFrame> frames;
  while (frames.empty()) {
    world.steady = world.core.next_deadline();
    world.core.on_time(world.now(), world.out);
    frames = World::of<SendFrame>(world.take());
  }
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(to_hex(frames[0].frame), kGratuitousRequest);
  EXPECT_EQ(frames[0].purpose, Purpose::kAnnouncement);
}

TEST(Refresh, OfAddressesTakenOverTogetherIsSpread) {
  World world;
  announce_many(world, 600);
  std::map<std::int64_t, std::size_t> by_second;
  for (const auto& [address, times] : sent(world, 3min)) {
    for (const auto& time : times)
      ++by_second[std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count()];
  }
  // 600 in 54 seconds are 11 a second.
  for (const auto& [second, count] : by_second) EXPECT_LE(count, 30U) << second;
}

TEST(Refresh, TakesAtMostFiftyFramesASecondOnAnInterfaceAndForgetsNoAddress) {
  RefreshSchedule schedule(1);
  SteadyPoint now{1h};
  for (std::uint32_t i = 0; i < 5000; ++i) {
    schedule.add(now, {IpAddress::v4(i), kEth0});
    schedule.add(now, {IpAddress::v4(i), kEth1});
  }
  std::map<InterfaceIndex, std::vector<SteadyPoint>> times;
  std::set<Round> seen;
  for (const auto end = now + 4min; schedule.next() <= end;) {
    now = std::max(now, schedule.next());
    const auto round = schedule.take_due(now);
    ASSERT_TRUE(round.has_value());
    times[round->interface].push_back(now);
    seen.insert(*round);
  }
  EXPECT_EQ(seen.size(), 10000U);
  for (const auto& [interface, all] : times) {
    EXPECT_GT(all.size(), 9000U) << "the rate is used";
    for (std::size_t i = 50; i < all.size(); ++i) ASSERT_GE(all[i] - all[i - 50], 1s);
  }
}

TEST(Refresh, KeepsItsRateWhenItIsCalledLate) {
  RefreshSchedule schedule(1);
  for (std::uint32_t i = 0; i < 100; ++i) schedule.add(SteadyPoint{1h}, {IpAddress::v4(i), kEth0});
  const SteadyPoint late{2h};
  EXPECT_TRUE(schedule.take_due(late).has_value());
  EXPECT_FALSE(schedule.take_due(late).has_value());
  EXPECT_EQ(schedule.next(), late + 20ms);
}

TEST(Refresh, EndsWithTheAddressOrItsInterface) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  world.settle();
  world.input(InterfaceGone{kEth1});
  world.withdraw(kFoo, kVip);
  const auto before = world;
  EXPECT_TRUE(sent(world, 5min, kEth1).empty());
  world = before;
  EXPECT_EQ(sent(world, 5min).size(), 1U) << "the other address goes on";
  world.withdraw(kFoo, kVip6);
  EXPECT_TRUE(sent(world, 5min).empty());
  EXPECT_EQ(world.core.next_deadline(), kIdle) << "nothing announced, no wake-ups";
}

TEST(Refresh, DiffersInItsPhaseFromSeedToSeed) {
  const Round round{kVip, kEth0};
  std::set<SteadyPoint> phases;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RefreshSchedule schedule(seed);
    schedule.add(SteadyPoint{1h}, round);
    phases.insert(schedule.next());
  }
  EXPECT_EQ(phases.size(), 20U);
  EXPECT_GT(*phases.rbegin() - *phases.begin(), 30s);
}

}  // namespace
}  // namespace metallb::layer2
