// Who watches whom: failover spec 2.
#include "gossip/ring_order.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "ring_world.hpp"

namespace metallb::gossip::test {
namespace {

using Names = std::vector<std::string>;

const Names kSeven = {"worker1", "worker2", "worker3", "worker4", "worker5", "master1", "master2"};

Names numbered(std::size_t count) {
  Names out;
  for (std::size_t i = 0; i < count; ++i) out.push_back("n" + std::to_string(i));
  return out;
}

TEST(RingOrder, SuccessorsFollowTheDigestsOfTheNames) {
  // As sorted by `printf NAME | sha256sum`.
  const Names order = {"worker4", "worker1", "worker2", "worker5", "worker3", "master1", "master2"};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Names expected = {order[(i + 1) % 7], order[(i + 2) % 7], order[(i + 3) % 7]};
    EXPECT_EQ(watchers_of(order[i], kSeven, 3), expected) << order[i];
  }
}

TEST(RingOrder, DoesNotDependOnTheOrderOfTheTableNorOnRepetitions) {
  auto names = kSeven;
  const auto expected = watchers_of("worker3", names, 3);
  std::ranges::reverse(names);
  names.push_back("worker1");
  EXPECT_EQ(watchers_of("worker3", names, 3), expected);
}

TEST(RingOrder, WatchersOfANameThatIsNoMemberAreThoseItWouldHave) {
  auto others = kSeven;
  std::erase(others, "worker3");
  EXPECT_EQ(watchers_of("worker3", others, 3), watchers_of("worker3", kSeven, 3));
}

TEST(RingOrder, AllOthersWatchWhereThereAreFewerThanK) {
  const auto watchers = watchers_of("worker1", {"worker1", "worker2", "worker3"}, 3);
  EXPECT_EQ(std::set(watchers.begin(), watchers.end()), (std::set<std::string>{"worker2", "worker3"}));
  EXPECT_TRUE(watchers_of("worker1", {"worker1"}, 3).empty());
  EXPECT_TRUE(watchers_of("worker1", {}, 3).empty());
}

RC_GTEST_PROP(RingOrder, EverybodyWatchesAndIsWatchedByKOthers, ()) {
  const auto names = numbered(*rc::gen::inRange<std::size_t>(4, 60));
  const auto k = *rc::gen::inRange<std::size_t>(1, 4);
  std::map<std::string, std::size_t> watches;
  for (const auto& name : names) {
    const auto watchers = watchers_of(name, names, k);
    RC_ASSERT(std::set(watchers.begin(), watchers.end()).size() == k);
    RC_ASSERT(std::ranges::find(watchers, name) == watchers.end());
    for (const auto& watcher : watchers) ++watches[watcher];
  }
  for (const auto& name : names) RC_ASSERT(watches[name] == k);
}

RC_GTEST_PROP(RingOrder, ARingWatchesExactlyThoseWhoseWatcherItIs, ()) {
  auto names = numbered(*rc::gen::inRange<std::size_t>(1, 40));
  RingWorld world(names);
  names.push_back("self");
  Names expected;
  for (const auto& name : names) {
    const auto watchers = watchers_of(name, names, 3);
    if (std::ranges::find(watchers, "self") != watchers.end()) expected.push_back(name);
  }
  std::ranges::sort(expected);
  RC_ASSERT(world.watched() == expected);
}

// What the ring makes of one table after another is what it makes of the last.
RC_GTEST_PROP(RingOrder, WatchesDependOnTheLastTableOnly, ()) {
  RingWorld world({});
  Names last;
  for (int table = 0; table < 8; ++table) {
    last.clear();
    world.peers.clear();
    for (const auto& name : numbered(12)) {
      if (*rc::gen::arbitrary<bool>()) last.push_back(name);
    }
    for (const auto& name : last) world.peers.push_back({name, RingWorld::endpoint(name), 1});
    world.set_peers();
    world.run(*rc::gen::inRange(0, 300) * 1ms);
  }
  RC_ASSERT(world.watched() == RingWorld(last).watched());
}

TEST(RingOrder, NobodyIsWatchedWhenTheRingIsOffOrThisNodeIsAlone) {
  RingSettings off;
  off.enabled = false;
  RingWorld without({"a", "b", "c"}, off);
  EXPECT_TRUE(without.watched().empty());
  EXPECT_EQ(without.ring->next_deadline(), kIdle);
  EXPECT_EQ(RingWorld({}).ring->next_deadline(), kIdle);
}

TEST(RingOrder, AWatchEndsAtOnceWhenTheMemberLeaves) {
  RingWorld world({"a", "b"});
  world.run(1s);
  world.silence_before_next_ping("a");
  world.run(80ms);
  ASSERT_EQ(world.state("a"), Watch::State::kBurst);
  world.remove("a");
  const auto left = world.now;
  world.run(1s);
  EXPECT_EQ(world.pings_since("a", left + 1ns), 0U);
  EXPECT_FALSE(world.first<WatchRing::Accuse>());
  EXPECT_FALSE(world.first<WatchRing::Declare>());
}

TEST(RingOrder, WatchesUnderWayGoOnWhenTheTableChanges) {
  RingWorld world({"a", "b"});
  world.run(1s);
  const auto began = world.silence_before_next_ping("a");
  world.run(60ms);
  ASSERT_EQ(world.state("a"), Watch::State::kBurst);
  world.peers.push_back({"c", RingWorld::endpoint("c"), 1});
  world.set_peers();
  world.run(200ms);
  ASSERT_TRUE(world.first<WatchRing::Accuse>());
  EXPECT_LT(in_ms(*world.first<WatchRing::Accuse>() - began), 180);
}

TEST(RingOrder, AMemberThatMovedIsWatchedAnewAtItsNewAddress) {
  RingWorld world({"a", "b"});
  world.run(1s);
  world.silence("a");
  world.run(120ms);
  world.peer("a").endpoint = RingWorld::endpoint("elsewhere");
  world.set_peers();
  for (const auto& member : world.ring->watched()) {
    if (member.name == "a") {
      EXPECT_FALSE(member.round_trip);
      EXPECT_EQ(member.state, Watch::State::kQuiet);
    }
  }
}

}  // namespace
}  // namespace metallb::gossip::test
