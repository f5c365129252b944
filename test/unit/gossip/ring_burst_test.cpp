// From the first miss to the verdict: failover spec 3, rules 2 to 8.
#include <gtest/gtest.h>

#include <algorithm>

#include "ring_world.hpp"

namespace metallb::gossip::test {
namespace {

using Conduct = RingWorld::Conduct;

/// Three members besides, all watched, after so long that the loss is known to be small: n = 5.
struct RingBurst : testing::Test {
  RingBurst() : world({"a", "b", "c"}) { world.run(30s); }

  /// The accusations since the last call of this.
  std::vector<RingWorld::Done<WatchRing::Accuse>> accusations() const { return world.done<WatchRing::Accuse>(); }
  std::vector<RingWorld::Done<WatchRing::Declare>> declarations() const { return world.done<WatchRing::Declare>(); }
  std::vector<double> pings_after(const std::string& name, SteadyPoint since) const {
    std::vector<double> out;
    for (const auto at : world.pings(name)) {
      if (at > since) out.push_back(in_ms(at - since));
    }
    return out;
  }
  RingWorld world;
};

TEST_F(RingBurst, BeginsWithTheFirstMissAndPingsEveryStep) {
  const auto lost = world.silence_before_next_ping("a");
  world.run(115ms);
  EXPECT_EQ(pings_after("a", lost), (std::vector<double>{30, 50, 70, 90, 110}));
}

TEST_F(RingBurst, EndsWithAnAnswerAndThePeriodGoesOn) {
  const auto lost = world.silence_before_next_ping("a");
  world.run(40ms);
  ASSERT_EQ(world.state("a"), Watch::State::kBurst);
  world.answer("a");  // the ping at 50 ms
  world.run(300ms);
  EXPECT_EQ(world.state("a"), Watch::State::kQuiet);
  EXPECT_EQ(pings_after("a", lost), (std::vector<double>{30, 50, 150, 250}));
  EXPECT_TRUE(accusations().empty());
}

TEST_F(RingBurst, ThatIsLostAccusesTheMemberBeforeTheOtherWatchersAndItself) {
  const auto lost = world.silence_before_next_ping("a");
  world.run(150ms);
  ASSERT_FALSE(accusations().empty());
  const auto first = accusations().front();
  // The ping that was missed is the first of the five: 0, 30, 50, 70, 90, and 30 more.
  EXPECT_EQ(first.at - lost, 120ms);
  EXPECT_EQ(first.action.suspect, (Suspect{1, "a", "self"}));
  auto to = first.action.to;
  std::ranges::sort(to);
  EXPECT_EQ(to, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(world.state("a"), Watch::State::kAccused);
  EXPECT_EQ(world.ring->counters().accusations, 1U);
  EXPECT_TRUE(declarations().empty()) << "one watcher is not enough";
}

TEST_F(RingBurst, NamesTheLatestIncarnation) {
  world.peer("a").incarnation = 7;
  world.set_peers();
  world.silence_before_next_ping("a");
  world.run(150ms);
  ASSERT_FALSE(accusations().empty());
  EXPECT_EQ(accusations().front().action.suspect.incarnation, 7U);
}

TEST_F(RingBurst, RepeatsTheAccusationEveryStepSoThatALostPacketDelaysNothing) {
  world.silence_before_next_ping("a");
  world.run(200ms);
  const auto all = accusations();
  ASSERT_GE(all.size(), 4U);
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LE(all[i].at - all[i - 1].at, 20ms);
  EXPECT_EQ(world.ring->counters().accusations, 1U) << "they are one";
}

TEST_F(RingBurst, RepeatsTheAccusationLessOftenLaterAndNotForever) {
  const auto lost = world.silence_before_next_ping("a");
  world.run(10min);
  EXPECT_LE(accusations().size(), 100U);
  EXPECT_LT(in_ms(accusations().back().at - lost), 20'000);
  const auto pings = pings_after("a", world.now - 10s);
  EXPECT_LE(pings.size(), 101U) << "a member that keeps silent is pinged as any other";
}

TEST_F(RingBurst, WithASuspicionFromAnotherWatcherDeclaresTheMemberDead) {
  world.silence_before_next_ping("a");
  world.run(130ms);
  ASSERT_FALSE(accusations().empty());
  ASSERT_TRUE(declarations().empty());
  world.suspect("b", "a");
  ASSERT_FALSE(declarations().empty());
  EXPECT_EQ(declarations().front().at, world.now);
  EXPECT_EQ(declarations().front().action.dead, (Dead{1, "a", "self"}));
  EXPECT_EQ(world.ring->counters().declarations, 1U);
}

TEST_F(RingBurst, AfterASuspicionFromAnotherWatcherDeclaresAsSoonAsItIsLost) {
  const auto lost = world.silence_before_next_ping("a");
  world.run(100ms);
  world.suspect("c", "a");
  EXPECT_TRUE(declarations().empty()) << "the own burst is not lost yet";
  world.run(30ms);
  ASSERT_FALSE(declarations().empty());
  EXPECT_EQ(declarations().front().at - lost, 120ms);
}

TEST_F(RingBurst, DoesNotDeclareAMemberThatAnswersWhoeverSuspectsIt) {
  world.suspect("b", "a");
  world.suspect("c", "a");
  world.run(1s);
  EXPECT_TRUE(declarations().empty());
  EXPECT_TRUE(accusations().empty());
}

TEST_F(RingBurst, ASuspicionThatAnAnswerRefutedDoesNotCountLater) {
  world.suspect("b", "a");
  world.run(200ms);
  world.silence_before_next_ping("a");
  world.run(200ms);
  EXPECT_FALSE(accusations().empty());
  EXPECT_TRUE(declarations().empty());
}

TEST_F(RingBurst, SuspicionsThatDoNotCount) {
  world.peer("a").incarnation = 5;
  world.set_peers();
  world.silence_before_next_ping("a");
  world.run(150ms);
  world.suspect("self", "a", 5);      // the own one, come back by gossip
  world.suspect("a", "a", 5);         // nonsense
  world.suspect("b", "a", 4);         // refuted already
  world.suspect("nobody", "a", 5);    // no watcher
  world.suspect("b", "stranger", 5);  // no member
  world.run(100ms);
  EXPECT_TRUE(declarations().empty());
  world.suspect("b", "a", 5);
  EXPECT_FALSE(declarations().empty());
}

TEST(RingBurstOfMany, OnlyASuspicionFromAWatcherOfThatMemberCounts) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("n" + std::to_string(i));
  RingWorld world(names);
  world.run(30s);
  const auto watched = world.watched();
  ASSERT_EQ(watched.size(), 3U);
  const auto& member = watched.front();
  names.push_back("self");
  const auto watchers = watchers_of(member, names, 3);
  world.silence_before_next_ping(member);
  world.run(150ms);
  for (const auto& name : names) {
    if (name != member && std::ranges::find(watchers, name) == watchers.end()) world.suspect(name, member);
  }
  EXPECT_FALSE(world.first<WatchRing::Declare>());
  for (const auto& name : watchers) {
    if (name != "self") world.suspect(name, member);
  }
  EXPECT_TRUE(world.first<WatchRing::Declare>());
}

TEST_F(RingBurst, RepeatsTheDeclarationEveryStepForThoseWhoLostThePacket) {
  world.silence_before_next_ping("a");
  world.run(130ms);
  world.suspect("b", "a");
  world.remove("a");  // as the member table does
  const auto first = world.now;
  world.run(5s);
  std::vector<double> times;
  for (const auto& declared : declarations()) times.push_back(in_ms(declared.at - first));
  EXPECT_EQ(times, (std::vector<double>{0, 20, 40}));
  EXPECT_EQ(world.ring->counters().declarations, 1U);
}

TEST_F(RingBurst, StopsRepeatingADeclarationThatWasRefuted) {
  world.silence_before_next_ping("a");
  world.run(130ms);
  world.suspect("b", "a");
  world.remove("a");
  world.run(5ms);
  world.answer("a");
  world.peers.push_back({"a", RingWorld::endpoint("a"), 2});
  world.set_peers();
  world.run(1s);
  EXPECT_EQ(declarations().size(), 1U);
}

TEST_F(RingBurst, AsksTheOtherWatchersAtTheSecondMiss) {
  const auto lost = world.silence_before_next_ping("a");
  world.run(59ms);
  EXPECT_TRUE(world.done<WatchRing::AskWatcher>().empty());
  world.run(5ms);
  const auto asked = world.done<WatchRing::AskWatcher>();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].at - lost, 60ms);
  EXPECT_EQ(asked[0].action.accused, "a");
  EXPECT_EQ((std::set<std::string>{asked[0].action.watcher, asked[1].action.watcher}), (std::set<std::string>{"b", "c"}));
  world.run(1min);
  EXPECT_LE(world.done<WatchRing::AskWatcher>().size(), 6U) << "three times each at most";
}

TEST_F(RingBurst, BeginsAtOnceWhenAnotherWatcherAsks) {
  world.silence("a");
  world.ask("a");
  const auto asked = world.now;
  EXPECT_EQ(world.pings("a").back(), asked);
  EXPECT_EQ(world.state("a"), Watch::State::kBurst);
  world.run(150ms);
  ASSERT_FALSE(accusations().empty());
  EXPECT_LE(accusations().front().at - asked, 110ms);
}

TEST_F(RingBurst, BeginsAtOnceWhenAnotherWatcherSuspects) {
  world.silence("a");
  world.suspect("b", "a");
  EXPECT_EQ(world.pings("a").back(), world.now);
  world.run(120ms);
  EXPECT_FALSE(declarations().empty());
}

TEST_F(RingBurst, ThatWasAskedForIsOverWithTheAnswer) {
  world.ask("a");
  world.run(5ms);
  EXPECT_EQ(world.state("a"), Watch::State::kQuiet);
}

TEST_F(RingBurst, IsNotBegunForAMemberThatThisNodeDoesNotWatch) {
  const auto before = world.actions.size();
  world.ask("stranger");
  EXPECT_EQ(world.actions.size(), before);
}

TEST_F(RingBurst, AnswersRelayedByAnotherWatcherEndIt) {
  world.reached_by_others.insert("a");
  world.silence_before_next_ping("a");
  world.run(65ms);
  EXPECT_EQ(world.state("a"), Watch::State::kQuiet);
  world.run(2s);
  EXPECT_TRUE(accusations().empty());
}

TEST_F(RingBurst, AMemberThatOnlyOthersReachGetsNoBurstsAfterAWhile) {
  world.reached_by_others.insert("a");
  world.silence_before_next_ping("a");
  world.run(10s);
  const auto bursts = world.ring->counters().bursts;
  EXPECT_LE(bursts, Watch::kMostRelays);
  EXPECT_EQ(pings_after("a", world.now - 1s).size(), 10U) << "it is pinged as before";

  // An other watcher's question is answered as ever.
  world.reached_by_others.clear();
  world.ask("a");
  world.run(150ms);
  EXPECT_FALSE(accusations().empty());
}

TEST_F(RingBurst, AMemberThatAnswersAgainIsWatchedAsBefore) {
  world.reached_by_others.insert("a");
  world.silence_before_next_ping("a");
  world.run(10s);
  world.reached_by_others.clear();
  world.answer("a");
  world.run(1s);
  world.silence_before_next_ping("a");
  world.run(150ms);
  EXPECT_FALSE(accusations().empty());
}

TEST_F(RingBurst, ARefutedAccusationIsNotRepeatedUntilTheMemberIsHeard) {
  world.silence_before_next_ping("a");
  world.run(150ms);
  const auto before = accusations().size();
  ASSERT_GT(before, 0U);
  world.peer("a").incarnation = 2;
  world.set_peers();
  EXPECT_EQ(world.state("a"), Watch::State::kQuiet);
  world.run(10s);
  EXPECT_EQ(accusations().size(), before);

  world.answer("a");
  world.run(1s);
  world.silence_before_next_ping("a");
  world.run(150ms);
  ASSERT_GT(accusations().size(), before);
  EXPECT_EQ(accusations().back().action.suspect.incarnation, 2U);
}

TEST_F(RingBurst, AnIncarnationThatTheSuspicionItselfBroughtIsNoSignOfLife) {
  const auto lost = world.silence_before_next_ping("a");
  world.run(80ms);
  world.suspect("b", "a", 3);
  world.peer("a").incarnation = 3;
  world.set_peers();
  world.run(70ms);
  ASSERT_FALSE(declarations().empty());
  EXPECT_EQ(declarations().front().at - lost, 120ms);
  EXPECT_EQ(declarations().front().action.dead.incarnation, 3U);
}

TEST_F(RingBurst, IcmpErrorsCountAtOnce) {
  const auto lost = world.silence_before_next_ping("a", Conduct::kRefuses);
  world.run(150ms);
  ASSERT_FALSE(accusations().empty());
  // 0, refused after 1 ms, then 1, 21, 41, 61 and 1 more.
  EXPECT_EQ(accusations().front().at - lost, 62ms);
}

TEST(RingBurstSettings, IcmpErrorsNeverMakeABurstShorterThanSixtyMilliseconds) {
  RingSettings quick;
  quick.burst_step = 2ms;
  RingWorld world({"a", "b"}, quick);
  world.run(30s);
  const auto lost = world.silence_before_next_ping("a", Conduct::kRefuses);
  world.run(150ms);
  ASSERT_TRUE(world.first<WatchRing::Accuse>());
  EXPECT_EQ(*world.first<WatchRing::Accuse>() - lost, 61ms) << "60 ms after the first miss";
}

TEST_F(RingBurst, IcmpErrorsForOthersAreNoMatterOfTheRing) {
  world.run(5ms);
  const auto bursts = world.ring->counters().bursts;
  world.call([&](auto& out) { world.ring->unreachable(world.now, RingWorld::endpoint("stranger"), out); });
  world.run(10ms);
  EXPECT_EQ(world.ring->counters().bursts, bursts);
}

TEST_F(RingBurst, IsTwiceAsLongForAMemberWhoseDeathWasRefutedAndSoOn) {
  const auto n_pings = [&] {
    const auto lost = world.silence_before_next_ping("a");
    const auto before = accusations().size();
    while (accusations().size() == before) world.run(1ms);
    world.answer("a");
    const auto at = accusations()[before].at;
    world.run(30s);
    // 0, 30, 50, ... and 30 ms after the last.
    return static_cast<int>((in_ms(at - lost) - 60) / 20) + 2;
  };
  EXPECT_EQ(n_pings(), 5);
  for (const int expected : {10, 20, 40, 80, 80}) {
    world.ring->refuted(world.now, "a");
    EXPECT_NEAR(n_pings(), expected, expected / 5) << "the loss is a little greater after each burst";
  }
  world.run(10min);
  EXPECT_NEAR(n_pings(), 5, 1);
}

TEST(RingBurstOfMany, AWatcherThatIsNewIsToldOfAnAccusationThatStands) {
  std::vector<std::string> names;
  for (int i = 0; i < 8; ++i) names.push_back("n" + std::to_string(i));
  RingWorld world(names);
  world.run(30s);
  const auto member = world.watched().front();
  names.push_back("self");
  auto watchers = watchers_of(member, names, 3);
  std::erase(watchers, "self");
  world.silence(member);
  world.run(1min);
  const auto before = world.done<WatchRing::Accuse>().size();
  ASSERT_EQ(world.state(member), Watch::State::kAccused);

  std::erase(names, watchers.front());
  world.remove(watchers.front());
  world.run(200ms);
  const auto all = world.done<WatchRing::Accuse>();
  ASSERT_GT(all.size(), before);
  for (const auto& watcher : watchers_of(member, names, 3)) {
    if (watcher != "self")
      EXPECT_NE(std::ranges::find(all.back().action.to, watcher), all.back().action.to.end()) << watcher;
  }
}

TEST_F(RingBurst, WhoIsTheOnlyWatcherLeftJudgesAtOnce) {
  world.remove("c");
  world.silence_before_next_ping("a");
  world.run(250ms);
  ASSERT_FALSE(accusations().empty());
  ASSERT_TRUE(declarations().empty());
  world.remove("b");
  world.run(0ms);
  EXPECT_FALSE(declarations().empty()) << "b showed until now that the own link works";
}

TEST(RingBurstAtTheStart, IsALittleLongerWhileTheLossIsNotKnown) {
  RingWorld world({"a", "b", "c"});
  world.run(500ms);
  const auto lost = world.silence_before_next_ping("a");
  world.run(300ms);
  ASSERT_TRUE(world.first<WatchRing::Accuse>());
  EXPECT_GT(*world.first<WatchRing::Accuse>() - lost, 120ms);
}

}  // namespace
}  // namespace metallb::gossip::test
