// Established sessions: what is told when, timers, hostile peers (bgp spec 4.2 to 4.6, 4.9, 6.13).
#include <gtest/gtest.h>

#include "desk.hpp"

namespace metallb::bgp {
namespace {

using namespace test;

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
  // One: a second one behind it would tell the peer nothing more.
  EXPECT_EQ(desk.heard_of<Keepalive>(), 1U);
  desk.input(BytesTaken{desk.last_dial(), std::exchange(desk.untaken[desk.last_dial()], 0)});
  desk.say(Keepalive{});
  desk.advance(seconds(60));
  EXPECT_EQ(desk.heard_of<Keepalive>(), 1U);
}

TEST(Session, APeerThatReadsDropByDropCostsNoMemory) {
  // The socket takes a byte a minute, so the send hold timer (RFC 9687) never expires.
  Established desk;
  desk.socket_takes = false;
  const auto connection = desk.last_dial();
  desk.publish("10.0.0.1/32");
  for (int minute = 0; minute < 24 * 60; ++minute) {
    desk.advance(seconds(60));
    desk.say(connection, Keepalive{});
    desk.input(BytesTaken{connection, 1});
    --desk.untaken[connection];
  }
  EXPECT_EQ(desk.state(), State::kEstablished);
  EXPECT_LT(desk.untaken[connection], 200U);
}

TEST(Session, KeepalivesAreASecondApartAtLeast) {
  // RFC 4271, Section 4.4
  auto open = peer_open();
  open.hold_time = 3;
  for (const auto configured : {Duration(milliseconds(1)), Duration(seconds(1))}) {
    auto settings = external_peer();
    settings.keepalive_time = configured;
    Established desk(settings, open);
    for (int i = 0; i < 50; ++i) {
      desk.advance(seconds(1) - milliseconds(1));
      EXPECT_EQ(desk.heard_of<Keepalive>(), 0U);
      desk.advance(milliseconds(1));
      EXPECT_EQ(desk.heard_of<Keepalive>(), 1U);
      desk.say(Keepalive{});
    }
  }
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

TEST(Session, RequestedDumpsOfAFamilyAreASecondApart) {
  // bgp spec 4.6; 23 bytes must not be worth a dump of everything, over and over.
  auto settings = external_peer();
  settings.families = {kIpv4Unicast, kIpv6Unicast};
  auto open = peer_open();
  open.capabilities.families = settings.families;
  open.capabilities.route_refresh = open.capabilities.enhanced_route_refresh = true;
  Established desk(settings, open);
  desk.publish("10.0.0.1/32");
  desk.heard();
  const auto ask = [&](const Family& family) {
    desk.say(RouteRefresh{family});
    return desk.updates();
  };
  desk.socket_takes = false;
  EXPECT_EQ(ask(kIpv4Unicast), 1U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ask(kIpv4Unicast), 0U);
  desk.say(RouteRefresh{kIpv6Unicast});
  EXPECT_EQ(desk.heard_of<RouteRefresh>(), 2U) << "the other family has a pace of its own";
  desk.advance(seconds(1) - milliseconds(1));
  EXPECT_EQ(desk.updates(), 0U);
  desk.advance(milliseconds(1));
  EXPECT_EQ(desk.updates(), 1U) << "the hundred requests, answered by one dump";
  desk.advance(seconds(5));
  EXPECT_EQ(desk.updates(), 0U);
  EXPECT_EQ(ask(kIpv4Unicast), 1U);
}

TEST(Session, RefreshesAreAskedForWhereThePeerAnswersThem) {
  // bgp spec 3.6; 6.13, case 284
  auto open = peer_open();
  for (const bool knows : {false, true}) {
    open.capabilities.route_refresh = knows;
    Desk desk;
    desk.set_peer();
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
  EXPECT_EQ(desk.state(), State::kIdle);
  desk.advance(seconds(1));
  EXPECT_EQ(desk.state(), State::kConnect);
}

TEST(Session, AnExpectationOfThePeersAsThatTheSessionMeetsDoesNotTouchIt) {
  using Kind = PeerAs::Kind;
  struct Row {
    PeerAs after;
    bool stays;
  };
  const Row rows[] = {
      {{Kind::kExternal, Asn()}, true}, {{Kind::kInternal, Asn()}, false}, {{Kind::kFixed, Asn(64999)}, false}};
  for (const auto& row : rows) {
    Established desk;
    auto settings = external_peer();
    settings.peer_as = row.after;
    desk.set_peer(settings);
    EXPECT_EQ(desk.notification(), row.stays ? "" : "0606");
    EXPECT_EQ(desk.state() == State::kEstablished, row.stays);
    if (!row.stays) continue;
    // And back; while no session runs nothing proves that it is met.
    desk.set_peer(external_peer());
    EXPECT_EQ(desk.notification(), "");
    settings.router_id = RouterId(5);
    desk.set_peer(settings);
    EXPECT_EQ(desk.notification(), "0606");
  }
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

TEST(Session, AttemptsThatFailWithoutAChangeOfStateAreToldAndLoggedOnceForEachReason) {
  Desk desk;
  auto settings = external_peer();
  settings.connect_time = seconds(2);
  settings.held = "interface eth1 is down";
  desk.set_peer(settings);
  const auto told = [&](const char* reason) {
    return std::count_if(desk.changes.begin(), desk.changes.end(), [&](const auto& c) { return c.reason == reason; });
  };
  EXPECT_EQ(told("interface eth1 is down"), 1);
  settings.held.clear();
  desk.set_peer(settings);
  ASSERT_EQ(desk.state(), State::kConnect);
  for (int i = 0; i < 10; ++i) {
    desk.advance(seconds(2));
    desk.input(DialFailed{desk.last_dial(), "TCP timeout"});
    EXPECT_EQ(desk.state(), State::kConnect) << "the next attempt begins at once";
  }
  EXPECT_EQ(told("TCP timeout"), 1);
  EXPECT_EQ(desk.lines.count("stateChanged"), 1U);
  // Reasons that are others each time are told, and fill no log either.
  for (int i = 0; i < 50; ++i) {
    desk.advance(seconds(2));
    desk.input(DialFailed{desk.last_dial(), "reason " + std::to_string(i)});
  }
  EXPECT_EQ(told("reason 49"), 1);
  EXPECT_LT(desk.lines.count("stateChanged"), 20U);
}

}  // namespace
}  // namespace metallb::bgp
