// Go's duration strings: gossip spec 1.4.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/go_duration.hpp"

namespace metallb {
namespace {

using namespace std::chrono_literals;

TEST(GoDuration, ReadsEveryUnit) {
  EXPECT_EQ(parse_go_duration("7ns"), 7ns);
  EXPECT_EQ(parse_go_duration("7us"), 7us);
  EXPECT_EQ(parse_go_duration("7\xC2\xB5s"), 7us);
  EXPECT_EQ(parse_go_duration("7\xCE\xBCs"), 7us);
  EXPECT_EQ(parse_go_duration("200ms"), 200ms);
  EXPECT_EQ(parse_go_duration("30s"), 30s);
  EXPECT_EQ(parse_go_duration("2m"), 2min);
  EXPECT_EQ(parse_go_duration("2h"), 2h);
}

TEST(GoDuration, AddsUpPartsInAnyOrder) {
  EXPECT_EQ(parse_go_duration("1m30s"), 90s);
  EXPECT_EQ(parse_go_duration("1h2m3s4ms5us6ns"), 1h + 2min + 3s + 4ms + 5us + 6ns);
  EXPECT_EQ(parse_go_duration("5ms1h5ms"), 1h + 10ms);
}

TEST(GoDuration, ReadsFractionsAndSigns) {
  EXPECT_EQ(parse_go_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_go_duration(".5s"), 500ms);
  EXPECT_EQ(parse_go_duration("1.s"), 1s);
  EXPECT_EQ(parse_go_duration("0.1h"), 6min);
  EXPECT_EQ(parse_go_duration("-1.5s"), -1500ms);
  EXPECT_EQ(parse_go_duration("+1s"), 1s);
  EXPECT_EQ(parse_go_duration("1.9ns"), 1ns);
  EXPECT_EQ(parse_go_duration("0.000000000000000000000000001h"), 0ns);
  EXPECT_EQ(parse_go_duration("0.3333333333333333333333s"), 333'333'333ns);
}

TEST(GoDuration, NeedsNoUnitForZero) {
  for (const auto text : {"0", "+0", "-0", "0s", "0h0ms", "0.0s"}) EXPECT_EQ(parse_go_duration(text), 0ns) << text;
}

TEST(GoDuration, ReadsUpToTheLargestOfGo) {
  EXPECT_EQ(parse_go_duration("9223372036854775807ns"), Duration::max());
  EXPECT_EQ(parse_go_duration("-9223372036854775807ns"), -Duration::max());
  EXPECT_EQ(parse_go_duration("2562047h47m16.854775807s"), Duration::max());
}

TEST(GoDuration, RefusesEverythingElse) {
  for (const auto text : {"",
                          "-",
                          "+",
                          ".",
                          "1",
                          "10",
                          "00",
                          "-1",
                          "s",
                          "ms",
                          ".s",
                          "1x",
                          "1d",
                          "1S",
                          "1 s",
                          " 1s",
                          "1s ",
                          "1m 30s",
                          "1.5",
                          "1..5s",
                          "1.5.5s",
                          "--1s",
                          "+-1s",
                          "1s-1s",
                          "1e3s",
                          "0x1s",
                          "1s1",
                          "9223372036854775808ns",
                          "9223372036854775807ns1ns",
                          "2562047h47m16.854775808s",
                          "99999999999999999999999h",
                          "5124096h",
                          "1\xB5s",
                          "1,5s"}) {
    const auto read = parse_go_duration(text);
    EXPECT_FALSE(read.has_value()) << text;
    if (!read) {
      EXPECT_NE(read.error().find('"' + std::string(text) + '"'), std::string::npos) << read.error();
      EXPECT_NE(read.error().find("\"200ms\""), std::string::npos) << read.error();
    }
  }
}

TEST(GoDuration, IsWrittenInItsUnits) {
  EXPECT_EQ(go_duration(0s), "0s");
  EXPECT_EQ(go_duration(90s), "1m30s");
  EXPECT_EQ(go_duration(-1500us), "-1ms500us");
  EXPECT_EQ(go_duration(10'000h), "10000h");
}

RC_GTEST_PROP(GoDuration, ReadsBackWhatItWrote, (std::int64_t nanoseconds)) {
  nanoseconds >>= *rc::gen::inRange(0, 64);
  RC_PRE(nanoseconds != std::numeric_limits<std::int64_t>::min());
  RC_ASSERT(parse_go_duration(go_duration(Duration(nanoseconds))).value() == Duration(nanoseconds));
}

}  // namespace
}  // namespace metallb
