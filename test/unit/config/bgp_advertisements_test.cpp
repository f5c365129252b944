// BGPAdvertisements: rows 63 to 78, 115 to 129, 161 of bgp spec 6, and the BGP rows of controller spec 7.4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/local_preference.hpp"
#include "fixtures.hpp"

namespace metallb::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

class BgpAdvertisements : public testing::Test {
 protected:
  BgpAdvertisements() {
    auto first = pool("pool1", {"10.20.0.0/16", "2001:db8::/64"});
    first->metadata.labels["test"] = "pool1";
    resources.pools = {first, pool("pool2", {"10.30.0.0/16"})};
    resources.nodes = {node("first", {{"first", "true"}}), node("second", {{"second", "true"}})};
  }

  void advertise(const std::string& name, kube::BGPAdvertisementSpec spec = {}) {
    resources.bgp_advertisements.push_back(bgp_advertisement(name, std::move(spec)));
  }
  /// Names of the pools that have advertisements, each with how many.
  std::map<std::string, std::size_t> attached() {
    const auto config = strict(resources);
    EXPECT_TRUE(config.has_value()) << config.error().to_string();
    std::map<std::string, std::size_t> out;
    if (!config) return out;
    for (const auto& [name, pool] : config->pools) {
      if (!pool.bgp.empty()) out[name] = pool.bgp.size();
    }
    return out;
  }
  BgpAdvertisement only(kube::BGPAdvertisementSpec spec = {}) {
    resources.bgp_advertisements = {bgp_advertisement("adv", std::move(spec))};
    const auto config = strict(resources);
    EXPECT_TRUE(config.has_value()) << config.error().to_string();
    return config ? config->pools.at("pool1").bgp.at(0) : BgpAdvertisement{};
  }
  ConfigError error() {
    const auto config = strict(resources);
    EXPECT_FALSE(config.has_value());
    return config ? ConfigError{} : config.error();
  }

  Resources resources;
};

TEST_F(BgpAdvertisements, GoToThePoolsTheyNameOrSelectOnce) {
  struct Row {
    const char* row;
    kube::BGPAdvertisementSpec spec;
    std::map<std::string, std::size_t> pools;
  };
  const auto label = std::vector{labels({{"test", "pool1"}})};
  const Row rows[] = {
      {"tV1", {}, {{"pool1", 1}, {"pool2", 1}}},
      {"tV2", {.ipAddressPools = {"pool2"}}, {{"pool2", 1}}},
      {"tV3", {.ipAddressPools = {"nowhere"}}, {}},
      {"tV4", {.ipAddressPoolSelectors = label}, {{"pool1", 1}}},
      {"126, tV5", {.ipAddressPoolSelectors = {labels({{"test", "other"}})}}, {}},
      {"by name and label",
       {.ipAddressPools = {"pool1", "pool2"}, .ipAddressPoolSelectors = label},
       {{"pool1", 1}, {"pool2", 1}}},
  };
  for (const auto& row : rows) {
    resources.bgp_advertisements = {bgp_advertisement("adv", row.spec)};
    EXPECT_EQ(attached(), row.pools) << row.row;
  }
}

TEST_F(BgpAdvertisements, AreKeptByName) {
  advertise("b");
  advertise("a");
  const auto config = strict(resources);
  ASSERT_TRUE(config.has_value());
  EXPECT_THAT(config->pools.at("pool2").bgp,
              ElementsAre(testing::Field(&BgpAdvertisement::name, "a"), testing::Field(&BgpAdvertisement::name, "b")));
}

TEST_F(BgpAdvertisements, TV7AndRow125TheDefaults) {
  EXPECT_EQ(only(), (BgpAdvertisement{.name = "adv", .nodes = {"first", "second"}}));
}

TEST_F(BgpAdvertisements, EveryFieldArrives) {
  const auto found = only({.aggregationLength = 24,
                           .aggregationLengthV6 = 96,
                           .localPref = 4'294'967'295,
                           .communities = {"1:2", "large:3:4:5"},
                           .nodeSelectors = {labels({{"second", "true"}})},
                           .peers = {"nobody", "peer1"}});
  EXPECT_THAT(found.nodes, ElementsAre("second"));
  EXPECT_EQ(found.aggregation_v4, 24);
  EXPECT_EQ(found.aggregation_v6, 96);
  EXPECT_EQ(found.local_pref, 4'294'967'295U);
  ASSERT_THAT(found.communities, SizeIs(2));
  EXPECT_EQ(found.communities.begin()->to_string(), "3:4:5");
  EXPECT_EQ(found.communities.rbegin()->to_string(), "1:2");
  EXPECT_THAT(found.peers, ElementsAre("nobody", "peer1"));
  EXPECT_EQ(only({.localPref = 0}).local_pref, std::nullopt);
  EXPECT_THAT(only({.communities = {"large:1:1:1", "large:01:1:1"}}).communities, SizeIs(1)) << "tK14";
  const auto selecting = only({.serviceSelectors = {labels({{"app", "nginx"}}), labels({{"app", "apache"}})}});
  ASSERT_THAT(selecting.service_selectors, SizeIs(2));
  EXPECT_TRUE(selecting.service_selectors[0].matches({{"app", "apache"}}));
}

TEST_F(BgpAdvertisements, WhatMeansNothingIsRefusedWithItsField) {
  struct Row {
    const char* row;
    kube::BGPAdvertisementSpec spec;
    const char* field;
    const char* problem;
    bool transient = false;
  };
  const auto twice = std::vector{labels({{"a", "b"}}), labels({{"a", "b"}})};
  const auto apps = std::vector{labels({{"app", "nginx"}})};
  const Row rows[] = {
      {"115, tV8", {.aggregationLength = 34}, "spec.aggregationLength", "invalid aggregation length 34"},
      {"V6 beyond", {.aggregationLengthV6 = 129}, "spec.aggregationLengthV6", "invalid aggregation length 129"},
      {"0", {.aggregationLength = 0}, "spec.aggregationLength", "invalid aggregation length 0"},
      {"V6 negative", {.aggregationLengthV6 = -1}, "spec.aggregationLengthV6", "invalid aggregation length -1"},
      {"V6 against the pool",
       {.aggregationLengthV6 = 60},
       "spec.aggregationLengthV6",
       "prefix 64 in pool \"pool1\" is more specific than the aggregation length for addresses \"2001:db8::/64\""},
      {"negative preference", {.localPref = -1}, "spec.localPref", "invalid local preference -1"},
      {"preference beyond", {.localPref = 4'294'967'296}, "spec.localPref", "invalid local preference 4294967296"},
      {"119, tV20", {.ipAddressPools = {"a", "a"}}, "spec.ipAddressPools[1]", "duplicate definition of ipAddressPools"},
      {"119, tV21", {.peers = {"a", "a"}}, "spec.peers[1]", "duplicate definition of peers"},
      {"119, tV22", {.communities = {"1:1", "1:1"}}, "spec.communities[1]", "duplicate definition of community"},
      {"120, tK2", {.communities = {"1234"}}, "spec.communities[0]", "invalid community format: \"1234\"", true},
      {"121, tK6", {.communities = {"99999999:1"}}, "spec.communities[0]", "invalid community value"},
      {"121 second", {.communities = {"1:2", "1:99999999"}}, "spec.communities[1]", "invalid community value"},
      {"122, tK7", {.communities = {"community"}}, "spec.communities[0]", "invalid community format: \"community\"", true},
      {"156, tK4", {.communities = {"larg:1:2:3"}}, "spec.communities[0]", "invalid community value"},
      {"158, tK5", {.communities = {"1:2:3"}}, "spec.communities[0]", "invalid community format", true},
      {"127, tV30", {.aggregationLength = 24, .serviceSelectors = apps}, "spec.aggregationLength", "mutually exclusive"},
      {"127, tV30 V6",
       {.aggregationLengthV6 = 96, .serviceSelectors = apps},
       "spec.aggregationLengthV6",
       "mutually exclusive"},
      {"129, tV32", {.serviceSelectors = twice}, "spec.serviceSelectors[1]", "duplicate definition of serviceSelectors"},
      {"tV23", {.nodeSelectors = twice}, "spec.nodeSelectors[1]", "duplicate definition of nodeSelectors"},
      {"tV23 pools", {.ipAddressPoolSelectors = twice}, "spec.ipAddressPoolSelectors[1]", "duplicate definition"},
  };
  for (const auto& row : rows) {
    resources.bgp_advertisements = {bgp_advertisement("adv", row.spec)};
    const auto found = error();
    EXPECT_EQ(found.object, "BGPAdvertisement metallb-system/adv") << row.row;
    EXPECT_EQ(found.field, row.field) << row.row;
    EXPECT_THAT(found.problem, HasSubstr(row.problem)) << row.row;
    EXPECT_FALSE(found.remedy.empty()) << row.row;
    EXPECT_EQ(found.transient, row.transient) << row.row;
  }
}

TEST_F(BgpAdvertisements, Row128AndTV31DefaultLengthsMayBeWrittenOutBesideServiceSelectors) {
  const auto apps = std::vector{labels({{"app", "nginx"}})};
  EXPECT_EQ(only({.aggregationLength = 32, .serviceSelectors = apps}).aggregation_v4, 32);
  EXPECT_EQ(only({.aggregationLength = 32, .aggregationLengthV6 = 128, .serviceSelectors = apps}).aggregation_v6, 128);
}

TEST_F(BgpAdvertisements, AnAggregateIsNoWiderThanTheLargestBlockOfAnyEntry) {
  struct Row {
    const char* row;
    std::vector<std::string> addresses;
    std::int32_t length;
    const char* problem;
  };
  const Row rows[] = {
      {"116, tV9",
       {"10.20.30.40/24", "1.2.3.0/28"},
       26,
       "invalid aggregation length 26: prefix 28 in pool \"pool\" is more specific than the aggregation length for "
       "addresses "
       "\"1.2.3.0/28\""},
      {"117, tV10", {"3.3.3.2-3.3.3.254"}, 26, nullptr},
      {"118, tV10", {"3.3.3.2-3.3.3.254"}, 24, "for addresses \"3.3.3.2-3.3.3.254\""},
      {"exactly", {"10.20.30.0/24"}, 24, nullptr},
      {"of the other family", {"2001:db8::/120"}, 24, nullptr},
  };
  for (const auto& row : rows) {
    resources.pools = {pool("pool", row.addresses)};
    resources.bgp_advertisements = {bgp_advertisement("adv", {.aggregationLength = row.length})};
    if (row.problem == nullptr) {
      EXPECT_THAT(attached(), ElementsAre(Pair("pool", 1))) << row.row;
    } else {
      EXPECT_THAT(error().problem, HasSubstr(row.problem)) << row.row;
    }
  }
}

TEST_F(BgpAdvertisements, TK12AliasesAreTriedBeforeLiterals) {
  resources.communities = {
      community("c", {{"bar", "64512:1234"}, {"big", "large:123:456:7890"}, {"1:1", "65535:666"}, {"again", "64512:1234"}})};
  const auto found = only({.communities = {"bar", "big", "1:1", "again", "64512:1234"}}).communities;
  std::vector<std::string> texts;
  for (const auto& value : found) texts.push_back(value.to_string());
  EXPECT_THAT(texts, ElementsAre("123:456:7890", "64512:1234", "65535:666"));
}

TEST_F(BgpAdvertisements, Row161HaveAtMost63Communities) {
  kube::BGPAdvertisementSpec spec;
  for (int i = 0; i < 63; ++i) spec.communities.push_back((i % 2 == 0 ? "1:" : "large:1:1:") + std::to_string(i));
  EXPECT_THAT(only(spec).communities, SizeIs(63));
  spec.communities.push_back("2:2");
  resources.bgp_advertisements = {bgp_advertisement("adv", spec)};
  EXPECT_THAT(error().problem, HasSubstr("too many communities: 64"));
}

TEST_F(BgpAdvertisements, OfOtherNodesAreNotEvenRead) {
  advertise("bad", {.aggregationLength = 34, .nodeSelectors = {labels({{"second", "true"}})}});
  advertise("good");
  resources.node_name = "second";
  EXPECT_EQ(error().object, "BGPAdvertisement metallb-system/bad");
  resources.node_name = "first";
  EXPECT_THAT(attached(), ElementsAre(Pair("pool1", 1), Pair("pool2", 1)));
  // What is read still names all its nodes.
  EXPECT_THAT(only().nodes, ElementsAre("first", "second"));
}

TEST_F(BgpAdvertisements, Row77AndTV11ContradictionsNameBoth) {
  advertise("one", {.localPref = 100});
  advertise("two", {.localPref = 200});
  const auto found = error();
  EXPECT_EQ(found.object, "BGPAdvertisement metallb-system/two");
  EXPECT_EQ(found.field, "spec.localPref");
  EXPECT_THAT(found.problem, HasSubstr("invalid local preference 200: local preferernce 100"));
  EXPECT_THAT(found.problem, HasSubstr("\"one\", for pool \"pool1\""));
}

TEST_F(BgpAdvertisements, Row78AndTV19WhatCannotMeetMayDiffer) {
  struct Row {
    const char* row;
    kube::BGPAdvertisementSpec a, b;
    bool accepted;
  };
  const auto on_first = std::vector{labels({{"first", "true"}})};
  const auto on_second = std::vector{labels({{"second", "true"}})};
  const Row rows[] = {
      {"78, tV15", {.localPref = 100, .nodeSelectors = on_first}, {.localPref = 200, .nodeSelectors = on_second}, true},
      {"78, tV16", {.localPref = 100, .peers = {"p1"}}, {.localPref = 200, .peers = {"p2"}}, true},
      {"tV17", {.localPref = 100, .peers = {"p1"}}, {.localPref = 200}, false},
      {"pools", {.localPref = 100, .ipAddressPools = {"pool1"}}, {.localPref = 200, .ipAddressPools = {"pool2"}}, true},
      {"tV19", {.localPref = 100}, {.localPref = 200, .serviceSelectors = {labels({{"a", "b"}})}}, true},
      {"tV19 reversed", {.localPref = 100, .serviceSelectors = {labels({{"a", "b"}})}}, {.localPref = 200}, true},
      {"one unset", {}, {.localPref = 200}, false},
  };
  for (const auto& row : rows) {
    resources.bgp_advertisements = {bgp_advertisement("a", row.a), bgp_advertisement("b", row.b)};
    EXPECT_EQ(strict(resources).has_value(), row.accepted) << row.row;
  }
  resources.nodes.clear();
  resources.bgp_advertisements = {bgp_advertisement("a", {.localPref = 100}), bgp_advertisement("b", {.localPref = 200})};
  EXPECT_TRUE(strict(resources).has_value()) << "tV18";
}

TEST(LocalPreferences, ContradictWhenOnePrefixCouldHaveBothAtOnePeer) {
  using Names = std::set<std::string>;
  struct Side {
    std::uint32_t preference;
    Names nodes;
    Names peers = {};
    std::uint8_t v4 = 32, v6 = 128;
  };
  struct Row {
    const char* row;
    Side a, b;
    bool expected;
    const char* families = "4";
  };
  const Row rows[] = {
      {"63", {100, {"A"}}, {100, {"A"}}, false},
      {"64", {100, {"A"}}, {200, {"B"}}, false},
      {"65", {100, {"A"}}, {200, {"A", "B"}}, true},
      {"67", {100, {}}, {200, {"A"}}, false},
      {"68", {100, {"A"}, {"p1"}}, {200, {"A"}, {"p2"}}, false},
      {"70", {100, {"A"}}, {200, {"A"}}, true},
      {"71", {100, {"A"}, {"p1"}}, {200, {"A"}, {"p2", "p1"}}, true},
      {"72", {100, {"A"}, {"p1", "p3"}}, {200, {"A"}, {"p2", "p1"}}, true},
      {"73", {100, {"A"}}, {200, {"A"}, {"p1"}}, true},
      {"74, tV12", {100, {"A"}, {}, 24}, {200, {"A"}}, false},
      {"75, tV13", {100, {"A"}, {}, 24, 120}, {200, {"A"}}, false},
      {"76, tV14", {100, {"A"}, {}, 24}, {200, {"A"}}, true, "46"},
      {"tV13 in a pool of both families", {100, {"A"}, {}, 24, 120}, {200, {"A"}}, false, "46"},
      {"an IPv6 pool", {100, {"A"}, {}, 24}, {200, {"A"}}, true, "6"},
      {"an IPv6 pool, lengths differ", {100, {"A"}, {}, 32, 120}, {200, {"A"}}, false, "6"},
  };
  const auto side = [](const Side& s) {
    return BgpAdvertisement{
        .nodes = s.nodes, .aggregation_v4 = s.v4, .aggregation_v6 = s.v6, .local_pref = s.preference, .peers = s.peers};
  };
  for (const auto& row : rows) {
    Pool pool;
    const std::string families = row.families;
    if (families.find('4') != std::string::npos) pool.prefixes.push_back(*IpPrefix::parse("10.0.0.0/16"));
    if (families.find('6') != std::string::npos) pool.prefixes.push_back(*IpPrefix::parse("2001:db8::/64"));
    EXPECT_EQ(contradict(side(row.a), side(row.b), pool), row.expected) << row.row;
    EXPECT_EQ(contradict(side(row.b), side(row.a), pool), row.expected) << row.row << ", reversed";
  }
}

}  // namespace
}  // namespace metallb::config
