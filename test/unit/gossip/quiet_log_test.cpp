#include "gossip/quiet_log.hpp"

#include <gtest/gtest.h>

namespace metallb::gossip {
namespace {

using namespace std::chrono_literals;
constexpr SteadyPoint kNow{std::chrono::hours(1)};

TEST(QuietLog, WritesOneLinePerSourceAndMinuteWithTheNumberHeldBack) {
  QuietLog quiet;
  EXPECT_EQ(quiet.turn(kNow, "a"), 0);
  EXPECT_EQ(quiet.turn(kNow + 1s, "a"), std::nullopt);
  EXPECT_EQ(quiet.turn(kNow + 59s, "a"), std::nullopt);
  EXPECT_EQ(quiet.turn(kNow + 1s, "b"), 0) << "another source";
  EXPECT_EQ(quiet.turn(kNow + 60s, "a"), 2);
  EXPECT_EQ(quiet.turn(kNow + 61s, "a"), std::nullopt);
  EXPECT_EQ(quiet.turn(kNow + 200s, "a"), 1);
}

TEST(QuietLog, LetsForgedSourcesBeyondItsBoundShareOneLine) {
  QuietLog quiet;
  std::size_t lines = 0;
  for (int i = 0; i < 100'000; ++i)
    lines += quiet.turn(kNow + std::chrono::microseconds(i), std::to_string(i)).has_value() ? 1 : 0;
  EXPECT_LE(lines, QuietLog::kMostSources + 1);
  EXPECT_GE(lines, QuietLog::kMostSources);
}

TEST(QuietLog, HasRoomForNewSourcesWhenOldOnesAreOverAMinuteOld) {
  QuietLog quiet;
  for (std::size_t i = 0; i < QuietLog::kMostSources; ++i) quiet.turn(kNow, std::to_string(i));
  quiet.turn(kNow + 1s, "shares");
  EXPECT_EQ(quiet.turn(kNow + 61s, "new"), 0);
  EXPECT_EQ(quiet.turn(kNow + 61s, "newer"), 0);
}

}  // namespace
}  // namespace metallb::gossip
