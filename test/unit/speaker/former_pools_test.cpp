// Which pool a Service is judged by while no pool holds its addresses.
#include "speaker/former_pools.hpp"

#include <gtest/gtest.h>

#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::service;

/// Edits of a configuration with one pool, and Services beside it.
struct FormerPoolsTest : testing::Test {
  void edit(const std::string& name, const std::string& prefix) {
    auto next = std::make_shared<config::Config>();
    next->pools[name] = {.name = name, .prefixes = {*IpPrefix::parse(prefix)}};
    former.replaced(config, *next, services, "");
    config = next;
  }
  void put(const kube::Service& object) {
    services.apply(kube::Upserted<kube::Service>{std::make_shared<const kube::Service>(object)});
  }
  [[nodiscard]] std::string pool_of(const std::string& name = "web") {
    const ServiceKey key{"default", name};
    const auto pool = former.pool_of(key, services.get(key).get(), "", config);
    return pool ? pool->name : "none";
  }

  FormerPools former;
  FormerPools::ConfigPointer config;
  kube::Store<kube::Service> services;
};

TEST_F(FormerPoolsTest, TheLastPoolCountsThroughSeveralEdits) {
  edit("a", "10.20.30.0/24");
  put(service({"10.20.30.1"}));
  EXPECT_EQ(pool_of(), "a");
  edit("b", "10.20.40.0/24");
  EXPECT_EQ(pool_of(), "a");
  edit("c", "10.20.50.0/24");
  EXPECT_EQ(pool_of(), "a");
  edit("d", "10.20.30.0/25");
  EXPECT_EQ(pool_of(), "d");
  edit("e", "10.20.60.0/24");
  EXPECT_EQ(pool_of(), "d");
}

TEST_F(FormerPoolsTest, OtherAddressesHaveNoFormerPool) {
  edit("a", "10.20.30.0/24");
  put(service({"10.20.30.1"}));
  edit("b", "10.20.40.0/24");
  put(service({"10.20.30.2"}));
  EXPECT_EQ(pool_of(), "none");
  put(service({"10.20.30.1"}));
  EXPECT_EQ(pool_of(), "none") << "it had given the address up";
}

TEST_F(FormerPoolsTest, AServiceThatComesBackHasNoFormerPool) {
  edit("a", "10.20.30.0/24");
  put(service({"10.20.30.1"}));
  edit("b", "10.20.40.0/24");
  services.apply(kube::Removed<kube::Service>{{"default", "web"}});
  EXPECT_EQ(pool_of(), "none");
  put(service({"10.20.30.1"}));
  EXPECT_EQ(pool_of(), "none");
}

TEST_F(FormerPoolsTest, BothAddressesHaveToBeInOnePool) {
  edit("a", "10.20.0.0/16");
  put(service({"10.20.30.1", "10.20.40.1"}));
  edit("b", "10.20.30.0/24");
  EXPECT_EQ(pool_of(), "a");
}

TEST_F(FormerPoolsTest, AnOlderConfigurationLivesOnlyWhileAnAddressIsStranded) {
  edit("a", "10.20.30.0/24");
  put(service({"10.20.30.1"}));
  const std::weak_ptr<const config::Config> first = config;
  edit("b", "10.20.30.0/25");
  EXPECT_TRUE(first.expired());
  const std::weak_ptr<const config::Config> second = config;
  edit("c", "10.20.40.0/24");
  EXPECT_FALSE(second.expired());
  put(service({"10.20.40.1"}));
  EXPECT_EQ(pool_of(), "c");
  EXPECT_TRUE(second.expired());
}

TEST_F(FormerPoolsTest, AnAddressThatThePoolNowLeavesOutIsStranded) {
  edit("a", "10.20.30.0/24");
  put(service({"10.20.30.255"}));
  put(service({"10.20.30.1"}, "other"));
  auto next = std::make_shared<config::Config>(*config);
  next->pools["a"].avoid_buggy_ips = true;
  next->pools["a"].layer2 = {test::ad({"iris1"})};
  former.replaced(config, *next, services, "");
  config = next;
  for (const auto& [name, advertised] : {std::pair("web", false), std::pair("other", true)}) {
    const auto pool = former.pool_of({"default", name}, services.get({"default", name}).get(), "", config);
    ASSERT_NE(pool, nullptr) << name;
    EXPECT_EQ(!pool->layer2.empty(), advertised) << name << ": by the pool as it is, or as it was";
  }
}

TEST(Stranded, NothingIsRememberedBeforeAllServicesAreKnown) {
  test::SpeakerUnderTest speaker("iris1");
  speaker.put(test::node("iris1"));
  speaker.put(test::pool("pool", {"10.20.30.0/24"}));
  speaker.put(test::advertisement());
  speaker.put(service({"10.20.30.1"}));
  speaker.put_slices("iris1+");
  speaker.give(InterfacesChanged{{"eth0"}});
  speaker.listed<kube::Node>();
  speaker.listed<kube::Namespace>();
  speaker.listed<kube::IPAddressPool>();
  speaker.listed<kube::L2Advertisement>();
  speaker.listed<kube::BGPPeer>();
  speaker.listed<kube::BGPAdvertisement>();
  speaker.listed<kube::BFDProfile>();
  speaker.listed<kube::Community>();
  speaker.listed<kube::Secret>();
  speaker.settle();
  speaker.put(test::pool("pool", {"10.99.0.0/24"}));
  speaker.settle();
  speaker.listed_all();
  speaker.settle();
  EXPECT_EQ(speaker.reason(), "ipNotAllowed");
  EXPECT_TRUE(speaker.instance.announced().empty());
}

}  // namespace
}  // namespace metallb::speaker
