// issue "hostile input": replayed packets are counted and dropped.
#include "gossip/replay_guard.hpp"

#include <gtest/gtest.h>

#include "virtual_network.hpp"

namespace metallb::gossip {
namespace {

TEST(ReplayGuard, AdmitsEachPacketOnce) {
  ReplayGuard guard;
  EXPECT_TRUE(guard.admit(1));
  EXPECT_TRUE(guard.admit(2));
  EXPECT_FALSE(guard.admit(1));
  EXPECT_FALSE(guard.admit(2));
}

TEST(ReplayGuard, RemembersAtLeastItsWindowAndAtMostTwoOfThem) {
  ReplayGuard guard;
  for (std::uint64_t i = 0; i < 2 * ReplayGuard::kWindow; ++i) ASSERT_TRUE(guard.admit(i));
  EXPECT_FALSE(guard.admit(2 * ReplayGuard::kWindow - 1));
  EXPECT_FALSE(guard.admit(ReplayGuard::kWindow));
  EXPECT_TRUE(guard.admit(0)) << "forgotten";
}

}  // namespace
}  // namespace metallb::gossip
