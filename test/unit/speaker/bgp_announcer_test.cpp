// Bgp spec 2.3-2.7, 5.5, 6.1, 6.4 (row 79) and 6.5: what the engine, the log and the user are told.
#include "speaker/bgp/announcer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/speaker/bgp_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::bgp_ad;
using test::bgp_config;
using test::bgp_peer;
using test::bgp_pool;
using test::BgpUnderTest;
using test::endpoints;
using test::service;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Addresses = std::vector<IpAddress>;
using Ads = std::vector<std::string>;
using Peers = std::vector<std::string>;

config::CommunityValue community(std::uint32_t a, std::uint32_t b) {
  return {.large = false, .parts = {a, b, 0}};
}

config::BgpAdvertisement aggregate(const std::string& name, std::uint8_t length, std::optional<std::uint32_t> local_pref,
                                   const std::set<std::string>& nodes = {"pandora"}) {
  auto out = bgp_ad(name, nodes);
  out.aggregation_v4 = length;
  out.local_pref = local_pref;
  return out;
}

const auto kPeer1 = [] { return bgp_peer("peer1", "1.2.3.4"); };
const auto kPeer2 = [] { return bgp_peer("peer2", "1.2.3.5"); };

TEST(BgpAnnouncer, FollowsServicesEndpointsAndConfiguration) {  // 6.1, one running sequence
  BgpUnderTest bgp;
  auto one = service({"10.20.30.1"}, "one");
  const auto plain = bgp_pool({bgp_ad("ad")});
  bgp.configure(bgp_config({plain}, {kPeer1()}));
  EXPECT_THAT(bgp.sessions(), SizeIs(1));
  EXPECT_EQ(bgp.ads("peer1"), Ads{});
  auto cluster_ip = one;
  cluster_ip.spec.type = "ClusterIP";
  bgp.put(cluster_ip, endpoints("iris+"));
  EXPECT_EQ(bgp.ads("peer1"), Ads{});
  bgp.put(one, endpoints("iris+"));
  EXPECT_EQ(bgp.ads("peer1"), Ads{"10.20.30.1/32 -"});
  auto local = one;
  local.spec.externalTrafficPolicy = "Local";
  bgp.put(local, endpoints("iris+"));
  EXPECT_EQ(bgp.ads("peer1"), Ads{});
  EXPECT_EQ(bgp.log.with("event", "serviceWithdrawn").back().at("reason"), "noLocalEndpoints");
  bgp.put(local, endpoints("iris+ / pandora+"));
  EXPECT_EQ(bgp.ads("peer1"), Ads{"10.20.30.1/32 -"});
  bgp.put(one, {});
  EXPECT_EQ(bgp.ads("peer1"), Ads{});
  bgp.put(one, endpoints("iris+"));

  auto tagged = aggregate("tagged", 32, 100);
  tagged.communities = {community(0, 2345), community(0, 1234)};
  bgp.configure(bgp_config({bgp_pool({tagged, aggregate("sum", 24, 1000)})}, {kPeer1()}));
  EXPECT_EQ(bgp.ads("peer1"), (Ads{"10.20.30.0/24 1000", "10.20.30.1/32 100 0:1234 0:2345"}));
  bgp.configure(bgp_config({bgp_pool({tagged, aggregate("sum", 24, 1000, {"iris"})})}, {kPeer1()}));
  EXPECT_EQ(bgp.ads("peer1"), Ads{"10.20.30.1/32 100 0:1234 0:2345"});
  tagged.peers = {"peer1"};
  bgp.configure(bgp_config({bgp_pool({tagged, aggregate("sum", 24, 1000)})}, {kPeer1(), kPeer2()}));
  EXPECT_EQ(bgp.ads("peer1"), (Ads{"10.20.30.0/24 1000", "10.20.30.1/32 100 0:1234 0:2345"}));
  EXPECT_EQ(bgp.ads("peer2"), Ads{"10.20.30.0/24 1000"});

  bgp.configure(bgp_config({plain}, {kPeer1(), kPeer2()}));
  for (const auto* peer : {"peer1", "peer2"}) EXPECT_EQ(bgp.ads(peer), Ads{"10.20.30.1/32 -"});
  bgp.put(service({}, "two"), endpoints("iris+"));
  EXPECT_EQ(bgp.reason("two"), "noIPAllocated");
  bgp.put(service({"10.20.30.5"}, "two"), endpoints("iris+"));
  EXPECT_EQ(bgp.ads("peer2"), (Ads{"10.20.30.1/32 -", "10.20.30.5/32 -"}));
  bgp.put(service({"10.20.30.1"}, "two"), endpoints("iris+"));
  EXPECT_EQ(bgp.ads("peer2"), Ads{"10.20.30.1/32 -"});
  EXPECT_EQ(bgp.log.with("event", "serviceWithdrawn").back().at("reason"), "loadBalancerIPChanged");
  EXPECT_EQ(bgp.log.with("event", "serviceWithdrawn").back().at("ip"), "10.20.30.5");
  bgp.remove("one");
  EXPECT_EQ(bgp.ads("peer2"), Ads{"10.20.30.1/32 -"});
  bgp.configure(bgp_config({plain}, {bgp_peer("peer1", "1.2.3.5")}));
  EXPECT_EQ(bgp.ads("peer1"), Ads{"10.20.30.1/32 -"});
  EXPECT_THAT(bgp.sessions(), SizeIs(1));
  bgp.remove("two");
  EXPECT_EQ(bgp.ads("peer1"), Ads{});
  EXPECT_THAT(bgp.sessions(), SizeIs(1));
}

TEST(BgpAnnouncer, TellsOnlyWhatDiffers) {
  BgpUnderTest bgp;
  bgp.put(service({"10.20.30.1"}), endpoints("iris+"));
  const auto config = bgp_config({bgp_pool({aggregate("all", 24, 5), aggregate("each", 32, 5)})}, {kPeer1()});
  bgp.configure(config);
  EXPECT_THAT(bgp.events(), ElementsAre("Service web nodeAssigned: announcing from node \"pandora\" with protocol \"bgp\""));
  EXPECT_EQ(bgp.log.with("event", "serviceAnnounced").front().at("protocol"), "bgp");
  bgp.forget();
  bgp.put(service({"10.20.30.1"}), endpoints("iris+ pandora+"));
  EXPECT_THAT(bgp.out, IsEmpty());
  // The same once more, but of other objects: everything is looked at, and nothing differs.
  bgp.configure(config);
  ASSERT_THAT(bgp.commands<bgp::Publish>(), SizeIs(2));
  EXPECT_TRUE(bgp.commands<bgp::Publish>().front().more);
  EXPECT_FALSE(bgp.commands<bgp::Publish>().back().more);
  for (const auto& publish : bgp.commands<bgp::Publish>()) EXPECT_THAT(publish.changes, IsEmpty());
  EXPECT_THAT(bgp.out, SizeIs(2));
  // The aggregate is there for another Service already.
  bgp.forget();
  bgp.put(service({"10.20.30.2"}, "two"), endpoints("iris+"));
  ASSERT_THAT(bgp.commands<bgp::Publish>(), SizeIs(1));
  ASSERT_THAT(bgp.commands<bgp::Publish>().front().changes, SizeIs(1));
  EXPECT_EQ(bgp.commands<bgp::Publish>().front().changes.front().prefix.to_string(), "10.20.30.2/32");
  EXPECT_FALSE(bgp.commands<bgp::Publish>().front().more);
}

TEST(BgpAnnouncer, ReplacesBeforeItWithdraws) {
  BgpUnderTest bgp;
  bgp.put(service({"10.20.30.1"}), endpoints("iris+"));
  bgp.configure(bgp_config({bgp_pool({aggregate("a", 24, {})})}, {kPeer1()}));
  bgp.forget();
  bgp.configure(bgp_config({bgp_pool({aggregate("a", 25, {})})}, {kPeer1()}));
  const auto told = bgp.commands<bgp::Publish>();
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_TRUE(told[0].more);
  ASSERT_THAT(told[1].changes, SizeIs(2));
  EXPECT_EQ(told[1].changes[0].prefix.to_string(), "10.20.30.0/25");
  EXPECT_EQ(told[1].changes[1].prefix.to_string(), "10.20.30.0/24");
  EXPECT_THAT(told[1].changes[1].offers, IsEmpty());
}

TEST(BgpAnnouncer, GivesEachPeerTheUnionOfWhatIsWantedOfAPrefix) {
  BgpUnderTest bgp;
  auto all = aggregate("all", 24, {});
  all.communities = {community(1, 1)};
  auto some = aggregate("some", 24, 300);
  some.communities = {community(2, 2), {.large = true, .parts = {9, 8, 7}}};
  some.peers = {"peer2", "nobody"};
  auto other = aggregate("other", 24, {});
  other.peers = {"peer2", "peer3"};
  other.communities = {community(1, 1)};
  // Three pools that share the aggregate.
  const std::vector<config::Pool> pools = {bgp_pool({all}, {"10.20.30.0/28"}, "a"),
                                           bgp_pool({some}, {"10.20.30.16/28"}, "b"),
                                           bgp_pool({other}, {"10.20.30.32/28"}, "c")};
  const std::vector<config::BgpPeer> peers = {kPeer1(), kPeer2(), bgp_peer("peer3", "1.2.3.6")};
  bgp.configure(bgp_config(pools, peers));
  bgp.put(service({"10.20.30.17"}, "b"), endpoints("iris+"));
  EXPECT_EQ(bgp.picture(), "peer1:\npeer2: [10.20.30.0/24 300 2:2 9:8:7]\npeer3:\n");
  bgp.put(service({"10.20.30.1"}, "a"), endpoints("iris+"));
  bgp.put(service({"10.20.30.33"}, "c"), endpoints("iris+"));
  EXPECT_EQ(bgp.picture(),
            "peer1: [10.20.30.0/24 - 1:1]\n"
            "peer2: [10.20.30.0/24 300 1:1 2:2 9:8:7]\n"
            "peer3: [10.20.30.0/24 - 1:1]\n");
  // An aggregate goes with the last Service that wants it.
  bgp.remove("a");
  EXPECT_EQ(bgp.picture(), "peer1:\npeer2: [10.20.30.0/24 300 1:1 2:2 9:8:7]\npeer3: [10.20.30.0/24 - 1:1]\n");
  bgp.remove("b");
  bgp.remove("c");
  EXPECT_EQ(bgp.picture(), "peer1:\npeer2:\npeer3:\n");
  EXPECT_THAT(bgp.announcer.routes().prefixes(), IsEmpty());
}

TEST(BgpAnnouncer, TakesTheHighestLocalPrefAndWarnsOnceWhileTheyDiffer) {  // row 79
  BgpUnderTest bgp;
  auto low = aggregate("low", 24, 100);
  low.service_selectors = {kube::Selector::parse("tier=low").value()};
  auto high = aggregate("high", 24, 200);
  high.service_selectors = {kube::Selector::parse("tier=high").value()};
  bgp.configure(bgp_config({bgp_pool({low, high})}, {kPeer1()}));
  const auto put = [&](const std::string& name, const std::string& address, const std::string& tier) {
    auto object = service({address}, name);
    object.metadata.labels["tier"] = tier;
    bgp.put(object, endpoints("iris+"));
  };
  put("a", "10.20.30.1", "low");
  bgp.forget();
  put("b", "10.20.30.2", "high");
  EXPECT_EQ(bgp.ads("peer1"), Ads{"10.20.30.0/24 200"});
  put("c", "10.20.30.3", "high");
  EXPECT_THAT(bgp.log.with("event", "localPrefDiffers"), SizeIs(1));
  EXPECT_THAT(bgp.events(), testing::Contains(AllOf(HasSubstr("BGPAdvertisement low localPrefDiffers: localPref 100"),
                                                    HasSubstr("high"), HasSubstr("200"))));
  ASSERT_THAT(bgp.announcer.routes().disputes(), SizeIs(1));
  const auto& [prefix, dispute] = *bgp.announcer.routes().disputes().begin();
  EXPECT_EQ(prefix.to_string(), "10.20.30.0/24");
  EXPECT_EQ(dispute.used, (LocalPrefDispute::Side{200, "high"}));
  EXPECT_EQ(dispute.ignored, (LocalPrefDispute::Side{100, "low"}));
  bgp.remove("a");
  EXPECT_THAT(bgp.announcer.routes().disputes(), IsEmpty());
  put("a", "10.20.30.1", "low");
  EXPECT_THAT(bgp.log.with("event", "localPrefDiffers"), SizeIs(2));
}

TEST(BgpAnnouncer, KeepsConflictingAdvertisementsOffTheAirAndSaysWhich) {
  BgpUnderTest bgp;
  bgp.configure(bgp_config({bgp_pool({aggregate("a", 32, 1), aggregate("b", 32, 2)})}, {kPeer1()}));
  bgp.put(service({"10.20.30.1"}), endpoints("iris+"));
  bgp.put(service({"10.20.30.1"}), endpoints("iris+ pandora+"));
  EXPECT_EQ(bgp.ads("peer1"), Ads{});
  const auto lines = bgp.log.with("event", "conflictingAdvertisements");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines.front().at("level"), "error");
  EXPECT_EQ(lines.front().at("service"), "default/web");
  ASSERT_THAT(bgp.events(), SizeIs(1));
  EXPECT_THAT(bgp.events().front(), HasSubstr("Service web conflictingAdvertisements: not announced from node"));
}

TEST(BgpAnnouncer, SaysWhatAnAdvertisementDoesNotReach) {
  BgpUnderTest bgp;
  auto nobody = bgp_ad("typo");
  nobody.peers = {"peer9"};
  auto elsewhere = bgp_ad("elsewhere");
  elsewhere.peers = {"far"};
  auto far = bgp_peer("far", "9.9.9.9");
  far.node_selectors = {kube::Selector::parse("rack=2").value()};
  bgp.existing_peers = {"peer1", "far"};
  const auto config =
      bgp_config({bgp_pool({nobody, elsewhere}), bgp_pool({bgp_ad("six")}, {"fd00::/64"}, "six")}, {kPeer1(), far});
  bgp.put(service({"10.20.30.1"}), endpoints("iris+"));
  bgp.configure(config);
  bgp.configure(config);
  EXPECT_EQ(bgp.ads("peer1"), Ads{});
  bgp.pass(BgpAnnouncer::kGrace);
  bgp.configure(config);
  bgp.pass(BgpAnnouncer::kGrace);
  EXPECT_THAT(bgp.log.with("event", "announcedNowhere"), SizeIs(2));
  const auto events = bgp.events();
  EXPECT_EQ(std::ranges::count_if(events, [](const auto& e) { return e.contains("announcedNowhere"); }), 1);
  EXPECT_THAT(events, testing::Contains(HasSubstr("BGPAdvertisement typo announcedNowhere: spec.peers: ")));
  // IPv6 is missed when a Service needs it.
  EXPECT_THAT(bgp.log.with("event", "familyNotCarried"), IsEmpty());
  bgp.put(service({"fd00::1"}, "v6"), endpoints("iris+", "IPv6"));
  bgp.put(service({"fd00::2"}, "more"), endpoints("iris+", "IPv6"));
  EXPECT_THAT(bgp.log.with("event", "familyNotCarried"), SizeIs(1));
  EXPECT_THAT(bgp.events(), testing::Contains(AllOf(HasSubstr("BGPAdvertisement six familyNotCarried: IPv6"),
                                                    HasSubstr("dualStackAddressFamily"))));
  EXPECT_THAT(bgp.announcer.peers_of({"default", "v6"}), IsEmpty());
  EXPECT_EQ(bgp.reason("v6"), "familyNotCarried");
  EXPECT_EQ(bgp.count("Service v6 nodeAssigned"), 0) << "nothing is announced";
  EXPECT_THAT(bgp.announcer.announced(), SizeIs(1));
  auto both = kPeer1();
  both.dual_stack = true;
  auto mended = config;
  mended.bgp_peers = {both};
  bgp.configure(mended);
  EXPECT_EQ(bgp.announcer.peers_of({"default", "v6"}), Peers{"peer1"});
  EXPECT_EQ(bgp.count("Service v6 nodeAssigned"), 1);
  EXPECT_THAT(bgp.log.with("event", "familyNotCarried"), SizeIs(1));
}

TEST(BgpAnnouncer, AnnouncesOfADualStackServiceTheFamilyThatASessionCarries) {
  BgpUnderTest bgp;
  const auto config = bgp_config({bgp_pool({bgp_ad("all")}, {"10.20.30.0/24", "fd00::/64"})}, {kPeer1()});
  bgp.configure(config);
  auto slices = endpoints("iris+");
  slices.push_back(endpoints("iris+", "IPv6").front());
  bgp.put(service({"10.20.30.1", "fd00::1"}), slices);
  EXPECT_EQ(bgp.ads("peer1"), Ads{"10.20.30.1/32 -"});
  EXPECT_EQ(bgp.announcer.announced().at({"default", "web"}).addresses, Addresses{IpAddress::parse("10.20.30.1").value()});
  EXPECT_EQ(bgp.count("Service web nodeAssigned"), 1);
  // The session that carried a family is changed: what it carried is withdrawn, and said so.
  auto six = bgp_peer("peer1", "fd00::fe");
  auto changed = config;
  changed.bgp_peers = {six};
  bgp.configure(changed);
  EXPECT_EQ(bgp.announcer.announced().at({"default", "web"}).addresses, Addresses{IpAddress::parse("fd00::1").value()});
  const auto lines = bgp.log.with("event", "serviceWithdrawn");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].at("reason"), "familyNotCarried");
}

TEST(BgpAnnouncer, WaitsForPeersThatAreAppliedAfterTheirAdvertisement) {
  BgpUnderTest bgp;
  auto far_only = bgp_ad("ad");
  far_only.peers = {"far"};
  auto far = bgp_peer("far", "9.9.9.9");
  far.node_selectors = {kube::Selector::parse("rack=2").value()};
  const auto has_event = [&] {
    return std::ranges::any_of(bgp.events(), [](const auto& e) { return e.contains("announcedNowhere"); });
  };
  bgp.configure(bgp_config({bgp_pool({far_only})}, {kPeer1()}));
  bgp.announcer.session_changed(bgp.now, bgp.announcer.sessions().by_name.at("peer1"), true, "");
  bgp.pass(BgpAnnouncer::kGrace - std::chrono::milliseconds(1));
  EXPECT_THAT(bgp.log.with("event", "announcedNowhere"), IsEmpty());
  // A peer of other nodes: the configuration of this node stays as it is.
  bgp.existing_peers = {"far"};
  bgp.announcer.peers_changed(bgp.now);
  bgp.pass(BgpAnnouncer::kGrace);
  EXPECT_THAT(bgp.log.with("event", "announcedNowhere"), SizeIs(1));
  EXPECT_FALSE(has_event());
  // It goes: nothing but its existence tells that the names lead nowhere now. It comes back, and goes again.
  for (int round = 0; round < 2; ++round) {
    bgp.existing_peers = {};
    bgp.announcer.peers_changed(bgp.now);
    bgp.pass(BgpAnnouncer::kGrace);
    EXPECT_TRUE(has_event());
    bgp.announcer.peers_changed(bgp.now);
    bgp.forget();
    bgp.pass(BgpAnnouncer::kGrace);
    EXPECT_FALSE(has_event()) << "told twice";
    bgp.existing_peers = {"far"};
    bgp.announcer.peers_changed(bgp.now);
    bgp.pass(BgpAnnouncer::kGrace);
    EXPECT_FALSE(has_event());
  }
  EXPECT_EQ(bgp.announcer.next_deadline(), kIdle);
}

TEST(BgpAnnouncer, KeepsWhatManyPrefixesAreToldInOnePlace) {
  BgpUnderTest bgp;
  auto tagged = aggregate("tagged", 32, 100);
  tagged.communities = {community(1, 1)};
  bgp.configure(bgp_config({bgp_pool({tagged})}, {kPeer1()}));
  bgp.put(service({"10.20.30.1"}, "a"), endpoints("iris+"));
  bgp.put(service({"10.20.30.2"}, "b"), endpoints("iris+"));
  const auto& prefixes = bgp.announcer.routes().prefixes();
  ASSERT_THAT(prefixes, SizeIs(2));
  EXPECT_EQ(prefixes.begin()->second.offers, prefixes.rbegin()->second.offers);
  // Kept for as long as somebody needs it.
  const std::weak_ptr<const std::vector<bgp::Offer>> offers = prefixes.begin()->second.offers;
  bgp.remove("a");
  EXPECT_FALSE(offers.expired());
  bgp.remove("b");
  EXPECT_TRUE(offers.expired());
}

TEST(BgpAnnouncer, TellsWhichPeersEachServiceReaches) {  // rows 80-86
  BgpUnderTest bgp;
  using Changes = std::map<std::string, Peers>;
  const auto pools = [](std::set<std::string> peers) {
    auto ad = bgp_ad("ad1");
    ad.peers = std::move(peers);
    return std::vector{bgp_pool({ad}, {"10.20.30.0/24"}, "pool1"), bgp_pool({bgp_ad("ad2")}, {"10.20.40.0/24"}, "pool2")};
  };
  Changes known;
  const auto changes = [&] {  // as the status objects see it
    Changes found;
    for (auto& [name, peers] : bgp.affected()) {
      if (known[name] != peers) found[name] = known[name] = peers;
    }
    return found;
  };
  bgp.configure(bgp_config(pools({}), {kPeer1(), kPeer2()}));
  EXPECT_EQ(changes(), Changes{});
  bgp.put(service({"10.20.30.1"}, "one"), endpoints("iris+"));
  EXPECT_EQ(changes(), (Changes{{"one", {"peer1", "peer2"}}}));
  bgp.put(service({"10.20.40.1"}, "two"), endpoints("iris+"));
  EXPECT_EQ(changes(), (Changes{{"two", {"peer1", "peer2"}}}));
  bgp.configure(bgp_config(pools({"peer1", "nobody"}), {kPeer1(), kPeer2()}));
  EXPECT_EQ(changes(), (Changes{{"one", {"peer1"}}}));
  bgp.remove("one");
  EXPECT_EQ(changes(), (Changes{{"one", {}}}));
  bgp.configure(bgp_config(pools({}), {kPeer2()}));
  EXPECT_EQ(changes(), (Changes{{"two", {"peer2"}}}));
}

/// Four Services, three configurations, three states of endpoints, and peers that come and go, chosen by a number each.
struct Script {
  static config::Config config(unsigned choice) {
    auto all = aggregate("all", 32, {});
    auto sum = aggregate("sum", 28, 10 * (choice % 3));
    sum.communities = {community(1, choice % 2)};
    if (choice % 5 == 1) sum.peers = {"peer2", "gone"};
    if (choice % 7 == 2) sum.nodes = {"iris"};
    auto second = aggregate("second", 27, 7);
    second.peers = {"peer1"};
    std::vector<config::BgpPeer> peers;
    if (choice % 4 != 0) peers.push_back(kPeer1());
    if (choice % 3 != 0) peers.push_back(kPeer2());
    return bgp_config({bgp_pool({all, sum}, {"10.20.30.0/28"}, "a"), bgp_pool({second, sum}, {"10.20.30.16/28"}, "b")},
                      peers);
  }
  static kube::Service service_of(unsigned choice) {
    auto out = service({"10.20.30." + std::to_string(choice % 32)}, "s" + std::to_string(choice % 4));
    if (choice % 11 == 0) out.spec.externalTrafficPolicy = "Local";
    return out;
  }
  static test::SliceList slices_of(unsigned choice) {
    static constexpr const char* kTexts[] = {"iris+", "pandora+", "iris- pandora-"};
    return endpoints(kTexts[choice / 32 % 3]);
  }
};

RC_GTEST_PROP(BgpAnnouncerProperty, HasToldWhatAFreshStartWouldTellInAnyOrder, (const std::vector<std::uint16_t>& script)) {
  BgpUnderTest live;
  live.configure(Script::config(1));
  unsigned config = 1;
  std::map<std::string, unsigned> services;
  for (const unsigned step : script) {
    const unsigned choice = step / 4;
    const auto name = "s" + std::to_string(choice % 4);
    if (step % 4 == 0) {
      live.configure(Script::config(config = choice));
    } else if (step % 4 == 1 && services.contains(name)) {
      live.remove(name);
      services.erase(name);
    } else {
      live.put(Script::service_of(choice), Script::slices_of(choice));
      services[name] = choice;
    }
  }
  const auto fresh = [&](bool configured_first, bool reversed) {
    BgpUnderTest bgp;
    if (configured_first) bgp.configure(Script::config(config));
    std::vector<unsigned> order;
    for (const auto& [name, choice] : services) order.push_back(choice);
    if (reversed) std::ranges::reverse(order);
    for (const auto choice : order) bgp.put(Script::service_of(choice), Script::slices_of(choice));
    if (!configured_first) bgp.configure(Script::config(config));
    std::map<std::string, std::vector<std::string>> out;
    for (const auto* peer : {"peer1", "peer2"}) out[peer] = bgp.ads(peer);
    for (const auto& [name, choice] : services) out[name] = bgp.announcer.peers_of({"default", name});
    return out;
  };
  std::map<std::string, std::vector<std::string>> told;
  for (const auto* peer : {"peer1", "peer2"}) told[peer] = live.ads(peer);
  for (const auto& [name, choice] : services) told[name] = live.announcer.peers_of({"default", name});
  RC_ASSERT(told == fresh(true, false));
  RC_ASSERT(told == fresh(false, true));
}

}  // namespace
}  // namespace metallb::speaker
