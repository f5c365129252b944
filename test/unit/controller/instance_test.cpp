// The instance around the decisions: barrier, configuration errors, writes and their failures, counters (controller
// spec 3.5, 5.3, 5.7, rows tQ1 to tQ21 of 7.10 and tP10 to tP11 of 7.7).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/state_machine.hpp"
#include "lab.hpp"

namespace metallb::controller {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

static_assert(StateMachine<Instance, Input, Output>);

TEST(Barrier, TQ1AndTQ14NothingIsWrittenBeforeServicesPoolsAndNamespacesAreAllKnown) {
  const Input inputs[] = {upserted(service("s")), upserted(pool("p", {"1.2.3.0/32"})), listed<kube::Service>(),
                          listed<kube::IPAddressPool>(), listed<kube::Namespace>()};
  std::vector<int> order = {0, 1, 2, 3, 4};
  do {
    // Every object comes before the end of its list.
    const auto at = [&](int input) { return std::find(order.begin(), order.end(), input) - order.begin(); };
    if (at(0) > at(2) || at(1) > at(3)) continue;
    Lab lab;
    for (std::size_t i = 0; i < order.size(); ++i) {
      EXPECT_TRUE(lab.events.empty());
      EXPECT_EQ(lab.api.service_writes.sent, 0);
      EXPECT_EQ(lab.controller.metrics().update_errors_total, 0U);
      EXPECT_FALSE(lab.controller.running());
      lab.feed(inputs[static_cast<std::size_t>(order[i])]);
      lab.settle();
    }
    EXPECT_TRUE(lab.controller.running());
    EXPECT_THAT(lab.take_reasons(), Contains("N IPAllocated"));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Barrier, TQ2WithoutAnyPoolAtStartEverythingIsLeftAsItIs) {
  Lab lab;
  auto holder = service("s");
  show(holder, {"1.2.3.0"});
  lab.api.put(holder);
  lab.start();
  EXPECT_EQ(lab.addresses("s"), "1.2.3.0");
  EXPECT_TRUE(lab.controller.metrics().config_loaded);
  lab.put(pool("p", {"1.2.3.0/31"}));
  EXPECT_EQ(lab.addresses("s"), "1.2.3.0");
  EXPECT_EQ(lab.pool_annotation("s"), "p");
}

TEST(Barrier, AHolderOfAPoolThatWasBrokenMeanwhileKeepsItsAddressUntilThePoolIsMended) {
  Lab lab;
  auto holder = service("holder");
  show(holder, {"1.2.3.1"});
  holder.metadata.annotations["metallb.io/ip-allocated-from-pool"] = "broken";
  auto unrecorded = service("unrecorded");
  show(unrecorded, {"1.2.3.2"});
  auto stranger = service("stranger");
  show(stranger, {"1.2.3.3"});
  stranger.metadata.annotations["metallb.io/ip-allocated-from-pool"] = "gone";
  for (const auto& object : {holder, unrecorded, stranger}) lab.api.put(object);
  lab.api.put(pool("broken", {"1.2.3.0/33"}));
  lab.api.put(pool("p", {"9.9.9.0/31"}));
  lab.start();
  EXPECT_EQ(lab.addresses("holder"), "1.2.3.1");
  EXPECT_EQ(lab.addresses("unrecorded"), "1.2.3.2") << "nothing says that it is not from the broken pool";
  EXPECT_EQ(lab.addresses("stranger"), "9.9.9.0") << "it is known to be from another pool, which is no more";
  EXPECT_THAT(lab.controller.decision({"default", "holder"})->reason, HasSubstr("IPAddressPool \"broken\""));

  lab.put(pool("broken", {"1.2.3.0/30"}));
  for (const char* name : {"one", "two", "three"}) lab.put(service(name));
  EXPECT_EQ(lab.addresses("holder"), "1.2.3.1");
  EXPECT_EQ(lab.addresses("unrecorded"), "1.2.3.2");
  EXPECT_EQ(lab.pool_annotation("unrecorded"), "broken");
  EXPECT_EQ(lab.addresses("one"), "1.2.3.0");
  EXPECT_EQ(lab.addresses("two"), "1.2.3.3");
}

TEST(Barrier, TQ21AServiceWhoseWritesFailHoldsNobodyUp) {
  Lab lab;
  lab.fails = [](const kube::Write& write) { return write.key.name == "a"; };
  lab.api.put(service("a"));
  lab.api.put(service("b"));
  lab.api.put(pool("p", {"1.2.3.0/31"}));
  lab.start();
  EXPECT_EQ(lab.addresses("a"), "");
  EXPECT_EQ(lab.addresses("b"), "1.2.3.1");
  lab.fails = {};
  lab.advance(std::chrono::seconds(1));
  EXPECT_EQ(lab.addresses("a"), "1.2.3.0");
}

TEST(Barrier, TQ3AndTU4EveryServiceIsLookedAtOncePoolsAreLoaded) {
  Lab lab;
  for (const char* name : {"a", "b"}) lab.api.put(service(name));
  lab.start();
  lab.put(pool("p", {"1.2.3.0/31"}));
  EXPECT_EQ(lab.addresses("a") + " " + lab.addresses("b"), "1.2.3.0 1.2.3.1");
  EXPECT_THAT(lab.conclusion->problems, IsEmpty());
}

TEST(Barrier, TQ5WithBadPoolsAloneNothingIsTouchedNorTriedAgain) {
  Lab lab;
  lab.api.put(service("s"));
  lab.api.put(pool("p", {"nonsense"}));
  lab.start();
  lab.advance(std::chrono::minutes(1));
  EXPECT_FALSE(lab.controller.running());
  EXPECT_EQ(lab.controller.next_deadline(), kIdle);
  EXPECT_EQ(lab.api.service_writes.sent, 0);
  EXPECT_EQ(lab.take_reasons(), (std::vector<std::string>{"W InvalidConfiguration", "W AllocationFailed"}));
}

TEST(Barrier, TQ15ToTQ17TU2AndTU3TroubleWithOneServiceIsNoneOfTheOthersNorOfTheConfiguration) {
  Lab lab;
  std::map<std::string, int> sent;
  bool answers = false;
  lab.fails = [&](const kube::Write& write) { return ++sent[write.key.name], write.key.name == "unwritable" && !answers; };
  auto hopeless = service("hopeless");
  hopeless.metadata.annotations["metallb.io/address-pool"] = "nowhere";
  for (const auto& object : {hopeless, service("unwritable"), service("zgood")}) lab.api.put(object);
  lab.api.put(pool("p", {"1.2.3.0/31"}));
  lab.start();
  EXPECT_TRUE(lab.controller.running()) << "tQ17";
  lab.advance(std::chrono::minutes(1));
  EXPECT_EQ(sent["zgood"], 1) << "tQ15: success and no retry need no second pass";
  EXPECT_EQ(sent["hopeless"], 0);
  EXPECT_GT(sent["unwritable"], 1) << "tQ15, tQ16: retried by itself";
  const auto errors = lab.controller.metrics().update_errors_total;
  EXPECT_EQ(errors, static_cast<std::uint64_t>(sent["unwritable"])) << "tQ16: each failed write is an error";
  EXPECT_THAT(lab.conclusion->problems, IsEmpty()) << "tU2, tU3";
  lab.edit("hopeless", [](auto& s) { s.metadata.labels["touched"] = "yes"; });
  EXPECT_EQ(lab.controller.metrics().update_errors_total, errors + 1) << "tQ16";
  answers = true;
  lab.advance(std::chrono::minutes(1));
  EXPECT_EQ(lab.addresses("unwritable"), "1.2.3.0");
  EXPECT_EQ(lab.addresses("zgood"), "1.2.3.1");
}

TEST(Barrier, TQ20AHolderDeletedWhileTheFirstLookIsUnderWayLeavesNothingBehind) {
  for (int turns = 0; turns < 6; ++turns) {
    Lab lab;
    auto holder = service("holder");
    show(holder, {"1.2.3.0"});
    lab.api.put(holder);
    lab.api.put(service("waiting"));
    lab.api.put(pool("p", {"1.2.3.0/32"}));
    for (const auto& input : lab.api.list()) lab.feed(input);
    for (int i = 0; i < turns; ++i) lab.turn();
    lab.remove("holder");
    EXPECT_EQ(lab.addresses("waiting"), "1.2.3.0") << turns;
  }
}

TEST(Barrier, PoolsOfOtherNamespacesDoNotCount) {
  Lab lab;
  auto stray = pool("stray", {"9.9.9.0/24"});
  stray.metadata.namespace_ = "default";
  lab.api.put(stray);
  lab.api.put(service("s"));
  lab.start();
  EXPECT_EQ(lab.addresses("s"), "");
  EXPECT_FALSE(lab.controller.running());
}

class Configured : public testing::Test {
 protected:
  Configured() {
    lab.api.put(pool("p", {"1.2.3.0/31"}));
    lab.start();
  }
  Lab lab;
};

TEST_F(Configured, TU5ABadPoolChangesNothingAndIsReportedWithObjectFieldAndRemedy) {
  lab.put(service("s"));
  (void)lab.take_reasons();
  lab.put(pool("q", {"1.2.4.0"}));
  ASSERT_EQ(lab.events.size(), 1U);
  EXPECT_EQ(lab.events[0].reason, "InvalidConfiguration");
  EXPECT_EQ(lab.events[0].type, kube::EventNote::Type::kWarning);
  EXPECT_EQ(lab.events[0].about.kind, "IPAddressPool");
  EXPECT_EQ(lab.events[0].about.apiVersion, "metallb.io/v1beta1");
  EXPECT_EQ(lab.events[0].about.namespace_, "metallb-system");
  EXPECT_EQ(lab.events[0].about.name, "q");
  EXPECT_THAT(lab.events[0].message, HasSubstr("spec.addresses[0]"));
  EXPECT_THAT(lab.events[0].message, HasSubstr("invalid CIDR \"1.2.4.0\""));
  EXPECT_THAT(lab.events[0].message, HasSubstr("1.2.4.0/32"));
  EXPECT_TRUE(lab.controller.metrics().config_stale);
  ASSERT_EQ(lab.conclusion->problems.size(), 1U);
  EXPECT_THAT(lab.conclusion->problems[0], HasSubstr("IPAddressPool metallb-system/q: spec.addresses[0]"));
  EXPECT_EQ(lab.addresses("s"), "1.2.3.0");
  lab.put(service("t"));
  EXPECT_EQ(lab.addresses("t"), "1.2.3.1") << "the last good configuration stays";
  lab.put(pool("q", {"1.2.4.0/32"}));
  EXPECT_FALSE(lab.controller.metrics().config_stale);
  EXPECT_THAT(lab.conclusion->problems, IsEmpty());
  lab.put(service("u"));
  EXPECT_EQ(lab.addresses("u"), "1.2.4.0");
}

TEST_F(Configured, GoingBackToThePreviousGoodConfigurationIsNotStale) {
  lab.put(pool("p", {"x"}));
  EXPECT_TRUE(lab.controller.metrics().config_stale);
  lab.put(pool("p", {"1.2.3.0/31"}));
  EXPECT_FALSE(lab.controller.metrics().config_stale);
  EXPECT_TRUE(lab.controller.metrics().config_loaded);
}

TEST_F(Configured, ABadCommunityIsReportedAndFreezesNothing) {
  kube::Community bad;
  bad.metadata.namespace_ = "metallb-system";
  bad.metadata.name = "bad";
  bad.spec.communities = {{"x", "99999999:1"}};
  lab.put(bad);
  EXPECT_THAT(lab.take_reasons(), Contains("W InvalidConfiguration"));
  EXPECT_FALSE(lab.controller.metrics().config_stale);
  lab.put(pool("q", {"1.2.4.0/32"}));
  auto object = service("s");
  object.metadata.annotations["metallb.io/address-pool"] = "q";
  lab.put(object);
  EXPECT_EQ(lab.addresses("s"), "1.2.4.0");
}

TEST_F(Configured, TheEventComesBeforeTheWriteSoItIsToldAlsoWhenTheWriteFails) {
  lab.fails = [](const auto&) { return true; };
  lab.put(service("s"));
  EXPECT_THAT(lab.take_reasons(), Contains("N IPAllocated"));
  lab.advance(std::chrono::minutes(1));
  EXPECT_THAT(lab.take_reasons(), IsEmpty()) << "repeating a write is no new decision";
}

TEST_F(Configured, AFailedWriteIsRepeatedWithTheSameAddress) {
  lab.fails = [](const kube::Write& write) { return write.key.name == "b"; };
  lab.put(service("a"));
  lab.put(service("b"));
  lab.remove("a");  // a lower address is free now
  lab.fails = {};
  lab.advance(std::chrono::seconds(1));
  EXPECT_EQ(lab.addresses("b"), "1.2.3.1");
}

TEST_F(Configured, TQ18AnAddressIsFreeForOthersOnlyWhenTheStatusNoLongerShowsIt) {
  lab.put(service("a"));
  lab.put(service("b"));
  lab.put(service("c"));
  EXPECT_EQ(lab.addresses("c"), "");
  lab.fails = [](const kube::Write& write) { return write.key.name == "a"; };
  lab.edit("a", [](auto& s) { s.spec.type = "ClusterIP"; });
  EXPECT_EQ(lab.addresses("a"), "1.2.3.0");
  EXPECT_EQ(lab.addresses("c"), "");
  lab.fails = {};
  lab.advance(std::chrono::seconds(1));
  EXPECT_EQ(lab.addresses("a"), "");
  EXPECT_EQ(lab.addresses("c"), "1.2.3.0");
}

TEST_F(Configured, AnAddressStillShownStaysWithItsServiceWhenThePoolGoesAndComesBack) {
  lab.put(service("b"));  // has the first address, but its turn after "a"
  lab.put(service("a"));
  lab.fails = [](const kube::Write& write) { return write.key.name == "b"; };
  lab.api.remove_pool(pool_key("p"));
  lab.settle();
  ASSERT_EQ(lab.addresses("b"), "1.2.3.0") << "its clearing write fails";
  ASSERT_EQ(lab.addresses("a"), "");
  lab.put(pool("p", {"1.2.3.0/31"}));
  EXPECT_EQ(lab.addresses("a"), "1.2.3.1");
  lab.fails = {};
  lab.advance(std::chrono::seconds(10));
  EXPECT_EQ(lab.addresses("b"), "1.2.3.0");
  EXPECT_EQ(lab.addresses("a"), "1.2.3.1");
}

TEST_F(Configured, AnAnswerThatCannotBeReadIsFollowedByTheSameWriteWithBackOff) {
  lab.put(service("other"));
  const Now now{SteadyPoint(std::chrono::hours(1)), {}};
  lab.api.put(service("s"));
  for (const auto& input : std::exchange(lab.api.watch(), {})) lab.feed(input);
  const auto work = [&](SteadyPoint at) {
    std::vector<kube::Write> writes;
    while (lab.controller.next_deadline() <= at) {
      Output out;
      lab.controller.on_time({at, {}}, out);
      for (auto& action : out) {
        auto* write = std::get_if<kube::Write>(&action);
        if (write != nullptr && write->resource->kind == "Service") writes.push_back(std::move(*write));
      }
    }
    return writes;
  };
  auto at = now.steady;
  auto writes = work(at);
  Duration waited{};
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(writes.size(), 1U);
    EXPECT_THAT(writes[0].body, HasSubstr("1.2.3.1"));
    Output out;
    lab.controller.on_input({at, {}}, kube::WriteDone{writes[0].id, "no JSON"}, out);
    EXPECT_THAT(work(at), IsEmpty()) << "not at once";
    // The pool's counters have times of their own, so only the Service's write counts here.
    Duration wait{};
    for (writes.clear(); writes.empty() && wait < std::chrono::minutes(1); wait += std::chrono::milliseconds(1)) {
      writes = work(at += std::chrono::milliseconds(1));
    }
    EXPECT_GT(wait, waited);
    waited = wait;
  }
}

TEST_F(Configured, AWriteOnAServiceThatIsGoneIsNotRepeated) {
  auto object = service("s");
  lab.api.put(object);
  lab.feed(lab.api.watch().front());
  lab.api.watch().clear();
  lab.api.remove_service(key_of("s"));
  lab.settle();
  const auto sent = lab.api.service_writes.sent;
  lab.advance(std::chrono::minutes(10));
  EXPECT_EQ(lab.api.service_writes.sent, sent);
  EXPECT_EQ(lab.controller.allocator().statistics("p").in_use.v4, 0);
}

TEST_F(Configured, AServiceCreatedAnewUnderTheSameNameIsAnotherService) {
  lab.put(service("a"));
  lab.put(service("b"));
  // The watch was away: deletion and creation show as one change.
  lab.api.remove_service(key_of("a"));
  auto again = service("a");
  again.metadata.annotations["metallb.io/loadBalancerIPs"] = "1.2.3.1";
  lab.api.put(again);
  lab.api.watch().pop_front();
  lab.settle();
  EXPECT_EQ(lab.addresses("a"), "");
  EXPECT_EQ(lab.controller.allocator().statistics("p").in_use.v4, 1);
}

TEST_F(Configured, AnOlderStateFromTheWatchUndoesNoDecision) {
  // The write's answer comes before the watch tells of a change that the user made just before it.
  lab.api.put(service("a"));
  lab.feed(lab.api.watch().front());
  lab.api.watch().pop_front();
  auto touched = lab.api.service(key_of("a"));
  touched.metadata.labels["by"] = "user";
  lab.api.put(touched);
  lab.settle();  // writes first, then the watch
  EXPECT_EQ(lab.addresses("a"), "1.2.3.0");
  EXPECT_EQ(lab.api.service_writes.changed, 1);
}

TEST_F(Configured, TP10CountersAreWrittenToThePoolsAndManualEditsReverted) {
  lab.put(service("a"));
  lab.advance(std::chrono::seconds(1));
  const auto expected = kube::IPAddressPoolStatus{1, 0, 1, 0};
  EXPECT_EQ(lab.api.pool(pool_key("p")).status, expected);
  auto edited = lab.api.pool(pool_key("p"));
  edited.status = {7, 7, 7, 7};
  lab.put(edited);
  lab.advance(std::chrono::seconds(1));
  EXPECT_EQ(lab.api.pool(pool_key("p")).status, expected);
}

TEST_F(Configured, ABurstOfServicesCostsFewWritesOfCounters) {
  lab.put(pool("big", {"10.0.0.0/16"}));
  lab.advance(std::chrono::seconds(1));
  const auto before = lab.api.pool_writes.sent;
  for (int i = 0; i < 200; ++i) lab.put(service("s" + std::to_string(i)));
  lab.advance(std::chrono::seconds(1));
  EXPECT_EQ(lab.api.pool(pool_key("big")).status.assignedIPv4, 200);
  EXPECT_LE(lab.api.pool_writes.sent - before, 3);
}

TEST_F(Configured, TP11ASharedAddressCountsOnce) {
  for (const auto& [name, port] : {std::pair{"a", 80}, std::pair{"b", 443}}) {
    auto object = service(name);
    object.metadata.annotations["metallb.io/allow-shared-ip"] = "k";
    object.spec.ports[0].port = port;
    lab.put(object);
  }
  lab.advance(std::chrono::seconds(1));
  EXPECT_EQ(lab.api.pool(pool_key("p")).status.assignedIPv4, 1);
  EXPECT_EQ(lab.addresses("a"), lab.addresses("b"));
}

TEST_F(Configured, TheQueueIsWorkedOffInSlices) {
  for (int i = 0; i < 500; ++i) lab.api.put(service("s" + std::to_string(i)));
  for (const auto& input : std::exchange(lab.api.watch(), {})) lab.feed(input);
  Output out;
  const Now now{SteadyPoint(std::chrono::hours(2)), {}};
  lab.controller.on_time(now, out);
  EXPECT_LE(out.size(), 200U) << "64 Services, each with few actions";
  EXPECT_LE(lab.controller.next_deadline(), now.steady);
}

TEST_F(Configured, AThousandServicesKeepNoMorePatchesInMemoryThanAreSent) {
  lab.put(pool("big", {"10.0.0.0/16"}));
  for (int i = 0; i < 1000; ++i) lab.api.put(service("s" + std::to_string(i)));
  for (const auto& input : std::exchange(lab.api.watch(), {})) lab.feed(input);
  Output out;
  const Now now{SteadyPoint(std::chrono::hours(2)), {}};
  for (int call = 0; call < 100 && lab.controller.next_deadline() <= now.steady; ++call) lab.controller.on_time(now, out);
  std::vector<kube::Write> writes;
  for (const auto& action : out) {
    if (const auto* write = std::get_if<kube::Write>(&action)) writes.push_back(*write);
  }
  ASSERT_EQ(writes.size(), kMostWrites);
  EXPECT_EQ(lab.controller.next_deadline(), kIdle) << "it waits for an answer, and does not spin";

  out.clear();
  lab.feed(lab.api.carry_out(writes.front()));
  EXPECT_LE(lab.controller.next_deadline(), now.steady);
  lab.controller.on_time(now, out);
  EXPECT_EQ(std::ranges::count_if(out, [](const auto& action) { return std::holds_alternative<kube::Write>(action); }), 1);
}

TEST_F(Configured, WritesThatFailKeepNobodyElseWaiting) {
  lab.put(pool("big", {"10.0.0.0/16"}));
  lab.fails = [](const kube::Write& write) { return write.key.name.starts_with("bad"); };
  for (std::size_t i = 0; i < 2 * kMostWrites; ++i) lab.api.put(service("bad" + std::to_string(i)));
  lab.put(service("good"));
  EXPECT_NE(lab.addresses("good"), "");
}

TEST_F(Configured, CountsUpdatesAndErrors) {
  const auto before = lab.controller.metrics();
  auto object = service("s");
  object.metadata.annotations["metallb.io/address-pool"] = "unknown";
  lab.put(object);
  EXPECT_GT(lab.controller.metrics().updates_total, before.updates_total);
  EXPECT_EQ(lab.controller.metrics().update_errors_total, before.update_errors_total + 1);
}

TEST(Writes, AListThatCameBeforeTheAnswerToAWriteCountsMoreThanTheAnswer) {
  ModelApi api;
  api.put(pool("p", {"1.2.3.0/24"}));
  api.put(service("s"));
  Instance controller({"metallb-system", ""});
  const Now now{SteadyPoint(std::chrono::hours(1)), {}};
  std::vector<kube::Write> writes;
  const auto take = [&](Output& out) {
    for (auto& action : out) {
      if (auto* write = std::get_if<kube::Write>(&action)) writes.push_back(std::move(*write));
    }
  };
  const auto feed = [&](const Input& input) {
    Output out;
    controller.on_input(now, input, out);
    take(out);
  };
  const auto work = [&] {
    while (controller.next_deadline() <= now.steady) {
      Output out;
      controller.on_time(now, out);
      take(out);
    }
  };
  for (const auto& input : api.list()) feed(input);
  work();
  const auto assignment =
      std::find_if(writes.begin(), writes.end(), [](const kube::Write& write) { return write.resource->kind == "Service"; });
  ASSERT_NE(assignment, writes.end());
  const auto answer = api.carry_out(*assignment);
  // While the answer is on its way the watch is cut, somebody asks for another address, and everything is listed anew: the
  // echo of the write never comes.
  auto edited = api.service(key_of("s"));
  edited.spec.loadBalancerIP = "1.2.3.77";
  api.put(edited);
  for (const auto& input : api.list()) feed(input);
  feed(answer);
  writes.clear();
  work();
  for (int i = 0; i < 20 && !(writes.empty() && api.watch().empty()); ++i) {
    for (const auto& write : std::exchange(writes, {})) feed(api.carry_out(write));
    for (const auto& input : std::exchange(api.watch(), {})) feed(input);
    work();
  }
  EXPECT_EQ(shown(api.service(key_of("s"))), "1.2.3.77");
}

}  // namespace
}  // namespace metallb::controller
