#include "app/flags.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace metallb::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct Values {
  std::string text = "default";
  std::int64_t number = 7;
  bool yes = false;
};

struct Result {
  Values values;
  std::expected<FlagSet::Parsed, EarlyExit> parsed;
};

Result parse(const std::vector<std::string>& arguments) {
  Result result;
  FlagSet flags;
  flags.text("text", result.values.text, "a text");
  flags.integer("number", result.values.number, "a number");
  flags.boolean("yes", result.values.yes, "a choice");
  result.parsed = flags.parse("prog", arguments);
  return result;
}

std::string errors_of(const std::vector<std::string>& arguments, int code = kExitUsage) {
  const auto result = parse(arguments);
  if (result.parsed) return "accepted";
  EXPECT_EQ(result.parsed.error().code, code);
  EXPECT_EQ(result.parsed.error().output, "");
  return result.parsed.error().errors;
}

TEST(Flags, KeepTheirDefaultsWhenNothingIsGiven) {
  const auto result = parse({});
  ASSERT_TRUE(result.parsed);
  EXPECT_EQ(result.values.text, "default");
  EXPECT_EQ(result.values.number, 7);
  EXPECT_FALSE(result.values.yes);
  EXPECT_THAT(result.parsed->given, IsEmpty());
}

TEST(Flags, TakeAValueAfterEqualsOrAsTheNextArgumentWithOneDashOrTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"-text", "x"}, {"--text", "x"}, {"-text=x"}, {"--text=x"}, {"--text=y", "-text", "x"}}) {
    const auto result = parse(arguments);
    ASSERT_TRUE(result.parsed);
    EXPECT_EQ(result.values.text, "x");
    EXPECT_THAT(result.parsed->given, ElementsAre("text"));
  }
}

TEST(Flags, TakeAnyTextAsAValue) {
  for (const std::string value : {"", "-x", "--", "--text", "a=b", "[a,b]", "\"q\"", "{}", "%%", "a b", ""}) {
    const auto separate = parse({"--text", value});
    ASSERT_TRUE(separate.parsed) << value << ": " << separate.parsed.error().errors;
    EXPECT_EQ(separate.values.text, value);
    const auto joined = parse({"--text=" + value});
    ASSERT_TRUE(joined.parsed) << value;
    EXPECT_EQ(joined.values.text, value);
  }
}

TEST(Flags, ABooleanNeverTakesASeparateWord) {
  const auto result = parse({"--yes", "false", "--number=1"});
  ASSERT_TRUE(result.parsed);
  EXPECT_TRUE(result.values.yes);
  EXPECT_EQ(result.values.number, 7) << "reading stopped at the word";
  EXPECT_THAT(result.parsed->rest, ElementsAre("false", "--number=1"));
}

TEST(Flags, ABooleanHasSixSpellingsForEachValue) {
  for (const std::string yes : {"1", "t", "T", "TRUE", "true", "True"})
    EXPECT_TRUE(parse({"-yes=" + yes}).values.yes) << yes;
  for (const std::string no : {"0", "f", "F", "FALSE", "false", "False"}) {
    const auto result = parse({"--yes", "--yes=" + no});
    ASSERT_TRUE(result.parsed);
    EXPECT_FALSE(result.values.yes) << no;
  }
  for (const std::string bad : {"yes", "no", "tRUE", "2", ""}) {
    EXPECT_THAT(errors_of({"--yes=" + bad}),
                StartsWith("invalid boolean value \"" + bad + "\" for -yes: parse error\nUsage of prog:\n"));
  }
}

TEST(Flags, AnIntegerMayHaveABase) {
  const std::vector<std::pair<std::string, std::int64_t>> cases = {
      {"0", 0},
      {"42", 42},
      {"-42", -42},
      {"+42", 42},
      {"0x1F", 31},
      {"0X1f", 31},
      {"0o17", 15},
      {"0O17", 15},
      {"017", 15},
      {"0b101", 5},
      {"-0B11", -3},
      {"1_000", 1000},
      {"0x_ff", 255},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()}};
  for (const auto& [text, number] : cases) {
    const auto result = parse({"--number", text});
    ASSERT_TRUE(result.parsed) << text;
    EXPECT_EQ(result.values.number, number) << text;
  }
}

TEST(Flags, RefuseWhatIsNoInteger) {
  for (const std::string bad : {"", "x", "1x", "0x", "0b2", "08", "1__0", "_1", "1_", "1.5", "--1", " 1"}) {
    EXPECT_THAT(errors_of({"--number", bad}), StartsWith("invalid value \"" + bad + "\" for flag -number: parse error\n"))
        << bad;
  }
  for (const std::string large : {"9223372036854775808", "-9223372036854775809", "0xffffffffffffffffff"}) {
    EXPECT_THAT(errors_of({"--number", large}),
                StartsWith("invalid value \"" + large + "\" for flag -number: value out of range\n"));
  }
}

TEST(Flags, StopAtTheFirstArgumentThatIsNoFlag) {
  const auto result = parse({"--number=1", "word", "--number=2", "--unknown"});
  ASSERT_TRUE(result.parsed);
  EXPECT_EQ(result.values.number, 1);
  EXPECT_THAT(result.parsed->rest, ElementsAre("word", "--number=2", "--unknown"));
}

TEST(Flags, StopAtTwoDashesWhichAreLeftOutAndAtOneWhichIsNot) {
  EXPECT_THAT(parse({"--", "--number=2"}).parsed->rest, ElementsAre("--number=2"));
  EXPECT_THAT(parse({"-", "--number=2"}).parsed->rest, ElementsAre("-", "--number=2"));
}

TEST(Flags, RefuseAnUnknownOneWithAMessageAndTheUsage) {
  EXPECT_THAT(errors_of({"--nope"}), StartsWith("flag provided but not defined: -nope\nUsage of prog:\n"));
  EXPECT_THAT(errors_of({"-nope=1"}), StartsWith("flag provided but not defined: -nope\n"));
  EXPECT_THAT(errors_of({"-tex", "1"}), StartsWith("flag provided but not defined: -tex\n")) << "no abbreviations";
}

TEST(Flags, RefuseBadSyntax) {
  for (const std::string bad : {"---text=x", "-=x", "--=x"})
    EXPECT_THAT(errors_of({bad}), StartsWith("bad flag syntax: " + bad + "\n"));
}

TEST(Flags, RefuseAMissingValue) {
  EXPECT_THAT(errors_of({"--text"}), StartsWith("flag needs an argument: -text\nUsage of"));
}

TEST(Flags, PrintTheUsageWhenAskedForHelp) {
  for (const std::string help : {"-h", "--h", "-help", "--help"}) {
    const auto usage = errors_of({help}, 0);
    EXPECT_THAT(usage, StartsWith("Usage of prog:\n"));
    EXPECT_THAT(usage, HasSubstr("  -number int\n    \ta number (default 7)\n"));
    EXPECT_THAT(usage, HasSubstr("  -text string\n    \ta text (default \"default\")\n"));
    EXPECT_THAT(usage, HasSubstr("  -yes\n    \ta choice\n"));
  }
}

}  // namespace
}  // namespace metallb::app
