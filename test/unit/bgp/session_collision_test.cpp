// Two connections with one peer (RFC 4271, Section 6.8), and many sessions at once.
#include <gtest/gtest.h>

#include <set>

#include "desk.hpp"

namespace metallb::bgp {
namespace {

using namespace test;

PeerSettings both_ways() {
  auto out = external_peer();
  out.initiative = Initiative::kBoth;
  return out;
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
