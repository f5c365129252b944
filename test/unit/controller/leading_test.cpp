// Several replicas: who does not lead learns and is silent; who comes to lead takes over what is there, and mends what an
// old leader left or still writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab.hpp"

namespace metallb::controller {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Options kFollower{.namespace_ = "metallb-system", .lb_class = "", .leads = false};

/// From now on it leads, and a list of this moment has been asked for.
void lead(Lab& lab) {
  lab.feed(Leading{true});
  lab.settle();
}
void list(Lab& lab) {
  for (const auto& input : lab.api.list()) lab.feed(input);
  lab.settle();
}

TEST(Leading, AFollowerWritesNothingAndTellsNothing) {
  Lab lab(kFollower);
  lab.put(pool("p", {"1.2.3.0/30"}));
  lab.put(pool("bad", {"nonsense"}));
  lab.put(service("a"));
  lab.start();
  lab.advance(std::chrono::minutes(1));
  EXPECT_EQ(lab.addresses("a"), "");
  EXPECT_THAT(lab.events, IsEmpty());
  EXPECT_FALSE(lab.conclusion) << "the verdict on the configuration is the leader's to tell";
  EXPECT_EQ(lab.api.service_writes.sent + lab.api.pool_writes.sent, 0);
  EXPECT_FALSE(lab.controller.leading());
  EXPECT_EQ(lab.controller.next_deadline(), kIdle);
}

TEST(Leading, WhoComesToLeadAssignsAndTellsWhatIsWrong) {
  Lab lab(kFollower);
  lab.put(pool("p", {"1.2.3.0/30"}));
  lab.put(pool("q", {"nonsense"}));
  lab.put(service("a"));
  lab.start();
  lead(lab);
  list(lab);
  EXPECT_EQ(lab.addresses("a"), "1.2.3.0");
  EXPECT_THAT(lab.take_reasons(), ElementsAre("W InvalidConfiguration", "N IPAllocated"));
  ASSERT_TRUE(lab.conclusion);
  EXPECT_EQ(lab.conclusion->problems.size(), 1U);
  EXPECT_EQ(lab.api.pool(pool_key("p")).status.assignedIPv4, 1) << "the counters are the leader's, too";
}

TEST(Leading, ItMayLeadBeforeItKnowsAnything) {
  Lab lab(kFollower);
  lab.feed(Leading{true});
  lab.put(pool("p", {"1.2.3.0/30"}));
  lab.put(service("a"));
  lab.start();
  EXPECT_EQ(lab.addresses("a"), "1.2.3.0");
}

TEST(Leading, NothingIsAssignedBeforeAListThatIsYoungerThanTheLeadership) {
  Lab lab(kFollower);
  lab.put(pool("p", {"1.2.3.0/30"}));
  lab.put(service("old"));
  lab.put(service("young"));
  lab.start();
  // The watch is dead without a sign, and what the last leader wrote has not come through.
  auto assigned = lab.api.service(key_of("old"));
  show(assigned, {"1.2.3.0"});
  lab.api.put(assigned);
  lab.api.watch().clear();
  lead(lab);
  EXPECT_EQ(lab.api.service_writes.sent, 0);
  list(lab);
  EXPECT_EQ(lab.addresses("old"), "1.2.3.0");
  EXPECT_EQ(lab.addresses("young"), "1.2.3.1");
  EXPECT_THAT(lab.take_reasons(), ElementsAre("N IPAllocated"));
}

TEST(Leading, WhoLeadsNoMoreIsSilentAndTakesOverAgainFromWhatIsThere) {
  Lab lab;
  lab.put(pool("p", {"1.2.3.0/30"}));
  lab.put(service("a"));
  lab.start();
  lab.feed(Leading{false});
  lab.put(service("b"));
  lab.remove("a");
  lab.advance(std::chrono::minutes(1));
  EXPECT_EQ(lab.addresses("b"), "");
  EXPECT_EQ(lab.controller.decision(key_of("a")), nullptr);
  // Meanwhile another leader gives "b" and a third Service theirs.
  lab.edit("b", [](auto& object) { show(object, {"1.2.3.3"}); });
  lab.put(service("c"));
  lab.edit("c", [](auto& object) { show(object, {"1.2.3.2"}); });
  lead(lab);
  list(lab);
  lab.put(service("d"));
  EXPECT_EQ(lab.addresses("b"), "1.2.3.3");
  EXPECT_EQ(lab.addresses("c"), "1.2.3.2");
  EXPECT_EQ(lab.addresses("d"), "1.2.3.0");
  EXPECT_EQ(lab.controller.allocator().statistics("p").in_use.total(), 3);
}

TEST(Leading, WritesWithoutAnAnswerOfAnEarlierTimeOfLeadingHoldNobodyUp) {
  Lab lab;
  lab.put(pool("p", {"10.0.0.0/16"}));
  for (std::size_t i = 0; i < 2 * kMostWrites; ++i) lab.api.put(service("s" + std::to_string(i)));
  for (const auto& input : lab.api.list()) lab.feed(input);
  for (int call = 0; call < 100 && lab.controller.next_deadline() != kIdle; ++call) lab.turn();
  ASSERT_EQ(lab.api.service_writes.sent, 0) << "as many as there may be are on their way";
  lab.lose_writes();
  lab.feed(Leading{false});
  lead(lab);
  list(lab);
  for (std::size_t i = 0; i < 2 * kMostWrites; ++i) EXPECT_NE(lab.addresses("s" + std::to_string(i)), "") << i;
}

TEST(Leading, OutcomesOfWritesFromAnEarlierTimeOfLeadingMeanNothing) {
  Lab lab;
  lab.put(pool("p", {"1.2.3.0/30"}));
  lab.start();
  lab.put(service("a"));
  lab.feed(Leading{false});
  for (std::uint64_t id = 1; id < 5; ++id) {
    const kube::WriteError lost{kube::WriteError::Reason::kUnavailable, "not permitted any more"};
    lab.feed(kube::WriteDone{ActionId(id), std::unexpected(lost)});
    lab.feed(kube::WriteDone{ActionId(id), kube::encode_text(lab.api.service(key_of("a")))});
  }
  EXPECT_EQ(lab.controller.next_deadline(), kIdle);
  EXPECT_EQ(lab.controller.metrics().update_errors_total, 0U);
}

TEST(Leading, AnAddressThatALateWriteTakesTwiceStaysWithWhoHasItRegistered) {
  Lab lab;
  lab.put(pool("p", {"1.2.3.0/30"}));
  lab.start();
  auto first = service("first");
  first.metadata.annotations["metallb.io/address-pool"] = "not-there-yet";
  lab.put(first);
  lab.put(service("second"));
  ASSERT_EQ(lab.addresses("second"), "1.2.3.0");
  lab.take_reasons();
  // What an old leader decided for "first" arrives now.
  lab.edit("first", [](auto& object) {
    object.metadata.annotations.clear();
    show(object, {"1.2.3.0"});
  });
  EXPECT_EQ(lab.addresses("second"), "1.2.3.0");
  EXPECT_EQ(lab.addresses("first"), "1.2.3.1");
  EXPECT_THAT(lab.take_reasons(), ElementsAre("N ClearAssignment", "N IPAllocated"));
}

TEST(Leading, OfTwoThatShowOneAddressAtTheStartTheOlderOneKeepsIt) {
  for (const bool by_name : {true, false}) {
    Lab lab(kFollower);
    lab.put(pool("p", {"1.2.3.0/30"}));
    for (const char* name : {"a", "b"}) {
      auto object = service(name);
      const bool older = (object.metadata.name == "a") == by_name;
      object.metadata.creationTimestamp = older ? "2026-11-21T09:59:59Z" : "2026-11-21T10:00:00Z";
      show(object, {"1.2.3.1"});
      lab.put(object);
    }
    lab.start();
    lead(lab);
    list(lab);
    EXPECT_EQ(lab.addresses(by_name ? "a" : "b"), "1.2.3.1");
    EXPECT_EQ(lab.addresses(by_name ? "b" : "a"), "1.2.3.0");
    EXPECT_THAT(lab.take_reasons(), ElementsAre("N ClearAssignment", "N IPAllocated"));
  }
}

TEST(Leading, AnAddressTakenTwiceIsNotFreeBeforeBothHaveLeftIt) {
  Lab lab;
  lab.put(pool("p", {"1.2.3.0/31"}));
  lab.start();
  lab.put(service("holder"));
  auto late = service("late", {});
  lab.put(late);
  ASSERT_EQ(lab.addresses("holder"), "1.2.3.0");
  // Its rewrite fails for a while; meanwhile the holder goes, and somebody else comes.
  lab.fails = [](const kube::Write& write) { return write.key.name == "late"; };
  lab.edit("late", [](auto& object) {
    object.spec.clusterIP = "10.96.0.9";
    object.spec.clusterIPs = {"10.96.0.9"};
    show(object, {"1.2.3.0"});
  });
  ASSERT_EQ(lab.addresses("late"), "1.2.3.0");
  lab.remove("holder");
  lab.put(service("next"));
  EXPECT_NE(lab.addresses("next"), "1.2.3.0") << "a status still shows it";
  lab.fails = {};
  lab.advance(std::chrono::minutes(1));
  EXPECT_NE(lab.addresses("late"), lab.addresses("next"));
  EXPECT_NE(lab.addresses("next"), "");
}

}  // namespace
}  // namespace metallb::controller
