#include "io/log_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <ctime>
#include <vector>

#include "io/json_text.hpp"

namespace metallb::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

const WallPoint kMoment{std::chrono::sys_days{std::chrono::year{2026} / 7 / 19} + std::chrono::hours(11) +
                        std::chrono::minutes(42) + std::chrono::milliseconds(17'999)};

/// The lines that `write` logs through a sink of this level.
template <class Write>
std::vector<std::string> lines(LogLevel level, Write write) {
  std::vector<std::string> out;
  JsonLogSink sink(level, [&](std::string_view line) { out.emplace_back(line); });
  write(Log(sink));
  return out;
}

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

class LogLineTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  static std::string line(std::initializer_list<LogField> fields, LogLevel level = LogLevel::kInfo) {
    return format_log_line({level, std::source_location::current(), fields}, kMoment);
  }
};

TEST_F(LogLineTest, HasSortedKeysTimeLevelAndCaller) {
  EXPECT_THAT(
      line({{"pool", "first"}, {"msg", "hello"}, {"event", "serviceAnnounced"}}),
      MatchesRegex(R"(\{"caller":"log_sink_test\.cpp:[0-9]+","event":"serviceAnnounced","level":"info","msg":"hello",)"
                   R"("pool":"first","ts":"2026-07-19T11:42:17Z"\})"));
}

TEST_F(LogLineTest, NamesTheZoneWhenItIsNotUtc) {
  setenv("TZ", "XXX-05:30", 1);
  tzset();
  EXPECT_THAT(line({}), HasSubstr("\"ts\":\"2026-07-19T17:12:17+05:30\""));
}

TEST_F(LogLineTest, PrintsEachKindOfValue) {
  EXPECT_THAT(line({{"a", true}, {"b", -5}, {"c", 1.5}, {"d", std::vector<std::string>{"x", "y"}}}),
              HasSubstr(R"({"a":true,"b":-5,"c":1.5,"caller")"));
  EXPECT_THAT(line({{"d", std::vector<std::string>{"x", "y"}}}), HasSubstr(R"("d":["x","y"])"));
  LogField absent("error", "");
  absent.value = nullptr;
  EXPECT_THAT(line({absent}), HasSubstr(R"("error":null)"));
}

TEST_F(LogLineTest, KeepsTheLastOfSeveralValuesForOneKey) {
  const auto text = line({{"error", "first"}, {"error", "second"}, {"level", "mine"}});
  EXPECT_THAT(text, HasSubstr(R"("error":"second","level":"info","ts")"));
  EXPECT_THAT(text, testing::Not(HasSubstr("first")));
}

TEST(JsonText, EscapesWhatJsonDemandsAndNothingElse) {
  EXPECT_EQ(as_json("a\"b\\c\n\r\t\x01</é"), R"("a\"b\\c\n\r\t\u0001</é")");
  EXPECT_EQ(as_json("\xE2\x80\xA8\xE2\x80\xA9"), R"("\u2028\u2029")");
}

TEST(JsonText, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(as_json("a\xFF\xC3"), R"("a\ufffd\ufffd")");
  EXPECT_EQ(as_json("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")") << "a surrogate";
  EXPECT_EQ(as_json("\xC0\xAF"), R"("\ufffd\ufffd")") << "overlong";
  EXPECT_EQ(as_json("\xF4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")") << "above the last code point";
}

RC_GTEST_PROP(JsonText, IsReadableWhateverItContains, (std::string text)) {
  boost::system::error_code error;
  const auto value = boost::json::parse(as_json(text), error);
  RC_ASSERT(!error);
  RC_ASSERT(value.is_string());
}

TEST(LogSink, WritesWhatItsLevelLetsThrough) {
  const auto everything = [](const Log& log) {
    log.debug({{"msg", "d"}});
    log.info({{"msg", "i"}});
    log.warn({{"msg", "w"}});
    log.error({{"msg", "e"}});
  };
  EXPECT_EQ(lines(LogLevel::kDebug, everything).size(), 4U);
  EXPECT_EQ(lines(LogLevel::kInfo, everything).size(), 3U);
  EXPECT_THAT(lines(LogLevel::kWarn, everything),
              ElementsAre(HasSubstr(R"("level":"warn","msg":"w")"), HasSubstr(R"("level":"error","msg":"e")")));
  EXPECT_EQ(lines(LogLevel::kError, everything).size(), 1U);
  EXPECT_EQ(lines(LogLevel::kNone, everything).size(), 0U);
}

TEST(LogSink, NamesTheCallersFileAndLine) {
  unsigned line = 0;
  const auto out = lines(LogLevel::kInfo, [&](const Log& log) {
    line = std::source_location::current().line() + 1;
    log.info({{"msg", "x"}});
  });
  EXPECT_THAT(out, ElementsAre(HasSubstr("\"caller\":\"log_sink_test.cpp:" + std::to_string(line) + "\"")));
}

TEST(LogSink, PrintsLinesToStandardOutput) {
  testing::internal::CaptureStdout();
  {
    JsonLogSink sink(LogLevel::kInfo);
    Log(sink).info({{"msg", "one {} %v"}});
    Log(sink).info({{"msg", "two"}});
  }
  EXPECT_THAT(testing::internal::GetCapturedStdout(),
              MatchesRegex("\\{[^\n]*\"one \\{\\} %v\"[^\n]*\\}\n\\{[^\n]*\"two\"[^\n]*\\}\n"));
}

TEST(LogLevels, AreTheOriginalsSix) {
  EXPECT_EQ(parse_log_level("all"), LogLevel::kDebug);
  EXPECT_EQ(parse_log_level("debug"), LogLevel::kDebug);
  EXPECT_EQ(parse_log_level("info"), LogLevel::kInfo);
  EXPECT_EQ(parse_log_level("warn"), LogLevel::kWarn);
  EXPECT_EQ(parse_log_level("error"), LogLevel::kError);
  EXPECT_EQ(parse_log_level("none"), LogLevel::kNone);
  for (const auto* bad : {"", "Info", "warning", "trace"}) EXPECT_FALSE(parse_log_level(bad)) << bad;
}

}  // namespace
}  // namespace metallb::io
