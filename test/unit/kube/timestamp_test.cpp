#include "kube/timestamp.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace metallb::kube {
namespace {

using namespace std::chrono;

WallPoint at(std::int64_t nanoseconds_since_epoch) {
  return WallPoint(nanoseconds(nanoseconds_since_epoch));
}

TEST(Timestamp, PrintsSecondsAndMicroseconds) {
  const auto time = WallPoint(sys_days(2026y / 11 / 21).time_since_epoch()) + 9h + 5min + 7s + 1234567ns;
  EXPECT_EQ(format_time(time), "2026-11-21T09:05:07Z");
  EXPECT_EQ(format_time(at(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(at(-1)), "1969-12-31T23:59:59Z");
}

TEST(Timestamp, ParsesOffsetsAndFractions) {
  const auto noon = parse_time("2026-11-21T12:00:00Z");
  ASSERT_TRUE(noon.has_value());
  EXPECT_EQ(parse_time("2026-11-21T13:30:00+01:30"), noon);
  EXPECT_EQ(parse_time("2026-11-21T04:00:00-08:00"), noon);
  EXPECT_EQ(parse_time("2026-11-21t12:00:00z"), noon);
  EXPECT_EQ(parse_time("2026-11-21T12:00:00.25Z"), *noon + 250ms);
  EXPECT_EQ(parse_time("2026-11-21T12:00:00.1234567891234Z"), *noon + 123456789ns);
  EXPECT_TRUE(parse_time("2024-02-29T00:00:00Z").has_value());
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  for (const auto* text : {"",
                           "2026",
                           "2026-11-21",
                           "2026-11-21T12:00:00",
                           "2026-11-21 12:00:00Z",
                           "2026-11-21T12:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-11-31T00:00:00Z",
                           "2026-11-21T24:00:00Z",
                           "2026-11-21T12:60:00Z",
                           "2026-11-21T12:00:60Z",
                           "2026-11-21T12:00:00.Z",
                           "2026-11-21T12:00:00ZZ",
                           "2026-11-21T12:00:00+1:00",
                           "2026-11-21T12:00:00+24:00",
                           "2026-11-21T12:00:00+0100",
                           "-026-11-21T12:00:00Z",
                           "0001-01-01T00:00:00Z",
                           "9999-12-31T23:59:59Z"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(TimestampProperty, ParsesWhatItPrints, ()) {
  // The years that parse_time promises, with a day to spare at either end.
  const auto time = at(*rc::gen::inRange<std::int64_t>(-9214560000000000000, 9214560000000000000));
  RC_ASSERT(parse_time(format_time(time)) == floor<seconds>(time));
}

RC_GTEST_PROP(TimestampProperty, SurvivesAnyText, (const std::string& text)) {
  (void)parse_time(text);
}

}  // namespace
}  // namespace metallb::kube
