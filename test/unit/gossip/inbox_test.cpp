// gossip spec 4.4: what one packet brings, sorted.
#include "gossip/inbox.hpp"

#include <gtest/gtest.h>

namespace metallb::gossip {
namespace {

Alive alive(const std::string& name) {
  return {1, name, {}, 0, std::nullopt, {}};
}

TEST(Inbox, BelievesAliveMessagesFirstAndTheNewestFirst) {
  Counters counters;
  const auto inbox =
      sort({Suspect{1, "s1", "x"}, alive("a1"), Dead{1, "d1", "x"}, alive("a2"), Suspect{2, "s2", "x"}}, 1024, counters);
  ASSERT_EQ(inbox.alive.size(), 2U);
  EXPECT_EQ(inbox.alive[0].node, "a2");
  EXPECT_EQ(inbox.alive[1].node, "a1");
  ASSERT_EQ(inbox.rumours.size(), 3U);
  EXPECT_EQ(std::get<Suspect>(inbox.rumours[0]).node, "s2");
  EXPECT_EQ(std::get<Dead>(inbox.rumours[1]).node, "d1");
  EXPECT_EQ(std::get<Suspect>(inbox.rumours[2]).node, "s1");
}

TEST(Inbox, ServesPingsAndAnswersInTheirOrder) {
  Counters counters;
  const auto inbox = sort({Ack{1, std::nullopt}, Ping{2, "", {}}, Nack{3}, User{}}, 1024, counters);
  ASSERT_EQ(inbox.requests.size(), 3U) << "user messages are not for us";
  EXPECT_TRUE(std::holds_alternative<Ack>(inbox.requests[0]));
  EXPECT_TRUE(std::holds_alternative<Ping>(inbox.requests[1]));
  EXPECT_TRUE(std::holds_alternative<Nack>(inbox.requests[2]));
}

TEST(Inbox, DropsBeyondTheHandoffQueueDepthOfEachPriority) {
  Counters counters;
  const auto inbox = sort({alive("a"), alive("b"), alive("c"), Dead{1, "d", "x"}, Suspect{1, "s", "x"}}, 2, counters);
  EXPECT_EQ(inbox.alive.size(), 2U);
  EXPECT_EQ(inbox.rumours.size(), 2U);
  EXPECT_EQ(counters.surplus, 1U);
}

TEST(Inbox, WithADepthOfZeroDropsAllThatChangesTheTableAndServesTheRest) {
  Counters counters;
  const auto inbox = sort({alive("a"), Dead{1, "d", "x"}, Suspect{1, "s", "x"}, Ping{}}, 0, counters);
  EXPECT_TRUE(inbox.alive.empty());
  EXPECT_TRUE(inbox.rumours.empty());
  EXPECT_EQ(inbox.requests.size(), 1U);
  EXPECT_EQ(counters.surplus, 3U);
}

TEST(Inbox, ServesAFewPingsOfOnePacketOnly) {
  Counters counters;
  const auto inbox = sort(std::vector<PacketMessage>(300, Ping{}), 1024, counters);
  EXPECT_EQ(inbox.requests.size(), kMostRequests);
  EXPECT_EQ(counters.surplus, 300 - kMostRequests);
  EXPECT_EQ(counters.messages_received[0], 300U);
}

}  // namespace
}  // namespace metallb::gossip
