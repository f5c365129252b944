// The bounds are numbers of the issue and of gossip spec 7.4 and 9.
#include "sim/bounds.hpp"

#include <gtest/gtest.h>

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

TEST(Bounds, ASingleDeathCostsThreeHundredAndFiftyMillisecondsUpToFivePercentOfLoss) {
  EXPECT_EQ(fast_bound(0), 350ms);
  EXPECT_EQ(fast_bound(0.05), 350ms);
  EXPECT_EQ(fast_bound(0.051), 600ms);
  EXPECT_EQ(fast_bound(0.2), 600ms);
}

TEST(Bounds, WhatWasMeasuredOfTheOriginalLiesWithinTheClassicalBound) {
  // Gossip spec 9: the last survivor's worst case of 40 trials.
  EXPECT_GT(classical_bound(2, 1), 7.0s);
  EXPECT_GT(classical_bound(3, 2), 6.9s);
  EXPECT_GT(classical_bound(4, 3), 8.3s);
  EXPECT_GT(classical_bound(5, 4), 7.9s);
  EXPECT_GT(classical_bound(10, 9), 9.4s);
  EXPECT_GT(classical_bound(20, 19), 10.4s);
}

TEST(Bounds, TheClassicalBoundIsNoFreePass) {
  EXPECT_LT(classical_bound(3, 2), 16s);
  EXPECT_LT(classical_bound(5, 4), 20s);
  EXPECT_LT(classical_bound(10, 9), 30s);
}

TEST(Bounds, WhoHasNobodyToConfirmASuspicionWaitsSixTimesAsLong) {
  EXPECT_GT(classical_bound(4, 1), 24s);
  EXPECT_GT(classical_bound(4, 2), 11s);
  EXPECT_LT(classical_bound(4, 3), classical_bound(4, 2));
  EXPECT_LT(classical_bound(4, 2), classical_bound(4, 1));
}

TEST(Bounds, SettlingIncludesTheNextRoundOfJoinsAndATimeoutForEachAddressThatDoesNotAnswer) {
  EXPECT_GE(settling_bound(5, 4, 0), 60s + 10s);
  EXPECT_EQ(settling_bound(5, 4, 3) - settling_bound(5, 4, 1), 20s);
}

}  // namespace
}  // namespace metallb::sim
