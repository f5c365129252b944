// gossip spec 3.4.
#include "gossip/versions.hpp"

#include <gtest/gtest.h>

namespace metallb::gossip {
namespace {

const Versions kOwn(kOwnVersions.begin(), kOwnVersions.end());

TEST(Versions, OfAnAliveMessageAreSaneUnlessTheirRangeIsEmpty) {
  EXPECT_TRUE(sane(kOwn));
  EXPECT_TRUE(sane({}));
  EXPECT_TRUE(sane({0, 0})) << "fewer than three bytes say nothing";
  EXPECT_TRUE(sane({1, 1, 1}));
  EXPECT_FALSE(sane({0, 5, 2}));
  EXPECT_FALSE(sane({1, 0, 2, 0, 0, 0}));
  EXPECT_FALSE(sane({3, 2, 2, 0, 0, 0}));
}

struct Speaking {
  std::string name;
  Versions versions;
  bool alive = true;
};
bool fit(const std::vector<Speaking>& members) {
  VersionCheck check;
  for (const auto& member : members) check.add(member.name, member.versions, member.alive);
  return !check.fault();
}

TEST(VersionCheck, AcceptsMembersThatUnderstandEachOther) {
  EXPECT_TRUE(fit({}));
  EXPECT_TRUE(fit({{"a", kOwn}, {"b", kOwn}}));
  EXPECT_TRUE(fit({{"a", kOwn}, {"old", {1, 3, 2, 0, 0, 0}}}));
  EXPECT_TRUE(fit({{"a", kOwn}, {"old", {1, 5, 1, 0, 0, 0}}}));
}

TEST(VersionCheck, RefusesAVersionThatSomeLiveMemberDoesNotUnderstand) {
  EXPECT_FALSE(fit({{"a", kOwn}, {"new", {3, 5, 4, 0, 0, 0}}})) << "we speak 2";
  EXPECT_FALSE(fit({{"a", kOwn}, {"new", {1, 7, 6, 0, 0, 0}}})) << "it speaks 6";
  EXPECT_FALSE(fit({{"a", kOwn}, {"b", {1, 5, 2, 1, 1, 1}}})) << "delegate";
}

TEST(VersionCheck, CountsTheRangeOfLiveMembersAndTheVersionOfAll) {
  EXPECT_TRUE(fit({{"a", kOwn}, {"gone", {3, 5, 4, 0, 0, 0}, false}})) << "its range does not matter";
  EXPECT_FALSE(fit({{"a", kOwn}, {"gone", {3, 7, 6, 0, 0, 0}, false}})) << "its version does";
}

TEST(VersionCheck, TakesMissingVersionsForZeroWhichNobodyUnderstands) {
  EXPECT_FALSE(fit({{"a", kOwn}, {"b", {}}}));
  EXPECT_FALSE(fit({{"a", kOwn}, {"b", {}, false}}));
  EXPECT_FALSE(fit({{"a", kOwn}, {"b", {1, 5, 2}, false}})) << "fewer than six bytes are as none";
}

TEST(VersionCheck, NamesTheMemberInItsFault) {
  VersionCheck check;
  check.add("a", kOwn, true);
  check.add("stranger", {}, false);
  ASSERT_TRUE(check.fault());
  EXPECT_NE(check.fault()->find("stranger"), std::string::npos);
}

}  // namespace
}  // namespace metallb::gossip
