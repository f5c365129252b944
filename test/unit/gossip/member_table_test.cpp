// gossip spec 6 (walk of the probes) and 7.5 (reaping); picking at random.
#include "gossip/member_table.hpp"

#include <gtest/gtest.h>

#include <set>

#include "now.hpp"

namespace metallb::gossip {
namespace {

using test::kNow;
using namespace std::chrono_literals;

class Table : public testing::Test {
 protected:
  Entry& add(const std::string& name, MemberState state = MemberState::kAlive) {
    auto& entry = table.add(kNow, name, random);
    table.set_state(kNow, entry, state);
    return entry;
  }
  std::vector<std::string> walk() {
    std::vector<std::string> names;
    while (!table.walk_ended()) names.push_back(table.walk().name);
    return names;
  }
  Random random{1};
  MemberTable table;
};

TEST_F(Table, NewMembersAreDeadWithIncarnationZero) {
  const auto& entry = table.add(kNow, "x", random);
  EXPECT_EQ(entry.state, MemberState::kDead);
  EXPECT_EQ(entry.incarnation, 0U);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.live(), 0U);
}

TEST_F(Table, CountsSuspectsAsLive) {
  auto& x = add("x");
  auto& y = add("y");
  EXPECT_EQ(table.live(), 2U);
  table.set_state(kNow, x, MemberState::kSuspect);
  EXPECT_EQ(table.live(), 2U);
  table.set_state(kNow, x, MemberState::kDead);
  table.set_state(kNow, y, MemberState::kLeft);
  EXPECT_EQ(table.live(), 0U);
  EXPECT_EQ(table.size(), 2U);
}

TEST_F(Table, StampsTheTimeOfAChangeOnly) {
  auto& x = add("x");
  table.set_state(kNow + 5s, x, MemberState::kAlive);
  EXPECT_EQ(x.since, kNow);
  table.set_state(kNow + 5s, x, MemberState::kSuspect);
  EXPECT_EQ(x.since, kNow + 5s);
}

TEST_F(Table, WalksOverEveryMemberOnceAndThenInAnotherOrder) {
  std::set<std::string> all;
  for (int i = 0; i < 20; ++i) all.insert(add("m" + std::to_string(i)).name);
  table.wrap(kNow, 30s, random);
  const auto first = walk();
  table.wrap(kNow, 30s, random);
  const auto second = walk();
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()), all);
  EXPECT_EQ(first.size(), all.size());
  EXPECT_EQ(std::set<std::string>(second.begin(), second.end()), all);
  EXPECT_NE(first, second);
}

TEST_F(Table, ForgetsTheDeadAndTheLeftAfterTheirTimeWhenAWalkEnds) {
  add("alive");
  add("suspect", MemberState::kSuspect);
  auto& dead = add("dead");
  auto& left = add("left");
  table.set_state(kNow, dead, MemberState::kDead);
  table.set_state(kNow + 1s, left, MemberState::kLeft);
  table.wrap(kNow + 30s, 30s, random);
  EXPECT_NE(table.find("dead"), nullptr) << "not yet longer than that";
  table.wrap(kNow + 30s + 1ns, 30s, random);
  EXPECT_EQ(table.find("dead"), nullptr);
  EXPECT_NE(table.find("left"), nullptr);
  table.wrap(kNow + 1h, 30s, random);
  EXPECT_EQ(table.find("left"), nullptr);
  EXPECT_EQ(table.size(), 2U);
  EXPECT_EQ(walk().size(), 2U);
}

TEST_F(Table, FindsAddressesOfLiveMembersOnly) {
  const auto address = IpAddress::v4(10, 0, 0, 1);
  auto& x = add("x");
  x.endpoint.address = address;
  EXPECT_TRUE(table.holds(address));
  table.set_state(kNow, x, MemberState::kSuspect);
  EXPECT_TRUE(table.holds(address));
  table.set_state(kNow, x, MemberState::kDead);
  EXPECT_FALSE(table.holds(address));
}

class Picking : public Table, public testing::WithParamInterface<int> {};

TEST_P(Picking, FindsDifferentWantedMembersAndAllOfThemInTheLongRun) {
  for (int i = 0; i < GetParam(); ++i) add("m" + std::to_string(i));
  add("unwanted");
  const auto wanted = [](const Entry& entry) { return entry.name != "unwanted"; };
  std::set<std::string> seen;
  for (int round = 0; round < 100 * GetParam(); ++round) {
    const auto picked = table.pick(3, random, wanted);
    std::set<std::string> names;
    for (const auto* entry : picked) names.insert(entry->name);
    ASSERT_EQ(names.size(), std::min<std::size_t>(3, static_cast<std::size_t>(GetParam())));
    ASSERT_FALSE(names.contains("unwanted"));
    seen.insert(names.begin(), names.end());
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(SmallAndLarge, Picking, testing::Values(1, 2, 3, 8, 100));

TEST_F(Table, PicksNobodyWhenNobodyIsWanted) {
  for (int i = 0; i < 100; ++i) add("m" + std::to_string(i));
  EXPECT_TRUE(table.pick(3, random, [](const Entry&) { return false; }).empty());
  EXPECT_TRUE(table.pick(0, random, [](const Entry&) { return true; }).empty());
}

}  // namespace
}  // namespace metallb::gossip
