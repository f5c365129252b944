// Communities: rows tK1 to tK14 of controller spec 7.4, as far as aliases go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/community_aliases.hpp"
#include "fixtures.hpp"

namespace metallb::config {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
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
  std::vector<ConfigError> errors;
  const auto aliases = build_community_aliases(
      {community("a", {{"bar", "64512:1234"}}), community("b", {{"baz", "large:123:64512:1234"}})}, errors);
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_EQ(aliases.at("bar").to_string(), "64512:1234");
  EXPECT_EQ(aliases.at("baz").to_string(), "123:64512:1234");
}

TEST(Communities, TK10AnAliasDefinedTwiceIsRefusedInOneObjectAndInTwo) {
  for (const auto& objects :
       {Objects<kube::Community>{community("a", {{"bar", "1:1"}, {"bar", "1:1"}})},
        Objects<kube::Community>{community("b", {{"bar", "1:2"}}), community("a", {{"bar", "1:1"}})}}) {
    std::vector<ConfigError> errors;
    (void)build_community_aliases(objects, errors);
    ASSERT_THAT(errors, SizeIs(1));
    EXPECT_THAT(errors[0].problem, StartsWith("duplicate definition of community \"bar\""));
  }
}

TEST(Communities, OfABadOneNoAliasCounts) {
  std::vector<ConfigError> errors;
  const auto aliases = build_community_aliases(
      {community("bad", {{"x", "1:1"}, {"y", "1:99999999"}}), community("good", {{"x", "2:2"}})}, errors);
  EXPECT_THAT(aliases, SizeIs(1));
  EXPECT_EQ(aliases.at("x").to_string(), "2:2");
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0].problem, StartsWith("invalid community value"));
  EXPECT_EQ(errors[0].object, "Community metallb-system/bad");
  EXPECT_EQ(errors[0].field, "spec.communities[1].value");
}

}  // namespace
}  // namespace metallb::config
