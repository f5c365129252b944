// Bgp spec 6.3 and 6.4: whether this node announces a Service by BGP, and with what reason it does not.
#include "speaker/bgp/decision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/local_preference.hpp"
#include "unit/speaker/bgp_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::bgp_ad;
using test::bgp_pool;
using test::endpoints;
using test::SliceList;

config::BgpAdvertisement selecting(config::BgpAdvertisement ad, const std::vector<std::string>& selectors) {
  for (const auto& text : selectors) ad.service_selectors.push_back(kube::Selector::parse(text).value());
  return ad;
}
config::BgpAdvertisement preferring(config::BgpAdvertisement ad, std::optional<std::uint32_t> local_pref) {
  ad.local_pref = local_pref;
  return ad;
}

struct BgpCase {
  config::Pool pool = bgp_pool({bgp_ad("ad")});
  kube::Service service = test::service({"10.20.30.1"});
  SliceList slices = endpoints("iris+");
  NodeFacts facts;
  bool ignore_exclude_label = false;

  [[nodiscard]] BgpDecision decide() const {
    const auto config = std::make_shared<const config::Config>(test::bgp_config({pool}, {}));
    auto grounds = grounds_of(&service, "", config.get(), nullptr);
    const std::shared_ptr<const config::Pool> owned(config, grounds.pool);
    const std::string node = "pandora";
    return decide_bgp({.node = node, .facts = &facts, .ignore_exclude_label = ignore_exclude_label}, &service, slices,
                      std::move(grounds), owned);
  }
  [[nodiscard]] std::string reason() const {
    const auto decision = decide();
    EXPECT_EQ(decision.action == Decision::Action::kAnnounce, decision.reason == Reason::kAnnounced);
    return std::string(to_string(decision.reason));
  }
  [[nodiscard]] std::vector<std::string> used() const {
    std::vector<std::string> names;
    for (const auto& ad : decide().advertisements) names.push_back(ad->name);
    return names;
  }
};

TEST(BgpDecision, NamesTheFirstOfSevenConditionsThatFails) {
  // Everything is wrong at first, and is mended one by one in the order of bgp spec 2.2.
  BgpCase c;
  c.pool.bgp = {selecting(bgp_ad("a", {"iris"}), {"app=apache"})};
  c.facts = {.network_unavailable = true, .excluded = true};
  c.service.spec.externalTrafficPolicy = "Local";
  c.slices = endpoints("iris- pandora-");
  EXPECT_EQ(c.reason(), "notOwner");
  c.pool.bgp = {selecting(preferring(bgp_ad("a"), 100), {"app=apache"}), preferring(bgp_ad("b", {"iris"}), 200)};
  EXPECT_EQ(c.reason(), "noMatchingAdvertisement");
  c.pool.bgp = {preferring(bgp_ad("a"), 100), selecting(preferring(bgp_ad("b"), 200), {"app=nginx"})};
  c.service.metadata.labels["app"] = "nginx";
  EXPECT_EQ(c.reason(), "conflictingAdvertisements");
  EXPECT_THAT(c.decide().detail,
              testing::AllOf(testing::HasSubstr("a (localPref 100)"), testing::HasSubstr("b (localPref 200)")));
  c.pool.bgp = {bgp_ad("a")};
  EXPECT_EQ(c.reason(), "nodeNetworkUnavailable");
  c.facts.network_unavailable = false;
  EXPECT_EQ(c.reason(), "nodeLabeledExcludeBalancers");
  c.ignore_exclude_label = true;
  EXPECT_EQ(c.reason(), "noLocalEndpoints");
  c.service.spec.externalTrafficPolicy = "Cluster";
  EXPECT_EQ(c.reason(), "noEndpoints");
  c.slices = endpoints("iris+ pandora-");
  EXPECT_EQ(c.reason(), "");
  c.service.spec.externalTrafficPolicy = "Local";
  EXPECT_EQ(c.reason(), "noLocalEndpoints");
}

TEST(BgpDecision, AsksWhoseTheServiceIsAndWhatItsAddressesAreFirst) {
  BgpCase c;
  c.pool.bgp.clear();
  c.service.status.loadBalancer.ingress = {{"10.99.0.1", ""}};
  EXPECT_EQ(c.reason(), "ipNotAllowed");
  c.service.status.loadBalancer.ingress = {{"", "name.example"}};
  EXPECT_EQ(c.reason(), "invalidIP");
  c.service.status.loadBalancer.ingress = {};
  EXPECT_EQ(c.reason(), "noIPAllocated");
  c.service.spec.type = "ClusterIP";
  EXPECT_EQ(c.reason(), "notLoadBalancer");
}

TEST(BgpDecision, UsesTheAdvertisementsOfThisNodeWhoseSelectorsMatch) {
  struct Row {
    std::vector<config::BgpAdvertisement> ads;
    std::vector<std::string> used;
  };
  const auto apache = selecting(bgp_ad("apache"), {"app=apache"});
  const auto nginx = selecting(bgp_ad("nginx"), {"app=nginx"});
  const std::vector<Row> rows = {
      {{bgp_ad("none")}, {"none"}},                                                  // 39
      {{nginx}, {"nginx"}},                                                          // 40
      {{apache}, {}},                                                                // 41
      {{selecting(bgp_ad("or"), {"app=apache", "app=nginx"})}, {"or"}},              // 42
      {{apache, nginx}, {"nginx"}},                                                  // 43
      {{apache, nginx, bgp_ad("none")}, {"nginx", "none"}},                          // 45
      {{bgp_ad("other", {"iris"}), bgp_ad("mine", {"iris", "pandora"})}, {"mine"}},  // 46
      {{bgp_ad("other", {"iris"}), selecting(bgp_ad("mine"), {"app=apache"})}, {}},
  };
  for (const auto& [ads, used] : rows) {
    BgpCase c;
    c.pool.bgp = ads;
    c.service.metadata.labels["app"] = "nginx";
    EXPECT_EQ(c.used(), used);
    EXPECT_EQ(c.reason(), used.empty() ? "noMatchingAdvertisement" : "");
  }
}

TEST(BgpDecision, CountsAnEndpointThatIsReadyOrServesAndHasAnAddress) {
  struct Row {
    const char* text;
    bool healthy;
  };
  // Rows 49-54 and 57-60: + ready, - not, ~ not ready but serving, * ready but not serving, blank-separated; / next slice.
  for (const auto& [text, healthy] : std::vector<Row>{{"iris+", true},
                                                      {"iris-", false},
                                                      {"iris- / iris+", true},
                                                      {"iris+ / iris-", true},
                                                      {"iris- / iris-", false},
                                                      {"iris- iris+", true},
                                                      {"iris~", true},
                                                      {"iris*", true},
                                                      {"+", true},
                                                      {"", false}}) {
    BgpCase c;
    c.slices = endpoints(text);
    EXPECT_EQ(c.reason(), healthy ? "" : "noEndpoints") << text;
  }
  BgpCase without_address;
  without_address.slices = test::slices("iris+");
  EXPECT_EQ(without_address.reason(), "noEndpoints");
  BgpCase terminating;
  auto slice = std::make_shared<kube::EndpointSlice>(*endpoints("iris~").front());
  slice->endpoints.front().conditions.terminating = true;
  terminating.slices = {slice};
  EXPECT_EQ(terminating.reason(), "");
}

TEST(BgpDecision, CountsOnlyItsOwnEndpointsForPolicyLocal) {
  BgpCase c;
  c.service.spec.externalTrafficPolicy = "Local";
  for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{{"iris+", "noLocalEndpoints"},
                                                                                     {"+", "noLocalEndpoints"},
                                                                                     {"iris+ / pandora+", ""},
                                                                                     {"pandora- / pandora+", ""}}) {
    c.slices = endpoints(text);
    EXPECT_EQ(c.reason(), reason) << text;
  }
}

TEST(BgpDecision, AnnouncesOfADualStackServiceTheFamilyThatHasEndpoints) {
  BgpCase c;
  c.pool.prefixes.push_back(IpPrefix::parse("2001:db8::/64").value());
  c.service = test::service({"10.20.30.1", "2001:db8::1"});
  const auto announced = [&](const std::string& v4, const std::string& v6) {
    c.slices = endpoints(v4);
    for (const auto& slice : endpoints(v6, "IPv6")) c.slices.push_back(slice);
    std::string text;
    const auto decision = c.decide();
    if (decision.action != Decision::Action::kAnnounce) return std::string(to_string(decision.reason));
    for (const auto& address : decision.announcement.addresses) text += address.to_string() + " ";
    return text;
  };
  EXPECT_EQ(announced("iris+", "iris+"), "10.20.30.1 2001:db8::1 ");
  EXPECT_EQ(announced("iris-", "iris+"), "2001:db8::1 ");
  EXPECT_EQ(announced("iris+", "iris-"), "10.20.30.1 ");
  EXPECT_EQ(announced("iris-", "iris-"), "noEndpoints");
  c.service.spec.externalTrafficPolicy = "Local";
  EXPECT_EQ(announced("pandora+", "iris+"), "10.20.30.1 ");
  EXPECT_EQ(announced("iris+", "iris+"), "noLocalEndpoints");
  // Of one family: endpoints of whatever family, as in the original.
  c.service = test::service({"10.20.30.1"});
  EXPECT_EQ(announced("iris-", "iris+"), "10.20.30.1 ");
  // Two families, of which it has no address of the healthy one.
  c.service.spec.ipFamilies = {"IPv4", "IPv6"};
  EXPECT_EQ(announced("iris-", "iris+"), "noEndpoints");
}

TEST(BgpDecision, KnowsWhichAdvertisementsExcludeEachOther) {
  struct Row {
    int id;
    config::BgpAdvertisement a, b;
    bool compatible;
    std::vector<std::string> pool = {"10.0.0.0/24"};
  };
  using Names = std::set<std::string>;
  const auto on = [](std::uint32_t local_pref, const Names& nodes, const Names& peers = {}) {
    auto out = preferring(bgp_ad("ad", nodes), local_pref);
    out.peers = peers;
    return out;
  };
  const auto cut = [](config::BgpAdvertisement ad, std::uint8_t v4, std::uint8_t v6) {
    ad.aggregation_v4 = v4;
    ad.aggregation_v6 = v6;
    return ad;
  };
  const std::vector<Row> rows = {
      {63, on(100, {"A"}), on(100, {"A"}), true},
      {64, on(100, {"A"}), on(200, {"B"}), true},
      {65, on(100, {"A"}), on(200, {"A", "B"}), false},
      {67, on(100, {}), on(200, {"A"}), true},
      {68, on(100, {"A"}, {"p1"}), on(200, {"A"}, {"p2"}), true},
      {70, on(100, {"A"}), on(200, {"A"}), false},
      {71, on(100, {"A"}, {"p1"}), on(200, {"A"}, {"p2", "p1"}), false},
      {72, on(100, {"A"}, {"p1", "p3"}), on(200, {"A"}, {"p2", "p1"}), false},
      {73, on(100, {"A"}, {}), on(200, {"A"}, {"p1"}), false},
      {74, cut(on(100, {"A"}), 24, 128), on(200, {"A"}), true},
      {75, cut(on(100, {"A"}), 24, 120), on(200, {"A"}), true},
      {76, cut(on(100, {"A"}), 24, 128), on(200, {"A"}), false, {"10.0.0.0/24", "fd00::/64"}},
      {760, cut(on(100, {"A"}), 24, 120), on(200, {"A"}), true, {"10.0.0.0/24", "fd00::/64"}},
      {761, cut(on(100, {"A"}), 24, 128), on(200, {"A"}), false, {"fd00::/64"}},
      {762, preferring(bgp_ad("a"), std::nullopt), preferring(bgp_ad("b"), 100), false},
  };
  for (const auto& row : rows) {
    const auto pool = bgp_pool({}, row.pool);
    EXPECT_NE(config::contradict(row.a, row.b, pool), row.compatible) << row.id;
    EXPECT_NE(config::contradict(row.b, row.a, pool), row.compatible) << row.id << " reversed";
  }
}

}  // namespace
}  // namespace metallb::speaker
