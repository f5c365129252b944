// gossip spec 7.4: the table of time-outs, confirmations; and pauses of the process.
#include "gossip/suspicion.hpp"

#include <gtest/gtest.h>

namespace metallb::gossip {
namespace {

using namespace std::chrono_literals;

constexpr SteadyPoint kNow{std::chrono::hours(1)};

struct Row {
  std::size_t members;
  Duration minimum;
  Duration maximum;
  std::int64_t confirmations;
  Duration after_one;
};

class SuspicionTable : public testing::TestWithParam<Row> {};

TEST_P(SuspicionTable, HasTheTimesOfTheOriginal) {
  const auto& row = GetParam();
  const auto times = suspicion_times(Settings{}, row.members);
  EXPECT_EQ(times.minimum, row.minimum);
  EXPECT_EQ(times.maximum, row.maximum);
  EXPECT_EQ(times.confirmations, row.confirmations);
  EXPECT_EQ(suspicion_timeout(times, 0), row.confirmations == 0 ? row.minimum : row.maximum);
  EXPECT_EQ(suspicion_timeout(times, 1), row.after_one);
  EXPECT_EQ(suspicion_timeout(times, 2), row.minimum);
}

INSTANTIATE_TEST_SUITE_P(LanProfile, SuspicionTable,
                         testing::Values(Row{1, 4s, 24s, 0, 4s}, Row{2, 4s, 24s, 0, 4s}, Row{3, 4s, 24s, 0, 4s},
                                         Row{4, 4s, 24s, 2, 11381ms}, Row{10, 4s, 24s, 2, 11381ms},
                                         Row{16, 4816ms, 28896ms, 2, 13703ms}, Row{20, 5204ms, 31224ms, 2, 14807ms},
                                         Row{32, 6020ms, 36120ms, 2, 17129ms}, Row{50, 6792ms, 40752ms, 2, 19325ms},
                                         Row{100, 8s, 48s, 2, 22762ms}, Row{250, 9588ms, 57528ms, 2, 27281ms},
                                         Row{999, 11996ms, 71976ms, 2, 34132ms}, Row{1000, 12s, 72s, 2, 34144ms}));

TEST(SuspicionTimes, AreZeroWithAMultiplierOfZero) {
  Settings settings;
  settings.suspicion_mult = 0;
  EXPECT_EQ(suspicion_timeout(suspicion_times(settings, 10), 0), 0s);
}

TEST(SuspicionTimes, AreZeroWithAStretchOfZeroInAClusterOfFour) {
  Settings settings;
  settings.suspicion_max_timeout_mult = 0;
  EXPECT_EQ(suspicion_timeout(suspicion_times(settings, 4), 0), 0s);
  EXPECT_EQ(suspicion_timeout(suspicion_times(settings, 3), 0), 4s) << "no confirmations are wanted: the minimum applies";
}

TEST(SuspicionTimes, StayWithinBoundsWhateverTheSettings) {
  Settings settings;
  settings.suspicion_mult = std::numeric_limits<std::int64_t>::max();
  settings.suspicion_max_timeout_mult = std::numeric_limits<std::int64_t>::max();
  settings.probe_interval = std::chrono::hours(24 * 365);
  const auto times = suspicion_times(settings, 10'000);
  EXPECT_GT(times.maximum, Duration::zero());
  EXPECT_LE(times.maximum, std::chrono::hours(24 * 365));
  settings.suspicion_mult = -5;
  EXPECT_EQ(suspicion_times(settings, 4).minimum, 0s);
}

class OneSuspicion : public testing::Test {
 protected:
  OneSuspicion() { suspicions.start(kNow, "victim", "a", suspicion_times(Settings{}, 10)); }
  Suspicions suspicions;
};

TEST_F(OneSuspicion, LastsTheMaximumWithoutConfirmation) {
  EXPECT_EQ(suspicions.next(), kNow + 24s);
  EXPECT_EQ(suspicions.take_due(kNow + 24s - 1ns), std::nullopt);
  EXPECT_EQ(suspicions.take_due(kNow + 24s), "victim");
  EXPECT_FALSE(suspicions.contains("victim"));
  EXPECT_EQ(suspicions.next(), kIdle);
}

TEST_F(OneSuspicion, ShortensWithEachNewAccuserUntilEnoughHaveConfirmed) {
  EXPECT_TRUE(suspicions.confirm("victim", "b"));
  EXPECT_EQ(suspicions.next(), kNow + 11381ms);
  EXPECT_TRUE(suspicions.confirm("victim", "c"));
  EXPECT_EQ(suspicions.next(), kNow + 4s);
  EXPECT_FALSE(suspicions.confirm("victim", "d")) << "two were wanted";
}

TEST_F(OneSuspicion, CountsNeitherTheFirstAccuserNorAnyTwice) {
  EXPECT_FALSE(suspicions.confirm("victim", "a"));
  EXPECT_TRUE(suspicions.confirm("victim", "b"));
  EXPECT_FALSE(suspicions.confirm("victim", "b"));
  EXPECT_EQ(suspicions.next(), kNow + 11381ms);
}

TEST_F(OneSuspicion, EndsAtOnceWhenAConfirmationComesAfterTheShortenedTime) {
  suspicions.confirm("victim", "b");
  suspicions.confirm("victim", "c");
  EXPECT_EQ(suspicions.take_due(kNow + 20s), "victim");
}

TEST_F(OneSuspicion, CanBeCancelledAndBegunAnew) {
  suspicions.cancel("victim");
  EXPECT_EQ(suspicions.next(), kIdle);
  suspicions.start(kNow + 1s, "victim", "b", suspicion_times(Settings{}, 10));
  EXPECT_EQ(suspicions.next(), kNow + 25s);
}

TEST_F(OneSuspicion, DoesNotCountTheTimeOfAPause) {
  suspicions.paused(kNow + 10s, 9s);
  EXPECT_EQ(suspicions.next(), kNow + 33s);
  suspicions.confirm("victim", "b");
  EXPECT_EQ(suspicions.next(), kNow + 9s + 11381ms);
}

TEST_F(OneSuspicion, ThatRanOutDuringAPauseGetsAtLeastTheMinimumFromItsEnd) {
  suspicions.paused(kNow + 24500ms, 600ms);
  EXPECT_EQ(suspicions.next(), kNow + 28500ms);
  suspicions.confirm("victim", "b");
  suspicions.confirm("victim", "c");
  EXPECT_EQ(suspicions.next(), kNow + 28500ms) << "the minimum holds";
}

TEST_F(OneSuspicion, IsPutOffAgainOnlyByAPauseOfTwiceTheLength) {
  suspicions.paused(kNow + 24150ms, 150ms);
  const auto deadline = suspicions.next();
  ASSERT_GT(deadline, kNow + 24150ms);
  suspicions.paused(deadline + 150ms, 150ms);
  EXPECT_EQ(suspicions.next(), deadline) << "a node that is always late by so much still comes to a verdict";
  suspicions.paused(deadline + 250ms, 250ms);
  EXPECT_GT(suspicions.next(), deadline + 250ms);
}

TEST(Suspicions, EndInTheOrderOfTheirDeadlines) {
  Suspicions suspicions;
  suspicions.start(kNow + 1s, "later", "a", suspicion_times(Settings{}, 2));
  suspicions.start(kNow, "sooner", "a", suspicion_times(Settings{}, 2));
  EXPECT_EQ(suspicions.take_due(kNow + 10s), "sooner");
  EXPECT_EQ(suspicions.take_due(kNow + 10s), "later");
  EXPECT_EQ(suspicions.take_due(kNow + 10s), std::nullopt);
}

}  // namespace
}  // namespace metallb::gossip
