#include <gtest/gtest.h>

#include "io/packets/group_queue.hpp"

namespace metallb::io {
namespace {

const InterfaceIndex kLan{2};
const IpAddress kFirst = *IpAddress::parse("ff02::1:ff00:1");
const IpAddress kSecond = *IpAddress::parse("ff02::1:ff00:2");

GroupQueue::Change join(const IpAddress& group, InterfaceIndex interface = kLan) {
  return {interface, group, true};
}
GroupQueue::Change leave(const IpAddress& group, InterfaceIndex interface = kLan) {
  return {interface, group, false};
}
using Changes = std::vector<GroupQueue::Change>;

TEST(GroupQueue, HandsOutAtMostAsManyAsAskedForOldestFirst) {
  GroupQueue queue;
  EXPECT_TRUE(queue.put(join(kSecond)));
  EXPECT_FALSE(queue.put(join(kFirst))) << "somebody is coming already";
  EXPECT_EQ(queue.take(1), Changes{join(kSecond)});
  EXPECT_FALSE(queue.empty());
  EXPECT_EQ(queue.take(9), Changes{join(kFirst)});
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.put(leave(kFirst)));
}

TEST(GroupQueue, ForgetsAJoinThatIsTakenBack) {
  GroupQueue queue;
  queue.put(join(kFirst));
  queue.put(leave(kFirst));
  EXPECT_TRUE(queue.empty());
}

TEST(GroupQueue, LeavesBeforeItJoinsAgain) {
  GroupQueue queue;
  queue.put(leave(kFirst));
  for (int i = 0; i < 3; ++i) {
    queue.put(join(kFirst));
    queue.put(leave(kFirst));
  }
  queue.put(join(kFirst));
  EXPECT_EQ(queue.take(9), (Changes{leave(kFirst), join(kFirst)}));
}

TEST(GroupQueue, KeepsInterfacesApart) {
  GroupQueue queue;
  queue.put(join(kFirst));
  queue.put(leave(kFirst, InterfaceIndex(3)));
  EXPECT_EQ(queue.take(9), (Changes{join(kFirst), leave(kFirst, InterfaceIndex(3))}));
}

}  // namespace
}  // namespace metallb::io
