// Established sessions: what is told when, restarts, timers, collisions, hostile peers (bgp spec 4.2 to 4.10, 6.13).
#include <gtest/gtest.h>

#include <set>

#include "desk.hpp"

namespace metallb::bgp {
namespace {

using namespace test;

struct Established : Desk {
  explicit Established(const PeerSettings& settings = external_peer(), const Open& open = peer_open()) {
    input(ServicesKnown{});
    set_peer(settings);
    establish(open);
    heard();
  }
  std::size_t updates() { return heard_of<Update>(); }
};

PeerSettings restarting_peer() {
  auto out = external_peer();
  out.graceful_restart = true;
  return out;
}

TEST(Session, AChangeAfterQuietIsSentInTheSameTurn) {
  Established desk;
  desk.publish("10.0.0.1/32");
  EXPECT_EQ(desk.updates(), 1U);
  desk.publish("10.0.0.1/32");
  EXPECT_EQ(desk.updates(), 0U);
  desk.publish("10.0.0.1/32", {});
  EXPECT_EQ(desk.updates(), 1U);
}

TEST(Session, NothingIsToldBeforeAllServicesAreKnown) {
  // bgp spec 6.13, cases 264 and 286
  Desk desk;
  desk.set_peer(restarting_peer());
  desk.publish("10.0.0.1/32");
  desk.establish(peer_open_with_restart());
  desk.heard();
  desk.advance(seconds(20));
  EXPECT_EQ(desk.heard_of<Update>(), 0U);
  desk.input(ServicesKnown{});
  const auto messages = desk.heard();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(std::get<Update>(messages[0]).announced.size(), 1U);
  EXPECT_EQ(std::get<Update>(messages[1]), Update{});
}

TEST(Session, WhileThePublisherHasMoreNothingIsTold) {
  Established desk;
  desk.publish("10.0.0.1/32", {Offer{}}, true);
  desk.publish("10.0.0.2/32", {Offer{}}, true);
  EXPECT_EQ(desk.updates(), 0U);
  desk.publish("10.0.0.3/32", {Offer{}}, false);
  EXPECT_EQ(desk.updates(), 1U);
}

TEST(Session, ASlowReaderGetsOnePackedBatchWhenItReadsAgain) {
  // bgp spec 6.13, case 280
  Established desk;
  desk.socket_takes = false;
  const auto change_all = [&](std::uint32_t local_pref) {
    Publish publish;
    for (std::uint32_t i = 0; i < 15000; ++i) {
      RouteAttributes attributes;
      attributes.communities = {Community(local_pref)};
      publish.changes.push_back({IpPrefix(IpAddress::v4(0x0A000000U + i), 32), {Offer{attributes, {}}}});
    }
    desk.input(publish);
  };
  for (std::uint32_t round = 1; round <= 2; ++round) change_all(round);
  const auto first = desk.untaken[desk.last_dial()];
  EXPECT_LT(first, 65536U + 4096U);
  Router router;
  router.internal = false;
  router.take(std::exchange(desk.sent[desk.last_dial()], {}));
  desk.socket_takes = true;
  desk.input(BytesTaken{desk.last_dial(), first});
  router.take(desk.sent[desk.last_dial()]);
  EXPECT_EQ(router.routes.size(), 15000U);
  // Seventeen messages of the first round went out before the socket was full; the rest of the batch is of no use any more.
  EXPECT_LE(router.updates, 17U + 20U);
  const std::vector newest{Community(2)};
  EXPECT_TRUE(std::all_of(router.routes.begin(), router.routes.end(),
                          [&](const auto& entry) { return entry.second.attributes.communities == newest; }));
}

TEST(Session, KeepalivesGoOutWhileTheSocketIsBusy) {
  Established desk;
  desk.socket_takes = false;
  desk.publish("10.0.0.1/32");
  desk.heard();
  desk.say(Keepalive{});
  desk.advance(seconds(60));
  EXPECT_GE(desk.heard_of<Keepalive>(), 2U);
}

TEST(Session, KeepalivesComeAtATickOfThreeQuartersToOne) {
  Established desk;
  Duration shortest = minutes(1);
  Duration longest{};
  for (int i = 0; i < 50; ++i) {
    const auto begin = desk.now.steady;
    while (desk.heard_of<Keepalive>() == 0) desk.advance(milliseconds(50));
    const auto time = desk.now.steady - begin;
    shortest = std::min(shortest, time);
    longest = std::max(longest, time);
    desk.say(Keepalive{});
  }
  EXPECT_GE(shortest, seconds(30) * 3 / 4 - milliseconds(50));
  EXPECT_LE(longest, seconds(30) + milliseconds(50));
  EXPECT_GT(longest - shortest, seconds(2));
}

TEST(Session, UpdatesAndRefreshesOfThePeerKeepItAlive) {
  Established desk;
  for (const auto& message : {Message(Update{}), Message(RouteRefresh{{25, 70}}), Message(Keepalive{})}) {
    desk.advance(seconds(80));
    desk.say(message);
    EXPECT_EQ(desk.state(), State::kEstablished);
  }
  desk.advance(seconds(90) - milliseconds(1));
  EXPECT_EQ(desk.state(), State::kEstablished);
  desk.advance(milliseconds(1));
  EXPECT_EQ(desk.state(), State::kIdle);
}

TEST(Session, WithoutAHoldTimeNobodyHasToSpeak) {
  auto open = peer_open();
  open.hold_time = 0;
  Established desk(external_peer(), open);
  desk.advance(std::chrono::hours(5));
  EXPECT_EQ(desk.state(), State::kEstablished);
  EXPECT_TRUE(desk.heard().empty());
}

TEST(Session, APeerThatTakesNoBytesIsGivenUpAfterEightMinutes) {
  // bgp spec 6.13, case 252; RFC 9687
  Established desk;
  desk.socket_takes = false;
  const auto connection = desk.last_dial();
  desk.publish("10.0.0.1/32");
  const auto talk = [&](int tens) {
    for (int i = 0; i < tens; ++i) {
      desk.advance(seconds(10));
      desk.say(connection, Keepalive{});
    }
  };
  talk(40);
  desk.input(BytesTaken{connection, 1});
  talk(47);
  EXPECT_EQ(desk.state(), State::kEstablished);
  talk(1);
  EXPECT_EQ(desk.state(), State::kIdle);
  EXPECT_EQ(desk.session().counters().send_hold_expired, 1U);
  EXPECT_EQ(desk.closed.at(connection), Duration::zero());
}

TEST(Session, ThePeersRoutesAreCountedAndDropped) {
  Established desk;
  // 200,000 prefixes in UPDATEs of a thousand each.
  Bytes body = from_hex("0000 0014 400101 00 400206 0201 0000fc01 400304 c00002fe");
  for (int i = 0; i < 1000; ++i) ByteWriter(body).bytes(Bytes{16, 10, static_cast<std::uint8_t>(i)});
  const auto message = framed(MessageType::kUpdate, body);
  for (int i = 0; i < 200; ++i) desk.say_bytes(desk.last_dial(), message);
  // Faults, too, whatever RFC 7606 would do about them.
  desk.say_bytes(desk.last_dial(), framed(MessageType::kUpdate, "0000 0004 400101 03"));
  desk.say_bytes(desk.last_dial(), framed(MessageType::kUpdate, "0006 21 c633640700 0000"));
  EXPECT_EQ(desk.state(), State::kEstablished);
  EXPECT_EQ(desk.session().counters().prefixes_announced, 200000U);
  EXPECT_EQ(desk.session().counters().received.updates, 202U);
  EXPECT_EQ(desk.session().counters().faulty_updates, (std::array<std::uint64_t, 3>{0, 1, 1}));
}

TEST(Session, MessagesMayArriveByteByByte) {
  Desk desk;
  desk.set_peer();
  desk.connect();
  Bytes stream = encode(peer_open());
  for (const auto& message : {encode(Keepalive{}), encode(Update{}), encode(Keepalive{})}) {
    stream.insert(stream.end(), message.begin(), message.end());
  }
  for (const auto byte : stream) desk.say_bytes(desk.last_dial(), {byte});
  EXPECT_EQ(desk.state(), State::kEstablished);
  EXPECT_EQ(desk.session().counters().received.total(), 4U);
  EXPECT_EQ(desk.session().counters().bytes_received, stream.size());
}

TEST(Session, AFloodOfRefreshesIsAnsweredByOneDumpAtATime) {
  Established desk;
  desk.publish("10.0.0.1/32");
  desk.heard();
  desk.socket_takes = false;
  Bytes flood;
  for (int i = 0; i < 1000; ++i) ByteWriter(flood).bytes(encode(RouteRefresh{kIpv4Unicast}));
  desk.say_bytes(desk.last_dial(), flood);
  EXPECT_EQ(desk.updates(), 1U);
}

TEST(Session, RefreshesAreAskedForWhereThePeerAnswersThem) {
  // bgp spec 3.6; 6.13, case 284
  auto settings = external_peer();
  settings.request_routes = true;
  auto open = peer_open();
  for (const bool knows : {false, true}) {
    open.capabilities.route_refresh = knows;
    Desk desk;
    desk.set_peer(settings);
    desk.establish(open);
    EXPECT_EQ(desk.heard_of<RouteRefresh>(), knows ? 1U : 0U);
  }
}

TEST(Session, ADumpOnRequestStandsBetweenMarks) {
  // bgp spec 6.13, case 260
  auto open = peer_open();
  open.capabilities.route_refresh = open.capabilities.enhanced_route_refresh = true;
  Established desk(external_peer(), open);
  desk.publish("10.0.0.1/32");
  desk.heard();
  desk.say(RouteRefresh{kIpv4Unicast});
  const auto messages = desk.heard();
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(std::get<RouteRefresh>(messages[0]).kind, RouteRefresh::Kind::kBegin);
  EXPECT_EQ(std::get<RouteRefresh>(messages[2]).kind, RouteRefresh::Kind::kEnd);
}

TEST(Session, AnotherAddressOfTheInterfaceIsANewNextHop) {
  // bgp spec 6.13, case 265
  Established desk;
  desk.publish("10.0.0.1/32");
  desk.heard();
  auto addresses = local_addresses();
  desk.input(AddressesChanged{desk.last_dial(), addresses});
  EXPECT_EQ(desk.updates(), 0U);
  addresses.session = address("192.0.2.9");
  desk.input(AddressesChanged{desk.last_dial(), addresses});
  const auto messages = desk.heard();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<Update>(messages[0]).attributes.next_hop, address("192.0.2.9"));
}

TEST(Session, WhatDoesNotAlterTheWireDoesNotTouchTheSession) {
  // bgp spec 1.12
  Established desk;
  auto settings = external_peer();
  settings.name = "another name";
  settings.hold_time = seconds(30);
  settings.keepalive_time = seconds(5);
  settings.connect_time = seconds(7);
  desk.set_peer(settings);
  EXPECT_EQ(desk.state(), State::kEstablished);
  EXPECT_TRUE(desk.heard().empty());
  // The keepalive time holds at once.
  desk.advance(seconds(5));
  EXPECT_EQ(desk.heard_of<Keepalive>(), 1U);
  const auto first = desk.last_dial();
  settings.transport.password = "other";
  desk.set_peer(settings);
  EXPECT_EQ(desk.notification(first), "0606");
  EXPECT_EQ(desk.state(), State::kConnect);
}

TEST(Session, AFamilyWithoutANextHopIsNotAnnouncedAndTheLogSaysSo) {
  // bgp spec 6.13, case 278
  auto settings = external_peer();
  settings.families = {kIpv4Unicast, kIpv6Unicast};
  auto open = peer_open();
  open.capabilities.families = settings.families;
  Established desk(settings, open);
  desk.publish("2001:db8::1/128");
  EXPECT_EQ(desk.updates(), 0U);
  EXPECT_EQ(desk.lines.count("noNextHop"), 1U);
  auto addresses = local_addresses();
  addresses.ipv6 = address("2001:db8::1");
  desk.input(AddressesChanged{desk.last_dial(), addresses});
  EXPECT_EQ(desk.updates(), 1U);
  EXPECT_EQ(desk.lines.count("noNextHop"), 1U);
}

TEST(Session, CommunitiesThatFitNoMessageAreToldToTheLogOnce) {
  Established desk;
  RouteAttributes huge;
  for (std::uint32_t i = 0; i < 1000; ++i) huge.communities.emplace_back(i);
  desk.publish("10.0.0.1/32", {Offer{huge, {}}});
  desk.publish("10.0.0.2/32", {Offer{huge, {}}});
  EXPECT_EQ(desk.updates(), 0U);
  EXPECT_EQ(desk.lines.count("attributesTooLong"), 1U);
  EXPECT_GT(desk.session().counters().unwritable, 0U);
}

TEST(Session, WhatFailsAgainAndAgainIsLoggedOnce) {
  Desk desk;
  desk.set_peer();
  for (int i = 0; i < 10; ++i) {
    desk.input(DialFailed{desk.last_dial(), "connection refused"});
    while (desk.state() != State::kConnect) desk.advance(seconds(1));
  }
  EXPECT_EQ(desk.lines.count("stateChanged"), 1U);
  desk.establish();
  desk.say(Notification{ErrorCode::kCease, cease::kAdministrativeShutdown, from_hex("02 6869")});
  EXPECT_EQ(desk.lines.count("sessionUp"), 1U);
  EXPECT_EQ(desk.lines.count("sessionDown"), 1U);
  EXPECT_EQ(desk.lines.count("peerNotification"), 1U);
  EXPECT_EQ(desk.session().last_error(), "received 6/2 (Cease, administrative shutdown) \"hi\"");
}

// ---- graceful restart ----

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

// ---- collisions ----

PeerSettings both_ways() {
  auto out = external_peer();
  out.initiative = Initiative::kBoth;
  return out;
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

TEST(SessionCollision, TheConnectionOfTheHigherIdentifierStays) {
  for (const bool we_are_higher : {true, false}) {
    Desk desk;
    desk.set_peer(both_ways());
    desk.connect();
    const auto dialled = desk.last_dial();
    const auto accepted = desk.accept(1);
    auto open = peer_open();
    open.identifier = RouterId(we_are_higher ? 1 : 0xffffffff);
    desk.say(dialled, open);
    desk.say(accepted, open);
    EXPECT_EQ(desk.notification(we_are_higher ? accepted : dialled), "0607");
    EXPECT_EQ(desk.notification(we_are_higher ? dialled : accepted), "");
    desk.say(we_are_higher ? dialled : accepted, Keepalive{});
    EXPECT_EQ(desk.state(), State::kEstablished);
    EXPECT_EQ(desk.session().counters().collisions, 1U);
  }
}

TEST(SessionCollision, EqualIdentifiersAreToldApartByTheAs) {
  // RFC 6286: ours is 64512, theirs 64513.
  Desk desk;
  desk.set_peer(both_ways());
  desk.connect();
  const auto accepted = desk.accept(1);
  auto open = peer_open();
  open.identifier = external_peer().router_id;
  desk.say(accepted, open);
  EXPECT_EQ(desk.notification(desk.last_dial()), "0607");
  desk.say(accepted, Keepalive{});
  EXPECT_EQ(desk.state(), State::kEstablished);
}

TEST(SessionCollision, AnEstablishedSessionStaysUnlessThePeerRestarts) {
  for (const bool restarts : {false, true}) {
    const auto open = restarts ? peer_open_with_restart() : peer_open();
    Desk desk;
    desk.input(ServicesKnown{});
    desk.set_peer(both_ways());
    desk.publish("10.0.0.1/32");
    desk.establish(open);
    const auto first = desk.last_dial();
    desk.heard();
    const auto second = desk.accept(1);
    EXPECT_EQ(desk.state(), State::kEstablished);
    desk.say(second, open);
    EXPECT_EQ(desk.notification(first), "");
    EXPECT_EQ(desk.closed.count(first), restarts ? 1U : 0U);
    if (!restarts) {
      EXPECT_EQ(desk.notification(second), "0607");
      EXPECT_EQ(desk.state(), State::kEstablished);
      continue;
    }
    desk.say(second, Keepalive{});
    EXPECT_EQ(desk.state(), State::kEstablished);
    Router router;
    router.internal = false;
    router.take(desk.sent[second]);
    EXPECT_EQ(router.routes.size(), 1U);
  }
}

TEST(SessionCollision, ASessionThatTakesTheOldOnesPlaceIsANewOne) {
  Desk desk;
  desk.set_peer(both_ways());
  desk.establish(peer_open_with_restart());
  desk.advance(seconds(20));
  const auto second = desk.accept(1);
  auto bytes = encode(peer_open_with_restart());
  ByteWriter(bytes).bytes(encode(Keepalive{}));
  desk.say_bytes(second, bytes);
  EXPECT_EQ(desk.session().established_since(), desk.now.steady);
  EXPECT_EQ(desk.session().counters().established, 2U);
  EXPECT_EQ(desk.session().counters().drops, 1U);
  ASSERT_GE(desk.changes.size(), 2U);
  EXPECT_EQ(desk.changes[desk.changes.size() - 2].from, State::kEstablished);
  EXPECT_EQ(desk.changes.back().to, State::kEstablished);
}

TEST(SessionCollision, ADialBesideAnIncomingConnectionStillEnds) {
  Desk desk;
  auto settings = both_ways();
  settings.connect_time = seconds(4);
  desk.set_peer(settings);
  const auto accepted = desk.accept(1);
  desk.input(Disconnected{accepted, ""});
  EXPECT_EQ(desk.state(), State::kConnect);
  desk.advance(desk.dials.back().limit);
  desk.input(DialFailed{desk.last_dial(), "no answer"});
  EXPECT_EQ(desk.dials.size(), 2U);
}

TEST(SessionCollision, OfManyIncomingConnectionsTheLastIsKept) {
  Desk desk;
  auto settings = both_ways();
  settings.initiative = Initiative::kPassive;
  desk.set_peer(settings);
  for (std::uint64_t i = 1; i <= 100; ++i) desk.accept(i);
  EXPECT_EQ(desk.closed.size(), 99U);
  EXPECT_EQ(desk.state(), State::kOpenSent);
  EXPECT_EQ(desk.closed.count(ConnectionId(kAcceptedConnection + 100)), 0U);
}

TEST(SessionMany, ManySessionsTakeTurnsSoThatNoCallIsLong) {
  Desk desk;
  desk.input(ServicesKnown{});
  constexpr std::uint32_t kPeers = 20;
  for (std::uint32_t i = 0; i < kPeers; ++i) {
    auto settings = external_peer();
    settings.transport.address = IpAddress::v4(0xC0000210U + i);
    desk.input(SetPeer{PeerId(i), settings});
    desk.establish();
  }
  Publish publish;
  for (std::uint32_t i = 0; i < 10000; ++i)
    publish.changes.push_back({IpPrefix(IpAddress::v4(0x0A000000U + i), 32), {Offer{}}});
  Output out;
  desk.core.on_input(desk.now, publish, out);
  while (desk.core.next_deadline() <= desk.now.steady) {
    const auto before = out.size();
    desk.core.on_time(desk.now, out);
    EXPECT_LE(out.size() - before, 2U);
  }
  EXPECT_EQ(out.size(), kPeers);
  std::set<ConnectionId> told;
  for (const auto& action : out) told.insert(std::get<Send>(action).connection);
  EXPECT_EQ(told.size(), kPeers);
}

}  // namespace
}  // namespace metallb::bgp
