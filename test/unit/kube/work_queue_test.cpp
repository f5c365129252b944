#include "kube/work_queue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "base/names.hpp"

namespace metallb::kube {
namespace {

using namespace std::chrono_literals;
using Queue = WorkQueue<std::string>;
constexpr SteadyPoint kStart{1h};

/// Takes a key and finishes it at once.
std::optional<std::string> run(Queue& queue, SteadyPoint now) {
  auto key = queue.take(now);
  if (key) queue.done(*key);
  return key;
}

TEST(WorkQueue, GivesEachKeyOnceInTheOrderOfComing) {
  Queue queue;
  queue.add("b");
  queue.add("a");
  queue.add("b");
  EXPECT_EQ(queue.ready(), 2U);
  EXPECT_EQ(run(queue, kStart), "b");
  EXPECT_EQ(run(queue, kStart), "a");
  EXPECT_EQ(run(queue, kStart), std::nullopt);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(WorkQueue, RunsAKeyAgainThatIsAddedWhileItIsWorkedOn) {
  Queue queue;
  queue.add("a");
  ASSERT_EQ(queue.take(kStart), "a");
  queue.add("a");
  queue.add("a");
  EXPECT_EQ(queue.take(kStart), std::nullopt);  // never twice at a time
  EXPECT_EQ(queue.next_deadline(), kIdle);
  queue.done("a");
  EXPECT_EQ(queue.next_deadline(), SteadyPoint::min());
  EXPECT_EQ(run(queue, kStart), "a");
  EXPECT_EQ(run(queue, kStart), std::nullopt);
}

TEST(WorkQueue, TellsWhenTheNextKeyIsDue) {
  Queue queue;
  EXPECT_EQ(queue.next_deadline(), kIdle);
  queue.add_after(kStart, "late", 10s);
  queue.add_after(kStart, "soon", 2s);
  EXPECT_EQ(queue.next_deadline(), kStart + 2s);
  EXPECT_EQ(run(queue, kStart + 1s), std::nullopt);
  EXPECT_EQ(run(queue, kStart + 2s), "soon");
  EXPECT_EQ(queue.next_deadline(), kStart + 10s);
}

TEST(WorkQueue, KeepsTheEarliestOfSeveralDelays) {
  Queue queue;
  queue.add_after(kStart, "a", 10s);
  queue.add_after(kStart, "a", 3s);
  queue.add_after(kStart, "a", 7s);
  EXPECT_EQ(queue.next_deadline(), kStart + 3s);
  EXPECT_EQ(run(queue, kStart + 3s), "a");
  EXPECT_EQ(queue.next_deadline(), kIdle);
}

TEST(WorkQueue, DoublesTheDelayPerKeyUntilItIsForgotten) {
  Queue queue;
  EXPECT_EQ(queue.retry(kStart, "a"), 5ms);
  EXPECT_EQ(queue.retry(kStart, "a"), 10ms);
  EXPECT_EQ(queue.retry(kStart, "b"), 5ms);
  EXPECT_EQ(queue.retry(kStart, "a"), 20ms);
  EXPECT_EQ(queue.failures("a"), 3U);
  queue.forget("a");
  EXPECT_EQ(queue.failures("a"), 0U);
  EXPECT_EQ(queue.retry(kStart, "a"), 5ms);
}

TEST(WorkQueue, CapsTheDelay) {
  Queue queue({.initial = 5ms, .maximum = 1000s});
  auto now = kStart;
  for (int i = 0; i < 200; ++i) EXPECT_LE(queue.retry(now, "a"), 1000s);
  EXPECT_EQ(queue.retry(now, "a"), 1000s);
}

TEST(WorkQueue, RunsAFailingKeyAtOnceWhenItIsAdded) {
  Queue queue;
  for (int i = 0; i < 10; ++i) queue.retry(kStart, "a");
  queue.add("a");
  EXPECT_EQ(run(queue, kStart), "a");
}

TEST(WorkQueue, ForgetsKeysThatNothingIsLeftToDoFor) {
  Queue queue;
  queue.retry(kStart, "a");
  EXPECT_EQ(run(queue, kStart + 5ms), "a");
  EXPECT_EQ(queue.size(), 1U);  // its failures count
  queue.forget("a");
  EXPECT_EQ(queue.size(), 0U);
  queue.forget("never heard of");
  EXPECT_EQ(queue.size(), 0U);
}

TEST(WorkQueueDeathTest, RefusesDoneForAKeyThatWasNotTaken) {
  Queue queue;
  queue.add("a");
  EXPECT_DEATH(queue.done("a"), "only a key that was taken can be done");
}

RC_GTEST_PROP(WorkQueueProperty, LosesNoKeyAndNeverGivesOneOutTwice, ()) {
  WorkQueue<int> queue;
  std::set<int> wanted;   // ever added
  std::set<int> pending;  // added since they were last taken
  std::set<int> working;
  auto now = kStart;
  for (const int step : *rc::gen::container<std::vector<int>>(200, rc::gen::inRange(0, 100))) {
    const int key = step % 5;
    switch (step / 20) {
      case 0:
      case 1:
        queue.add(key);
        wanted.insert(key);
        pending.insert(key);
        break;
      case 2:
        queue.add_after(now, key, std::chrono::seconds(key));
        wanted.insert(key);
        pending.insert(key);
        break;
      case 3:
        if (const auto taken = queue.take(now)) {
          RC_ASSERT(!working.contains(*taken));
          RC_ASSERT(wanted.contains(*taken));
          working.insert(*taken);
          pending.erase(*taken);
        }
        now += 500ms;
        break;
      default:
        if (!working.empty()) {
          queue.done(*working.begin());
          working.erase(working.begin());
        }
    }
  }
  for (const int key : working) queue.done(key);
  std::set<int> rest;
  while (const auto taken = queue.take(now + 1h)) {
    rest.insert(*taken);
    queue.done(*taken);
  }
  RC_ASSERT(queue.next_deadline() == kIdle);
  RC_ASSERT(queue.size() == 0U);
  for (const int key : pending) RC_ASSERT(rest.contains(key));
  for (const int key : rest) RC_ASSERT(wanted.contains(key));
}

}  // namespace
}  // namespace metallb::kube
