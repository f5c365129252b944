// The share of lost pings and the length of a burst, and patience after a refuted death: failover spec 3.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "gossip/patience.hpp"
#include "gossip/ping_loss.hpp"
#include "ring_world.hpp"

namespace metallb::gossip::test {
namespace {

const RingSettings kDefaults;

std::size_t shared(double share) {
  return burst_length(share, kDefaults.false_accusation, kDefaults);
}
std::size_t alone(double share) {
  return burst_length(share, kDefaults.false_verdict, kDefaults);
}

double both_ways(double loss) {
  return 1 - (1 - loss) * (1 - loss);
}

TEST(RingLoss, ABurstIsAsLongAsTheLossAsksFor) {
  EXPECT_EQ(shared(0), 5U);
  EXPECT_EQ(shared(0.01), 5U);
  EXPECT_EQ(shared(both_ways(0.05)), 7U);
  EXPECT_EQ(shared(both_ways(0.1)), 10U);  // 0.19^9 = 3.2e-7, 0.19^10 = 6.1e-8
  EXPECT_EQ(shared(both_ways(0.2)), 16U);
  EXPECT_EQ(shared(0.9), 25U);
  EXPECT_EQ(shared(1), 25U);
}

TEST(RingLoss, WhoJudgesAloneHasToBeSurer) {
  EXPECT_EQ(alone(0.01), 5U);
  EXPECT_EQ(alone(0.1), 9U);  // 0.1^9 is 1e-9 exactly
  EXPECT_EQ(alone(both_ways(0.2)), 21U);
  EXPECT_EQ(alone(1), 25U);
}

TEST(RingLoss, TheShareSettlesOnWhatIsLost) {
  Random random(7);
  PingLoss loss(0.01);
  double mean = 0;
  for (int i = 0; i < 20000; ++i) {
    if (random.unit() < 0.2) {
      loss.lost();
    } else {
      loss.answered(25);
    }
    if (i >= 10000) mean += loss.share() / 10000;
  }
  EXPECT_NEAR(mean, 0.2, 0.02);
}

TEST(RingLoss, TheShareFollowsTheLastTwoHundredPings) {
  PingLoss loss(0.01);
  for (int i = 0; i < 1000; ++i) loss.answered(25);
  for (int i = 0; i < 100; ++i) {
    loss.lost();
    loss.answered(25);
  }
  EXPECT_NEAR(loss.share(), 0.5 * (1 - std::exp(-1.0)), 0.02);
}

TEST(RingLoss, ARowOfLossesCountsWhenAnAnswerEndsItAndNoMoreOfItThanABurst) {
  PingLoss loss(0.01);
  for (int i = 0; i < 300; ++i) loss.answered(5);
  const auto before = loss.share();
  for (int i = 0; i < 100; ++i) loss.lost();
  EXPECT_EQ(loss.share(), before) << "a dead member loses nothing";
  loss.answered(5);
  EXPECT_LT(loss.share(), before + 5.0 / 200);
  EXPECT_GT(loss.share(), before + 4.0 / 200);
}

TEST(RingLoss, WhatWasOnlyLateIsTakenBack) {
  PingLoss one(0.01);
  PingLoss other(0.01);
  one.lost();
  one.late_in_row();
  one.answered(5);
  other.answered(5);
  EXPECT_EQ(one.share(), other.share());
  one.lost_in_between();
  one.late_in_between();
  EXPECT_NEAR(one.share(), other.share(), 0.001);
}

TEST(RingLoss, FewPingsAreBelievedLess) {
  PingLoss loss(0.01);
  EXPECT_GT(loss.cautious_share(), 0.05);
  for (int i = 0; i < 200; ++i) loss.answered(5);
  EXPECT_LT(loss.cautious_share(), 0.01);
}

TEST(Patience, DoublesWithEachRefutationUpToSixteenTimes) {
  Patience patience(10min);
  SteadyPoint now{};
  EXPECT_EQ(patience.factor(now, "a"), 1U);
  for (const std::size_t expected : {2U, 4U, 8U, 16U, 16U}) {
    patience.refuted(now, "a");
    EXPECT_EQ(patience.factor(now, "a"), expected);
  }
  EXPECT_EQ(patience.factor(now, "b"), 1U);
}

TEST(Patience, EndsTenMinutesAfterTheLastRefutation) {
  Patience patience(10min);
  SteadyPoint now{};
  patience.refuted(now, "a");
  now += 9min;
  patience.refuted(now, "a");
  EXPECT_EQ(patience.factor(now + 10min - 1ns, "a"), 4U);
  EXPECT_EQ(patience.factor(now + 10min, "a"), 1U);
  now += 20min;
  patience.refuted(now, "a");
  EXPECT_EQ(patience.factor(now, "a"), 2U) << "begins anew";
}

TEST(Patience, RemembersSoManyAndForgetsTheOldest) {
  Patience patience(10min);
  const SteadyPoint now{};
  for (std::size_t i = 0; i < 3 * Patience::kMostRemembered; ++i) patience.refuted(now, "n" + std::to_string(i));
  EXPECT_LE(patience.remembered(), Patience::kMostRemembered);
  EXPECT_EQ(patience.factor(now, "n0"), 1U);
  EXPECT_EQ(patience.factor(now, "n" + std::to_string(3 * Patience::kMostRemembered - 1)), 2U);
}

TEST(Patience, ForgetsWhatIsOver) {
  Patience patience(10min);
  SteadyPoint now{};
  for (int i = 0; i < 100; ++i) patience.refuted(now, "n" + std::to_string(i));
  patience.refuted(now + 11min, "other");
  EXPECT_EQ(patience.remembered(), 1U);
}

}  // namespace
}  // namespace metallb::gossip::test
