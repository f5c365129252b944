// What a refused Service is told: what is wrong, in the original's words (controller spec 5.6), per pool where it asked for
// none (8.1), and how to mend it, by the name of the annotation or field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab.hpp"

namespace metallb::controller {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using Edit = std::function<void(kube::Service&)>;

const std::vector<std::string> kFour = {"10.96.0.1"};
const std::vector<std::string> kSix = {"3000::1"};
const std::vector<std::string> kBothFamilies = {"10.96.0.1", "3000::1"};

Edit with(std::map<std::string, std::string> annotations) {
  return [annotations](kube::Service& s) {
    for (const auto& [key, value] : annotations) s.metadata.annotations["metallb." + key] = value;
  };
}
Edit prefers_dual(const Edit& change) {
  return [change](kube::Service& s) {
    s.spec.ipFamilyPolicy = "PreferDualStack";
    change(s);
  };
}
Edit requires_dual(const Edit& change) {
  return [change](kube::Service& s) {
    s.spec.ipFamilyPolicy = "RequireDualStack";
    change(s);
  };
}
Edit by_field(const char* address) {
  return [=](kube::Service& s) { s.spec.loadBalancerIP = address; };
}
const Edit kPlain = [](kube::Service&) {};

/// Pool `full` has one address, which somebody has; 1.2.4.1 of `manual` is shared under the key k, with port 80.
Lab crowded() {
  Lab lab;
  auto manual = pool("manual", {"1.2.4.0/31", "1000::/127"});
  manual.spec.autoAssign = false;
  auto elsewhere = pool("elsewhere", {"1.2.5.0/31"});
  elsewhere.spec.serviceAllocation = kube::ServiceAllocation{.namespaces = {"other"}};
  for (auto& object : {pool("full", {"1.2.3.0/32"}), manual, elsewhere}) lab.api.put(object);
  lab.start();
  lab.put(service("holder"));
  auto sharer = service("sharer");
  with({{"io/allow-shared-ip", "k"}, {"io/loadBalancerIPs", "1.2.4.1"}})(sharer);
  lab.put(sharer);
  return lab;
}

/// The messages of this reason about the Service `s`, joined.
std::string told(const Lab& lab, const std::string& reason) {
  std::string out;
  for (const auto& event : lab.events) {
    if (event.about.name == "s" && event.reason == reason) out += (out.empty() ? "" : "\n") + event.message;
  }
  return out;
}

TEST(Remedies, EveryFailedAllocationTellsItsCauseAndWhatToChange) {
  const std::string pools_io = "metallb.io/address-pool";
  const std::string addresses_io = "metallb.io/loadBalancerIPs";
  const std::string avoid = "; spec.avoidBuggyIPs leaves out .0 and .255";
  const std::string policy = "two cluster addresses need a dual-stack ipFamilyPolicy";
  const std::string set_policy = "set spec.ipFamilyPolicy to PreferDualStack or RequireDualStack";
  struct Row {
    const char* row;
    std::vector<std::string> cluster;
    Edit change;
    std::string cause;
    std::string remedy;
  };
  const Row rows[] = {
      {"no address left", kFour, kPlain, "no available IPs (pool full: it has no free IPv4 address)",
       "add addresses to an IPAddressPool that serves this Service (spec.serviceAllocation) and has autoAssign, or name "
       "another pool in " +
           pools_io},
      {"named pool full", kFour, with({{"io/address-pool", "full"}}),
       "no available IPs in pool full: it has no free IPv4 address",
       "add addresses to spec.addresses of IPAddressPool \"full\", or name another pool in " + pools_io},
      {"named pool lacks a family", kBothFamilies, requires_dual(with({{"io/address-pool", "elsewhere"}})),
       "no available IPs in pool elsewhere for dual IPFamily: it has no free IPv6 address",
       "add addresses to spec.addresses of IPAddressPool \"elsewhere\", or name another pool in " + pools_io},
      {"no dual-stack policy", kBothFamilies, kPlain, "no available IPs (" + policy + ")", set_policy},
      {"no dual-stack policy, named pool", kBothFamilies, with({{"io/address-pool", "manual"}}),
       "no available IPs in pool manual for dual IPFamily: " + policy, set_policy},
      {"unknown pool", kFour, with({{"io/address-pool", "x"}}), "unknown pool \"x\"",
       "name in " + pools_io + " an IPAddressPool that is in MetalLB's namespace, or create this one"},
      {"unknown pool, deprecated key", kFour, with({{"universe.tf/address-pool", "x"}}), "unknown pool \"x\"",
       "name in metallb.universe.tf/address-pool an IPAddressPool that is in MetalLB's namespace, or create this one"},
      {"pool of others", kFour, with({{"io/address-pool", "elsewhere"}}), "pool elsewhere not compatible for ip assignment",
       "let spec.serviceAllocation of IPAddressPool \"elsewhere\" serve namespace \"default\" and the labels of this "
       "Service, "
       "or name another pool in " +
           pools_io},
      {"address of others", kFour, with({{"io/loadBalancerIPs", "1.2.5.1"}}),
       "pool elsewhere not compatible for ip assignment",
       "let spec.serviceAllocation of IPAddressPool \"elsewhere\" serve namespace \"default\" and the labels of this "
       "Service, "
       "or ask for another address in " +
           addresses_io},
      {"outside", kFour, with({{"io/loadBalancerIPs", "9.9.9.9"}}), "[\"9.9.9.9\"] is not allowed in config",
       "ask in " + addresses_io + " for an address of an IPAddressPool, or add it to spec.addresses of one"},
      {"outside, by field", kFour, by_field("9.9.9.255"), "[\"9.9.9.255\"] is not allowed in config",
       "ask in spec.loadBalancerIP for an address of an IPAddressPool, or add it to spec.addresses of one" + avoid},
      {"two pools", kBothFamilies, requires_dual(with({{"io/loadBalancerIPs", "1.2.3.0,1000::"}})),
       "[\"1.2.3.0\" \"1000::\"] is not allowed in config",
       "ask in " + addresses_io + " for two addresses of one IPAddressPool, or add both to spec.addresses of one" + avoid},
      {"in use", kFour, with({{"io/loadBalancerIPs", "1.2.3.0"}}),
       "can't change sharing key for \"default/s\", address \"1.2.3.0\" also in use by default/holder",
       "to share it, all need the same metallb.io/allow-shared-ip, other ports and the same spec.externalTrafficPolicy, "
       "with "
       "Local also the same namespace and spec.selector, or ask for another address in " +
           addresses_io},
      {"port in use", kFour, with({{"io/loadBalancerIPs", "1.2.4.1"}, {"io/allow-shared-ip", "k"}}),
       "port TCP/80 is already in use on \"1.2.4.1\"",
       "take another port in spec.ports, or ask for another address in " + addresses_io},
      {"IPv6 for IPv4", kFour, with({{"io/loadBalancerIPs", "1000::"}}),
       "requested loadBalancer IP(s) [\"1000::\"] does not match the ipFamily of the service",
       "ask in " + addresses_io + " for one IPv4 address, the family of spec.clusterIPs"},
      {"IPv4 for IPv6, by field", kSix, by_field("1.2.3.0"),
       "requested loadBalancer IP(s) [\"1.2.3.0\"] does not match the ipFamily of the service",
       "ask in spec.loadBalancerIP for one IPv6 address, the family of spec.clusterIPs"},
      {"one for two, by field", kBothFamilies, prefers_dual(by_field("1.2.4.0")),
       "requested loadBalancer IP(s) [\"1.2.4.0\"] does not match the ipFamily of the service",
       "ask in " + addresses_io +
           " for one IPv4 and one IPv6 address in place of spec.loadBalancerIP, since spec.clusterIPs has both families"},
      {"both annotations", kFour, with({{"io/loadBalancerIPs", "1.2.4.0"}, {"io/address-pool", "full"}}),
       "requested loadBalancer IP(s) [\"1.2.4.0\"] is not compatible with requested address pool full",
       "pool \"manual\" has what " + addresses_io + " asks for: remove " + pools_io + ", or name that pool there"},
      {"headless",
       {"None"},
       kPlain,
       "IPFamilyForAddresses: invalid address \"None\"",
       "spec.clusterIPs must be one address, or one of each family: a headless Service (None) gets no address"},
  };
  for (const auto& row : rows) {
    auto lab = crowded();
    auto object = service("s", row.cluster);
    row.change(object);
    lab.put(object);
    EXPECT_EQ(told(lab, "AllocationFailed"), "Failed to allocate IP for \"default/s\": " + row.cause + ": " + row.remedy)
        << row.row;
    const auto* decision = lab.controller.decision(key_of("s"));
    ASSERT_NE(decision, nullptr) << row.row;
    EXPECT_EQ(decision->reason, row.cause + ": " + row.remedy) << row.row;
  }
}

TEST(Remedies, WhatIsToldOfHeldAddressesNamesTheFieldAsWell) {
  struct Row {
    const char* reason;
    std::vector<std::string> cluster;
    Edit change;
    const char* remedy;
  };
  const Row rows[] = {
      {"ClearAssignment", kFour, [](auto& s) { show(s, {"9.9.9.9"}); },
       "[\"9.9.9.9\"] is not allowed in config: it stays only while spec.addresses of an IPAddressPool has it"},
      {"ClearAssignment", kFour, [](auto& s) { show(s, {"1.2.5.1"}); },
       "let spec.serviceAllocation of IPAddressPool \"elsewhere\""},
      {"AdditionalAssignFailed", kBothFamilies,
       [](auto& s) {
         s.spec.ipFamilyPolicy = "PreferDualStack";
         s.metadata.namespace_ = "other";
         show(s, {"1.2.5.1"});
       },
       "no available IPs in pool elsewhere: it has no free IPv6 address: add some to spec.addresses of IPAddressPool "
       "\"elsewhere\", or set spec.ipFamilyPolicy to SingleStack"},
      {"not enough clusterips", kFour, [](auto& s) { s.spec.ipFamilyPolicy = "RequireDualStack"; },
       "[10.96.0.1]: set spec.ipFamilyPolicy to PreferDualStack or SingleStack"},
      {"noclusterIPsIPFamily", {"None"}, [](auto& s) { show(s, {"1.2.4.0"}); }, "spec.clusterIPs must be one address"},
      {"nolbIPsIPFamily", kFour, [](auto& s) { show(s, {"1.2.4.0", "1.2.4.1"}); }, "status.loadBalancer"},
      {"LoadBalancerFailed", kFour,
       [](auto& s) {
         with({{"io/loadBalancerIPs", "x"}})(s);
         show(s, {"1.2.4.0"});
       },
       "invalid metallb.io/loadBalancerIPs: \"x\": write one address"},
  };
  for (const auto& row : rows) {
    auto lab = crowded();
    auto object = service("s", row.cluster);
    row.change(object);
    lab.put(object);
    EXPECT_THAT(told(lab, row.reason), HasSubstr(row.remedy)) << row.reason;
  }
}

TEST(Remedies, AtMostThreePoolsAreNamedAndTheRestCounted) {
  Lab lab;
  for (const auto* name : {"e", "d", "c", "b", "a"}) lab.api.put(pool(name, {std::string(name) + "::/127"}));
  lab.start();
  lab.put(service("s"));
  EXPECT_THAT(
      told(lab, "AllocationFailed"),
      HasSubstr("no available IPs (pool a: it has no free IPv4 address; pool b: it has no free IPv4 address; pool c: "
                "it has no free IPv4 address; and 2 more): add addresses"));
  EXPECT_EQ(lab.controller.decision(key_of("s"))->details.size(), 5U);
}

TEST(Remedies, WhereNoPoolIsAssignedAutomaticallyThatIsTold) {
  Lab lab;
  auto manual = pool("manual", {"1.2.3.0/31"});
  manual.spec.autoAssign = false;
  lab.api.put(manual);
  lab.start();
  lab.put(service("s"));
  EXPECT_THAT(told(lab, "AllocationFailed"), HasSubstr("(no pool is assigned automatically to this Service): "));
}

TEST(Remedies, APoolWithoutAValidVersionIsNotCalledUnknown) {
  Lab lab;
  lab.api.put(pool("good", {"1.2.3.0/32"}));
  lab.api.put(pool("bad", {"1.2.4.0-"}));
  lab.start();
  lab.put(service("holder"));
  const auto tell = [&](const Edit& change) {
    lab.events.clear();
    auto object = service("s");
    change(object);
    lab.put(object);
    return told(lab, "AllocationFailed");
  };
  const std::string intro = "Failed to allocate IP for \"default/s\": ";
  EXPECT_EQ(tell(with({{"io/address-pool", "bad"}})),
            intro +
                "pool \"bad\" has no valid version: correct IPAddressPool \"bad\", whose events tell the error, or name "
                "another pool in metallb.io/address-pool");
  EXPECT_THAT(tell(kPlain), StartsWith(intro + "no available IPs (pool bad: it has no valid version; pool good: it has no "
                                               "free IPv4 address): "));
  EXPECT_THAT(tell(with({{"io/loadBalancerIPs", "1.2.4.1"}})),
              HasSubstr("IPAddressPool \"bad\" has no valid version: correct it, should it be meant"));
  lab.put(pool("bad", {"1.2.4.0/31"}));
  EXPECT_EQ(lab.addresses("s"), "1.2.4.1") << "and once it is corrected the Service is served";
}

}  // namespace
}  // namespace metallb::controller
