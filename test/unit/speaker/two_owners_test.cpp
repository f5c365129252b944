// Two whole nodes that both answer for an address: failover spec 6, "two owners last at most one round trip plus 50 ms from
// the first frame that either sees of the other", and a process that stood still (issue 4). 10.20.30.1 belongs to iris2,
// 10.20.30.2 to iris1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/speaker/lan.hpp"

namespace metallb::speaker {
namespace {

using namespace std::chrono_literals;
using test::Lan;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kIris2s = "10.20.30.1";
constexpr auto kIris1s = "10.20.30.2";
constexpr Duration kRoundTrip = 2 * Lan::kLatency;

struct TwoNodes : testing::Test {
  TwoNodes() {
    lan.serve("one", kIris2s);
    lan.serve("two", kIris1s);
    lan.tell("iris1", {"iris1", "iris2"});
    lan.tell("iris2", {"iris1", "iris2"});
    lan.start();
    lan.run(1min);
  }
  Lan lan{{"iris1", "iris2"}};
};

TEST_F(TwoNodes, EachAnswersForItsOwn) {
  EXPECT_THAT(lan.owners(kIris2s), ElementsAre("iris2"));
  EXPECT_THAT(lan.owners(kIris1s), ElementsAre("iris1"));
  EXPECT_EQ(lan.run(1h).doubled, 0ms);
}

TEST_F(TwoNodes, AfterALongPartitionTheLowerWithdrawsAtTheFirstFrame) {
  lan.cut(true);
  lan.tell("iris1", {"iris1"});
  lan.tell("iris2", {"iris2"});
  lan.run(10min);
  ASSERT_EQ(lan.owners(kIris2s).size(), 2U);
  ASSERT_EQ(lan.owners(kIris1s).size(), 2U);
  lan.cut(false);
  // Neither the membership nor the API says anything: the next refresh of either, within a minute or so, is all there is.
  lan.run(70s);
  EXPECT_GT(lan.host("iris1").packets.conflicts().member + lan.host("iris2").packets.conflicts().member, 0U);
  EXPECT_EQ(lan.owners(kIris2s).size(), 1U);
  EXPECT_EQ(lan.owners(kIris1s).size(), 1U);
}

TEST_F(TwoNodes, TwoOwnersLastARoundTripFromTheFirstFrame) {
  for (const auto& first : {"iris1", "iris2"}) {
    Lan two({"iris1", "iris2"});
    two.serve("one", kIris2s);
    two.start();
    two.cut(true);
    two.tell("iris1", {"iris1"});
    two.tell("iris2", {"iris2"});
    two.run(10min);
    ASSERT_EQ(two.owners(kIris2s).size(), 2U);
    two.cut(false);
    // The first frame: whatever makes one of them announce.
    two.announce_by(first, kIris2s);
    const auto times = two.run(500ms, kIris2s);
    EXPECT_LE(times.doubled, kRoundTrip) << first;
    EXPECT_EQ(times.ownerless, 0ms) << first;
    EXPECT_THAT(two.owners(kIris2s), ElementsAre("iris2")) << first;
  }
}

TEST_F(TwoNodes, AShortPartitionEndsAsQuickly) {
  lan.cut(true);
  lan.tell("iris1", {"iris1"});
  lan.tell("iris2", {"iris2"});
  lan.run(300ms);
  ASSERT_EQ(lan.owners(kIris2s).size(), 2U);
  lan.cut(false);
  const auto times = lan.run(1s, kIris2s);
  // iris1's next round is 50 ms away, that of 350 ms. That iris2's answer is no late frame takes it a second round trip.
  EXPECT_LE(times.doubled, 50ms + 2 * kRoundTrip);
  EXPECT_EQ(times.ownerless, 0ms);
  EXPECT_THAT(lan.owners(kIris2s), ElementsAre("iris2"));
}

TEST_F(TwoNodes, WithoutTheMembershipTheLowerTriesAgainNowAndThen) {
  lan.cut(true);
  lan.tell("iris1", {"iris1"});
  lan.tell("iris2", {"iris2"});
  lan.run(300ms);
  lan.cut(false);
  lan.run(1s);
  const auto times = lan.run(1min, kIris2s);
  EXPECT_EQ(times.ownerless, 0ms);
  // After 1, 2, 4, 8, 8... seconds, a round trip each.
  EXPECT_LE(times.doubled, 10 * kRoundTrip);
  EXPECT_GE(times.doubled, 6 * kRoundTrip);
}

TEST_F(TwoNodes, AReturningOwnerTakesOverWithoutGapAndWithoutDouble) {
  lan.tell("iris1", {"iris1"});
  ASSERT_EQ(lan.owners(kIris2s).size(), 2U) << "the test's liberty: iris2 was only said to be dead";
  lan.tell("iris1", {"iris1", "iris2"});
  EXPECT_THAT(lan.owners(kIris2s), ElementsAre("iris2"));
}

TEST_F(TwoNodes, ACleanStopHandsOverWithoutAGap) {
  lan.host("iris2").speaker.give(Stopping{});
  lan.tell("iris1", {"iris1"});
  const auto times = lan.run(1s, kIris2s);
  EXPECT_EQ(times.ownerless, 0ms);
  EXPECT_LE(times.doubled, kRoundTrip);
  EXPECT_THAT(lan.owners(kIris2s), ElementsAre("iris1"));
  EXPECT_TRUE(lan.host("iris2").speaker.instance.announces_nothing());
}

TEST_F(TwoNodes, ACleanStopInTheMiddleOfABurstHandsOverAsWell) {
  for (const auto since : {10ms, 49ms, 51ms, 120ms, 340ms, 700ms, 1099ms}) {
    Lan two({"iris1", "iris2"});
    two.serve("one", kIris2s);
    two.tell("iris1", {"iris1", "iris2"});
    two.tell("iris2", {"iris1", "iris2"});
    two.start();
    two.run(since);
    ASSERT_THAT(two.owners(kIris2s), ElementsAre("iris2"));
    two.host("iris2").speaker.give(Stopping{});
    two.tell("iris1", {"iris1"});
    const auto times = two.run(3s, kIris2s);
    EXPECT_EQ(times.ownerless, 0ms) << since.count();
    EXPECT_LE(times.doubled, 2 * kRoundTrip) << since.count();
    EXPECT_THAT(two.owners(kIris2s), ElementsAre("iris1")) << since.count();
  }
}

/// iris2's process stands still for ten seconds; iris1 takes over.
struct Frozen : TwoNodes {
  Frozen() {
    lan.host("iris2").running = false;
    lan.run(250ms);
    lan.tell("iris1", {"iris1"});
    lan.run(10s);
  }
};

TEST_F(Frozen, TheHigherTakesItsAddressBackWithinARoundTripAndTheOtherYields) {
  lan.host("iris2").running = true;
  const auto times = lan.run(1s, kIris2s);
  EXPECT_LE(times.doubled, 2 * kRoundTrip + 50ms);
  EXPECT_THAT(lan.owners(kIris2s), ElementsAre("iris2"));
  EXPECT_THAT(lan.answered_by(kIris2s), ElementsAre("iris2"));
}

TEST_F(Frozen, AnswersNoOldQuestion) {
  // A client asked while iris2 stood still; the question waits in its socket.
  layer2::ArpPacket question;
  question.ethernet_destination = MacAddress::broadcast();
  question.ethernet_source = question.sender_mac = MacAddress({2, 0, 0, 0, 0, 0x99});
  question.sender_ip = IpAddress::v4(10, 20, 30, 250);
  question.target_ip = IpAddress::parse(kIris2s).value();
  auto& iris2 = lan.host("iris2");
  for (int i = 0; i < 100; ++i) iris2.waiting.push_front(layer2::encode_arp(question));
  iris2.running = true;
  const auto before = iris2.packets.drops().paused;
  lan.run(1ms);
  EXPECT_EQ(iris2.packets.drops().paused - before, 100U);
}

TEST_F(Frozen, DoesNotKeepWhatIsNotItsOwnAnyMore) {
  // While it stood still a better candidate came: iris1, by preference. iris2's own view is old.
  auto preferring = test::advertisement();
  preferring.spec.preferredNodeSelectors = {{.weight = 10, .preference = {.matchLabels = {{"best", "yes"}}}}};
  lan.host("iris1").speaker.put(preferring);
  lan.host("iris1").speaker.put(test::node("iris1", {{"best", "yes"}}));
  lan.run(1s);
  lan.host("iris2").running = true;
  lan.run(100ms);
  lan.host("iris2").speaker.put(preferring);
  lan.host("iris2").speaker.put(test::node("iris1", {{"best", "yes"}}));
  lan.run(1s);
  EXPECT_THAT(lan.owners(kIris2s), ElementsAre("iris1"));
}

TEST_F(Frozen, MakesNoStorm) {
  const auto before = lan.frames();
  lan.host("iris2").running = true;
  lan.run(5s);
  EXPECT_LE(lan.frames() - before, 60U) << "two addresses: a few rounds each";
}

}  // namespace
}  // namespace metallb::speaker
