// gossip spec 8: the transmission limit, the order of selection, the budget.
#include "gossip/broadcast_queue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "gossip/packet.hpp"

namespace metallb::gossip {
namespace {

Suspect about(const std::string& node) {
  return {1, node, "a"};
}
std::vector<std::string> names(const std::vector<PacketMessage>& messages) {
  std::vector<std::string> out;
  for (const auto& message : messages) out.push_back(std::get<Suspect>(message).node);
  return out;
}
std::size_t cost(const std::string& node) {
  return encode(about(node)).size() + 2;
}
constexpr std::size_t kPlenty = 1400;

TEST(TransmissionLimit, GrowsWithTheDigitsOfTheCluster) {
  for (const std::size_t n : {1U, 2U, 9U}) EXPECT_EQ(transmission_limit(4, n), 4U) << n;
  for (const std::size_t n : {10U, 99U}) EXPECT_EQ(transmission_limit(4, n), 8U) << n;
  for (const std::size_t n : {100U, 999U}) EXPECT_EQ(transmission_limit(4, n), 12U) << n;
  EXPECT_EQ(transmission_limit(4, 1000), 16U);
  EXPECT_EQ(transmission_limit(0, 10), 0U);
  EXPECT_EQ(transmission_limit(-1, 10), 0U);
}

TEST(BroadcastQueue, DropsAMessageAfterItsLastTransmission) {
  BroadcastQueue queue;
  queue.put("x", about("x"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(names(queue.take(kPlenty, 4)), std::vector<std::string>{"x"}) << i;
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.contains("x"));
  EXPECT_TRUE(queue.take(kPlenty, 4).empty());
}

TEST(BroadcastQueue, WithALimitOfZeroSendsEachOnce) {
  BroadcastQueue queue;
  queue.put("x", about("x"));
  EXPECT_EQ(queue.take(kPlenty, 0).size(), 1U);
  EXPECT_TRUE(queue.empty());
}

TEST(BroadcastQueue, KeepsOnlyTheNewestAboutAMember) {
  BroadcastQueue queue;
  queue.put("x", about("x"));
  (void)queue.take(kPlenty, 4);
  queue.put("x", Dead{2, "x", "b"});
  EXPECT_EQ(queue.size(), 1U);
  const auto taken = queue.take(kPlenty, 4);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(std::get<Dead>(taken[0]).incarnation, 2U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.take(kPlenty, 4).size(), 1U) << "it counts from the start again";
  EXPECT_TRUE(queue.empty());
}

TEST(BroadcastQueue, PrefersWhatWasSentLeast) {
  BroadcastQueue queue;
  queue.put("old", about("old"));
  (void)queue.take(kPlenty, 4);
  queue.put("x", about("x"));
  EXPECT_EQ(names(queue.take(kPlenty, 4)), (std::vector<std::string>{"x", "old"}));
}

TEST(BroadcastQueue, AmongEqualsPrefersTheLongestThenTheNewest) {
  BroadcastQueue queue;
  queue.put("aa", about("aa"));
  queue.put("long-name", about("long-name"));
  queue.put("bb", about("bb"));
  EXPECT_EQ(names(queue.take(kPlenty, 4)), (std::vector<std::string>{"long-name", "bb", "aa"}));
}

TEST(BroadcastQueue, PassesOverWhatDoesNotFitTheRest) {
  BroadcastQueue queue;
  queue.put("a-very-long-name", about("a-very-long-name"));
  queue.put("x", about("x"));
  EXPECT_EQ(names(queue.take(cost("x"), 4)), std::vector<std::string>{"x"});
  EXPECT_TRUE(queue.take(cost("x") - 1, 4).empty());
  EXPECT_EQ(names(queue.take(cost("a-very-long-name"), 4)), std::vector<std::string>{"a-very-long-name"});
  EXPECT_EQ(names(queue.take(cost("a-very-long-name") + cost("x"), 4)).size(), 2U);
}

TEST(BroadcastQueue, GoesOnToOftenerSentOnesWhenTheFreshOnesAreTooLong) {
  BroadcastQueue queue;
  queue.put("x", about("x"));
  (void)queue.take(kPlenty, 4);
  queue.put("a-very-long-name", about("a-very-long-name"));
  EXPECT_EQ(names(queue.take(cost("x"), 4)), std::vector<std::string>{"x"});
}

TEST(BroadcastQueue, WithoutABudgetSendsNothingAndForgetsNothing) {
  BroadcastQueue queue;
  queue.put("x", about("x"));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(queue.take(0, 4).empty());
  EXPECT_TRUE(queue.contains("x"));
}

RC_GTEST_PROP(BroadcastQueue, TransmitsEveryMessageExactlyAsOftenAsTheLimitSaysAndNeverExceedsABudget, ()) {
  BroadcastQueue queue;
  const auto count = *rc::gen::inRange<std::size_t>(1, 40);
  const auto limit = *rc::gen::inRange<std::uint64_t>(1, 6);
  std::map<std::string, std::uint64_t> sent;
  for (std::size_t i = 0; i < count; ++i) {
    const auto name = std::string(*rc::gen::inRange<std::size_t>(1, 60), 'n') + std::to_string(i);
    queue.put(name, about(name));
    sent[name] = 0;
  }
  for (int packet = 0; packet < 2000 && !queue.empty(); ++packet) {
    const auto budget = *rc::gen::inRange<std::size_t>(100, 400);
    std::size_t used = 0;
    for (const auto& name : names(queue.take(budget, limit))) {
      used += cost(name);
      ++sent[name];
    }
    RC_ASSERT(used <= budget);
  }
  for (const auto& [name, times] : sent) RC_ASSERT(times == limit);
}

}  // namespace
}  // namespace metallb::gossip
