// Is the new owner heard? Failover spec 6: it counts an answered request as seen.
#include <gtest/gtest.h>

#include "world.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

TEST(TakeOver, CountsAnAddressOnceAndItsFirstAnswerOnce) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip);
  world.announce(kBar, kVip);
  EXPECT_EQ(world.core.take_overs().begun, 1U) << "whatever the number of interfaces and Services";
  EXPECT_EQ(world.core.take_overs().heard, 0U);
  EXPECT_TRUE(world.answers(kVip));
  EXPECT_TRUE(world.answers(kVip, kEth1));
  EXPECT_EQ(world.core.take_overs().heard, 1U);
  world.announce(kFoo, kVip6);
  EXPECT_TRUE(world.answers(kVip6));
  EXPECT_EQ(world.core.take_overs().begun, 2U);
  EXPECT_EQ(world.core.take_overs().heard, 2U);
}

TEST(TakeOver, IsANewOneWhenTheAddressComesBack) {
  World world;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    world.announce(kFoo, kVip);
    EXPECT_TRUE(world.answers(kVip));
    world.withdraw(kFoo, kVip);
    EXPECT_EQ(world.core.take_overs().begun, i);
    EXPECT_EQ(world.core.take_overs().heard, i);
  }
}

TEST(TakeOver, ThatNobodyAsksForIsNotHeard) {
  World world;
  world.announce(kFoo, kVip);
  EXPECT_FALSE(world.answers(kClientIp));
  world.withdraw(kFoo, kVip);
  EXPECT_FALSE(world.answers(kVip));
  EXPECT_EQ(world.core.take_overs().begun, 1U);
  EXPECT_EQ(world.core.take_overs().heard, 0U);
}

TEST(TakeOver, BeginsWithTheFirstInterfaceThatCanAnswer) {
  World world({});
  world.announce(kFoo, kVip);
  EXPECT_EQ(world.core.take_overs().begun, 0U);
  world.input(eth0());
  world.input(eth1());
  EXPECT_EQ(world.core.take_overs().begun, 1U);
}

}  // namespace
}  // namespace metallb::layer2
