// What each process makes of the same cluster: rows tM22 of controller spec 7.5, tU6 and tU15 to tU17 of 7.11. An
// object in error is the trouble of the nodes that it is for; the controller looks at pools and what they refer to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/alike.hpp"
#include "config/last_good.hpp"
#include "fixtures.hpp"

namespace metallb::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PerProcess : public testing::Test {
 protected:
  PerProcess() {
    resources.pools = {pool("p", {"192.0.2.0/24"})};
    resources.nodes = {node("node1", {{"rack", "1"}}), node("node2", {{"rack", "2"}})};
  }
  /// Who finds something wrong now.
  std::vector<std::string> invalid() {
    std::vector<std::string> out;
    // The controller is not shown peers, advertisements, profiles, nodes and Secrets (controller spec 3.1).
    const auto seen = controller.build(
        {.pools = resources.pools, .communities = resources.communities, .namespaces = resources.namespaces});
    if (!seen.errors.empty()) out.emplace_back("controller");
    for (auto& [name, speaker] : speakers) {
      resources.node_name = name;
      if (!speaker.build(resources).errors.empty()) out.push_back(name);
    }
    return out;
  }
  void select(kube::BGPPeer& object, const char* rack) { object.spec.nodeSelectors = {labels({{"rack", rack}})}; }

  Resources resources;
  LastGood controller;
  std::map<std::string, LastGood> speakers = {{"node1", {}}, {"node2", {}}};
};

TEST_F(PerProcess, TM22ANodeRelabelledSoThatTwoPeersMeetIsTheTroubleOfThatNode) {
  auto one = peer("one");
  auto two = peer("two");
  select(*one, "1");
  select(*two, "2");
  resources.bgp_peers = {one, two};
  EXPECT_THAT(invalid(), IsEmpty());
  one->spec.nodeSelectors.push_back(labels({{"also", "1"}}));
  EXPECT_THAT(invalid(), IsEmpty());
  resources.nodes[1] = node("node2", {{"rack", "2"}, {"also", "1"}});
  EXPECT_THAT(invalid(), ElementsAre("node2"));
  resources.nodes[1] = node("node2", {{"rack", "2"}});
  EXPECT_THAT(invalid(), IsEmpty());
}

TEST_F(PerProcess, TU15AMissingBfdProfileIsTheTroubleOfThePeersNodes) {
  auto router = peer("router");
  select(*router, "1");
  router->spec.bfdProfile = "fast";
  resources.bgp_peers = {router};
  EXPECT_THAT(invalid(), ElementsAre("node1"));
  resources.bfd_profiles = {profile("fast")};
  EXPECT_THAT(invalid(), IsEmpty());
}

TEST_F(PerProcess, TU16AMissingAliasIsTheSpeakersTroubleUntilItComes) {
  resources.bgp_advertisements = {bgp_advertisement("adv", {.communities = {"alias"}})};
  EXPECT_THAT(invalid(), ElementsAre("node1", "node2"));
  resources.communities = {community("c", {{"alias", "1:2"}})};
  EXPECT_THAT(invalid(), IsEmpty());
}

TEST_F(PerProcess, TU6ABadPoolIsEverybodysTrouble) {
  resources.pools.push_back(pool("bad", {"192.0.2.0/33"}));
  EXPECT_THAT(invalid(), ElementsAre("controller", "node1", "node2"));
}

TEST_F(PerProcess, TU17OfANodeOnlyTheLabelsMatter) {
  const auto before = node("node1", {{"rack", "1"}});
  auto after = *before;
  after.metadata.annotations["a"] = "b";
  after.metadata.resourceVersion = "2";
  after.status.conditions.emplace_back();
  EXPECT_TRUE(alike(*before, after));
  after.metadata.labels["rack"] = "2";
  EXPECT_FALSE(alike(*before, after));
}

}  // namespace
}  // namespace metallb::config
