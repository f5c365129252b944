// What the controller forgets of a Service changes nothing that it says or does about it.
#include "controller/kept_service.hpp"

#include <gtest/gtest.h>

#include "controller/service_request.hpp"
#include "controller/status_patch.hpp"
#include "lab.hpp"

namespace metallb::controller {
namespace {

kube::Service full() {
  auto out = service("web", {"10.96.0.1", "fd00::1"});
  out.metadata.uid = "u";
  out.metadata.resourceVersion = "7";
  out.metadata.labels = {{"app", "web"}};
  out.metadata.annotations = {{"metallb.io/address-pool", "p"},
                              {"metallb.universe.tf/loadBalancerIPs", "10.0.0.1,fd00::2"},
                              {"metallb.io/allow-shared-ip", "k"},
                              {"metallb.io/ip-allocated-from-pool", "p"},
                              {"example.org/about", "much text"}};
  out.metadata.creationTimestamp = "2026-01-01T00:00:00Z";
  out.metadata.ownerReferences.push_back({.name = "somebody"});
  out.spec.selector = {{"app", "web"}};
  out.spec.ipFamilies = {"IPv4", "IPv6"};
  out.spec.ipFamilyPolicy = "PreferDualStack";
  out.spec.loadBalancerClass = "c";
  show(out, {"10.0.0.1"});
  return out;
}

TEST(KeptService, AsksForTheSame) {
  for (const auto* policy : {"Cluster", "Local"}) {
    auto whole = full();
    whole.spec.externalTrafficPolicy = policy;
    const auto kept = kept_of(whole);
    EXPECT_EQ(kept->metadata.key(), whole.metadata.key());
    EXPECT_EQ(kept->metadata.uid, whole.metadata.uid);
    EXPECT_EQ(kept->metadata.resourceVersion, whole.metadata.resourceVersion);
    EXPECT_EQ(kept->metadata.creationTimestamp, "2026-01-01T00:00:00Z") << "the older one keeps an address";
    EXPECT_EQ(kept->metadata.labels, whole.metadata.labels) << "pools select by them";
    EXPECT_EQ(claim_of(*kept), claim_of(whole)) << policy;
    EXPECT_EQ(*requested_addresses(*kept), *requested_addresses(whole));
    EXPECT_EQ(requested_pool(*kept), "p");
    EXPECT_EQ(deprecated_annotations(*kept), deprecated_annotations(whole));
    EXPECT_EQ(cluster_addresses(*kept), cluster_addresses(whole));
    EXPECT_TRUE(class_matches(*kept, "c"));
    EXPECT_EQ(service_patch(*kept, {}, ""), service_patch(whole, {}, ""));
    EXPECT_EQ(ipv6_first(*kept), ipv6_first(whole));
    auto spec = whole.spec;
    spec.ipFamilies = {};
    EXPECT_EQ(kept->spec, spec) << "it would share its address";
    EXPECT_EQ(kept->status, whole.status);
  }
}

TEST(KeptService, TheOrderOfFamiliesIsKeptWhereItIsNotTheUsualOne) {
  auto whole = full();
  whole.spec.ipFamilies = {"IPv6", "IPv4"};
  EXPECT_TRUE(ipv6_first(*kept_of(whole)));
}

TEST(KeptService, TheOlderSpellingSharesAsWell) {
  auto whole = full();
  whole.metadata.annotations.erase("metallb.io/allow-shared-ip");
  whole.metadata.annotations["metallb.universe.tf/allow-shared-ip"] = "k";
  EXPECT_EQ(kept_of(whole)->spec.ports, whole.spec.ports);
}

TEST(KeptService, WhatNobodyReadsIsNotKept) {
  auto whole = full();
  whole.metadata.annotations["metallb.io/allow-shared-ip"] = "";
  const auto kept = kept_of(whole);
  EXPECT_FALSE(kept->metadata.annotations.contains("example.org/about"));
  EXPECT_EQ(kept->metadata.annotations.size(), 4U);
  EXPECT_TRUE(kept->metadata.ownerReferences.empty());
  EXPECT_TRUE(kept->spec.selector.empty() && kept->spec.ports.empty()) << "it shares its address with nobody";
}

}  // namespace
}  // namespace metallb::controller
