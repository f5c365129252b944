// Communities: rows tK1 to tK14 of controller spec 7.4, as far as aliases go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/community_aliases.hpp"
#include "fixtures.hpp"

namespace metallb::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// The printed form, or the beginning of the error.
std::string parsed(std::string_view text) {
  const auto value = parse_community(text);
  return value ? value->to_string() : value.error().substr(0, value.error().find(':'));
}

TEST(Communities, LiteralsOfTheTable) {
  struct Row {
    const char* row;
    const char* text;
    const char* expected;
  };
  const Row rows[] = {
      {"tK1", "12345:12345", "12345:12345"},
      {"tK2", "12345", "invalid community format"},
      {"tK3", "large:12345:12345:12345", "12345:12345:12345"},
      {"tK4 prefix", "larg:12345:12345:12345", "invalid community value"},
      {"tK4 part", "large:1:wrong:1", "invalid community value"},
      {"tK5", "1:2:3", "invalid community format"},
      {"tK6 first", "99999999:1", "invalid community value"},
      {"tK6 second", "1:99999999", "invalid community value"},
      {"tK13 plus", "+1:2", "invalid community value"},
      {"tK13 minus", "-1:2", "invalid community value"},
      {"tK13 underscore", "1_0:2", "invalid community value"},
      {"tK13 upper case", "LARGE:1:1:1", "invalid community value"},
      {"tK14", "001:2", "1:2"},
      {"tK14 large", "large:01:1:1", "1:1:1"},
      {"empty", "", "invalid community format"},
      {"empty part", "1:", "invalid community value"},
      {"beyond 32 bits", "large:4294967296:1:1", "invalid community value"},
  };
  for (const auto& row : rows) EXPECT_EQ(parsed(row.text), row.expected) << row.row;
}

TEST(Communities, TK11StandardOnesCompareAsLargeOnes) {
  const auto value = [](std::string_view text) { return *parse_community(text); };
  EXPECT_LT(value("0:1234"), value("0:2345"));
  EXPECT_LT(value("large:1234:0:0"), value("large:1234:0:1"));
  EXPECT_GT(value("large:1235:0:0"), value("large:1234:1:0"));
  EXPECT_GT(value("0:1234"), value("large:123:4:5"));
  EXPECT_NE(value("0:1234"), value("large:1234:0:0"));
}

TEST(Communities, TK8AndTK9AliasesAreCollectedFromAllObjects) {
  const auto aliases =
      build_community_aliases({community("a", {{"bar", "64512:1234"}}), community("b", {{"baz", "large:123:64512:1234"}})});
  ASSERT_TRUE(aliases.has_value());
  EXPECT_EQ(aliases->at("bar").to_string(), "64512:1234");
  EXPECT_EQ(aliases->at("baz").to_string(), "123:64512:1234");
}

TEST(Communities, TK10AnAliasDefinedTwiceIsRefusedInOneObjectAndInTwo) {
  for (const auto& objects :
       {Objects<kube::Community>{community("a", {{"bar", "1:1"}, {"bar", "1:1"}})},
        Objects<kube::Community>{community("b", {{"bar", "1:2"}}), community("a", {{"bar", "1:1"}})}}) {
    const auto aliases = build_community_aliases(objects);
    ASSERT_FALSE(aliases.has_value());
    EXPECT_EQ(aliases.error().problem, "duplicate definition of community \"bar\"");
  }
}

TEST(Communities, ABadOneRefusesTheConfigurationOfWhoeverPassesIt) {
  const auto bad = community("bad", {{"x", "1:99999999"}});
  const auto config = build({.communities = {bad}});
  ASSERT_FALSE(config.has_value());
  EXPECT_THAT(config.error().problem, StartsWith("invalid community value"));
  EXPECT_EQ(config.error().object, "Community metallb-system/bad");
  EXPECT_EQ(config.error().field, "spec.communities[0].value");
}

}  // namespace
}  // namespace metallb::config
