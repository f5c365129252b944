// Layer2 spec section 6, rows 14-69 as far as they are decided here, and the derived cases of 2.3. Every case is asked of
// each speaker by itself, as in a cluster.
#include "speaker/decision.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "unit/speaker/objects.hpp"

namespace metallb::speaker {
namespace {

using test::ad;
using test::kExclude;
using test::node;
using test::service;
using test::slices;
using test::with_network;
using NodeNames = std::vector<std::string>;

/// One Service in one cluster; what each node's speaker says about it.
struct World {
  std::vector<config::Layer2Advertisement> ads;
  kube::Service svc = service({"10.20.30.1"});
  test::SliceList endpoints = slices("iris1+");
  NodeTable nodes = {{"iris1", {}}, {"iris2", {}}};
  std::optional<std::set<std::string>> members;
  std::optional<std::set<std::string>> interfaces = std::set<std::string>{"eth0", "eth1", "eth2"};
  std::string lb_class;
  bool ignore_exclude_label = false;

  void local() { svc.spec.externalTrafficPolicy = "Local"; }
  void label(const std::string& key, const std::string& value) { svc.metadata.labels[key] = value; }

  [[nodiscard]] Decision ask(const std::string& me, const config::Pool* former = nullptr) const {
    config::Config config;
    auto& pool = config.pools["pool"];
    pool.name = "pool";
    pool.prefixes = {IpPrefix::parse("10.20.30.0/24").value(), IpPrefix::parse("192.168.1.0/24").value(),
                     IpPrefix::parse("2001:db8::/64").value(), IpPrefix::parse("::/64").value(),
                     IpPrefix::parse("1::/16").value()};
    pool.layer2 = ads;
    return decide({.node = me,
                   .lb_class = lb_class,
                   .config = &config,
                   .electorate = {.nodes = nodes, .members = members, .ignore_exclude_label = ignore_exclude_label},
                   .interfaces = interfaces},
                  &svc, endpoints, former);
  }
  [[nodiscard]] std::string verdict(const std::string& me) const { return std::string(to_string(ask(me).reason)); }
  /// All speakers that announce.
  [[nodiscard]] NodeNames announcers() const {
    NodeNames out;
    for (const auto& [name, facts] : nodes) {
      if (ask(name).action == Decision::Action::kAnnounce) out.push_back(name);
    }
    return out;
  }
};

const std::set<std::string> kBoth = {"iris1", "iris2"};
const std::set<std::string> kFour = {"master1", "master2", "worker1", "worker2"};

World four_nodes(const std::string& address) {
  World world;
  world.ads = {ad(kFour)};
  world.svc = service({address});
  world.endpoints = slices("worker1+");
  world.nodes = {{"master1", {}}, {"master2", {}}, {"worker1", {}}, {"worker2", {}}};
  return world;
}

struct LocalCase {
  int row;
  const char* endpoints;
  const char* address;
  const char* iris1;
  const char* iris2;
};

class LocalPolicy : public testing::TestWithParam<LocalCase> {};

TEST_P(LocalPolicy, GivesTheServiceToANodeWithAnEndpointThatCanServe) {
  World world;
  world.ads = {ad(kBoth)};
  world.local();
  world.svc.status.loadBalancer.ingress = {{GetParam().address, ""}};
  world.endpoints = slices(GetParam().endpoints);
  EXPECT_EQ(world.verdict("iris1"), GetParam().iris1);
  EXPECT_EQ(world.verdict("iris2"), GetParam().iris2);
}

INSTANTIATE_TEST_SUITE_P(Table, LocalPolicy,
                         testing::Values(LocalCase{14, "iris1+ iris1+", "10.20.30.1", "", "notOwner"},
                                         LocalCase{15, "iris1- iris1-", "10.20.30.1", "notOwner", "notOwner"},
                                         LocalCase{16, "iris1+ iris2~", "10.20.30.1", "notOwner", ""},
                                         LocalCase{17, "iris1- iris2-", "10.20.30.1", "notOwner", "notOwner"},
                                         LocalCase{18, "iris1+ iris2-", "10.20.30.1", "", "notOwner"},
                                         LocalCase{19, "iris1+ iris2+", "10.20.30.1", "notOwner", ""},
                                         LocalCase{19, "iris1+ iris2+", "10.20.30.2", "", "notOwner"},
                                         LocalCase{20, "iris1+ iris2-", "10.20.30.2", "", "notOwner"},
                                         LocalCase{21, "iris2+ iris1-", "10.20.30.1", "notOwner", ""},
                                         LocalCase{22, "iris1+ iris2+ / iris2+", "10.20.30.1", "notOwner", ""},
                                         LocalCase{23, "iris1+ iris2+ iris1+", "10.20.30.1", "notOwner", ""},
                                         LocalCase{24, "iris1+ iris2+ iris2+", "10.20.30.1", "notOwner", ""},
                                         LocalCase{25, "iris1+ iris2+ iris1-", "10.20.30.1", "notOwner", ""},
                                         LocalCase{26, "iris1+ iris2- iris2-", "10.20.30.1", "", "notOwner"}),
                         [](const auto& info) {
                           return "Row" + std::to_string(info.param.row) + "Case" + std::to_string(info.index);
                         });

TEST(Decision, Row27TakesTheNodesOfTheApiWhenMembershipIsOff) {
  World world;
  world.ads = {ad(kBoth)};
  world.local();
  world.endpoints = slices("iris1+ iris1+");
  world.members = std::nullopt;
  EXPECT_EQ(world.verdict("iris1"), "");
}

TEST(Decision, TakesLiveMembersOnlyWhenMembershipIsKnown) {
  World world;
  world.ads = {ad(kBoth)};
  world.members = std::set<std::string>{"iris1", "iris2"};
  EXPECT_EQ(world.announcers(), (NodeNames{"iris2"}));
  world.members = std::set<std::string>{"iris1"};
  EXPECT_EQ(world.announcers(), (NodeNames{"iris1"}));
}

TEST(Decision, DoesNotElectAMemberThatIsNoNode) {
  World world;
  world.ads = {ad({"iris1"})};
  world.members = std::set<std::string>{"iris1", "ghost"};
  EXPECT_EQ(world.announcers(), (NodeNames{"iris1"}));
}

TEST(Decision, Row28KeepsToTheNodesOfTheAdvertisement) {
  World world;
  world.ads = {ad({"iris1"})};
  EXPECT_EQ(world.verdict("iris1"), "");
  EXPECT_EQ(world.verdict("iris2"), "noMatchingAdvertisement");
}

TEST(Decision, Row29LooksAtAllAdvertisementsOfThePool) {
  World world;
  world.ads = {ad({"iris1"}), ad({"iris2"})};
  world.local();
  EXPECT_EQ(world.verdict("iris1"), "");
  EXPECT_EQ(world.verdict("iris2"), "notOwner");
}

TEST(Decision, Row30ElectsAmongAllNodesWithPolicyCluster) {
  World world;
  world.ads = {ad(kBoth)};
  EXPECT_EQ(world.verdict("iris1"), "notOwner");
  EXPECT_EQ(world.verdict("iris2"), "");
}

TEST(Decision, Row31KeepsToTheNodesOfTheAdvertisementWhereverTheEndpointsAre) {
  World world;
  world.ads = {ad({"iris1"})};
  world.endpoints = slices("iris1+ iris2+");
  EXPECT_EQ(world.verdict("iris1"), "");
  EXPECT_EQ(world.verdict("iris2"), "noMatchingAdvertisement");
}

TEST(Decision, Row32HasNoOwnerWhenTheOnlyAdvertisingNodeHasNoLocalEndpoint) {
  World world;
  world.ads = {ad({"iris2"})};
  world.local();
  EXPECT_EQ(world.verdict("iris1"), "noMatchingAdvertisement");
  EXPECT_EQ(world.verdict("iris2"), "notOwner");
}

TEST(Decision, Rows33To35PassOverExcludedNodes) {
  World world;
  world.ads = {ad(kBoth)};
  world.nodes["iris2"].excluded = true;
  EXPECT_EQ(world.announcers(), (NodeNames{"iris1"}));
  world.nodes = {{"iris1", {.excluded = true}}, {"iris2", {}}};
  EXPECT_EQ(world.announcers(), (NodeNames{"iris2"}));
  world.nodes["iris2"].excluded = true;
  EXPECT_EQ(world.verdict("iris1"), "notOwner");
  EXPECT_EQ(world.verdict("iris2"), "notOwner");
}

TEST(Decision, Row36IgnoresTheExcludeLabelWhenAskedTo) {
  World world;
  world.ads = {ad(kBoth)};
  world.local();
  world.nodes = {{"iris1", {.excluded = true}}, {"iris2", {.excluded = true}}};
  world.ignore_exclude_label = true;
  EXPECT_EQ(world.verdict("iris1"), "");
  EXPECT_EQ(world.verdict("iris2"), "notOwner");
}

TEST(Decision, Row37GivesServicesThatShareAnAddressToTheSameNodeAndEachNodeSome) {
  std::map<std::string, int> wins;
  for (int host = 1; host <= 255; ++host) {
    World world;
    world.ads = {ad(kBoth)};
    world.svc = service({"10.20.30." + std::to_string(host)});
    const auto first = world.announcers();
    world.endpoints = slices("iris2+");
    EXPECT_EQ(world.announcers(), first);
    ASSERT_EQ(first.size(), 1U);
    ++wins[first.front()];
  }
  EXPECT_GT(wins["iris1"], 0);
  EXPECT_GT(wins["iris2"], 0);
}

struct SelectorCase {
  int row;
  std::vector<config::Layer2Advertisement> ads;
  const char* annotation;
  const char* verdict;
};

class ServiceSelectors : public testing::TestWithParam<SelectorCase> {};

TEST_P(ServiceSelectors, DecideWhichAdvertisementsApply) {
  World world;
  world.nodes = {{"iris1", {}}};
  world.ads = GetParam().ads;
  world.label("app", "nginx");
  if (*GetParam().annotation != '\0') world.svc.metadata.annotations[GetParam().annotation] = "key";
  EXPECT_EQ(world.verdict("iris1"), GetParam().verdict);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ServiceSelectors,
    testing::Values(
        SelectorCase{38, {ad({"iris1"})}, "", ""}, SelectorCase{39, {ad({"iris1"}, {"app=nginx"})}, "", ""},
        SelectorCase{40, {ad({"iris1"}, {"app=apache"})}, "", "noMatchingAdvertisement"},
        SelectorCase{41, {ad({"iris1"}, {"app=apache", "app=nginx"})}, "", ""},
        SelectorCase{42, {ad({"iris1"}, {"app=nginx"})}, "metallb.io/allow-shared-ip", "sharedIPWithServiceSelector"},
        SelectorCase{43, {ad({"iris1"})}, "metallb.io/allow-shared-ip", ""},
        SelectorCase{44, {ad({"iris1"}, {"app=nginx"})}, "", ""},
        SelectorCase{
            45, {ad({"iris1"}, {"app=nginx"})}, "metallb.universe.tf/allow-shared-ip", "sharedIPWithServiceSelector"},
        SelectorCase{
            46, {ad({"iris1"}), ad({"iris1"}, {"app=nginx"})}, "metallb.io/allow-shared-ip", "sharedIPWithServiceSelector"}),
    [](const auto& info) { return "Row" + std::to_string(info.param.row); });

TEST(Decision, SharesNoAddressAcrossSelectorsEvenWithAnEmptyKeyOrOnANodeThatNoAdvertisementNames) {
  World world;
  world.ads = {ad({"iris1"}, {"app=nginx"})};
  world.label("app", "nginx");
  world.svc.metadata.annotations["metallb.io/allow-shared-ip"] = "";
  EXPECT_EQ(world.verdict("iris1"), "sharedIPWithServiceSelector");
  EXPECT_EQ(world.verdict("iris2"), "sharedIPWithServiceSelector");
}

TEST(Decision, Rows47And48PickAdvertisementsByServiceWhateverTheirNodes) {
  config::Pool pool;
  pool.layer2 = {ad({"nodeA"}, {"app=apache"}), ad({"nodeB"}, {"app=nginx"}), ad({"nodeB"})};
  auto svc = service({"10.20.30.1"});
  svc.metadata.labels["app"] = "nginx";
  EXPECT_EQ(advertisements_for(pool, svc), (Advertisements{&pool.layer2[1], &pool.layer2[2]}));
}

TEST(Decision, Row49LetsExactlyOneWinWithItsOwnInterfaces) {
  World world;
  world.ads = {ad({"iris1"}, {"app=web"}, {"eth0"}), ad({"iris2"}, {"app=web"}, {"eth1"})};
  world.label("app", "web");
  EXPECT_EQ(world.announcers().size(), 1U);
  const Advertisements both = {&world.ads[0], &world.ads[1]};
  EXPECT_EQ(interfaces_on(both, "iris1"), (layer2::InterfaceSet{false, {"eth0"}}));
  EXPECT_EQ(interfaces_on(both, "iris2"), (layer2::InterfaceSet{false, {"eth1"}}));
}

TEST(Decision, Row50IgnoresAdvertisementsForOtherServicesAndOtherNodes) {
  World world;
  world.ads = {ad(kBoth, {"app=other"}), ad({"ghost"}, {"app=web"})};
  world.label("app", "web");
  EXPECT_EQ(world.verdict("iris1"), "noMatchingAdvertisement");
  EXPECT_EQ(world.verdict("iris2"), "noMatchingAdvertisement");
}

TEST(Decision, Row51SendsEachServiceWhereItsAdvertisementSays) {
  World world;
  world.ads = {ad({"iris1"}, {"app=foo"}), ad({"iris2"}, {"app=bar"})};
  world.label("app", "foo");
  EXPECT_EQ(world.verdict("iris1"), "");
  EXPECT_EQ(world.verdict("iris2"), "noMatchingAdvertisement");
  world.label("app", "bar");
  EXPECT_EQ(world.verdict("iris1"), "noMatchingAdvertisement");
  EXPECT_EQ(world.verdict("iris2"), "");
}

TEST(Decision, Rows52To55AnswerOnTheUnionOfTheListsOrEverywhere) {
  World world;
  world.nodes = {{"iris1", {}}};
  const auto interfaces = [&](std::vector<config::Layer2Advertisement> ads) {
    world.ads = std::move(ads);
    return world.ask("iris1").announcement.interfaces;
  };
  EXPECT_TRUE(interfaces({ad({"iris1"})}).all);
  world.svc = service({"2001:db8::5"});
  EXPECT_EQ(interfaces({ad({"iris1"}, {}, {"eth1", "eth2"})}), (layer2::InterfaceSet{false, {"eth1", "eth2"}}));
  EXPECT_EQ(interfaces({ad({"iris1"}, {}, {"eth0", "eth1"}), ad({"iris1"}, {}, {"eth0", "eth2"})}),
            (layer2::InterfaceSet{false, {"eth0", "eth1", "eth2"}}));
  EXPECT_TRUE(interfaces({ad({"iris1"}, {}, {"eth0", "eth1"}), ad({"iris1"})}).all);
}

TEST(Decision, TakesNoInterfacesFromAdvertisementsOfOtherNodes) {
  World world;
  world.nodes = {{"iris1", {}}};
  world.ads = {ad({"iris1"}, {}, {"eth0"}), ad({"iris2"}, {}, {"eth2"})};
  EXPECT_EQ(world.ask("iris1").announcement.interfaces, (layer2::InterfaceSet{false, {"eth0"}}));
}

TEST(Decision, LetsAWinnerWithoutItsInterfacesAnnounceNothingAndNobodyTakeOver) {
  World world;
  world.ads = {ad(kBoth, {}, {"nic9"})};
  EXPECT_EQ(world.verdict("iris2"), "noMatchingInterface");
  EXPECT_EQ(world.verdict("iris1"), "notOwner");
  EXPECT_TRUE(world.announcers().empty());
}

TEST(Decision, LeavesThingsAsTheyAreUntilTheInterfacesAreKnown) {
  World world;
  world.ads = {ad(kBoth, {}, {"eth0"})};
  world.interfaces = std::nullopt;
  EXPECT_EQ(world.ask("iris2").action, Decision::Action::kKeep);
  world.ads = {ad(kBoth)};
  EXPECT_EQ(world.ask("iris2").action, Decision::Action::kAnnounce);
}

TEST(Decision, Rows62And63SumTheScoresOfAllAdvertisementsOfTheService) {
  const std::vector<config::Layer2Advertisement> ads = {ad({"a", "b"}, {}, {}, {{"a", 70}}),
                                                        ad({"a", "b"}, {}, {}, {{"a", 30}, {"b", 50}}), ad({"c"})};
  const NodeTable nodes = {{"a", {}}, {"b", {}}, {"c", {}}};
  const std::optional<std::set<std::string>> members;
  const auto found = candidates({.nodes = nodes, .members = members}, {&ads[0], &ads[1], &ads[2]}, {}, false);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found.at("a").score, 100);
  EXPECT_EQ(found.at("b").score, 50);
  EXPECT_EQ(found.at("c").score, 0);
}

World edges() {
  World world;
  world.nodes = {{"edge-a", {}}, {"edge-b", {}}, {"worker-a", {}}, {"worker-b", {}}};
  world.endpoints = slices("worker-a+");
  return world;
}
const std::set<std::string> kEdges = {"edge-a", "edge-b", "worker-a", "worker-b"};

TEST(Decision, Row64GivesTheServiceToThePreferredNode) {
  auto world = edges();
  world.ads = {ad(kEdges, {}, {}, {{"edge-a", 100}})};
  EXPECT_EQ(world.announcers(), (NodeNames{"edge-a"}));
}

TEST(Decision, Row65PassesOverAPreferredNodeWithoutALocalEndpoint) {
  auto world = edges();
  world.ads = {ad(kEdges, {}, {}, {{"edge-a", 100}})};
  world.local();
  EXPECT_EQ(world.announcers(), (NodeNames{"worker-a"}));
}

TEST(Decision, Row66CountsOnlyTheScoresOfAdvertisementsForTheService) {
  auto world = edges();
  world.nodes = {{"edge-a", {}}, {"worker-a", {}}};
  world.ads = {ad({"edge-a"}, {}, {}, {{"edge-a", 100}}), ad({"edge-a", "worker-a"}),
               ad({"worker-a"}, {"app=other"}, {}, {{"worker-a", 1000}})};
  EXPECT_EQ(world.announcers(), (NodeNames{"edge-a"}));
}

TEST(Decision, Rows67To69FollowTheLiveMembersDownThePreferences) {
  auto world = edges();
  world.ads = {ad(kEdges, {}, {}, {{"edge-a", 100}, {"edge-b", 100}})};
  world.members = std::set<std::string>{"edge-b", "worker-a", "worker-b"};
  EXPECT_EQ(world.announcers(), (NodeNames{"edge-b"}));
  world.members->insert("edge-a");
  EXPECT_EQ(world.announcers(), (NodeNames{"edge-b"}));
  world.members = std::set<std::string>{"worker-a", "worker-b"};
  EXPECT_EQ(world.announcers(), (NodeNames{"worker-a"}));
}

// Layer2 spec 2.3, derived cases.
TEST(Decision, GivesTheServiceToTheNextNodeWhenTheOwnerDropsOutForWhateverReason) {
  auto world = four_nodes("192.168.1.200");
  EXPECT_EQ(world.announcers(), (NodeNames{"master1"}));
  world.nodes["master1"].excluded = true;
  EXPECT_EQ(world.announcers(), (NodeNames{"worker1"}));
  world.nodes["master1"] = {.network_unavailable = true};
  EXPECT_EQ(world.announcers(), (NodeNames{"worker1"}));
  world.nodes["master1"] = {};
  world.members = std::set<std::string>{"master2", "worker1", "worker2"};
  EXPECT_EQ(world.announcers(), (NodeNames{"worker1"}));
  world.members = std::nullopt;
  world.ads = {ad({"master2", "worker2"})};
  EXPECT_EQ(world.announcers(), (NodeNames{"master2"}));
}

TEST(Decision, IgnoreExcludeDoesNotExcuseAnUnavailableNetwork) {
  auto world = four_nodes("192.168.1.200");
  world.ignore_exclude_label = true;
  world.nodes["master1"] = {.network_unavailable = true, .excluded = true};
  EXPECT_EQ(world.announcers(), (NodeNames{"worker1"}));
}

TEST(Decision, TakesTheBestOfTheNodesWithLocalEndpoints) {
  auto world = four_nodes("192.168.1.202");
  world.local();
  world.endpoints = slices("master1+ worker1+");
  EXPECT_EQ(world.announcers(), (NodeNames{"master1"}));
}

TEST(Decision, LetsTheFirstAddressDecideForADualStackService) {
  auto world = four_nodes("192.168.1.201");
  world.svc = service({"192.168.1.201", "2001:db8::200"});
  EXPECT_EQ(world.announcers(), (NodeNames{"master1"}));
  EXPECT_EQ(world.ask("master1").announcement.addresses.size(), 2U);
  world.svc = service({"2001:db8::200", "192.168.1.201"});
  EXPECT_EQ(world.announcers(), (NodeNames{"master2"}));
}

TEST(Decision, HashesTheAddressInItsCanonicalForm) {
  EXPECT_EQ(four_nodes("2001:DB8:0:0::200").announcers(), (NodeNames{"master2"}));
  EXPECT_EQ(four_nodes("::ffff:192.168.1.200").announcers(), (NodeNames{"master1"}));
  EXPECT_EQ(four_nodes("1:0:0:2:0:0:3:4").announcers(), (NodeNames{"worker2"}));
  EXPECT_EQ(four_nodes("::1.2.3.4").announcers(), (NodeNames{"master1"}));
}

TEST(Decision, CountsAnEndpointOnAnUnknownNodeForPolicyClusterOnly) {
  auto world = four_nodes("192.168.1.200");
  world.endpoints = slices("+");
  EXPECT_EQ(world.announcers(), (NodeNames{"master1"}));
  world.local();
  EXPECT_TRUE(world.announcers().empty());
}

struct ClassCase {
  const char* service_class;  // null: unset
  const char* flag;
  bool handled;
};

TEST(Decision, Row101HandlesServicesOfItsOwnClassOnly) {
  for (const auto& [service_class, flag, handled] :
       {ClassCase{nullptr, "", true}, ClassCase{nullptr, "foo", false}, ClassCase{"foo", "", false},
        ClassCase{"foo", "bar", false}, ClassCase{"foo", "foo", true}}) {
    World world;
    world.ads = {ad(kBoth)};
    world.lb_class = flag;
    if (service_class != nullptr) world.svc.spec.loadBalancerClass = service_class;
    EXPECT_EQ(world.verdict("iris2"), handled ? "" : "foreignLoadBalancerClass");
  }
}

TEST(Decision, NamesWhatIsMissing) {
  World world;
  world.ads = {ad(kBoth)};
  const auto verdict = [&](const kube::Service& svc) {
    world.svc = svc;
    return world.verdict("iris2");
  };
  auto cluster_ip = service({"10.20.30.1"});
  cluster_ip.spec.type = "ClusterIP";
  EXPECT_EQ(verdict(cluster_ip), "notLoadBalancer");
  EXPECT_EQ(verdict(service({})), "noIPAllocated");
  EXPECT_EQ(verdict(service({""})), "invalidIP");  // what a hostname entry looks like
  EXPECT_EQ(verdict(service({"10.20.30.1", "fe80::1%eth0"})), "invalidIP");
  EXPECT_EQ(verdict(service({"172.16.0.1"})), "ipNotAllowed");
  EXPECT_EQ(verdict(service({"10.20.30.1", "172.16.0.1"})), "ipNotAllowed");
}

TEST(Decision, TellsTheOrderOfCandidatesAndWhoIsFirst) {
  auto world = four_nodes("192.168.1.200");
  const auto decision = world.ask("worker2");
  EXPECT_EQ(decision.order, (NodeNames{"master1", "worker1", "master2", "worker2"}));
  EXPECT_EQ(decision.candidates, 4U);
  EXPECT_NE(decision.detail.find("master1"), std::string::npos);
}

TEST(NodeFacts, AreNetworkAndExcludeLabelOnly) {
  EXPECT_EQ(facts_of(node("n")), (NodeFacts{}));
  EXPECT_TRUE(facts_of(with_network(node("n"), "True")).network_unavailable);
  EXPECT_FALSE(facts_of(with_network(node("n"), "False")).network_unavailable);
  EXPECT_FALSE(facts_of(with_network(node("n"), "Unknown")).network_unavailable);
  EXPECT_TRUE(facts_of(node("n", {{kExclude, "false"}})).excluded);
  auto cordoned = node("n");
  cordoned.spec.unschedulable = true;
  cordoned.status.conditions.push_back({});
  cordoned.status.conditions.back().type = "Ready";
  cordoned.status.conditions.back().status = "False";
  EXPECT_EQ(facts_of(cordoned), (NodeFacts{}));
}

// The heart of it: whatever the cluster looks like, one node announces if anybody may, and nobody else.
RC_GTEST_PROP(DecisionProperties, ExactlyOneNodeAnnouncesIfThereAreCandidates, ()) {
  const NodeNames names = {"n1", "n2", "n3", "n4", "n5", "n6"};
  const auto subset = [&] {
    std::set<std::string> out;
    for (const auto& name : names) {
      if (*rc::gen::weightedElement<bool>({{2, true}, {1, false}})) out.insert(name);
    }
    return out;
  };
  World world;
  world.nodes.clear();
  for (const auto& name : names) {
    world.nodes[name] = {.network_unavailable = *rc::gen::weightedElement<bool>({{1, true}, {4, false}}),
                         .excluded = *rc::gen::weightedElement<bool>({{1, true}, {4, false}})};
  }
  if (*rc::gen::arbitrary<bool>()) world.members = subset();
  const auto count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) {
    std::map<std::string, std::int64_t> scores;
    for (const auto& name : subset()) scores[name] = *rc::gen::inRange(1, 4) * 10;
    world.ads.push_back(ad(subset(), *rc::gen::elementOf(std::vector<NodeNames>{{}, {"app=a"}, {"app=b"}}), {}, scores));
  }
  world.label("app", *rc::gen::element<std::string>("a", "b"));
  world.ignore_exclude_label = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) world.local();
  std::string endpoints;
  for (const auto& name : subset()) endpoints += name + *rc::gen::element<std::string>("+", "-", "~", "*") + " ";
  world.endpoints = slices(endpoints);
  world.svc.status.loadBalancer.ingress = {{"10.20.30." + std::to_string(*rc::gen::inRange(1, 255)), ""}};

  std::size_t candidates_seen = 0;
  for (const auto& name : names) candidates_seen = std::max(candidates_seen, world.ask(name).candidates);
  const auto announcers = world.announcers();
  RC_TAG(candidates_seen == 0 ? "nobody" : "somebody");
  RC_ASSERT(announcers.size() == (candidates_seen > 0 ? 1U : 0U));
}

/// A Service whose address has been in `pool` and is in none now.
struct Stranded : World {
  Stranded() {
    svc = service({"172.16.0.1"});
    former.name = "old";
    former.layer2 = {ad(kBoth)};
    endpoints = slices("iris1+ iris2+");
  }
  config::Pool former;

  [[nodiscard]] NodeNames owners() const {
    NodeNames out;
    for (const auto& [name, facts] : nodes) {
      if (ask(name, &former).action == Decision::Action::kAnnounce) out.push_back(name);
    }
    return out;
  }
};

TEST(StrandedService, HasOneOwnerByTheRulesOfItsFormerPool) {
  const Stranded world;
  const auto owners = world.owners();
  ASSERT_EQ(owners.size(), 1U);
  const auto decision = world.ask(owners[0], &world.former);
  EXPECT_EQ(decision.reason, Reason::kAddressNotAllowed);
  EXPECT_EQ(decision.announcement.pool, "old");
  EXPECT_TRUE(decision.announcement.interfaces.all);
}

TEST(StrandedService, MovesWhenItsOwnerIsExcludedOrLosesItsEndpoints) {
  Stranded world;
  const auto owner = world.owners().at(0);
  const std::string other = owner == "iris1" ? "iris2" : "iris1";
  world.nodes[owner].excluded = true;
  EXPECT_EQ(world.owners(), NodeNames{other});
  world.nodes[owner].excluded = false;
  world.local();
  world.endpoints = slices(other + "+");
  EXPECT_EQ(world.owners(), NodeNames{other});
  world.endpoints = slices(other + "-");
  EXPECT_EQ(world.owners(), NodeNames{});
}

TEST(StrandedService, IsAnnouncedByNobodyWhoDoesNotKnowWhereItWas) {
  const Stranded world;
  const auto decision = world.ask(world.owners().at(0), nullptr);
  EXPECT_EQ(decision.action, Decision::Action::kWithdraw);
  EXPECT_EQ(decision.reason, Reason::kAddressNotAllowed);
}

}  // namespace
}  // namespace metallb::speaker
