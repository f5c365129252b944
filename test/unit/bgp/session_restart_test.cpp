// How sessions end, and come back: graceful restart, the drain ahead of the end, BFD (bgp spec 4.7, 4.10, 4.14).
#include <gtest/gtest.h>

#include "desk.hpp"

namespace metallb::bgp {
namespace {

using namespace test;

TEST(SessionRestart, APlannedStopIsSilentOnlyTowardsWhoWaitsForUs) {
  const struct {
    bool configured, announced, for_good;
    std::string_view expected;
  } rows[] = {
      {true, true, false, ""},
      {true, false, false, "060215737065616b6572207368757474696e6720646f776e"},
      {false, true, false, "0609060215737065616b6572207368757474696e6720646f776e"},
      {true, true, true, "0609060215737065616b6572207368757474696e6720646f776e"},
      {false, false, true, "060215737065616b6572207368757474696e6720646f776e"},
  };
  for (const auto& row : rows) {
    Established desk(row.configured ? restarting_peer() : external_peer(),
                     row.announced ? peer_open_with_restart() : peer_open());
    desk.input(Stop{row.for_good});
    EXPECT_EQ(desk.notification(), row.expected);
    EXPECT_EQ(desk.closed.count(desk.last_dial()), 1U);
    EXPECT_EQ(desk.core.next_deadline(), kIdle);
  }
}

TEST(SessionRestart, ASecondRestartInQuickSuccessionIsAsSilent) {
  // bgp spec 4.7: the peer holds our routes since the first restart, and the session has not come up yet.
  for (const bool opened : {false, true}) {
    Desk desk;
    desk.set_peer(restarting_peer());
    desk.connect();
    if (opened) desk.say(peer_open_with_restart());
    EXPECT_EQ(desk.state(), opened ? State::kOpenConfirm : State::kOpenSent);
    desk.input(Stop{});
    EXPECT_EQ(desk.notification(), "");
    EXPECT_EQ(desk.closed.at(desk.last_dial()), seconds(1));
  }
  // Who does not know of such restarts keeps nothing, and is told why.
  Desk desk;
  desk.set_peer(restarting_peer());
  desk.connect();
  desk.say(peer_open());
  desk.input(Stop{});
  EXPECT_EQ(desk.notification(), "060215737065616b6572207368757474696e6720646f776e");
}

TEST(SessionRestart, ASessionThatIsHeldLeavesNoStaleRoutes) {
  // bgp spec 4.10: it does not come back at once, so the peer must not wait for it.
  auto held = restarting_peer();
  held.held = "hi";
  auto without = peer_open_with_restart();
  without.capabilities.graceful_restart->notification = false;
  for (const bool wraps : {true, false}) {
    Established desk(restarting_peer(), wraps ? peer_open_with_restart() : without);
    desk.set_peer(held);
    EXPECT_EQ(desk.notification(), wraps ? "06090602026869" : "0602026869");
    EXPECT_EQ(desk.state(), State::kIdle);
    EXPECT_EQ(desk.session().last_error(), "hi");
  }
}

TEST(SessionRestart, WhatCountsAtTheStopIsWhatThePeerWasTold) {
  Established desk(external_peer(), peer_open_with_restart());
  desk.set_peer(restarting_peer());
  EXPECT_EQ(desk.state(), State::kEstablished);
  desk.input(Stop{});
  EXPECT_NE(desk.notification(), "");
}

TEST(SessionRestart, CeasesAreHardResetsButForThoseAfterWhichWeComeBackAtOnce) {
  Established removed(external_peer(), peer_open_with_restart());
  removed.input(RemovePeer{kPeer});
  EXPECT_EQ(removed.notification(), "06090603");
  Established bfd(external_peer(), peer_open_with_restart());
  bfd.input(PeerLiveness{kPeer, false});
  EXPECT_EQ(bfd.notification(), "0609060a");
  Established changed(external_peer(), peer_open_with_restart());
  const auto connection = changed.last_dial();
  auto settings = external_peer();
  settings.router_id = RouterId(5);
  changed.set_peer(settings);
  EXPECT_EQ(changed.notification(connection), "0606");
  auto without = peer_open_with_restart();
  without.capabilities.graceful_restart->notification = false;
  Established plain_bfd(external_peer(), without);
  plain_bfd.input(PeerLiveness{kPeer, false});
  EXPECT_EQ(plain_bfd.notification(), "060a");
}

TEST(SessionRestart, ALostSessionIsDialledAtOnceButNotOverAndOver) {
  Established desk(restarting_peer(), peer_open_with_restart());
  desk.input(Disconnected{desk.last_dial(), "reset by peer"});
  EXPECT_EQ(desk.state(), State::kConnect);
  desk.establish(peer_open_with_restart());
  desk.input(Disconnected{desk.last_dial(), "reset by peer"});
  EXPECT_EQ(desk.state(), State::kIdle);
  desk.advance(seconds(1));
  // After a minute it has proven itself.
  desk.establish(peer_open_with_restart());
  desk.advance(seconds(59));
  desk.say(Keepalive{});
  desk.advance(seconds(1));
  desk.say(Notification{ErrorCode::kHoldTimer, 0, {}});
  EXPECT_EQ(desk.state(), State::kConnect);
}

TEST(SessionRestart, AfterAHardResetThereIsAPause) {
  Established desk(restarting_peer(), peer_open_with_restart());
  desk.say(hard_reset({ErrorCode::kCease, cease::kAdministrativeShutdown, {}}));
  EXPECT_EQ(desk.state(), State::kIdle);
}

TEST(SessionRestart, AfterBfdLostThePeerItsReturnOrTheConnectTimeIsWaitedFor) {
  // bgp spec 4.14
  Established desk;
  desk.input(PeerLiveness{kPeer, false});
  const auto dials = desk.dials.size();
  desk.advance(seconds(29));
  EXPECT_EQ(desk.dials.size(), dials);
  Established returns;
  returns.input(PeerLiveness{kPeer, false});
  returns.input(PeerLiveness{kPeer, true});
  EXPECT_EQ(returns.state(), State::kConnect);
  desk.advance(seconds(1));
  EXPECT_EQ(desk.dials.size(), dials + 1);
}

TEST(SessionDrain, RoutesAreWithdrawnBeforeTheEndWhereThePeerWouldNotKeepThem) {
  Desk desk;
  desk.set_peer();
  desk.input(ServicesKnown{});
  desk.publish("203.0.113.1/32");
  desk.establish();
  desk.heard();
  EXPECT_TRUE(desk.core.has_routes_out());
  desk.input(Drain{});
  const auto messages = desk.heard();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<Update>(messages[0]).withdrawn, std::vector{prefix("203.0.113.1/32")});
  EXPECT_FALSE(desk.core.has_routes_out());
  EXPECT_EQ(desk.state(), State::kEstablished) << "the session ends with Stop";
  desk.publish("203.0.113.2/32");
  EXPECT_TRUE(desk.heard().empty()) << "nothing is announced any more";
  desk.input(Stop{});
  EXPECT_NE(desk.notification(), "");
}

TEST(SessionDrain, APublisherInTheMiddleOfItsWorkIsNotWaitedFor) {
  Established desk;
  desk.publish("203.0.113.1/32");
  desk.heard();
  desk.publish("203.0.113.2/32", {Offer{}}, true);
  desk.input(Drain{});
  const auto messages = desk.heard();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<Update>(messages[0]).withdrawn, std::vector{prefix("203.0.113.1/32")});
}

TEST(SessionDrain, ASessionThatComesUpMeanwhileIsAnnouncedNothing) {
  Desk desk;
  desk.set_peer();
  desk.input(ServicesKnown{});
  desk.publish("203.0.113.1/32");
  desk.connect();
  desk.input(Drain{});
  auto open = peer_open_with_restart();
  desk.say(open);
  desk.say(Keepalive{});
  EXPECT_EQ(desk.state(), State::kEstablished);
  EXPECT_EQ(desk.heard_of<Update>(), 0U);
}

TEST(SessionDrain, NobodyIsDialledAnyMore) {
  const auto refused = [](Desk& desk) {
    desk.set_peer();
    desk.input(DialFailed{desk.last_dial(), "refused"});
  };
  Desk waits;
  refused(waits);
  waits.input(Drain{});
  waits.input(ConnectPeer{kPeer});
  waits.input(PeerLiveness{kPeer, true});
  waits.advance(minutes(5));
  EXPECT_EQ(waits.dials.size(), 1U);
  Desk dials;
  dials.set_peer();
  dials.input(Drain{});
  dials.input(DialFailed{dials.last_dial(), "refused"});
  dials.input(SetPeer{PeerId(2), external_peer()});
  dials.advance(minutes(5));
  EXPECT_EQ(dials.dials.size(), 1U);
  Established lost(restarting_peer(), peer_open_with_restart());
  lost.input(Drain{});
  lost.input(Disconnected{lost.last_dial(), ""});
  lost.advance(minutes(5));
  EXPECT_EQ(lost.dials.size(), 1U);
}

TEST(SessionDrain, WhoKeepsRoutesThroughTheRestartIsToldNothing) {
  Desk desk;
  auto settings = external_peer();
  settings.graceful_restart = true;
  desk.set_peer(settings);
  desk.input(ServicesKnown{});
  desk.publish("203.0.113.1/32");
  desk.establish(peer_open_with_restart());
  desk.heard();
  EXPECT_FALSE(desk.core.has_routes_out());
  desk.input(Drain{});
  EXPECT_TRUE(desk.heard().empty());
}

}  // namespace
}  // namespace metallb::bgp
