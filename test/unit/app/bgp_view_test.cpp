// The view of sessions: bgp spec 5.3 and 7.4. Sessions are real ones, with a router played by the test.
#include "app/bgp_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "unit/bgp/desk.hpp"

namespace metallb::app {
namespace {

namespace json = boost::json;

/// A BGP engine and the peering core in front of it, which tells of one peer.
struct View : bgp::test::Desk {
  explicit View(bgp::PeerSettings settings) {
    set_peer(settings);
    peering::Output out;
    peering.on_input(now, peering::SetPeer{bgp::test::kPeer, {.settings = std::move(settings), .bfd = std::nullopt}}, out);
  }
  [[nodiscard]] std::string text(const LocalPrefDisputes& disputes = {}) const {
    return bgp_view(core, peering, {}, disputes, now.steady);
  }
  [[nodiscard]] json::value all(const LocalPrefDisputes& disputes = {}) const { return json::parse(text(disputes)); }
  /// Of the one session.
  [[nodiscard]] json::value at(const char* pointer) const { return all().at_pointer(std::string("/sessions/0/") + pointer); }
  peering::Instance peering{{}, Log()};
};

bgp::PeerSettings of_both_families() {
  auto out = bgp::test::external_peer();
  out.families = {bgp::kIpv4Unicast, bgp::kIpv6Unicast};
  return out;
}

TEST(BgpView, ShowsAnEstablishedSessionAndWhatTheRouterHolds) {
  View view(bgp::test::external_peer());
  view.input(bgp::ServicesKnown{});
  bgp::Offer offer;
  offer.attributes.local_pref = 100;
  offer.attributes.communities = {bgp::Community(0x10002)};
  view.publish("203.0.113.1/32", {offer});
  view.establish();
  view.advance(std::chrono::seconds(5));
  EXPECT_EQ(view.at("peer"), "router");
  EXPECT_EQ(view.at("state"), "Established");
  EXPECT_EQ(view.at("establishedSeconds"), 5);
  EXPECT_EQ(view.at("configured/holdTimeSeconds"), 180);
  EXPECT_EQ(view.at("agreed/keepaliveTimeSeconds"), 30);
  EXPECT_EQ(view.at("faultyUpdatesReceived"), 0);
  EXPECT_FALSE(view.all().at_pointer("/sessions/0").as_object().contains("lastErrorSecondsAgo"));
  EXPECT_EQ(view.at("configured/peerASN"), 64513);
  EXPECT_EQ(view.at("agreed/peerASN"), 64513);
  EXPECT_EQ(view.at("agreed/families"), json::parse(R"(["ipv4Unicast"])"));
  EXPECT_EQ(view.at("agreed/familiesNotNegotiated"), json::array());
  EXPECT_EQ(view.at("advertised/count"), 1);
  EXPECT_EQ(view.at("advertised/prefixes/0"),
            json::parse(R"({"prefix": "203.0.113.1/32", "localPref": 100, "communities": ["1:2"]})"));
  EXPECT_EQ(view.text().back(), '\n');
}

TEST(BgpView, SaysWhatEndedASessionAndNeverAPassword) {
  auto settings = bgp::test::external_peer();
  settings.transport.password = "open sesame";
  View view(settings);
  view.establish();
  view.say(bgp::Notification{bgp::ErrorCode::kCease, 2, {}});
  EXPECT_NE(view.at("state"), "Established");
  EXPECT_NE(view.at("lastError"), "");
  view.advance(std::chrono::milliseconds(500));
  EXPECT_EQ(view.at("lastErrorSecondsAgo"), 0);
  EXPECT_EQ(view.at("times/dropped"), 1);
  EXPECT_EQ(view.at("configured/password"), "set");
  EXPECT_THAT(view.text(), testing::Not(testing::HasSubstr("open sesame")));
}

TEST(BgpView, WhatHoldsASessionThatNeverRanIsNoError) {
  auto settings = bgp::test::external_peer();
  settings.held = "looking for frr-k8s on this node";
  View view(settings);
  settings.router_id = bgp::RouterId(5);
  view.set_peer(settings);
  EXPECT_EQ(view.at("held"), json::string(settings.held));
  EXPECT_EQ(view.at("lastError"), "");
  settings.held.clear();
  view.set_peer(settings);
  settings.held = "looking for frr-k8s on this node";
  view.set_peer(settings);
  EXPECT_EQ(view.at("lastError"), "");
}

TEST(BgpView, AndTheLogSayWhichFamilyARouterDidNotAgreeTo) {
  View view(of_both_families());
  view.establish();
  EXPECT_EQ(view.at("state"), "Established");
  EXPECT_EQ(view.at("agreed/familiesNotNegotiated"), json::parse(R"(["ipv6Unicast"])"));
  EXPECT_EQ(view.lines.count("familyNotNegotiated"), 1U);
  View other(bgp::test::external_peer());
  other.establish();
  EXPECT_EQ(other.lines.count("familyNotNegotiated"), 0U);
}

TEST(BgpView, ShowsPrefixesOfWhichLocalPreferencesDiffer) {
  const View view(bgp::test::external_peer());
  EXPECT_EQ(view.all().at_pointer("/localPrefDiffers"), json::parse(R"({"count": 0, "prefixes": []})"));
  const auto prefix = *IpPrefix::parse("203.0.113.0/24");
  const speaker::LocalPrefDispute dispute{.prefix = prefix, .used = {200, "high"}, .ignored = {100, "low"}};
  EXPECT_EQ(view.all({{prefix, dispute}}).at_pointer("/localPrefDiffers"), json::parse(R"({"count": 1, "prefixes": [
      {"prefix": "203.0.113.0/24", "used": {"localPref": 200, "advertisement": "high"},
       "ignored": {"localPref": 100, "advertisement": "low"}}]})"));
}

}  // namespace
}  // namespace metallb::app
