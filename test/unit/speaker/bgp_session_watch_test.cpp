// Sessions that do not come up: what the user is told, and when (bgp spec 7.4 names what the original leaves in the dark).
#include "speaker/bgp/session_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/speaker/bgp_under_test.hpp"

namespace metallb::speaker {
namespace {

using namespace std::chrono_literals;
using test::bgp_ad;
using test::bgp_config;
using test::bgp_peer;
using test::bgp_pool;
using test::BgpUnderTest;
using testing::ElementsAre;

TEST(BgpSessionWatch, TellsOfASessionThatStaysDownOnceForEachCause) {
  BgpUnderTest bgp;
  bgp.existing_peers = {"peer1"};
  bgp.configure(bgp_config({bgp_pool({bgp_ad("all")})}, {bgp_peer("peer1", "1.2.3.4")}));
  const auto id = bgp.announcer.sessions().by_name.at("peer1");
  const auto down = [&](const char* problem) { bgp.announcer.session_changed(bgp.now, id, false, problem); };
  const std::string about =
      "BGPPeer peer1 bgpSessionDown: the BGP session of node \"pandora\" is down, for a minute and more: ";
  down("TCP timeout");
  bgp.pass(59s);
  EXPECT_EQ(bgp.count("BGPPeer"), 0);
  bgp.pass(1s);
  EXPECT_EQ(bgp.count(about + "TCP timeout"), 1);
  bgp.pass(10min);
  EXPECT_EQ(bgp.count("BGPPeer"), 1);
  down("received OPEN Message Error/Bad Peer AS");
  down("TCP timeout");
  bgp.pass(1min);
  EXPECT_EQ(bgp.count("BGPPeer"), 1) << "the other one did not last";
  // It comes up, is lost, and comes back in time; then not.
  bgp.announcer.session_changed(bgp.now, id, true, "");
  bgp.pass(10min);
  down("interface eth1 is down");
  bgp.pass(59s);
  bgp.announcer.session_changed(bgp.now, id, true, "");
  bgp.pass(10min);
  EXPECT_EQ(bgp.count("BGPPeer"), 1);
  down("TCP timeout");
  bgp.pass(1min);
  EXPECT_EQ(bgp.count(about + "TCP timeout"), 2);
  // A peer that is removed is not missed.
  down("no route to host");
  bgp.configure(bgp_config({bgp_pool({bgp_ad("all")})}, {}));
  bgp.pass(10min);
  EXPECT_EQ(bgp.count("BGPPeer"), 2);
}

TEST(BgpSessionWatch, TellsAFewCausesAtMostAndAlsoThatNobodyAnswered) {
  BgpSessionWatch watch;
  SteadyPoint now{1h};
  BgpSessions sessions;
  const bgp::PeerId id(7);
  sessions.all[id] = {.name = "router", .ipv4 = true};
  watch.follow(now, sessions);
  watch.follow(now + 30s, sessions);
  EXPECT_EQ(watch.next_deadline(), now + BgpSessionWatch::kPatience);
  now += 1min;
  EXPECT_THAT(watch.take_due(now), ElementsAre(BgpSessionWatch::Down{"router", ""}));
  std::size_t told = 0;
  for (int i = 0; i < 20; ++i) {
    watch.changed(now, id, false, "cause " + std::to_string(i));
    now += 1min;
    told += watch.take_due(now).size();
  }
  EXPECT_EQ(told, 3U);
  EXPECT_EQ(watch.next_deadline(), kIdle);
  watch.changed(now, bgp::PeerId(8), false, "of nobody");
  EXPECT_EQ(watch.next_deadline(), kIdle);
}

}  // namespace
}  // namespace metallb::speaker
