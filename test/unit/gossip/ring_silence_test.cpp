// When a watcher keeps its verdict to itself: failover spec 4, except for the witness.
#include <gtest/gtest.h>

#include <algorithm>

#include "gossip/mass_silence.hpp"
#include "ring_world.hpp"

namespace metallb::gossip::test {
namespace {

const std::vector<std::string> kThree = {"a", "b", "c"};

TEST(RingBlamesItself, NoVerdictWhenNothingIsHeardFromAnyone) {
  RingWorld world(kThree);
  world.run(30s);
  world.own_link = false;
  world.witness = WitnessAnswer::kSilent;
  world.run(1min);
  EXPECT_FALSE(world.first<WatchRing::Accuse>());
  EXPECT_FALSE(world.first<WatchRing::Declare>());
  EXPECT_GE(world.ring->counters().withheld_nothing_heard, 1U);
  EXPECT_GE(world.ring->counters().withheld_witness_silent, 1U);
}

TEST(RingBlamesItself, PingsAnotherMemberAlongWithABurstToHearWhetherTheOwnLinkWorks) {
  RingWorld world({"a", "b"});
  world.run(30s);
  const auto lost = world.silence_before_next_ping("a");
  world.run(120ms);
  EXPECT_EQ(world.pings_since("b", lost + 30ms), 5U);
  EXPECT_FALSE(world.first<WatchRing::NeedWitness>());
}

// At the end of an outage of the own link, or of the switch, everybody is heard at once, and so is every watcher: who went
// by "something was heard since the burst began" would condemn everybody then.
class RingAfterAnOutage : public testing::TestWithParam<int> {};

TEST_P(RingAfterAnOutage, NobodyIsAccused) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RingWorld world(kThree, {}, seed);
    world.run(30s);
    world.own_link = false;
    world.witness = WitnessAnswer::kSilent;
    world.run(std::chrono::milliseconds(GetParam()));
    world.own_link = true;
    world.witness = WitnessAnswer::kHeard;
    world.chatter(2s);
    world.run(2s);
    ASSERT_FALSE(world.first<WatchRing::Accuse>()) << seed;
    ASSERT_FALSE(world.first<WatchRing::Declare>()) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Milliseconds, RingAfterAnOutage, testing::Values(30, 80, 110, 130, 150, 170, 190, 250, 400, 3000));

TEST(RingBlamesItself, AfterALongOutageOfTheOwnLinkMembersThatComeBackLaterHaveASecond) {
  RingWorld world({"a", "b"});
  world.run(30s);
  world.own_link = false;
  world.witness = WitnessAnswer::kSilent;
  world.run(5s);
  world.own_link = true;
  world.silence("a");
  world.run(950ms);
  EXPECT_FALSE(world.first<WatchRing::Accuse>());
  world.run(200ms);
  EXPECT_TRUE(world.first<WatchRing::Accuse>()) << "still silent";
}

TEST(RingBlamesItself, LossesThatNothingWasHeardAfterDoNotCountForTheVerdict) {
  // b answers only each 70 ms or so after a ping: half of the pings to a go by in dead silence.
  RingWorld world({"a", "b"});
  world.run(30s);
  const auto lost = world.silence_before_next_ping("a");
  world.own_link = false;
  world.run(60ms);
  world.own_link = true;
  world.run(200ms);
  ASSERT_TRUE(world.first<WatchRing::Accuse>());
  EXPECT_GT(*world.first<WatchRing::Accuse>() - lost, 130ms);
}

TEST(RingBlamesItself, NoVerdictWithoutCarrierAndTheBurstBeginsAnewWithIt) {
  RingWorld world({"a", "b"});
  world.run(30s);
  world.chatter(3s);
  world.ring->link(world.now, false);
  world.silence_before_next_ping("a");
  world.run(1s);
  EXPECT_FALSE(world.first<WatchRing::Accuse>());
  EXPECT_EQ(world.ring->counters().withheld_no_carrier, 1U);
  world.ring->link(world.now, true);
  const auto back = world.now;
  world.run(90ms);
  EXPECT_FALSE(world.first<WatchRing::Accuse>()) << "what was lost before proves nothing";
  world.run(100ms);
  ASSERT_TRUE(world.first<WatchRing::Accuse>());
  EXPECT_GE(*world.first<WatchRing::Accuse>() - back, 110ms);
}

TEST(RingBlamesItself, ABurstBeginsAnewWhenTheOwnLoopWasLateByMoreThanTwentyMilliseconds) {
  RingWorld world({"a", "b"});
  world.run(30s);
  world.silence_before_next_ping("a");
  world.run(95ms);
  // The next ping is due at 110 ms.
  world.stand_still(40ms);
  const auto again = world.now;
  EXPECT_EQ(world.ring->counters().withheld_late_loop, 1U);
  world.run(105ms);
  EXPECT_FALSE(world.first<WatchRing::Accuse>());
  world.run(20ms);
  ASSERT_TRUE(world.first<WatchRing::Accuse>());
  EXPECT_EQ(*world.first<WatchRing::Accuse>() - again, 110ms) << "five pings from 0 to 80 ms, and 30 ms";
}

TEST(RingBlamesItself, ALittleLatenessChangesNothing) {
  RingWorld world({"a", "b"});
  world.run(30s);
  const auto lost = world.silence_before_next_ping("a");
  world.run(89ms);
  world.stand_still(20ms);  // 19 ms late
  world.run(40ms);
  EXPECT_EQ(world.ring->counters().withheld_late_loop, 0U);
  ASSERT_TRUE(world.first<WatchRing::Accuse>());
  EXPECT_LT(*world.first<WatchRing::Accuse>() - lost, 145ms);
}

TEST(RingBlamesItself, APausedProcessJudgesNobodyByWhatItFindsInItsMailbox) {
  RingWorld world({"a", "b"});
  world.run(30s);
  world.silence_before_next_ping("a");
  world.run(130ms);
  ASSERT_TRUE(world.first<WatchRing::Accuse>());
  // Ten seconds later, the first thing that it reads is a suspicion that is as old.
  world.now += 10s;
  world.suspect("b", "a");
  EXPECT_FALSE(world.first<WatchRing::Declare>());
  world.answer("a");
  world.run(1s);
  EXPECT_FALSE(world.first<WatchRing::Declare>());
  EXPECT_EQ(world.state("a"), Watch::State::kQuiet);
}

TEST(RingBlamesItself, PingsLostWhileTheProcessPausedAreNoLosses) {
  RingWorld world(kThree);
  world.run(30s);
  for (int i = 0; i < 20; ++i) {
    for (const auto& name : kThree) world.silence_before_next_ping(name);
    world.stand_still(10s);
    for (const auto& name : kThree) world.answer(name);
    world.run(1s);
  }
  for (const auto& member : world.ring->watched()) EXPECT_LT(member.loss, 0.1) << member.name;
  EXPECT_FALSE(world.first<WatchRing::Accuse>());
}

TEST(RingBlamesItself, AnswersThatLayUnreadWhileTheProcessPausedAreNoSlowOnes) {
  RingWorld world({"a", "b"});
  world.run(30s);
  const auto before = world.pings("a").size();
  while (world.pings("a").size() == before) world.run(500us);
  world.stand_still(10s);
  world.run(50ms);
  for (const auto& member : world.ring->watched()) EXPECT_LT(in_ms(member.round_trip.value_or(1s)), 1.1) << member.name;
}

struct RingMassSilence : testing::Test {
  RingMassSilence() : world({"n0", "n1", "n2", "n3", "n4", "n5"}) {
    world.run(30s);
    watched = world.watched();
    world.chatter(5s);
  }
  RingWorld world;
  std::vector<std::string> watched;
};

TEST_F(RingMassSilence, OfAllThatAreWatchedHoldsVerdictsForASecond) {
  ASSERT_EQ(watched.size(), 3U);
  const auto began = world.now;
  for (const auto& name : watched) world.silence(name);
  world.run(1s);
  EXPECT_TRUE(world.condemned().empty());
  EXPECT_EQ(world.ring->counters().withheld_mass_silence, 3U);
  world.run(300ms);
  EXPECT_EQ(world.condemned().size(), 3U);
  for (const auto& [name, at] : world.condemned()) EXPECT_LT(in_ms(at - began), 1200) << name;
}

TEST_F(RingMassSilence, AccusesOnlyThoseThatAreStillSilentAfterIt) {
  for (const auto& name : watched) world.silence(name);
  world.run(600ms);
  world.answer(watched[1]);
  world.run(1s);
  EXPECT_EQ(world.condemned().size(), 2U);
  EXPECT_FALSE(world.condemned().contains(watched[1]));
}

TEST_F(RingMassSilence, IsNotSeenInTwo) {
  const auto began = world.now;
  world.silence(watched[0]);
  world.silence(watched[1]);
  world.run(300ms);
  EXPECT_EQ(world.condemned().size(), 2U);
  for (const auto& [name, at] : world.condemned()) EXPECT_LT(in_ms(at - began), 250) << name;
}

TEST_F(RingMassSilence, CountsThoseThatOthersSuspect) {
  std::vector<std::string> others;
  for (const auto& peer : world.peers) {
    if (std::ranges::find(watched, peer.name) == watched.end()) others.push_back(peer.name);
  }
  ASSERT_EQ(others.size(), 3U);
  // Four of six, with the one that this node finds silent itself.
  for (const auto& name : others) world.suspect(watched[1], name);
  world.silence_before_next_ping(watched[0]);
  world.run(800ms);
  EXPECT_TRUE(world.condemned().empty());
  world.run(600ms);
  EXPECT_TRUE(world.condemned().contains(watched[0]));
}

TEST(MassSilence, TakesMoreThanHalfAndThreeAtLeast) {
  MassSilence silence;
  const SteadyPoint now{};
  EXPECT_TRUE(silence.silent(now, "a"));
  EXPECT_FALSE(silence.silent(now, "a")) << "known";
  silence.silent(now, "b");
  EXPECT_FALSE(silence.most(now, 2)) << "two are too few";
  silence.silent(now, "c");
  EXPECT_TRUE(silence.most(now, 5));
  EXPECT_FALSE(silence.most(now, 6)) << "half is not more than half";
}

TEST(MassSilence, TakesThemWithinOneSecond) {
  MassSilence silence;
  const SteadyPoint now{};
  silence.silent(now, "a");
  silence.silent(now + 400ms, "b");
  silence.silent(now + 999ms, "c");
  EXPECT_TRUE(silence.most(now + 999ms, 3));
  EXPECT_FALSE(silence.most(now + 1s, 3));
  EXPECT_FALSE(silence.silent(now + 2s, "a")) << "what lasts is not new again";
  EXPECT_FALSE(silence.most(now + 2s, 1));
}

TEST(MassSilence, ForgetsWhoIsHeardAgain) {
  MassSilence silence;
  const SteadyPoint now{};
  for (const auto& name : {"a", "b", "c"}) silence.silent(now, name);
  silence.heard("b");
  EXPECT_FALSE(silence.most(now, 3));
  EXPECT_TRUE(silence.silent(now, "b"));
  EXPECT_TRUE(silence.most(now, 3));
}

TEST(MassSilence, CountsThoseThatWereRemovedMeanwhileForASecond) {
  MassSilence silence;
  const SteadyPoint now{};
  for (const auto& name : {"a", "b", "c"}) silence.silent(now, name);
  silence.removed(now, "a");
  silence.removed(now, "b");
  EXPECT_TRUE(silence.most(now, 3)) << "three of five";
  EXPECT_FALSE(silence.most(now, 4)) << "three of six";
  EXPECT_FALSE(silence.most(now + 1s, 0));
  EXPECT_TRUE(silence.silent(now + 1s, "a")) << "forgotten";
}

}  // namespace
}  // namespace metallb::gossip::test
