// Explicit assignment, sharing, reload and counting: rows tL1 to tL23, tP8 to tP11 and tR1 to tR9 of controller spec 7.6 to
// 7.8. (Compatibility of pool and Service, rows tL16 to tL20, is a rule of config/ and tested there and in controller/.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures.hpp"

namespace metallb::ipam {
namespace {

using testing::HasSubstr;

class AllocatorTest : public testing::Test {
 protected:
  AllocatorTest() {
    allocator.set_pools({pool("test", {"1.2.3.4/31", "1000::4/127"}), pool("test2", {"1.2.4.0/24", "1000::4:0/120"}, true)});
  }
  bool give(const char* service, std::initializer_list<std::string_view> addresses, const Claim& terms = {}) {
    return allocator.assign(svc(service), ips(addresses), terms).has_value();
  }
  std::string refusal(const char* service, std::string_view address, const Claim& terms = {}) {
    const auto result = allocator.assign(svc(service), ips({address}), terms);
    return result ? "granted" : result.error().text;
  }
  std::vector<IpAddress> held(const char* service) {
    const auto* assignment = allocator.find(svc(service));
    return assignment == nullptr ? std::vector<IpAddress>{} : assignment->addresses;
  }

  Allocator allocator;
};

TEST_F(AllocatorTest, TL1AssigningTheSameAgainChangesNothing) {
  EXPECT_TRUE(give("s1", {"1.2.3.4"}));
  EXPECT_EQ(allocator.take_touched().size(), 1U);
  EXPECT_TRUE(give("s1", {"1.2.3.4"}));
  EXPECT_TRUE(allocator.take_touched().empty());
  EXPECT_EQ(allocator.statistics("test").in_use, (Counts{1, 0}));
}

TEST_F(AllocatorTest, TL2AnAddressInUseIsRefusedAndTheRefusedKeepsItsOwn) {
  EXPECT_TRUE(give("s1", {"1.2.3.4"}));
  EXPECT_THAT(refusal("s2", "1.2.3.4"), HasSubstr("can't change sharing key for \"default/s2\""));
  EXPECT_TRUE(give("s2", {"1.2.3.5"}));
  EXPECT_FALSE(give("s1", {"1.2.3.5"}));
  EXPECT_EQ(held("s1"), ips({"1.2.3.4"}));
}

TEST_F(AllocatorTest, TL3AReleasedAddressCanBeTaken) {
  EXPECT_TRUE(give("s1", {"1.2.3.4"}));
  EXPECT_TRUE(give("s2", {"1.2.3.5"}));
  allocator.release(svc("s1"));
  EXPECT_TRUE(give("s2", {"1.2.3.4"}));
  allocator.settle(svc("s2"));
  EXPECT_TRUE(give("s1", {"1.2.3.5"}));
}

TEST_F(AllocatorTest, TL4BuggyAddressesAreNotAllowed) {
  EXPECT_EQ(refusal("s3", "1.2.4.0"), "[\"1.2.4.0\"] is not allowed in config");
  EXPECT_EQ(refusal("s3", "1.2.4.255"), "[\"1.2.4.255\"] is not allowed in config");
  EXPECT_TRUE(give("s3", {"1.2.4.254"}));
}

TEST_F(AllocatorTest, TL5ToTL12SharingRules) {
  struct Family {
    const char* address;
    const char* other;
  };
  for (const auto& [address, other] : {Family{"1.2.4.3", "1.2.3.4"}, Family{"1000::4:3", "1000::4"}}) {
    allocator = {};
    allocator.set_pools({pool("test", {"1.2.3.4/31", "1000::4/127"}), pool("test2", {"1.2.4.0/24", "1000::4:0/120"}, true)});
    EXPECT_TRUE(give("s4", {address}, claim("sharing", {kTcp80})));
    EXPECT_TRUE(give("s4", {address}, claim("share", {kTcp80}))) << "tL5: a sole user changes its key in place";
    EXPECT_EQ(refusal("s3", address, claim("share", {kTcp80})),
              std::string("port TCP/80 is already in use on \"") + address + "\"")
        << "tL6";
    EXPECT_THAT(refusal("s3", address, claim("othershare", {kTcp443})), HasSubstr("also in use by default/s4")) << "tL7";
    EXPECT_FALSE(give("s3", {address}, claim("share", {kTcp443}, "otherbackend"))) << "tL8";
    EXPECT_TRUE(give("s3", {address}, claim("share", {kTcp443}))) << "tL9";
    EXPECT_TRUE(give("s3", {address}, claim("share", {kUdp53}))) << "tL10";
    EXPECT_FALSE(give("s3", {address}, claim("othershare", {kUdp53}))) << "tL11: key";
    EXPECT_FALSE(give("s3", {address}, claim("share", {kUdp53}, "otherbackend"))) << "tL11: backend";
    ASSERT_NE(allocator.find(svc("s3")), nullptr);
    EXPECT_THAT(refusal("s5", address, claim("share", {kUdp53})), HasSubstr("already in use"))
        << "tL11: the old terms are kept";
    EXPECT_EQ(refusal("s5", address, claim("share", {kTcp443})), "granted") << "tL11: and none before them";
    allocator.release(svc("s5"));
    EXPECT_TRUE(give("s1", {other}));
    EXPECT_FALSE(give("s2", {other}, claim("share")));
  }
}

TEST_F(AllocatorTest, TheTableOfUsersThatMayShare) {
  struct Row {
    const char* row;
    Claim first, second;
    bool shares;
  };
  const Row rows[] = {
      {"no key", claim("", {kTcp80}), claim("k", {kTcp443}), false},
      {"no keys at all", claim("", {kTcp80}), claim("", {kTcp443}), false},
      {"Cluster, other ports", claim("k", {kTcp80}), claim("k", {kTcp443}), true},
      {"Local, same selector", claim("k", {kTcp80}, "x"), claim("k", {kTcp443}, "x"), true},
      {"Local, other selector", claim("k", {kTcp80}, "x"), claim("k", {kTcp443}, "y"), false},
      {"Cluster and Local", claim("k", {kTcp80}), claim("k", {kTcp443}, "x"), false},
      {"tL23", claim("k", {kTcp53}), claim("k", {kUdp53}), true},
      {"same port", claim("k", {kTcp80}), claim("k", {kTcp80}), false},
      {"other key", claim("k", {kTcp80}), claim("j", {kTcp443}), false},
  };
  for (const auto& row : rows) {
    allocator.release(svc("a"));
    allocator.release(svc("b"));
    ASSERT_TRUE(give("a", {"1.2.3.4"}, row.first)) << row.row;
    EXPECT_EQ(give("b", {"1.2.3.4"}, row.second), row.shares) << row.row;
  }
}

TEST_F(AllocatorTest, TL13AndTL14ADualStackPairComesFromOnePool) {
  EXPECT_TRUE(give("s1", {"1.2.3.4", "1000::4"}));
  EXPECT_EQ(allocator.find(svc("s1"))->pool, "test");
  EXPECT_FALSE(give("s1", {"1.2.4.5", "1000::4"}));
  EXPECT_EQ(held("s1"), ips({"1.2.3.4", "1000::4"}));
}

TEST_F(AllocatorTest, WhatAServiceNoLongerWantsIsKeptFromOthersUntilItsStatusSaysSo) {
  EXPECT_TRUE(give("s1", {"1.2.3.4"}));
  EXPECT_TRUE(give("s1", {"1.2.3.5"}));
  EXPECT_FALSE(give("s2", {"1.2.3.4"}));
  EXPECT_EQ(allocator.first_available("test", IpFamily::kIpv4, svc("s2"), {}), std::nullopt);
  (void)allocator.take_touched();
  allocator.settle(svc("s1"));
  const auto touched = allocator.take_touched();
  ASSERT_EQ(touched.size(), 1U);
  EXPECT_TRUE(touched[0].freed);
  EXPECT_EQ(touched[0].address, ip("1.2.3.4"));
  EXPECT_EQ(touched[0].pool, "test");
  EXPECT_TRUE(give("s2", {"1.2.3.4"}));
}

TEST_F(AllocatorTest, AServiceMayReturnToWhatItWasLeaving) {
  EXPECT_TRUE(give("s1", {"1.2.3.4"}));
  allocator.vacate(svc("s1"));
  EXPECT_EQ(allocator.find(svc("s1")), nullptr);
  EXPECT_TRUE(allocator.knows(svc("s1")));
  EXPECT_EQ(allocator.first_available("test", IpFamily::kIpv4, svc("s1"), {}), ip("1.2.3.4"));
  EXPECT_EQ(allocator.first_available("test", IpFamily::kIpv4, svc("s2"), {}), ip("1.2.3.5"));
  EXPECT_TRUE(give("s1", {"1.2.3.4"}));
  allocator.settle(svc("s1"));
  EXPECT_EQ(held("s1"), ips({"1.2.3.4"}));
}

TEST_F(AllocatorTest, TG13ASharingServiceTakesTheLowestAddressThatIsFreeOrShared) {
  EXPECT_TRUE(give("a", {"1.2.3.4"}));
  EXPECT_TRUE(give("b", {"1.2.3.5"}, claim("k", {kTcp80})));
  EXPECT_EQ(allocator.first_available("test", IpFamily::kIpv4, svc("c"), claim("k", {kTcp443})), ip("1.2.3.5")) << "shared";
  EXPECT_EQ(allocator.first_available("test", IpFamily::kIpv4, svc("c"), claim("k", {kTcp80})), std::nullopt) << "same port";
  EXPECT_EQ(allocator.first_available("test", IpFamily::kIpv4, svc("c"), {}), std::nullopt) << "tG9";
  allocator.release(svc("a"));
  EXPECT_EQ(allocator.first_available("test", IpFamily::kIpv4, svc("c"), claim("k", {kTcp443})), ip("1.2.3.4"))
      << "a lower free one wins";
}

TEST_F(AllocatorTest, TP8InUseCountsDistinctAddressesAndEveryChangeIsToldOnce) {
  struct Family {
    const char* first;
    const char* second;
    Counts one;  ///< one address of this family in use
  };
  for (const auto& family : {Family{"1.2.3.4", "1.2.3.5", {1, 0}}, Family{"1000::4", "1000::5", {0, 1}}}) {
    allocator = {};
    allocator.set_pools({pool("p", {"1.2.3.4/30", "1000::4/126"})});
    const auto expect = [&](const char* step, std::int64_t in_use) {
      const auto now = allocator.statistics("p");
      EXPECT_EQ(now.in_use, (Counts{family.one.v4 * in_use, family.one.v6 * in_use})) << family.first << ": " << step;
      EXPECT_EQ(now.available(), (Counts{4 - now.in_use.v4, 4 - now.in_use.v6})) << family.first << ": " << step;
      const auto told = allocator.take_touched();
      EXPECT_EQ(told.size(), 1U) << family.first << ": " << step;
      for (const auto& touched : told) EXPECT_EQ(touched.pool, "p");
    };
    EXPECT_TRUE(give("a", {family.first}));
    expect("the first", 1);
    EXPECT_TRUE(give("b", {family.second}));
    expect("the second", 2);
    allocator.release(svc("a"));
    expect("the first released", 1);
    allocator.release(svc("b"));
    expect("both released", 0);
    for (const auto& [service, port] : {std::pair{"a", kTcp80}, std::pair{"b", kTcp443}, std::pair{"c", kUdp53}}) {
      EXPECT_TRUE(give(service, {family.first}, claim("k", {port})));
      expect("shared", 1);
    }
    EXPECT_TRUE(give("a", {family.first}, claim("k", {kTcp80})));
    EXPECT_TRUE(allocator.take_touched().empty()) << "nothing new is nothing to tell";
    for (const auto& [service, in_use] : {std::pair{"a", 1}, std::pair{"b", 1}, std::pair{"c", 0}}) {
      allocator.release(svc(service));
      expect("released by a sharer", in_use);
    }
  }
}

TEST_F(AllocatorTest, TP9WithoutPoolsEverythingIsZero) {
  EXPECT_TRUE(give("s1", {"1.2.3.4"}));
  allocator.set_pools({});
  EXPECT_EQ(allocator.statistics("test"), Allocator::Statistics{});
  EXPECT_TRUE(allocator.pools().empty());
  EXPECT_EQ(allocator.find(svc("s1")), nullptr);
  EXPECT_TRUE(allocator.knows(svc("s1"))) << "its status has yet to be rewritten";
  allocator.settle(svc("s1"));
  EXPECT_FALSE(allocator.knows(svc("s1")));
}

TEST_F(AllocatorTest, APoolThatComesBackHasWhatStatusesStillShowAsTaken) {
  EXPECT_TRUE(give("a", {"1.2.3.4"}, claim("k", {kTcp80})));
  EXPECT_TRUE(give("b", {"1.2.3.5"}));
  allocator.set_pools({});
  EXPECT_TRUE(allocator.take_touched().empty());
  allocator.settle(svc("b"));
  EXPECT_TRUE(allocator.take_touched().empty()) << "in no pool, so nobody can have it";
  allocator.set_pools({pool("test", {"1.2.3.4/31"})});
  EXPECT_EQ(allocator.statistics("test").in_use, (Counts{1, 0}));
  EXPECT_EQ(allocator.first_available("test", IpFamily::kIpv4, svc("b"), {}), ip("1.2.3.5"));
  EXPECT_FALSE(give("b", {"1.2.3.4"}));
  EXPECT_TRUE(give("c", {"1.2.3.4"}, claim("k", {kTcp443}))) << "the terms of sharing are remembered";
  allocator.release(svc("c"));
  allocator.settle(svc("a"));
  EXPECT_TRUE(give("b", {"1.2.3.4"}));
}

TEST_F(AllocatorTest, AReservedAddressIsKeptFromOthersUntilItsStatusSaysOtherwise) {
  allocator.reserve(svc("a"), ip("1.2.3.4"), {});
  allocator.reserve(svc("a"), ip("9.9.9.9"), {});
  EXPECT_EQ(allocator.find(svc("a")), nullptr);
  EXPECT_FALSE(give("b", {"1.2.3.4"}));
  allocator.set_pools({pool("nine", {"9.9.9.9/32"})});
  EXPECT_FALSE(give("b", {"9.9.9.9"})) << "reserved before there was a pool for it";
  allocator.settle(svc("a"));
  EXPECT_TRUE(give("b", {"9.9.9.9"}));
  EXPECT_FALSE(allocator.knows(svc("a")));
}

TEST_F(AllocatorTest, AReservationDoesNotDisturbTheHolderButOutlivesIt) {
  EXPECT_TRUE(give("a", {"1.2.3.4"}));
  allocator.reserve(svc("b"), ip("1.2.3.4"), {});
  EXPECT_TRUE(give("a", {"1.2.3.4"}, claim("k", {kTcp80}))) << "a sole user still";
  EXPECT_FALSE(give("b", {"1.2.3.4"}));
  allocator.release(svc("a"));
  EXPECT_THAT(refusal("c", "1.2.3.4"), HasSubstr("still in the status of default/b"));
  EXPECT_EQ(allocator.first_available("test", IpFamily::kIpv4, svc("c"), {}), ip("1.2.3.5"));
  EXPECT_TRUE(give("b", {"1.2.3.4"})) << "its own again";
  allocator.release(svc("b"));
  EXPECT_EQ(refusal("c", "1.2.3.4"), "granted");
}

TEST_F(AllocatorTest, TR1ToTR9HoldersAfterAReload) {
  struct Row {
    const char* row;
    std::vector<PoolSpec> pools;
    const char* first;
    const char* second;
  };
  const Row rows[] = {
      {"tR1", {pool("test", {"1.2.3.0/30", "1000::/126"})}, "test", "test"},
      {"tR2", {pool("test", {"1.2.3.0/24", "1000::/120"})}, "test", "test"},
      {"tR3", {pool("test", {"1.2.3.0/31", "1000::/127"})}, "test", "test"},
      {"tR4", {pool("test", {"1.2.3.2/31", "1000::/126"})}, "", "test"},
      {"tR5", {pool("test", {"1.2.3.0/30", "1000::2/127"})}, "test", ""},
      {"tR6", {pool("test2", {"1.2.3.0/30", "1000::/126"})}, "test2", "test2"},
      {"tR7", {pool("test", {"1.2.3.0/30"}), pool("test2", {"1000::/126"})}, "test", "test2"},
      {"tR8", {pool("test2", {"1.2.3.0/30", "1000::/126"}, true)}, "", "test2"},
  };
  for (const auto& row : rows) {
    allocator = {};
    allocator.set_pools({pool("test", {"1.2.3.0/30", "1000::/126"})});
    ASSERT_TRUE(give("s1", {"1.2.3.0"}));
    ASSERT_TRUE(give("s2", {"1000::"}));
    allocator.set_pools(row.pools);
    const auto where = [&](const char* service) {
      const auto* found = allocator.find(svc(service));
      return found == nullptr ? std::string() : found->pool;
    };
    EXPECT_EQ(where("s1"), row.first) << row.row;
    EXPECT_EQ(where("s2"), row.second) << row.row;
    // The counters follow.
    std::int64_t used = 0;
    for (const auto& name : allocator.pools()) used += allocator.statistics(name).in_use.total();
    EXPECT_EQ(used, (*row.first != 0 ? 1 : 0) + (*row.second != 0 ? 1 : 0)) << row.row;
  }
}

TEST_F(AllocatorTest, TR9ADualHolderThatLosesOneFamilyIsDropped) {
  EXPECT_TRUE(give("s1", {"1.2.3.4", "1000::4"}));
  allocator.set_pools({pool("test", {"1.2.3.4/31"})});
  EXPECT_EQ(allocator.find(svc("s1")), nullptr);
  EXPECT_FALSE(give("s2", {"1.2.3.4"})) << "still in the status of s1";
  allocator.settle(svc("s1"));
  EXPECT_TRUE(give("s2", {"1.2.3.4"}));
}

TEST_F(AllocatorTest, SharingSurvivesAReload) {
  EXPECT_TRUE(give("a", {"1.2.3.4"}, claim("k", {kTcp80}, "x")));
  EXPECT_TRUE(give("b", {"1.2.3.4"}, claim("k", {kTcp443}, "x")));
  EXPECT_TRUE(give("z", {"1.2.3.5"}));
  allocator.set_pools({pool("other", {"1.2.3.4/31"})});
  EXPECT_FALSE(give("c", {"1.2.3.4"}, claim("k", {kTcp80}, "x")));
  EXPECT_EQ(allocator.first_available("other", IpFamily::kIpv4, svc("c"), claim("k", {kUdp53}, "x")), ip("1.2.3.4"));
  EXPECT_EQ(allocator.statistics("other").in_use, (Counts{2, 0}));
}

}  // namespace
}  // namespace metallb::ipam
