// A watcher without a second one needs a witness: failover spec 4, "one watcher only".
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "ring_world.hpp"

namespace metallb::gossip::test {
namespace {

struct RingOfTwo : testing::Test {
  RingOfTwo() : world({"a"}) { world.run(30s); }
  std::optional<double> declared_after(SteadyPoint lost) const {
    const auto at = world.first<WatchRing::Declare>();
    return at ? std::optional(in_ms(*at - lost)) : std::nullopt;
  }
  RingWorld world;
};

TEST_F(RingOfTwo, AsksForTheWitnessWhileTheBurstRunsAndDeclaresAtItsEnd) {
  const auto lost = world.silence_before_next_ping("a");
  world.run(200ms);
  ASSERT_TRUE(world.first<WatchRing::NeedWitness>());
  EXPECT_EQ(*world.first<WatchRing::NeedWitness>() - lost, 30ms);
  EXPECT_EQ(world.done<WatchRing::NeedWitness>().front().action.accused, "a");
  EXPECT_EQ(declared_after(lost), 120);
  EXPECT_EQ(world.done<WatchRing::Declare>().front().action.dead, (Dead{1, "a", "self"}));
}

TEST_F(RingOfTwo, AsksNobodyWhileAllIsWell) {
  EXPECT_FALSE(world.first<WatchRing::NeedWitness>());
}

TEST_F(RingOfTwo, WaitsForASlowWitnessNotMuchLonger) {
  world.witness_delay = 90ms;
  const auto lost = world.silence_before_next_ping("a");
  world.run(400ms);
  ASSERT_TRUE(declared_after(lost));
  EXPECT_LE(*declared_after(lost), 230);
}

TEST_F(RingOfTwo, GivesNoVerdictWhenTheWitnessIsSilentToo) {
  world.witness = WitnessAnswer::kSilent;
  world.witness_delay = 100ms;
  const auto lost = world.silence_before_next_ping("a");
  world.run(1min);
  EXPECT_FALSE(declared_after(lost));
  EXPECT_EQ(world.ring->counters().withheld_witness_silent, 1U);
}

TEST_F(RingOfTwo, GivesNoVerdictWhileTheWitnessIsNotHeard) {
  world.witness = std::nullopt;
  const auto lost = world.silence_before_next_ping("a");
  world.run(1min);
  EXPECT_FALSE(declared_after(lost));
}

TEST_F(RingOfTwo, DoublesTheBurstWhereThereIsNobodyToAsk) {
  world.witness = WitnessAnswer::kNobodyToAsk;
  const auto lost = world.silence_before_next_ping("a");
  world.run(500ms);
  // Ten pings: 0, 30, 50, ..., 190, and 30 ms.
  EXPECT_EQ(declared_after(lost), 220);
  EXPECT_EQ(world.done<WatchRing::NeedWitness>().size(), 1U) << "once per burst is enough to know that";
}

TEST_F(RingOfTwo, TheWitnessSpeaksForPingsOfItsTimeOnly) {
  // The own link is down for 300 ms; then the witness is heard at once, and the member not yet.
  world.witness = WitnessAnswer::kSilent;
  world.silence_before_next_ping("a");
  world.run(115ms);
  world.witness = WitnessAnswer::kHeard;
  world.run(15ms);
  EXPECT_FALSE(world.first<WatchRing::Declare>()) << "what was lost until then was lost with the link";
  world.answer("a");
  world.run(1s);
  EXPECT_FALSE(world.first<WatchRing::Declare>());
}

TEST_F(RingOfTwo, AnswersToQuestionsThatWereNotAskedAreIgnored) {
  world.witness = std::nullopt;
  world.silence_before_next_ping("a");
  for (int i = 0; i < 100; ++i) {
    world.run(10ms);
    world.call([&](auto& out) { world.ring->witness(world.now, 1'000'000, WitnessAnswer::kHeard, out); });
    world.call([&](auto& out) { world.ring->witness(world.now, 1'000'000, WitnessAnswer::kNobodyToAsk, out); });
  }
  EXPECT_FALSE(world.first<WatchRing::Declare>());
}

TEST_F(RingOfTwo, AnAnswerOfTheMemberDuringTheBurstCountsMoreThanTheWitness) {
  world.silence_before_next_ping("a");
  world.run(85ms);
  world.answer("a");
  world.run(1s);
  EXPECT_FALSE(world.first<WatchRing::Declare>());
}

TEST(RingOfThree, TwoThatDieAtOnceAreBothFound) {
  RingWorld world({"a", "b"});
  world.run(30s);
  const auto death = world.now;
  world.silence("a");
  world.silence("b");
  world.run(300ms);
  std::set<std::string> dead;
  for (const auto& declared : world.done<WatchRing::Declare>()) {
    if (dead.insert(declared.action.dead.node).second) EXPECT_LE(in_ms(declared.at - death), 250);
  }
  EXPECT_EQ(dead, (std::set<std::string>{"a", "b"}));
  EXPECT_TRUE(world.first<WatchRing::NeedWitness>());
}

TEST(RingOfThree, WithNobodyToAskTwoSilentOnesMeanThatTheOwnLinkIsDown) {
  RingWorld world({"a", "b"});
  world.run(30s);
  world.witness = WitnessAnswer::kNobodyToAsk;
  world.silence("a");
  world.silence("b");
  world.run(10s);
  EXPECT_FALSE(world.first<WatchRing::Declare>());
}

TEST(RingOfThree, NeverHasManyQuestionsOpen) {
  // The two ask in turn; whoever answers them keeps eight at most.
  RingWorld world({"a", "b"});
  world.run(30s);
  world.witness = WitnessAnswer::kSilent;
  world.witness_delay = 100ms;
  world.own_link = false;
  const auto began = world.now;
  world.run(10s);
  const auto asked = world.done<WatchRing::NeedWitness>();
  ASSERT_GT(asked.size(), 10U);
  for (auto at = began; at < world.now; at += 5ms) {
    const auto open = std::ranges::count_if(asked, [&](const auto& one) { return one.at <= at && at < one.at + 100ms; });
    ASSERT_LE(open, 6);
  }
}

TEST_F(RingOfTwo, AQuestionThatIsNeverAnsweredMakesRoomForOthers) {
  world.witness = std::nullopt;
  world.silence_before_next_ping("a");
  world.run(2s);
  world.witness = WitnessAnswer::kHeard;
  world.run(2s);
  EXPECT_TRUE(world.first<WatchRing::Declare>());
}

TEST(RingOfThree, TwoThatAreSilentBecauseTheOwnLinkIsDownAreNotDeclared) {
  RingWorld world({"a", "b"});
  world.run(30s);
  world.own_link = false;
  world.witness = WitnessAnswer::kSilent;
  world.run(10s);
  EXPECT_FALSE(world.first<WatchRing::Declare>());
}

TEST(RingOfThree, ASecondWatcherThatOthersSuspectIsNotWaitedFor) {
  // b is silent for itself; the only other watcher of a is suspected too, by somebody that this node does not know well.
  RingWorld world({"a", "b"});
  world.run(30s);
  world.silence("b");
  world.suspect("a", "b");
  const auto lost = world.silence_before_next_ping("a");
  world.run(200ms);
  ASSERT_TRUE(world.first<WatchRing::Declare>());
  EXPECT_LE(in_ms(*world.first<WatchRing::Declare>() - lost), 150);
}

TEST(RingOfFour, ThreeThatDieAtOnceAreFoundAfterTheSecondOfMassSilence) {
  RingWorld world({"a", "b", "c"});
  world.run(30s);
  const auto death = world.now;
  for (const auto& name : {"a", "b", "c"}) world.silence(name);
  world.run(1050ms);
  EXPECT_FALSE(world.first<WatchRing::Declare>());
  world.run(300ms);
  std::set<std::string> dead;
  for (const auto& declared : world.done<WatchRing::Declare>()) dead.insert(declared.action.dead.node);
  EXPECT_EQ(dead, (std::set<std::string>{"a", "b", "c"}));
  EXPECT_LT(in_ms(*world.first<WatchRing::Declare>() - death), 1250);
}

TEST(RingWithOneWatcherEach, JudgesAloneWithAWitness) {
  RingSettings one;
  one.watchers = 1;
  RingWorld world({"a", "b", "c", "d"}, one);
  world.run(30s);
  ASSERT_EQ(world.watched().size(), 1U);
  const auto member = world.watched().front();
  const auto lost = world.silence_before_next_ping(member);
  world.run(200ms);
  ASSERT_TRUE(world.first<WatchRing::NeedWitness>());
  ASSERT_TRUE(world.first<WatchRing::Declare>());
  EXPECT_EQ(*world.first<WatchRing::Declare>() - lost, 120ms);
  EXPECT_FALSE(world.first<WatchRing::Accuse>());
}

}  // namespace
}  // namespace metallb::gossip::test
