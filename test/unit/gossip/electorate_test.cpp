// Whom elections may count on, and the holds of failover spec 4.
#include "gossip/electorate.hpp"

#include <gtest/gtest.h>

#include "now.hpp"

namespace metallb::gossip {
namespace {

using test::kNow;
using namespace std::chrono_literals;
using Names = std::set<std::string>;

class Electing : public testing::Test {
 protected:
  Electing() {
    set("own", MemberState::kAlive);
    electorate.start(kNow);
  }
  void set(const std::string& name, MemberState state) {
    auto* entry = table.find(name);
    table.set_state(kNow, entry != nullptr ? *entry : table.add(kNow, name, random), state);
  }
  void die(SteadyPoint now, const std::string& name) {
    set(name, MemberState::kDead);
    electorate.lost(now);
  }
  std::optional<ElectorateChanged> update(SteadyPoint now) { return electorate.update(now, table, true); }
  /// With these, joined, and reported.
  void have(const std::vector<std::string>& names) {
    for (const auto& name : names) set(name, MemberState::kAlive);
    electorate.joined();
    (void)update(kNow);
  }
  Random random{1};
  MemberTable table;
  Electorate electorate{"own", 5s, 1s};
};

TEST_F(Electing, IsThisNodeAloneAndHeldAtTheStart) {
  EXPECT_EQ(update(kNow), (ElectorateChanged{{"own"}, true, {}}));
  EXPECT_EQ(update(kNow), std::nullopt) << "only differences are reported";
  EXPECT_EQ(electorate.next_deadline(), kNow + 5s);
}

TEST_F(Electing, IsFreeWhenTheFirstJoinEndsOrTheHoldIsOver) {
  (void)update(kNow);
  set("a", MemberState::kAlive);
  EXPECT_EQ(update(kNow + 1s), (ElectorateChanged{{"a", "own"}, true, {}}));
  EXPECT_EQ(update(kNow + 4999ms), std::nullopt);
  EXPECT_EQ(update(kNow + 5s), (ElectorateChanged{{"a", "own"}, false, {}}));
  EXPECT_EQ(electorate.next_deadline(), kIdle);

  Electorate other{"own", 5s, 1s};
  other.start(kNow);
  (void)other.update(kNow, table, true);
  other.joined();
  EXPECT_EQ(other.update(kNow + 1ms, table, false), (ElectorateChanged{{"a", "own"}, false, {}}));
}

TEST_F(Electing, CountsSuspectsAndNeitherTheDeadNorTheLeft) {
  have({"a", "b", "c"});
  set("a", MemberState::kSuspect);
  EXPECT_EQ(update(kNow), std::nullopt);
  set("b", MemberState::kLeft);
  set("c", MemberState::kDead);
  EXPECT_EQ(update(kNow), (ElectorateChanged{{"a", "own"}, false, {"b"}})) << "and tells who said good-bye";
}

TEST_F(Electing, AlwaysCountsThisNode) {
  have({"a"});
  set("own", MemberState::kLeft);
  EXPECT_EQ(update(kNow), std::nullopt);
}

TEST_F(Electing, IsHeldForAWhileWhenTwoDeathsAtOnceLeaveThisNodeAlone) {
  have({"a", "b"});
  die(kNow + 10s, "a");
  EXPECT_EQ(update(kNow + 10s), (ElectorateChanged{{"b", "own"}, false, {}}));
  die(kNow + 10500ms, "b");
  EXPECT_EQ(update(kNow + 10500ms), (ElectorateChanged{{"own"}, true, {}}));
  EXPECT_EQ(electorate.next_deadline(), kNow + 11500ms);
  EXPECT_EQ(update(kNow + 11499ms), std::nullopt);
  EXPECT_EQ(update(kNow + 11500ms), (ElectorateChanged{{"own"}, false, {}}));
}

TEST_F(Electing, IsHeldAsWellWhenBothAreLostInOneCall) {
  have({"a", "b"});
  die(kNow, "a");
  die(kNow, "b");
  EXPECT_EQ(update(kNow), (ElectorateChanged{{"own"}, true, {}}));
}

TEST_F(Electing, IsNotHeldForTheOnlyOtherMember) {
  have({"a"});
  die(kNow, "a");
  EXPECT_EQ(update(kNow), (ElectorateChanged{{"own"}, false, {}}));
}

TEST_F(Electing, IsNotHeldForDeathsThatLieApart) {
  have({"a", "b"});
  die(kNow + 10s, "a");
  (void)update(kNow + 10s);
  die(kNow + 11001ms, "b");
  EXPECT_EQ(update(kNow + 11001ms), (ElectorateChanged{{"own"}, false, {}}));
}

TEST_F(Electing, IsHeldWhenOnlySilenceTellsThatTheLastOtherMemberIsDead) {
  // The classical detector finds one after the other, however far apart; on an isolated node the ring gives no verdicts.
  have({"a", "b"});
  table.set_state(kNow, *table.find("a"), MemberState::kDead);
  electorate.lost(kNow, true);
  EXPECT_EQ(update(kNow), (ElectorateChanged{{"b", "own"}, false, {}}));
  table.set_state(kNow + 20s, *table.find("b"), MemberState::kDead);
  electorate.lost(kNow + 20s, true);
  EXPECT_EQ(update(kNow + 20s), (ElectorateChanged{{"own"}, true, {}}));
  EXPECT_EQ(update(kNow + 21s), (ElectorateChanged{{"own"}, false, {}}));
}

TEST_F(Electing, IsNotHeldForMembersThatLeft) {
  have({"a", "b"});
  set("a", MemberState::kLeft);
  set("b", MemberState::kLeft);
  EXPECT_EQ(update(kNow), (ElectorateChanged{{"own"}, false, {"a", "b"}}));
}

TEST_F(Electing, IsFreeAgainAsSoonAsAnyoneReturns) {
  have({"a", "b"});
  die(kNow, "a");
  die(kNow, "b");
  (void)update(kNow);
  set("b", MemberState::kAlive);
  EXPECT_EQ(update(kNow + 100ms), (ElectorateChanged{{"b", "own"}, false, {}}));
}

TEST_F(Electing, IsHeldForEverWhenThisNodeLeaves) {
  have({"a"});
  electorate.leave();
  EXPECT_EQ(update(kNow), (ElectorateChanged{{"a", "own"}, true, {}}));
  EXPECT_EQ(electorate.next_deadline(), kIdle);
}

}  // namespace
}  // namespace metallb::gossip
