// L2Advertisements: the Layer 2 rows of controller spec 7.4 (tV1 to tV43).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures.hpp"

namespace metallb::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

class Layer2 : public testing::Test {
 protected:
  Layer2() {
    for (const char* name : {"pool1", "pool2", "pool3"}) {
      const auto third = std::to_string(resources.pools.size());
      auto object = pool(name, {"10.0." + third + ".0/24"});
      object->metadata.labels["test"] = name;
      resources.pools.push_back(object);
    }
    resources.nodes = {node("first", {{"first", "true"}, {"role", "edge"}}), node("second", {{"second", "true"}})};
  }

  void advertise(const std::string& name, kube::L2AdvertisementSpec spec = {}) {
    resources.l2_advertisements.push_back(advertisement(name, std::move(spec)));
  }
  /// Names of the pools that have advertisements, each with how many.
  std::map<std::string, std::size_t> attached() {
    const auto config = strict(resources);
    EXPECT_TRUE(config.has_value()) << config.error().to_string();
    std::map<std::string, std::size_t> out;
    for (const auto& [name, pool] : config->pools) {
      if (!pool.layer2.empty()) out[name] = pool.layer2.size();
    }
    return out;
  }
  Layer2Advertisement only() { return strict(resources)->pools.at("pool1").layer2.at(0); }
  ConfigError error() {
    const auto config = strict(resources);
    EXPECT_FALSE(config.has_value());
    return config ? ConfigError{} : config.error();
  }

  Resources resources;
};

TEST_F(Layer2, TV1WithoutPoolSelectionItGoesToEveryPool) {
  advertise("adv");
  EXPECT_THAT(attached(), ElementsAre(Pair("pool1", 1), Pair("pool2", 1), Pair("pool3", 1)));
}

TEST_F(Layer2, TV2ANamedPoolAlone) {
  advertise("adv", {.ipAddressPools = {"pool1"}});
  EXPECT_THAT(attached(), ElementsAre(Pair("pool1", 1)));
}

TEST_F(Layer2, TV3UnknownPoolNamesAreIgnored) {
  advertise("adv", {.ipAddressPools = {"pool1", "nowhere"}});
  EXPECT_THAT(attached(), ElementsAre(Pair("pool1", 1)));
  resources.l2_advertisements.clear();
  advertise("adv", {.ipAddressPools = {"nowhere"}});
  EXPECT_THAT(attached(), IsEmpty());
}

TEST_F(Layer2, TV4PoolsAreSelectedByLabel) {
  advertise("adv", {.ipAddressPoolSelectors = {labels({{"test", "pool1"}})}});
  EXPECT_THAT(attached(), ElementsAre(Pair("pool1", 1)));
}

TEST_F(Layer2, TV5ASelectorThatMatchesNoPoolAttachesNowhere) {
  advertise("adv", {.ipAddressPoolSelectors = {labels({{"test", "other"}})}});
  EXPECT_THAT(attached(), IsEmpty());
}

TEST_F(Layer2, TV6AnEqualAdvertisementIsAttachedOnce) {
  advertise("all");
  advertise("one", {.ipAddressPools = {"pool3"}});
  EXPECT_THAT(attached(), ElementsAre(Pair("pool1", 1), Pair("pool2", 1), Pair("pool3", 1)));
}

TEST_F(Layer2, DuplicatesInAnAdvertisementAreRefused) {
  struct Row {
    const char* row;
    kube::L2AdvertisementSpec spec;
    const char* problem;
    const char* field;
  };
  const auto twice = std::vector{labels({{"a", "b"}}), labels({{"a", "b"}})};
  auto expressions = expression("a", "In", {"first", "second"});
  expressions.matchExpressions.push_back({"a", "In", {"second", "first"}});
  const Row rows[] = {
      {"tV20", {.ipAddressPools = {"pool1", "pool1"}}, "duplicate definition of ipAddressPools", "spec.ipAddressPools[1]"},
      {"tV23",
       {.ipAddressPoolSelectors = twice},
       "duplicate definition of ipAddressPoolSelectors",
       "spec.ipAddressPoolSelectors[1]"},
      {"tV23 nodes", {.nodeSelectors = twice}, "duplicate definition of nodeSelectors", "spec.nodeSelectors[1]"},
      {"tV24",
       {.nodeSelectors = {expressions}},
       "duplicate definition of match expressions",
       "spec.nodeSelectors[0].matchExpressions[1]"},
      {"tV24 across selectors",
       {.nodeSelectors = {expression("a", "In", {"first", "second"}), expression("a", "In", {"second", "first"})}},
       "duplicate definition of nodeSelectors",
       "spec.nodeSelectors[1]"},
      {"tV32", {.serviceSelectors = twice}, "duplicate definition of serviceSelectors", "spec.serviceSelectors[1]"},
      {"tV37",
       {.preferredNodeSelectors = {{10, expression("a", "Near")}}},
       "invalid label selector",
       "spec.preferredNodeSelectors[0].preference"},
  };
  for (const auto& row : rows) {
    resources.l2_advertisements = {advertisement("adv", row.spec)};
    const auto found = error();
    EXPECT_THAT(found.problem, HasSubstr(row.problem)) << row.row;
    EXPECT_EQ(found.field, row.field) << row.row;
    EXPECT_EQ(found.object, "L2Advertisement metallb-system/adv") << row.row;
  }
}

TEST_F(Layer2, TV25InterfacesLimitTheAdvertisement) {
  advertise("adv", {.interfaces = {"eth0"}});
  EXPECT_FALSE(only().all_interfaces);
  EXPECT_THAT(only().interfaces, ElementsAre("eth0"));
}

TEST_F(Layer2, TV26WithoutInterfacesItIsOnAll) {
  advertise("adv");
  EXPECT_TRUE(only().all_interfaces);
}

TEST_F(Layer2, TV27WithoutNodeSelectorsAllNodesAreIn) {
  advertise("adv");
  EXPECT_THAT(only().nodes, ElementsAre("first", "second"));
}

TEST_F(Layer2, TV28NodeSelectorsChooseTheNodes) {
  advertise("adv", {.nodeSelectors = {labels({{"second", "true"}})}});
  EXPECT_THAT(only().nodes, ElementsAre("second"));
}

TEST_F(Layer2, WithoutNodesTheSetIsEmpty) {
  resources.nodes.clear();
  advertise("adv");
  EXPECT_THAT(only().nodes, IsEmpty());
}

TEST_F(Layer2, TV29ServiceSelectorsAreSortedByText) {
  advertise("adv", {.serviceSelectors = {labels({{"app", "nginx"}}), labels({{"app", "apache"}})}});
  ASSERT_THAT(only().service_selectors, SizeIs(2));
  EXPECT_TRUE(only().service_selectors[0].matches({{"app", "apache"}}));
  EXPECT_TRUE(only().service_selectors[1].matches({{"app", "nginx"}}));
}

TEST_F(Layer2, TV33ToTV36PreferencesBecomeScoresOfEligibleNodes) {
  resources.nodes = {node("edge-a", {{"role", "edge"}, {"zone", "a"}}), node("edge-b", {{"role", "edge"}}),
                     node("core", {{"role", "core"}})};
  const auto edge = labels({{"role", "edge"}});
  struct Row {
    const char* row;
    kube::L2AdvertisementSpec spec;
    std::map<std::string, std::int64_t> scores;
  };
  const Row rows[] = {
      {"tV33", {.preferredNodeSelectors = {{100, edge}}}, {{"edge-a", 100}, {"edge-b", 100}}},
      {"tV34", {.preferredNodeSelectors = {{60, edge}, {50, labels({{"zone", "a"}})}}}, {{"edge-a", 110}, {"edge-b", 60}}},
      {"tV35", {.nodeSelectors = {labels({{"role", "core"}})}, .preferredNodeSelectors = {{100, edge}}}, {}},
      {"tV36", {.preferredNodeSelectors = {{10, {}}}}, {{"core", 10}, {"edge-a", 10}, {"edge-b", 10}}},
      {"equal preferences add up", {.preferredNodeSelectors = {{10, edge}, {10, edge}}}, {{"edge-a", 20}, {"edge-b", 20}}},
  };
  for (const auto& row : rows) {
    resources.l2_advertisements = {advertisement("adv", row.spec)};
    EXPECT_EQ(only().scores, row.scores) << row.row;
  }
}

TEST_F(Layer2, TV38APoolHitByNameAndLabelGetsItOnce) {
  advertise("adv", {.ipAddressPools = {"pool1"},
                    .ipAddressPoolSelectors = {labels({{"test", "pool1"}})},
                    .preferredNodeSelectors = {{50, labels({{"role", "edge"}})}}});
  EXPECT_THAT(attached(), ElementsAre(Pair("pool1", 1)));
}

TEST_F(Layer2, TV39AdvertisementsWithScoresStack) {
  const auto edge = labels({{"role", "edge"}});
  advertise("a", {.ipAddressPools = {"pool1"}, .preferredNodeSelectors = {{70, edge}}});
  advertise("b", {.ipAddressPools = {"pool1"}, .preferredNodeSelectors = {{30, edge}}});
  advertise("c", {.ipAddressPools = {"pool1"}, .preferredNodeSelectors = {{30, edge}}});
  EXPECT_THAT(attached(), ElementsAre(Pair("pool1", 3)));
}

TEST_F(Layer2, TV40ToTV43WhatCountsAsTheSame) {
  const auto edge = labels({{"role", "edge"}});
  struct Row {
    const char* row;
    kube::L2AdvertisementSpec a, b;
    std::size_t attached;
  };
  const Row rows[] = {
      {"tV40", {.interfaces = {"eth0", "eth1"}}, {.interfaces = {"eth1", "eth0"}}, 1},
      {"tV41 nodes", {.nodeSelectors = {labels({{"first", "true"}})}}, {}, 2},
      {"tV41 interfaces", {.interfaces = {"eth0"}}, {.interfaces = {"eth1"}}, 2},
      {"tV41 all interfaces", {.interfaces = {"eth0"}}, {}, 2},
      {"tV41 selectors", {.serviceSelectors = {labels({{"a", "b"}})}}, {.serviceSelectors = {labels({{"a", "c"}})}}, 2},
      {"tV41 empty against set", {}, {.serviceSelectors = {labels({{"a", "b"}})}}, 2},
      {"tV42, but they are sorted before they are compared",
       {.serviceSelectors = {labels({{"a", "b"}}), labels({{"a", "c"}})}},
       {.serviceSelectors = {labels({{"a", "c"}}), labels({{"a", "b"}})}},
       1},
      {"tV43", {.preferredNodeSelectors = {{50, edge}}}, {}, 2},
      {"tV43 the other way", {}, {.preferredNodeSelectors = {{50, edge}}}, 2},
  };
  for (auto row : rows) {
    row.a.ipAddressPools = row.b.ipAddressPools = {"pool1"};
    resources.l2_advertisements = {advertisement("a", row.a), advertisement("b", row.b)};
    EXPECT_EQ(attached()["pool1"], row.attached) << row.row;
  }
}

}  // namespace
}  // namespace metallb::config
