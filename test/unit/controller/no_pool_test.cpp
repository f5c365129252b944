// A controller that finds no pool at its start: nothing is touched, and whoever waits is told why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab.hpp"

namespace metallb::controller {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// What Services have been told since the last look, "name: message" each.
std::vector<std::string> take_told(Lab& lab) {
  std::vector<std::string> out;
  for (const auto& event : std::exchange(lab.events, {})) {
    if (event.reason == "AllocationFailed") out.push_back(event.about.name + ": " + event.message);
  }
  return out;
}
std::string no_pool_for(const std::string& name) {
  return name + ": Failed to allocate IP for \"default/" + name +
         "\": no IPAddressPool exists: create one in namespace metallb-system";
}

TEST(NoPoolAtStart, WhoWaitsIsToldSoOnceAfterTenSecondsAndNothingIsTouched) {
  Lab lab;
  auto holder = service("holder");
  show(holder, {"1.2.3.0"});
  auto foreign = service("foreign");
  foreign.spec.loadBalancerClass = "another";
  auto plain = service("plain");
  plain.spec.type = "ClusterIP";
  auto garbage = service("garbage");
  garbage.metadata.annotations["metallb.io/loadBalancerIPs"] = "garbage";
  for (const auto& object : {holder, foreign, plain, garbage, service("web")}) lab.api.put(object);
  lab.start();
  lab.advance(std::chrono::milliseconds(9999));
  EXPECT_THAT(lab.events, IsEmpty()) << "the pool may be on its way";
  lab.advance(std::chrono::milliseconds(1));
  const auto told = take_told(lab);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_THAT(told[0], HasSubstr("invalid metallb.io/loadBalancerIPs: \"garbage\""));
  EXPECT_EQ(told[1], no_pool_for("web"));
  EXPECT_THAT(lab.controller.decision(key_of("web"))->reason, HasSubstr("no IPAddressPool exists"));
  EXPECT_EQ(lab.controller.decision(key_of("holder")), nullptr);

  for (const auto& input : lab.api.list()) lab.feed(input);
  lab.advance(std::chrono::hours(1));
  EXPECT_THAT(lab.events, IsEmpty()) << "once is enough";
  EXPECT_EQ(lab.controller.next_deadline(), kIdle);
  lab.put(service("late"));
  EXPECT_THAT(take_told(lab), testing::ElementsAre(no_pool_for("late")));
  EXPECT_FALSE(lab.controller.running());
  EXPECT_EQ(lab.api.service_writes.sent, 0);
  EXPECT_FALSE(lab.controller.allocator().knows(key_of("web")));

  lab.remove("late");
  lab.put(pool("p", {"1.2.3.0/30"}));
  EXPECT_EQ(lab.addresses("holder"), "1.2.3.0");
  EXPECT_EQ(lab.addresses("web"), "1.2.3.1");
  EXPECT_EQ(lab.addresses("foreign") + lab.addresses("plain") + lab.addresses("garbage"), "");
  EXPECT_EQ(lab.controller.decision(key_of("late")), nullptr);
}

TEST(NoPoolAtStart, OfVeryManySomeAreToldAndAllAreServedInTheEnd) {
  Lab lab;
  for (std::size_t i = 0; i < kMostExplained + 500; ++i) lab.api.put(service("s" + std::to_string(i)));
  lab.start();
  lab.advance(std::chrono::seconds(10));
  EXPECT_EQ(lab.events.size(), kMostExplained);
  lab.put(pool("p", {"10.0.0.0/16"}));
  for (std::size_t i = 0; i < kMostExplained + 500; ++i) ASSERT_NE(lab.addresses("s" + std::to_string(i)), "") << i;
}

TEST(NoPoolAtStart, APoolThatComesWithinTheGraceLeavesNothingToTell) {
  Lab lab;
  lab.api.put(service("web"));
  lab.start();
  lab.advance(std::chrono::seconds(5));
  lab.put(service("later"));
  lab.put(pool("p", {"1.2.3.0/30"}));
  lab.advance(std::chrono::minutes(1));
  EXPECT_EQ(lab.addresses("web") + " " + lab.addresses("later"), "1.2.3.1 1.2.3.0");
  EXPECT_EQ(lab.take_reasons(), (std::vector<std::string>{"N IPAllocated", "N IPAllocated"}));
}

TEST(NoPoolAtStart, BeforeAllIsListedNothingIsTold) {
  for (const int missing : {0, 1, 2}) {
    Lab lab;
    lab.feed(upserted(service("web")));
    if (missing != 0) lab.feed(listed<kube::Service>());
    if (missing != 1) lab.feed(listed<kube::IPAddressPool>());
    if (missing != 2) lab.feed(listed<kube::Namespace>());
    lab.settle();
    lab.advance(std::chrono::hours(1));
    EXPECT_THAT(lab.events, IsEmpty()) << missing;
    EXPECT_EQ(lab.controller.next_deadline(), kIdle) << missing;
  }
}

TEST(NoPoolAtStart, WhatIsWrongWithTheOnlyPoolChangesWhatIsTold) {
  Lab lab;
  lab.api.put(service("web"));
  lab.start();
  lab.advance(std::chrono::minutes(1));
  EXPECT_THAT(take_told(lab), testing::ElementsAre(no_pool_for("web")));
  lab.put(pool("p", {"nonsense"}));
  const auto told = take_told(lab);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], HasSubstr("no available IPs (pool p: it has no valid version)"));
  EXPECT_EQ(lab.api.service_writes.sent, 0);
}

TEST(NoPoolAtStart, WhoLosesTheLeadTellsNothing) {
  Lab lab;
  lab.api.put(service("web"));
  lab.start();
  lab.feed(Leading{false});
  lab.advance(std::chrono::minutes(1));
  EXPECT_THAT(lab.events, IsEmpty());
  EXPECT_EQ(lab.controller.next_deadline(), kIdle);
  lab.feed(Leading{true});
  for (const auto& input : lab.api.list()) lab.feed(input);
  lab.settle();
  lab.advance(std::chrono::seconds(9));
  EXPECT_THAT(lab.events, IsEmpty());
  lab.advance(std::chrono::seconds(1));
  EXPECT_THAT(take_told(lab), testing::ElementsAre(no_pool_for("web")));
}

}  // namespace
}  // namespace metallb::controller
