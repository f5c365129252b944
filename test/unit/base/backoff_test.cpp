#include "base/backoff.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace metallb {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToItsMaximum) {
  Backoff backoff(5ms, 30ms);
  EXPECT_EQ(backoff.next(), 5ms);
  EXPECT_EQ(backoff.next(), 10ms);
  EXPECT_EQ(backoff.next(), 20ms);
  EXPECT_EQ(backoff.next(), 30ms);
  EXPECT_EQ(backoff.next(), 30ms);
}

TEST(Backoff, StartsOverAfterAReset) {
  Backoff backoff(5ms, 1s);
  (void)backoff.next();
  (void)backoff.next();
  backoff.reset();
  EXPECT_EQ(backoff.next(), 5ms);
}

TEST(Backoff, NeverOverflowsHoweverOftenItIsAsked) {
  Backoff backoff(5ms, 1000s);
  for (int i = 0; i < 1000; ++i) EXPECT_LE(backoff.next(), 1000s);
  EXPECT_EQ(backoff.next(), 1000s);
}

TEST(Random, StretchesByAtMostTheFraction) {
  Random random(7);
  bool stretched = false;
  for (int i = 0; i < 1000; ++i) {
    const auto delay = random.jittered(100ms, 0.5);
    EXPECT_GE(delay, 100ms);
    EXPECT_LT(delay, 150ms);
    stretched = stretched || delay > 125ms;
  }
  EXPECT_TRUE(stretched);
}

TEST(Random, RepeatsItselfForTheSameSeed) {
  Random a(42);
  Random b(42);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.below(1'000'000), b.below(1'000'000));
}

}  // namespace
}  // namespace metallb
