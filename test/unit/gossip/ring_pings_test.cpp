// The pings of a watch, what is learned from them, and for how long one is waited for: failover spec 3.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "gossip/round_trip_time.hpp"
#include "ring_world.hpp"

namespace metallb::gossip::test {
namespace {

std::optional<Duration> round_trip(const RingWorld& world, const std::string& name) {
  for (const auto& member : world.ring->watched()) {
    if (member.name == name) return member.round_trip;
  }
  return std::nullopt;
}

/// How long the first lost ping was waited for: until the burst began.
Duration waited(RingWorld& world, const std::string& name) {
  const auto sent = world.silence_before_next_ping(name);
  world.run(150ms);
  const auto pings = world.pings(name);
  return *std::ranges::upper_bound(pings, sent) - sent;
}

TEST(RingPings, GoToEachWatchedMemberEveryTenthOfASecond) {
  RingWorld world({"a", "b", "c"});
  world.run(10s);
  for (const auto& name : {"a", "b", "c"}) {
    const auto pings = world.pings(name);
    ASSERT_GE(pings.size(), 99U);
    for (std::size_t i = 1; i < pings.size(); ++i) ASSERT_EQ(pings[i] - pings[i - 1], 100ms);
  }
  EXPECT_EQ(world.actions.size(), world.done<WatchRing::SendPing>().size()) << "nothing but pings while all is well";
}

TEST(RingPings, StartAtARandomPhaseOfThePeriodForEachPair) {
  std::set<SteadyPoint> phases;
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    RingWorld world({"a", "b"}, {}, seed);
    world.run(100ms);
    for (const auto& name : {"a", "b"}) {
      ASSERT_EQ(world.pings(name).size(), 1U);
      phases.insert(world.pings(name).front());
      sum += in_ms(world.pings(name).front() - SteadyPoint(1s));
    }
  }
  EXPECT_EQ(phases.size(), 100U);
  EXPECT_NEAR(sum / 100, 50, 10);
}

TEST(RingPings, EachHasANumberOfItsOwn) {
  RingWorld world({"a", "b", "c"});
  world.run(2s);
  std::set<std::uint32_t> numbers;
  for (const auto& ping : world.done<WatchRing::SendPing>()) numbers.insert(ping.action.seq_no);
  EXPECT_EQ(numbers.size(), world.done<WatchRing::SendPing>().size());
}

TEST(RingPings, AreWaitedForThirtyMillisecondsAtLeast) {
  RingWorld world({"a", "b"});
  world.run(5s);
  EXPECT_EQ(waited(world, "a"), 30ms);
}

TEST(RingPings, AreWaitedForTheSmoothedRoundTripAndFourTimesItsVariation) {
  RingWorld steady({"a", "b"});
  steady.round_trip["a"] = 50ms;
  steady.run(10s);
  EXPECT_NEAR(in_ms(waited(steady, "a")), 50, 1);

  // Swinging between 20 and 40 ms, the variation settles near 10 ms: about 30 + 4 * 10.
  RingWorld swinging({"a", "b"});
  for (int i = 0; i < 100; ++i) {
    swinging.round_trip["a"] = i % 2 == 0 ? 20ms : 40ms;
    swinging.run(100ms);
  }
  EXPECT_NEAR(in_ms(waited(swinging, "a")), 70, 6);
}

TEST(RingPings, AreWaitedForAPeriodAtMostAndBeforeAnythingWasMeasured) {
  RingWorld unknown({"a", "b"});
  EXPECT_EQ(waited(unknown, "a"), 100ms);
  RingWorld slow({"a", "b"});
  slow.round_trip["a"] = 98ms;
  for (int i = 0; i < 40; ++i) {
    slow.round_trip["a"] = i % 2 == 0 ? 40ms : 98ms;
    slow.run(100ms);
  }
  EXPECT_EQ(waited(slow, "a"), 100ms);
}

// RFC 6298, Section 2: (2.2) and (2.3) by hand.
TEST(RoundTripTime, FollowsTheFormulas) {
  RoundTripTime time;
  EXPECT_EQ(time.timeout(30ms, 100ms), 100ms);
  time.sample(16ms);
  EXPECT_EQ(time.smoothed(), 16ms);
  EXPECT_EQ(time.timeout(0ms, 1s), 48ms);  // 16 + 4 * 8
  time.sample(32ms);
  EXPECT_EQ(time.smoothed(), 18ms);        // 7/8 * 16 + 1/8 * 32
  EXPECT_EQ(time.timeout(0ms, 1s), 58ms);  // variation 3/4 * 8 + 1/4 * 16 = 10
}

TEST(RingPings, AnAnswerAfterTheTimeOutEndsTheBurstAndCountsForTheRoundTrip) {
  RingWorld world({"a", "b"});
  world.run(30s);
  ASSERT_NEAR(in_ms(*round_trip(world, "a")), 1, 0.1);
  world.round_trip["a"] = 45ms;
  world.run(100ms);
  world.round_trip["a"] = 1ms;
  world.run(200ms);
  EXPECT_EQ(world.state("a"), Watch::State::kQuiet);
  EXPECT_GE(world.ring->counters().bursts, 1U);
  EXPECT_GT(in_ms(*round_trip(world, "a")), 2);
  for (const auto& member : world.ring->watched()) EXPECT_LT(member.loss, 0.005) << "late is not lost";
}

TEST(RingPings, AMemberFarAwayIsNoDeadOne) {
  RingWorld world({"a", "b"});
  world.round_trip["a"] = 250ms;
  world.run(60s);
  EXPECT_FALSE(world.first<WatchRing::Accuse>());
}

TEST(RingPings, AMemberThatWasFrozenAndAnswersAllAtOnceIsWatchedAsCloselyAgainSoon) {
  RingWorld world({"a", "b"});
  world.run(10s);
  world.round_trip["a"] = 5s;
  world.run(500ms);
  world.round_trip["a"] = 1ms;
  world.run(10s);
  EXPECT_LE(waited(world, "a"), 31ms);
}

TEST(RingPings, OnlyNumbersOfTheRingAreTaken) {
  RingWorld world({"a"});
  world.silence("a");
  world.run(150ms);
  EXPECT_FALSE(world.ring->acknowledged(world.now, 4711));
  const auto number = world.done<WatchRing::SendPing>().front().action.seq_no;
  EXPECT_TRUE(world.ring->acknowledged(world.now, number));
  EXPECT_FALSE(world.ring->acknowledged(world.now, number)) << "once";
}

TEST(RingPings, NumbersOfUnansweredPingsAreRememberedUpToABound) {
  RingWorld world({"a"});
  world.silence("a");
  world.witness = WitnessAnswer::kSilent;
  world.run(60s);
  const auto pings = world.done<WatchRing::SendPing>();
  ASSERT_GT(pings.size(), 2 * Watch::kMostRemembered);
  std::size_t taken = 0;
  for (const auto& ping : pings) taken += world.ring->acknowledged(world.now, ping.action.seq_no) ? 1 : 0;
  EXPECT_EQ(taken, Watch::kMostRemembered);
}

}  // namespace
}  // namespace metallb::gossip::test
