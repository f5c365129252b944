// What a program in the kernel may answer, and for how long: docs/modules/layer2.md, "Answers in the kernel".
#include "layer2/answer_lease.hpp"

#include <gtest/gtest.h>

#include "world.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

struct Leased : testing::Test {
  Leased() {
    world.announce(kFoo, kVip);
    world.input(KernelAnswers{true});
  }
  /// The end of the last lease granted; nothing when none was.
  std::optional<SteadyPoint> granted() {
    const auto leases = World::of<AnswersLeased>(world.take());
    return leases.empty() ? std::nullopt : std::optional(leases.back().until);
  }
  World world;
};

TEST_F(Leased, BeginsAtOnceAndIsOverBeforeAnybodyCanHaveTakenOver) {
  EXPECT_EQ(granted(), world.steady + 80ms);
}

TEST_F(Leased, IsRenewedInGoodTimeAsLongAsTheProcessIsWell) {
  auto until = granted().value();
  for (int i = 0; i < 300; ++i) {
    world.run(35ms);
    const auto renewed = granted();
    ASSERT_TRUE(renewed) << i;
    EXPECT_GT(*renewed, until);
    EXPECT_LE(*renewed, world.steady + 80ms);
    until = *renewed;
  }
}

TEST(Lease, IsNotGivenWithoutAProgramOrWithoutAnAddress) {
  World world;
  world.announce(kFoo, kVip);
  world.run(10s);
  EXPECT_TRUE(World::of<AnswersLeased>(world.take()).empty()) << "nobody asked";

  World idle;
  idle.input(KernelAnswers{true});
  idle.run(10s);
  EXPECT_TRUE(World::of<AnswersLeased>(idle.take()).empty()) << "nothing to answer";
  EXPECT_EQ(idle.core.next_deadline(), kIdle);
  idle.announce(kFoo, kVip);
  idle.run(0ms);
  EXPECT_EQ(World::of<AnswersLeased>(idle.take()).size(), 1U);
}

TEST_F(Leased, EndsWithTheProgramAndWithTheLastAddress) {
  world.input(KernelAnswers{false});
  world.take();
  world.run(1s);
  EXPECT_FALSE(granted());
  world.input(KernelAnswers{true});
  EXPECT_TRUE(granted());
  world.withdraw(kFoo, kVip);
  world.take();
  world.run(1s);
  EXPECT_FALSE(granted());
}

TEST_F(Leased, IsNotRenewedInTheSilenceAfterAPauseWhateverCallComesFirst) {
  world.settle();
  const auto before = world;
  const auto request = arp_frame({});
  const std::vector<Input> calls{FrameReceived{kEth0, request}, eth1(), KernelAnswers{true}, KernelAnswered{{{kVip, 1}}},
                                 Command(Reannounce{kVip})};
  for (const auto& call : calls) {
    world = before;
    world.steady += 10s;
    world.input(call);
    EXPECT_FALSE(granted()) << call.index();
    world.run(299ms);
    EXPECT_FALSE(granted()) << call.index();
    world.run(1ms);
    EXPECT_EQ(granted(), world.steady + 80ms) << call.index();
  }
}

TEST_F(Leased, TellsOfEveryAnswerThatComesChangesAndGoes) {
  const auto told = [this] { return World::of<AnswerChanged>(world.take()); };
  world.take();
  world.announce(kFoo, kClientIp);
  auto changes = told();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].interface, kEth0);
  EXPECT_EQ(changes[0].address, kClientIp);
  EXPECT_EQ(changes[0].mac, kOurMac);

  auto renumbered = eth0();
  renumbered.mac = mac("02:00:00:00:00:0a");
  world.input(renumbered);
  changes = told();
  ASSERT_EQ(changes.size(), 2U) << "both addresses";
  EXPECT_EQ(changes[0].mac, renumbered.mac);

  world.withdraw(kFoo, kClientIp);
  changes = told();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].mac, std::nullopt);
  world.input(InterfaceGone{kEth0});
  EXPECT_EQ(told().size(), 1U);
}

TEST_F(Leased, CountsWhatTheProgramAnsweredLikeItsOwn) {
  EXPECT_EQ(world.core.take_overs().heard, 0U);
  world.input(KernelAnswered{{{kVip, 3}}});
  EXPECT_TRUE(world.answers(kVip));
  EXPECT_EQ(world.core.address_counters().at(kVip).requests_received, 4U);
  EXPECT_EQ(world.core.address_counters().at(kVip).responses_sent, 4U);
  EXPECT_EQ(world.core.take_overs().heard, 1U);
}

}  // namespace
}  // namespace metallb::layer2
