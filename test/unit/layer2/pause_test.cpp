// A process that stood still: issue 4, "neither keeps a stolen address nor causes a storm"; docs/modules/layer2.md.
#include "layer2/pause_watch.hpp"

#include <gtest/gtest.h>

#include "world.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

struct Paused : testing::Test {
  Paused() {
    world.input(NeighboursKnown{{{kMemberMac, "iris2"}}});
    world.announce(kFoo, kVip);
    world.announce(kFoo, kVip6);
    world.settle();
  }
  /// Nobody calls the core for a while.
  void stand_still(Duration duration) { world.steady += duration; }
  std::vector<SendFrame> sent() { return World::of<SendFrame>(world.take()); }

  World world;
};

TEST_F(Paused, WantsToBeCalledFourTimesASecondWhileSomethingIsAnnounced) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_LE(world.core.next_deadline() - world.steady, 250ms);
    world.run(250ms);
  }
  EXPECT_EQ(World().core.next_deadline(), kIdle) << "and not at all otherwise";
}

TEST_F(Paused, AnswersNothingThatWaitedInTheSocketsQueue) {
  stand_still(10s);
  EXPECT_FALSE(world.answers(kVip));
  EXPECT_FALSE(world.answers(kVip6));
  EXPECT_EQ(world.core.drops().paused, 2U);
  EXPECT_EQ(world.core.address_counters().at(kVip).requests_received, 0U);
}

TEST_F(Paused, AnswersAgainAfterThreeTenthsOfASecond) {
  stand_still(10s);
  EXPECT_FALSE(world.answers(kVip));
  world.run(299ms);
  EXPECT_FALSE(world.answers(kVip));
  world.run(1ms);
  EXPECT_TRUE(world.answers(kVip));
  EXPECT_TRUE(world.answers(kVip6));
}

TEST_F(Paused, TellsWhoClaimedTheAddressMeanwhile) {
  stand_still(10s);
  world.take();
  world.input(FrameReceived{
      kEth0, arp_frame({.ethernet_source = kMemberMac, .sender_mac = kMemberMac, .sender_ip = kVip, .target_ip = kVip})});
  const auto actions = world.take();
  EXPECT_EQ(World::of<ConflictSeen>(actions).size(), 1U);
  EXPECT_TRUE(World::of<SendFrame>(actions).empty());
}

TEST_F(Paused, AnswersAnAddressAsSoonAsTheSpeakerHasDecidedThatItIsOurs) {
  stand_still(10s);
  world.core.on_time(world.now(), world.out);
  world.take();
  world.input(Command(Reannounce{kVip}));
  EXPECT_EQ(sent().size(), 2U) << "the round that corrects those who believed the other one";
  EXPECT_TRUE(world.answers(kVip));
  EXPECT_FALSE(world.answers(kVip6));
}

TEST_F(Paused, AnnouncesWhatIsTakenOverInTheSilence) {
  stand_still(10s);
  world.core.on_time(world.now(), world.out);
  world.take();
  world.announce(kFoo, kClientIp);
  EXPECT_EQ(sent().size(), 2U);
  EXPECT_TRUE(world.answers(kClientIp));
  EXPECT_FALSE(world.answers(kVip));
}

TEST_F(Paused, DoesNotKeepWhatWasGivenAwayInTheSilence) {
  stand_still(10s);
  world.core.on_time(world.now(), world.out);
  world.withdraw(kFoo, kVip);
  world.take();
  world.run(2min);
  for (const auto& frame : sent()) EXPECT_EQ(frame.address, kVip6);
  EXPECT_FALSE(world.answers(kVip));
}

TEST_F(Paused, SendsNoneOfTheAnnouncementsThatWereDueMeanwhile) {
  world.announce(kFoo, kClientIp);
  world.run(100ms);
  world.take();
  stand_still(10s);
  world.run(299ms);
  EXPECT_TRUE(sent().empty());
}

TEST_F(Paused, RefreshesEverythingSoonAfterTheSilenceAndMakesNoStorm) {
  for (std::uint32_t i = 0; i < 100; ++i) world.announce(kFoo, IpAddress::v4(0x0A000000 + i));
  world.settle();
  stand_still(10s);
  std::size_t all = 0;
  for (int second = 0; second < 4; ++second) {
    world.run(1s);
    const auto frames = sent().size();
    EXPECT_LE(frames, 51U) << "50 a second";
    all += frames;
  }
  EXPECT_EQ(all, 102U);
}

TEST_F(Paused, IsNoticedByWhateverCallComesFirst) {
  const auto before = world;
  const auto request = arp_frame({});
  const std::vector<Input> calls{FrameReceived{kEth0, request}, SendersReady{kEth0, IpFamily::kIpv4}, eth1(),
                                 NeighboursKnown{}, FrameLost{kVip, Purpose::kAnnouncement}};
  for (const auto& call : calls) {
    world = before;
    stand_still(10s);
    world.input(call);
    EXPECT_FALSE(world.answers(kVip)) << call.index();
    EXPECT_TRUE(sent().empty()) << call.index();
  }
}

TEST_F(Paused, ToleratesHalfASecond) {
  for (int i = 0; i < 10; ++i) {
    const auto deadline = world.core.next_deadline();
    world.steady = deadline + 500ms;
    EXPECT_TRUE(world.answers(kVip));
  }
  stand_still(751ms);
  EXPECT_FALSE(world.answers(kVip));
}

TEST_F(Paused, CountsTheSilenceFromTheLastPause) {
  stand_still(10s);
  world.core.on_time(world.now(), world.out);
  world.run(200ms);
  stand_still(10s);
  EXPECT_FALSE(world.answers(kVip));
  world.run(299ms);
  EXPECT_FALSE(world.answers(kVip));
  world.run(1ms);
  EXPECT_TRUE(world.answers(kVip));
}

TEST(Pause, IsNoneWhileNothingIsAnnounced) {
  World world;
  world.run(1s);
  world.steady += 1h;
  world.announce(kFoo, kVip);
  EXPECT_TRUE(world.answers(kVip));
}

TEST_F(Paused, SaysSo) {
  world.log.lines.clear();
  stand_still(10s);
  world.core.on_time(world.now(), world.out);
  ASSERT_EQ(world.log.lines.size(), 1U);
  EXPECT_EQ(world.log.lines[0].substr(0, 19), "event=processPaused");
}

}  // namespace
}  // namespace metallb::layer2
