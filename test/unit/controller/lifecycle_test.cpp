// Several Services and their pools over time: controller spec 4.10, 4.11, rows tG1 to tG24 of 7.7, tR10 of 7.8 and tQ1 to
// tZ6 of 7.10.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab.hpp"

namespace metallb::controller {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::vector<std::string> kDual = {"10.96.0.1", "3000::1"};

class Lifecycle : public testing::Test {
 protected:
  void start(std::vector<kube::IPAddressPool> pools) {
    for (auto& object : pools) lab.api.put(std::move(object));
    lab.start();
  }
  void create(const std::string& name, const std::function<void(kube::Service&)>& change = [](kube::Service&) {}) {
    auto object = service(name);
    change(object);
    lab.put(std::move(object));
  }
  static auto asking(std::string address) {
    return [address](kube::Service& s) { s.metadata.annotations["metallb.io/loadBalancerIPs"] = address; };
  }
  static auto sharing(std::string key, std::int32_t port, std::string address = {}) {
    return [=](kube::Service& s) {
      s.metadata.annotations["metallb.io/allow-shared-ip"] = key;
      if (!address.empty()) s.metadata.annotations["metallb.io/loadBalancerIPs"] = address;
      s.spec.ports = {{.protocol = "TCP", .port = port}};
    };
  }
  static auto dual(std::string policy) {
    return [policy](kube::Service& s) {
      s.spec.clusterIPs = kDual;
      s.spec.ipFamilyPolicy = policy;
    };
  }
  std::string on(const std::string& name) { return lab.addresses(name); }

  Lab lab;
};

TEST_F(Lifecycle, TG1AndTG2APoolGivesWhatItHasAndTakesItBack) {
  start({pool("p", {"1.2.3.0/31", "1.2.4.0/31", "1000::/127"})});
  for (const auto* name : {"a", "b", "c", "d", "e"}) create(name);
  EXPECT_EQ(on("a") + " " + on("b") + " " + on("c") + " " + on("d"), "1.2.3.0 1.2.3.1 1.2.4.0 1.2.4.1");
  EXPECT_EQ(on("e"), "");
  EXPECT_THAT(lab.take_reasons(), Contains("W AllocationFailed"));
  lab.remove("b");
  EXPECT_EQ(on("e"), "1.2.3.1");
}

TEST(Exhaustion, TG1ANamedPoolServesAsManyOfEitherFamilyAndLeavesTheOthersAlone) {
  struct Family {
    std::vector<std::string> cluster;
    const char* expected;
  };
  const Family families[] = {{{"10.96.0.1"}, "1.2.3.0 1.2.3.1 1.2.4.0 1.2.4.1 "},
                             {{"3000::1"}, "1000:: 1000::1 2000:: 2000::1 "}};
  Lab lab;
  lab.api.put(pool("p", {"1.2.3.0/31", "1.2.4.0/31", "1000::/127", "2000::/127"}));
  lab.api.put(pool("another", {"1.2.5.0/30", "3000:1::/126"}));
  lab.start();
  for (const auto& family : families) {
    std::string all;
    for (int i = 0; i < 5; ++i) {
      auto object = service("s" + family.cluster.front().substr(0, 2) + std::to_string(i), family.cluster);
      object.metadata.annotations["metallb.io/address-pool"] = "p";
      lab.put(object);
      all += lab.addresses(object.metadata.name) + (i < 4 ? " " : "");
    }
    EXPECT_EQ(all, family.expected) << "and nothing for the fifth";
    EXPECT_THAT(lab.take_reasons(), Contains("W AllocationFailed"));
  }
  EXPECT_EQ(lab.controller.allocator().statistics("p").in_use, (ipam::Counts{4, 4}));
  EXPECT_EQ(lab.controller.allocator().statistics("another").in_use, (ipam::Counts{0, 0}));
}

TEST_F(Lifecycle, TG3TwoThatShareFitOnTheLastAddress) {
  start({pool("p", {"1.2.3.0/31"})});
  create("plain");
  create("s5", sharing("share", 80));
  create("s6", sharing("share", 443));
  create("s7", sharing("share", 443));
  EXPECT_EQ(on("s5"), "1.2.3.1");
  EXPECT_EQ(on("s6"), "1.2.3.1");
  EXPECT_EQ(on("s7"), "") << "its port is taken";
}

TEST_F(Lifecycle, WhoBeginsToShareBringsItsPortsAlongAndWhoCeasesToMovesOn) {
  start({pool("p", {"1.2.3.0/31"})});
  create("first", asking("1.2.3.0"));
  create("early", sharing("k", 443, "1.2.3.0"));
  EXPECT_EQ(on("early"), "") << "the first one does not share yet";
  lab.edit("first", sharing("k", 80));
  EXPECT_EQ(on("early"), "1.2.3.0");
  create("late", sharing("k", 80, "1.2.3.0"));
  EXPECT_EQ(on("late"), "") << "the port of the first";
  lab.edit("first", [](auto& object) { object.metadata.annotations.clear(); });
  EXPECT_EQ(on("first"), "1.2.3.1");
  EXPECT_EQ(on("early"), "1.2.3.0");
  EXPECT_EQ(on("late"), "1.2.3.0") << "its port is free again";
}

/// Services of each kind: of one family, of the other, of both.
const std::vector<std::vector<std::string>> kFamilies = {{"10.96.0.1"}, {"3000::1"}, kDual};

TEST(Exhaustion, TG4APoolServesAsManyOfEveryFamilyAndTheLastAddressCanBeShared) {
  const char* const last[] = {"1.2.3.3", "1000::3", "1.2.3.3 1000::3"};
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    Lab lab;
    lab.api.put(pool("p", {"1.2.3.0/30", "1000::/126"}));
    lab.start();
    const auto create = [&](const char* name, const char* sharing, std::int32_t port) {
      auto object = service(name, kFamilies[i]);
      if (kFamilies[i].size() > 1) object.spec.ipFamilyPolicy = "RequireDualStack";
      if (*sharing != 0) object.metadata.annotations["metallb.io/allow-shared-ip"] = sharing;
      object.spec.ports[0].port = port;
      lab.put(object);
    };
    for (const auto* name : {"a", "b", "c"}) create(name, "", 80);
    create("d", "share", 80);
    create("e", "", 80);
    create("f", "share", 443);
    create("g", "share", 443);
    EXPECT_EQ(lab.addresses("d"), last[i]);
    EXPECT_EQ(lab.addresses("e"), "") << last[i];
    EXPECT_EQ(lab.addresses("f"), last[i]);
    EXPECT_EQ(lab.addresses("g"), "") << last[i] << ": its port is taken";
  }
}

TEST(Exhaustion, TG8TwoPoolsAreUsedOneAfterTheOther) {
  const char* const expected[] = {"1.2.3.1,1.2.4.0,1.2.4.1", "1000::1,2000::,2000::1",
                                  "1.2.3.1 1000::1,1.2.4.0 2000::,1.2.4.1 2000::1"};
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    Lab lab;
    lab.api.put(pool("a", {"1.2.3.0/31", "1000::/127"}));
    lab.api.put(pool("b", {"1.2.4.0/31", "2000::/127"}));
    lab.start();
    for (const auto* name : {"1", "2", "3", "4", "5"}) {
      auto object = service(name, kFamilies[i]);
      if (kFamilies[i].size() > 1) object.spec.ipFamilyPolicy = "RequireDualStack";
      lab.put(object);
    }
    EXPECT_EQ(lab.addresses("2") + "," + lab.addresses("3") + "," + lab.addresses("4"), expected[i]);
    EXPECT_EQ(lab.addresses("5"), "");
  }
}

TEST_F(Lifecycle, TG5AHolderOfOneFamilyThatTurnsToTheOtherGetsItFromItsPoolOrNothing) {
  start({pool("four", {"1.2.3.0/31"}), pool("both", {"1.2.4.0/31", "1000::/127"})});
  const auto turned_to_v6 = [](kube::Service& s) { s.spec.clusterIPs = {"3000::1"}; };
  for (const auto* name : {"four", "both"}) {
    create(name, [name](auto& s) { s.metadata.annotations["metallb.io/address-pool"] = name; });
    EXPECT_NE(on(name), "");
    (void)lab.take_reasons();
    lab.edit(name, turned_to_v6);
  }
  EXPECT_EQ(on("four"), "");
  EXPECT_EQ(on("both"), "1000::");
}

TEST_F(Lifecycle, TG22APoolOfAnotherNamespaceThatIsFullIsSaidToBeFull) {
  auto elsewhere = pool("elsewhere", {"1.2.3.0/32"});
  elsewhere.spec.serviceAllocation = kube::ServiceAllocation{.namespaces = {"other"}};
  start({elsewhere});
  auto holder = service("holder");
  holder.metadata.namespace_ = "other";
  lab.put(holder);
  EXPECT_EQ(shown(lab.api.service({"other", "holder"})), "1.2.3.0");
  lab.events.clear();
  create("s", [](auto& s) { s.metadata.annotations["metallb.io/address-pool"] = "elsewhere"; });
  ASSERT_EQ(lab.events.size(), 1U);
  EXPECT_THAT(lab.events[0].message,
              testing::StartsWith("Failed to allocate IP for \"default/s\": no available IPs in pool elsewhere"));
}

TEST_F(Lifecycle, TL21OfPoolsNothingIsWrittenButTheStatus) {
  lab.fails = [](const kube::Write& write) {
    if (write.resource->kind != "Service") {
      EXPECT_EQ(write.subresource, "status");
      EXPECT_THAT(write.body, testing::StartsWith("{\"status\":"));
    }
    return false;
  };
  start({pool("p", {"1.2.3.0/30", "1000::/126"})});
  const auto before = lab.api.pool(pool_key("p")).spec;
  for (const auto* name : {"a", "b", "c", "d", "e"}) create(name, dual("RequireDualStack"));
  lab.edit("a", asking("1.2.3.3,1000::3"));
  lab.remove("b");
  lab.advance(std::chrono::minutes(1));
  EXPECT_GT(lab.api.pool_writes.changed, 0);
  EXPECT_EQ(lab.api.pool(pool_key("p")).spec, before);
}

TEST_F(Lifecycle, TG10BuggyAddressesAreNotHandedOut) {
  auto avoiding = pool("b", {"1.2.4.0/31", "1.2.4.254/31"});
  avoiding.spec.avoidBuggyIPs = true;
  start({pool("a", {"1.2.3.0/31", "1.2.3.254/31"}), avoiding});
  std::string all;
  for (const auto* name : {"1", "2", "3", "4", "5", "6", "7"}) {
    create(name);
    all += on(name) + " ";
  }
  EXPECT_EQ(all, "1.2.3.0 1.2.3.1 1.2.3.254 1.2.3.255 1.2.4.1 1.2.4.254  ");
}

TEST_F(Lifecycle, TG11APoolWithoutAutoAssignIsNotChosen) {
  auto manual = pool("a", {"1.2.3.0/31"});
  manual.spec.autoAssign = false;
  start({manual, pool("b", {"1.2.4.0/31"})});
  for (const auto* name : {"1", "2", "3"}) create(name);
  EXPECT_EQ(on("2"), "1.2.4.1");
  EXPECT_EQ(on("3"), "");
}

TEST_F(Lifecycle, TG18ToTG20APinnedPoolSpillsOverAndIsSkippedWithoutAutoAssign) {
  auto pinned = pool("pinned", {"1.2.3.0/32"});
  pinned.spec.serviceAllocation = kube::ServiceAllocation{.priority = 5};
  auto manual = pool("manual", {"1.2.5.0/32"});
  manual.spec.serviceAllocation = kube::ServiceAllocation{.priority = 1};
  manual.spec.autoAssign = false;
  start({pinned, manual, pool("general", {"1.2.4.0/31"})});
  create("1");
  create("2");
  EXPECT_EQ(on("1"), "1.2.3.0") << "tG23";
  EXPECT_EQ(on("2"), "1.2.4.0") << "tG18";
}

TEST_F(Lifecycle, TG19RelabellingANamespaceHelpsNewServices) {
  auto pinned = pool("pinned", {"1.2.3.0/31"});
  pinned.spec.serviceAllocation = kube::ServiceAllocation{.namespaceSelectors = {{{{"team", "a"}}, {}}}};
  kube::Namespace home;
  home.metadata.name = "default";
  lab.api.put(home);
  start({pinned, pool("zgeneral", {"1.2.4.0/31"})});
  create("old");
  EXPECT_EQ(on("old"), "1.2.4.0");
  home.metadata.labels["team"] = "a";
  lab.put(home);
  create("new");
  EXPECT_EQ(on("new"), "1.2.3.0");
  EXPECT_EQ(on("old"), "1.2.4.0");
}

TEST_F(Lifecycle, PreferDualStackGainsAFamilyWhenItsPoolDoes) {
  start({pool("p", {"1.2.3.0/31"})});
  create("a", dual("PreferDualStack"));
  EXPECT_EQ(on("a"), "1.2.3.0");
  lab.put(pool("p", {"1.2.3.0/31", "1000::/127"}));
  EXPECT_EQ(on("a"), "1.2.3.0 1000::");
  lab.put(pool("p", {"1.2.3.0/31"}));
  EXPECT_EQ(on("a"), "1.2.3.0") << "the pair is dropped, and one found again";
}

TEST_F(Lifecycle, PreferDualStackTakesTheOtherFamilyOnceItIsFree) {
  start({pool("p", {"1.2.3.0/31", "1000::/128"})});
  create("v6", [](auto& s) { s.spec.clusterIPs = {"3000::1"}; });
  create("a", dual("PreferDualStack"));
  EXPECT_EQ(on("a"), "1.2.3.0");
  lab.remove("v6");
  EXPECT_EQ(on("a"), "1.2.3.0 1000::");
}

TEST_F(Lifecycle, PreferDualStackStaysInItsPoolWhenADualOneAppears) {
  start({pool("a", {"1.2.3.0/31"})});
  create("s", dual("PreferDualStack"));
  lab.put(pool("b", {"1.2.4.0/31", "1000::/127"}));
  EXPECT_EQ(on("s"), "1.2.3.0");
}

TEST_F(Lifecycle, PreferChangedToRequireLosesTheSingleAddress) {
  start({pool("a", {"1.2.3.0/31"})});
  create("s", dual("PreferDualStack"));
  lab.edit("s", dual("RequireDualStack"));
  EXPECT_EQ(on("s"), "");
}

TEST_F(Lifecycle, ADualHolderWhosePoolLosesAFamilyMovesToAnother) {
  start({pool("a", {"1.2.3.0/31", "1000::/127"}), pool("b", {"1.2.4.0/31", "2000::/127"})});
  create("s", dual("PreferDualStack"));
  EXPECT_EQ(on("s"), "1.2.3.0 1000::");
  lab.put(pool("a", {"1.2.3.0/31"}));
  EXPECT_EQ(on("s"), "1.2.4.0 2000::");
}

TEST_F(Lifecycle, AnAddressMovedToAnotherPoolIsKeptAndTheAnnotationFollows) {
  start({pool("old", {"1.2.3.0/31"})});
  create("s");
  lab.api.remove_pool(pool_key("old"));
  lab.api.put(pool("new", {"1.2.3.0/31"}));
  lab.settle();
  EXPECT_EQ(on("s"), "1.2.3.0");
  EXPECT_EQ(lab.pool_annotation("s"), "new");
}

TEST_F(Lifecycle, ARequestWithdrawnOrMadeInvalidKeepsTheAddress) {
  start({pool("p", {"1.2.3.0/30"})});
  create("s", asking("1.2.3.2"));
  lab.edit("s", [](auto& s) { s.metadata.annotations.erase("metallb.io/loadBalancerIPs"); });
  EXPECT_EQ(on("s"), "1.2.3.2");
  lab.edit("s", asking("garbage"));
  EXPECT_EQ(on("s"), "1.2.3.2");
  lab.edit("s", asking("1.2.3.1"));
  EXPECT_EQ(on("s"), "1.2.3.1");
  lab.edit("s", asking("9.9.9.9"));
  EXPECT_EQ(on("s"), "");
}

TEST_F(Lifecycle, AStatusEditedByHandIsPutRight) {
  start({pool("p", {"1.2.3.0/31"})});
  create("s");
  lab.edit("s", [](auto& s) { show(s, {"6.6.6.6"}); });
  EXPECT_EQ(on("s"), "1.2.3.0");
  lab.edit("s", [](auto& s) { show(s, {}); });
  EXPECT_EQ(on("s"), "1.2.3.0");
  lab.edit("s", [](auto& s) { s.metadata.annotations.clear(); });
  EXPECT_EQ(lab.pool_annotation("s"), "p");
}

TEST_F(Lifecycle, TR10TightenedAllocationEvictsAtTheNextLook) {
  start({pool("p", {"1.2.3.0/31"}), pool("q", {"1.2.4.0/31"})});
  create("s");
  auto tight = pool("p", {"1.2.3.0/31"});
  tight.spec.serviceAllocation = kube::ServiceAllocation{.namespaces = {"elsewhere"}};
  lab.put(tight);
  EXPECT_EQ(on("s"), "1.2.4.0");
  EXPECT_THAT(lab.take_reasons(), Contains("N ClearAssignment"));
}

TEST_F(Lifecycle, TurningAutoAssignOffKeepsHolders) {
  start({pool("p", {"1.2.3.0/31"})});
  create("s");
  auto manual = pool("p", {"1.2.3.0/31"});
  manual.spec.autoAssign = false;
  lab.put(manual);
  EXPECT_EQ(on("s"), "1.2.3.0");
}

TEST_F(Lifecycle, TQ4WithoutAnyPoolLeftEverythingIsEmptiedAndTold) {
  start({pool("p", {"1.2.3.0/31"})});
  create("s");
  (void)lab.take_reasons();
  lab.api.remove_pool(pool_key("p"));
  lab.settle();
  EXPECT_EQ(on("s"), "");
  EXPECT_EQ(lab.pool_annotation("s"), "");
  ASSERT_EQ(lab.events.size(), 2U);
  EXPECT_EQ(lab.events[0].reason, "ClearAssignment");
  EXPECT_EQ(lab.events[0].message,
            "current IP for \"default/s\" not allowed by config, will attempt for new IP assignment: no IPAddressPool "
            "exists: create one in namespace metallb-system");
  EXPECT_EQ(lab.events[1].reason, "AllocationFailed");
  EXPECT_EQ(lab.events[1].message,
            "Failed to allocate IP for \"default/s\": no IPAddressPool exists: create one in namespace metallb-system");
  (void)lab.take_reasons();
  for (const auto& input : lab.api.list()) lab.feed(input);
  lab.advance(std::chrono::minutes(1));
  EXPECT_THAT(lab.take_reasons(), IsEmpty()) << "once is enough";
  lab.put(pool("q", {"1.2.4.0/31"}));
  EXPECT_EQ(on("s"), "1.2.4.0");
}

TEST_F(Lifecycle, WithoutAnyPoolLeftABadRequestIsToldAsOne) {
  start({pool("p", {"1.2.3.0/31"})});
  lab.api.remove_pool(pool_key("p"));
  lab.settle();
  const auto told = [&](const std::string& name, const std::string& annotation, const std::string& value) {
    lab.events.clear();
    create(name, [&](auto& s) { s.metadata.annotations["metallb.io/" + annotation] = value; });
    return lab.events.size() == 1 && lab.events[0].reason == "AllocationFailed" ? lab.events[0].message : "";
  };
  EXPECT_THAT(told("a", "loadBalancerIPs", "garbage"), HasSubstr("invalid metallb.io/loadBalancerIPs: \"garbage\""));
  EXPECT_THAT(told("b", "address-pool", "nowhere"), HasSubstr("unknown pool \"nowhere\""));
  EXPECT_THAT(told("c", "loadBalancerIPs", "1000::1"), HasSubstr("does not match the ipFamily"));
  EXPECT_THAT(told("d", "loadBalancerIPs", "1.2.3.1"), HasSubstr("no IPAddressPool exists: create one in namespace"));
  lab.put(pool("p", {"1.2.3.0/31"}));
  EXPECT_EQ(on("d"), "1.2.3.1");
}

TEST_F(Lifecycle, WhoseAddressCameToBeOfAnotherPoolThanTheOneItNamesIsToldThatItLosesIt) {
  for (const bool broken : {false, true}) {
    lab = Lab();
    start({pool("pa", {"1.2.3.0/31"}), pool("pb", {"1.2.4.0/31"})});
    create("s", [](auto& s) { s.metadata.annotations["metallb.io/address-pool"] = "pb"; });
    EXPECT_EQ(on("s"), "1.2.4.0");
    lab.api.put(pool("pa", {"1.2.3.0/31", "1.2.4.0/31"}));
    lab.events.clear();
    if (broken) {
      lab.restart();  // of two pools that overlap and are both new to it, the later one is left out
    } else {
      lab.api.remove_pool(pool_key("pb"));
      lab.settle();
    }
    EXPECT_EQ(on("s"), "");
    std::erase_if(lab.events, [](const auto& event) { return event.about.kind != "Service"; });
    ASSERT_EQ(lab.events.size(), 2U) << broken;
    EXPECT_EQ(lab.events[0].reason, "ClearAssignment");
    EXPECT_EQ(lab.events[0].message,
              "current IP for \"default/s\" not allowed by config, will attempt for new IP assignment: pool \"pb\" does not "
              "have it any more: IPAddressPool \"pa\" has it now: give it back to IPAddressPool \"pb\", or name the other "
              "one in metallb.io/address-pool");
    EXPECT_EQ(lab.events[1].reason, "AllocationFailed");
    EXPECT_THAT(lab.events[1].message, HasSubstr(broken ? "pool \"pb\" has no valid version" : "unknown pool \"pb\""));
  }
}

TEST_F(Lifecycle, WhoNamesAPoolThatLostItsLastValidVersionKeepsAnAddressThatNoOtherPoolHas) {
  start({pool("pa", {"1.2.3.0/31"}), pool("pb", {"1.2.4.0/31"})});
  create("s", [](auto& s) { s.metadata.annotations["metallb.io/address-pool"] = "pb"; });
  lab.api.put(pool("pb", {"1.2.4.0/31", "1.2.3.0/31"}));
  lab.restart();
  lab.edit("s", [](auto& s) { s.metadata.labels["touched"] = "yes"; });
  EXPECT_EQ(on("s"), "1.2.4.0");
  EXPECT_THAT(lab.take_reasons(), Not(Contains("N ClearAssignment")));
}

TEST_F(Lifecycle, WhoNamesAnotherPoolIsNotToldThatTheAddressIsNotAllowed) {
  start({pool("pa", {"1.2.3.0/31"}), pool("pb", {"1.2.4.0/31"})});
  create("s", [](auto& s) { s.metadata.annotations["metallb.io/address-pool"] = "pb"; });
  (void)lab.take_reasons();
  lab.edit("s", [](auto& s) { s.metadata.annotations["metallb.io/address-pool"] = "pa"; });
  EXPECT_EQ(on("s"), "1.2.3.0");
  EXPECT_THAT(lab.take_reasons(), testing::ElementsAre("N IPAllocated"));
}

TEST_F(Lifecycle, TQ6AndTQ12AWaitingServiceGetsWhatAnotherGivesUp) {
  start({pool("p", {"1.2.3.0/32"})});
  create("a");
  create("b");
  EXPECT_EQ(on("b"), "");
  lab.remove("a");
  EXPECT_EQ(on("b"), "1.2.3.0");
  create("c");
  lab.edit("b", [](auto& s) { s.spec.type = "ClusterIP"; });
  EXPECT_EQ(on("b"), "");
  EXPECT_EQ(lab.pool_annotation("b"), "");
  EXPECT_EQ(on("c"), "1.2.3.0");
}

TEST_F(Lifecycle, TQ7AndTQ8PoolsAddedAndRemoved) {
  start({pool("p", {"1.2.3.0/32"})});
  create("s");
  lab.put(pool("a", {"1.2.4.0/32"}));
  EXPECT_EQ(on("s"), "1.2.3.0");
  lab.api.remove_pool(pool_key("p"));
  lab.settle();
  EXPECT_EQ(on("s"), "1.2.4.0");
}

TEST_F(Lifecycle, TQ9AKeyThatAHolderTakesOnLetsThoseInWhoWaitWithIt) {
  start({pool("p", {"1.2.3.0/32"})});
  create("a");
  create("b", sharing("k", 443));
  create("c", sharing("other", 443));
  EXPECT_EQ(on("b"), "");
  lab.edit("a", sharing("k", 80));
  EXPECT_EQ(on("a") + " " + on("b"), "1.2.3.0 1.2.3.0");
  EXPECT_EQ(on("c"), "");
}

TEST_F(Lifecycle, TQ22APortThatALocalSharerGivesUpIsFreeForThoseWhoWaitForIt) {
  start({pool("p", {"1.2.3.0/32"})});
  const auto local = [](std::int32_t port) {
    return [=](kube::Service& s) {
      sharing("k", port)(s);
      s.spec.externalTrafficPolicy = "Local";
      s.spec.selector = {{"app", "x"}};
    };
  };
  create("a", local(80));
  create("b", local(80));
  EXPECT_EQ(on("a") + "," + on("b"), "1.2.3.0,");
  lab.edit("a", local(443));
  EXPECT_EQ(on("a") + "," + on("b"), "1.2.3.0,1.2.3.0");
}

TEST_F(Lifecycle, TQ10TermsOfSharingChangedOnOneSideAndThenTheOther) {
  start({pool("p", {"1.2.3.0/31"})});
  create("a", sharing("k", 80, "1.2.3.0"));
  create("b", sharing("k", 443, "1.2.3.0"));
  EXPECT_EQ(on("a") + " " + on("b"), "1.2.3.0 1.2.3.0");
  const auto local = [](kube::Service& s) { s.spec.externalTrafficPolicy = "Local"; };
  lab.edit("b", local);
  EXPECT_EQ(on("a"), "1.2.3.0");
  EXPECT_EQ(on("b"), "");
  lab.edit("a", local);
  EXPECT_EQ(on("b"), "1.2.3.0");
}

TEST_F(Lifecycle, TQ11SelectorsOfLocalSharers) {
  start({pool("p", {"1.2.3.0/31"})});
  const auto local = [](std::int32_t port, std::string app) {
    return [=](kube::Service& s) {
      sharing("k", port, "1.2.3.0")(s);
      s.spec.externalTrafficPolicy = "Local";
      s.spec.selector = {{"app", app}};
    };
  };
  create("a", local(80, "x"));
  create("b", local(443, "x"));
  EXPECT_EQ(on("b"), "1.2.3.0");
  lab.edit("a", local(80, "y"));
  EXPECT_EQ(on("a"), "");
  lab.edit("b", local(443, "y"));
  EXPECT_EQ(on("a"), "1.2.3.0");
}

TEST_F(Lifecycle, TL22EqualSelectorsInTwoNamespacesAreNotTheSameBackends) {
  start({pool("p", {"1.2.3.0/31"})});
  const auto local = [](std::int32_t port) {
    return [=](kube::Service& s) {
      sharing("k", port, "1.2.3.0")(s);
      s.spec.externalTrafficPolicy = "Local";
      s.spec.selector = {{"app", "x"}};
    };
  };
  create("a", local(80));
  auto other = service("b");
  other.metadata.namespace_ = "other";
  local(443)(other);
  lab.put(other);
  EXPECT_EQ(shown(lab.api.service({"other", "b"})), "");
}

TEST_F(Lifecycle, TQ13RestartsKeepHolders) {
  start({pool("p", {"1.2.3.0/31"})});
  for (const auto* name : {"d", "c", "b", "a"}) create(name);
  for (int i = 0; i < 5; ++i) lab.restart();
  EXPECT_EQ(on("d") + " " + on("c"), "1.2.3.0 1.2.3.1");
  EXPECT_EQ(on("a") + on("b"), "");
}

TEST_F(Lifecycle, TQ19AWaitingServiceGetsTheAddressThatAnotherMovedAwayFrom) {
  start({pool("p", {"1.2.3.0/31"})});
  create("a", asking("1.2.3.0"));
  create("b", asking("1.2.3.0"));
  EXPECT_EQ(on("b"), "");
  lab.edit("a", asking("1.2.3.1"));
  EXPECT_EQ(on("a"), "1.2.3.1");
  EXPECT_EQ(on("b"), "1.2.3.0");
}

TEST_F(Lifecycle, TQ23ASharerThatAsksForTheImpossibleIsEmptied) {
  start({pool("p", {"1.2.3.0/32"})});
  create("a", sharing("k", 80));
  create("b", sharing("k", 80));
  EXPECT_EQ(on("b"), "");
  lab.edit("a", asking("9.9.9.9"));
  EXPECT_EQ(on("a"), "");
  EXPECT_EQ(on("b"), "1.2.3.0");
}

TEST_F(Lifecycle, TwoThatClaimOneAddressAfterDowntimeArePartedAndTheFirstKeepsIt) {
  auto a = service("a");
  auto b = service("b");
  show(a, {"1.2.3.1"});
  show(b, {"1.2.3.1"});
  lab.api.put(a);
  lab.api.put(b);
  start({pool("p", {"1.2.3.0/31"})});
  EXPECT_EQ(on("a"), "1.2.3.1");
  EXPECT_EQ(on("b"), "1.2.3.0");
  EXPECT_THAT(lab.take_reasons(), Contains("N ClearAssignment"));
}

TEST_F(Lifecycle, NoAddressOfAHolderYetUnseenIsHandedOut) {
  // "a" has to leave its foreign address first of all, by number of addresses and name; the lowest address is z's.
  auto a = service("a", {"10.96.0.1"});
  show(a, {"9.9.9.9"});
  auto z = service("z");
  show(z, {"1.2.3.0"});
  lab.api.put(a);
  lab.api.put(z);
  lab.api.put(service("b"));
  start({pool("p", {"1.2.3.0/30"})});
  EXPECT_EQ(on("z"), "1.2.3.0");
  EXPECT_EQ(on("a"), "1.2.3.1");
  EXPECT_EQ(on("b"), "1.2.3.2");
}

TEST_F(Lifecycle, WhatAHolderShowsButMayNotKeepIsNobodyElsesUntilItsStatusIsRewritten) {
  auto half = service("half", {"10.96.0.1", "3000::1"});
  show(half, {"1.2.3.0", "9::9"});
  auto plain = service("plain");
  plain.spec.type = "ClusterIP";
  show(plain, {"1.2.3.1"});
  auto odd = service("odd");
  show(odd, {"1.2.3.2", "no address"});
  auto cut = service("cut", {"10.96.0.1", "not an address"});
  show(cut, {"1.2.3.3"});
  for (const auto& object : {half, plain, odd, cut}) lab.api.put(object);
  auto asking = service("asking");
  asking.metadata.annotations["metallb.io/loadBalancerIPs"] = "1.2.3.0";
  lab.api.put(asking);
  lab.api.put(service("new"));
  lab.fails = [](const kube::Write& write) { return write.key.name != "new" && write.key.name != "asking"; };
  start({pool("p", {"1.2.3.0/29"})});
  EXPECT_EQ(on("new"), "1.2.3.4");
  EXPECT_EQ(on("asking"), "");
}

TEST_F(Lifecycle, WhoMayKeepAnAddressKeepsItBesideOneWhoOnlyShowsIt) {
  auto bad = service("bad", {"10.96.0.1", "3000::1"});
  bad.spec.ipFamilyPolicy = "RequireDualStack";
  show(bad, {"1.2.3.0", "9::9"});  // has its turn first, with two addresses
  auto good = service("good");
  show(good, {"1.2.3.0"});
  lab.api.put(bad);
  lab.api.put(good);
  start({pool("p", {"1.2.3.0/29", "1000::/126"})});
  EXPECT_EQ(on("good"), "1.2.3.0");
  EXPECT_EQ(on("bad"), "1.2.3.1 1000::");
}

TEST(LoadBalancerClass, TZ1ToTZ5OnlyTheClassOfTheFlagIsHandled) {
  struct Row {
    const char* row;
    std::optional<std::string> given;
    const char* flag;
    bool handled;
  };
  const Row rows[] = {{"tZ1", std::nullopt, "", true},
                      {"tZ2", std::nullopt, "foo", false},
                      {"tZ3", "foo", "", false},
                      {"tZ4", "foo", "bar", false},
                      {"tZ5", "foo", "foo", true}};
  for (const auto& row : rows) {
    Lab lab({"metallb-system", row.flag});
    lab.api.put(pool("p", {"1.2.3.0/32"}));
    lab.start();
    auto object = service("s");
    object.spec.loadBalancerClass = row.given;
    lab.put(object);
    EXPECT_EQ(lab.addresses("s"), row.handled ? "1.2.3.0" : "") << row.row;
  }
}

TEST(LoadBalancerClass, TZ6AServiceThatLosesItsClassWithItsTypeGivesTheAddressBack) {
  Lab lab({"metallb-system", "foo"});
  lab.api.put(pool("p", {"1.2.3.0/32"}));
  lab.start();
  for (const auto* name : {"a", "b"}) {
    auto object = service(name);
    object.spec.loadBalancerClass = "foo";
    lab.put(object);
  }
  lab.edit("a", [](auto& s) {
    s.spec.type = "ClusterIP";
    s.spec.loadBalancerClass.reset();
  });
  EXPECT_EQ(lab.addresses("a"), "");
  EXPECT_EQ(lab.addresses("b"), "1.2.3.0");
}

TEST(LoadBalancerClass, AnotherControllersServiceIsReleasedButNotTouched) {
  Lab lab;
  lab.api.put(pool("p", {"1.2.3.0/32"}));
  lab.start();
  lab.put(service("a"));
  lab.put(service("b"));
  lab.edit("a", [](auto& s) { s.spec.loadBalancerClass = "other"; });
  EXPECT_EQ(lab.addresses("a"), "1.2.3.0") << "the other controller decides";
  EXPECT_EQ(lab.addresses("b"), "1.2.3.0");
}

}  // namespace
}  // namespace metallb::controller
