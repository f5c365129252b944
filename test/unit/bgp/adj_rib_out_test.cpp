// Generation of UPDATEs (bgp spec 4.6, 6.13).
#include "bgp/adj_rib_out.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "router.hpp"

namespace metallb::bgp {
namespace {

using namespace test;

constexpr PeerId kPeer{1};
constexpr std::size_t kPlenty = std::size_t{1} << 24;

SessionTerms terms(std::vector<Family> families = {kIpv4Unicast, kIpv6Unicast}) {
  SessionTerms out;
  out.families = std::move(families);
  out.next_hops = {address("192.0.2.1").bytes(), address("2001:db8::1").bytes()};
  out.internal = true;
  out.local_as = Asn(64512);
  out.end_of_rib = true;
  return out;
}

RouteAttributes preferred(std::uint32_t local_pref) {
  RouteAttributes out;
  out.local_pref = local_pref;
  return out;
}

struct Fixture {
  RouteTable table;
  AdjRibOut rib{table, kPeer};
  Router router;

  void set(std::string_view prefix, std::vector<Offer> offers) {
    if (const auto route = table.set({test::prefix(prefix), std::move(offers)})) rib.changed(*route);
  }
  void set(std::string_view prefix, RouteAttributes attributes = {}) { set(prefix, {Offer{std::move(attributes), {}}}); }
  void withdraw(std::string_view prefix) { set(prefix, std::vector<Offer>()); }
  /// Writes all there is; yields how many messages.
  std::size_t drain(std::size_t budget = kPlenty) {
    Bytes out;
    rib.write(budget, out);
    router.take(out);
    return split(out).size();
  }
  /// Begins the session and passes over the initial dump.
  void establish(const SessionTerms& with = terms()) {
    rib.begin(with);
    drain();
    router.updates = 0;
  }
  void many(std::uint32_t count, const std::vector<Offer>& offers) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const IpPrefix prefix(IpAddress::v4(0x0A000000U + i), 32);
      if (const auto route = table.set({prefix, offers})) rib.changed(*route);
    }
  }
};

TEST(AdjRibOut, TheFirstDumpEndsWithEndOfRibForEveryFamilyAlsoWhenItIsEmpty) {
  Fixture f;
  f.rib.begin(terms());
  EXPECT_FALSE(f.rib.initial_dump_done());
  EXPECT_EQ(f.drain(), 2U);
  EXPECT_EQ(f.router.ends_of_rib, (std::vector<Family>{kIpv4Unicast, kIpv6Unicast}));
  EXPECT_TRUE(f.rib.initial_dump_done());
  EXPECT_FALSE(f.rib.has_work());
}

TEST(AdjRibOut, WhoDoesNotKnowGracefulRestartGetsNoEndOfRib) {
  Fixture f;
  auto with = terms();
  with.end_of_rib = false;
  f.set("10.0.0.1/32");
  f.rib.begin(with);
  EXPECT_EQ(f.drain(), 1U);
  EXPECT_TRUE(f.router.ends_of_rib.empty());
}

TEST(AdjRibOut, RoutesWithTheSameAttributesShareAnUpdateAndFamiliesDoNot) {
  Fixture f;
  f.establish();
  f.set("10.0.0.1/32");
  f.set("10.0.0.2/32");
  f.set("10.0.0.3/32", preferred(300));
  f.set("2001:db8::5/128");
  EXPECT_EQ(f.drain(), 3U);
  ASSERT_EQ(f.router.routes.size(), 4U);
  EXPECT_EQ(f.router.routes[prefix("10.0.0.1/32")].attributes.local_pref, 100U);
  EXPECT_EQ(f.router.routes[prefix("10.0.0.3/32")].attributes.local_pref, 300U);
  EXPECT_EQ(f.router.routes[prefix("10.0.0.3/32")].next_hop, address("192.0.2.1").bytes());
  EXPECT_EQ(f.router.routes[prefix("2001:db8::5/128")].next_hop, address("2001:db8::1").bytes());
}

TEST(AdjRibOut, WhatTheRouterSeesFollowsFromTheSession) {
  // bgp spec 3.4
  const auto communities = RouteAttributes{300, {Community(2), Community(1), Community(2)}, {{9, 1, 1}, {8, 1, 1}}};
  for (const bool internal : {true, false}) {
    Fixture f;
    auto with = terms();
    with.internal = internal;
    f.router.internal = internal;
    f.set("10.0.0.1/32", communities);
    f.establish(with);
    const auto& got = f.router.routes[prefix("10.0.0.1/32")].attributes;
    EXPECT_EQ(got.origin, Origin::kIgp);
    EXPECT_EQ(got.as_path, internal ? AsPath() : sequence(64512));
    EXPECT_EQ(got.local_pref, internal ? std::optional(300U) : std::nullopt);
    EXPECT_EQ(got.med, 0U);
    EXPECT_EQ(got.communities, (std::vector{Community(1), Community(2)}));
    EXPECT_EQ(got.large_communities, (std::vector<LargeCommunity>{{8, 1, 1}, {9, 1, 1}}));
  }
}

TEST(AdjRibOut, FiveThousandRoutesFitSevenUpdatesAndSoDoTheirWithdrawals) {
  Fixture f;
  f.establish();
  f.many(5000, {Offer{}});
  EXPECT_LE(f.drain(), 7U);
  EXPECT_EQ(f.router.routes.size(), 5000U);
  EXPECT_LE(f.router.largest, kMaximumMessage);
  f.many(5000, {});
  EXPECT_LE(f.drain(), 7U);
  EXPECT_EQ(f.router.routes.size(), 0U);
  EXPECT_LE(f.router.largest, kMaximumMessage);
  EXPECT_EQ(f.table.attribute_sets(), 0U);
}

TEST(AdjRibOut, ExtendedMessagesHoldMore) {
  Fixture f;
  auto with = terms();
  with.maximum_message = kMaximumExtendedMessage;
  f.establish(with);
  f.many(10000, {Offer{}});
  EXPECT_EQ(f.drain(), 1U);
  EXPECT_EQ(f.router.routes.size(), 10000U);
}

TEST(AdjRibOut, WhatGoesAndComesBackWhileNobodyAsksCostsNothing) {
  Fixture f;
  f.set("10.0.0.1/32");
  f.establish();
  f.withdraw("10.0.0.1/32");
  f.set("10.0.0.1/32", preferred(7));
  f.set("10.0.0.1/32");
  f.set("10.0.0.2/32");
  f.withdraw("10.0.0.2/32");
  EXPECT_EQ(f.drain(), 0U);
}

TEST(AdjRibOut, ThousandsOfChangesWhileTheSocketIsBusyBecomeOneBatchOfTheNewestValues) {
  Fixture f;
  f.establish();
  for (std::uint32_t round = 1; round <= 5; ++round) f.many(1000, {Offer{preferred(round), {}}});
  EXPECT_EQ(f.drain(), 2U);
  for (const auto& [prefix, route] : f.router.routes) EXPECT_EQ(route.attributes.local_pref, 5U);
}

TEST(AdjRibOut, AChangeWithinAnOpenBatchIsNotSentTwice) {
  Fixture f;
  f.establish();
  f.many(3000, {Offer{}});
  EXPECT_EQ(f.drain(1), 1U);  // the first of four messages
  // One that was sent already, and one that was not.
  f.set("10.0.0.0/32", preferred(5));
  f.set("10.0.11.183/32", preferred(5));
  const auto before = f.router.updates;
  f.drain();
  EXPECT_EQ(f.router.updates - before, 4U);  // three of the batch, and one with both
  EXPECT_EQ(f.router.routes.size(), 3000U);
  EXPECT_EQ(f.router.routes[prefix("10.0.0.0/32")].attributes.local_pref, 5U);
  EXPECT_EQ(f.router.routes[prefix("10.0.11.183/32")].attributes.local_pref, 5U);
}

TEST(AdjRibOut, AttributesThatNobodyWantsAnyMoreAreNotTakenForNewOnes) {
  Fixture f;
  f.establish();
  f.set("10.0.0.1/32", preferred(1));
  f.set("10.0.0.2/32", preferred(2));
  f.drain(1);
  // The batch is open; the second route's attributes go, and others come in their place.
  f.withdraw("10.0.0.2/32");
  f.set("10.0.0.3/32", preferred(3));
  f.set("10.0.0.2/32", preferred(3));
  f.drain();
  EXPECT_EQ(f.router.routes[prefix("10.0.0.2/32")].attributes.local_pref, 3U);
  EXPECT_EQ(f.router.routes[prefix("10.0.0.3/32")].attributes.local_pref, 3U);
}

TEST(AdjRibOut, AnnouncementsGoBeforeWithdrawals) {
  Fixture f;
  f.set("10.0.0.1/32");
  f.establish();
  f.withdraw("10.0.0.1/32");
  f.set("10.0.0.2/32");
  Bytes out;
  f.rib.write(kPlenty, out);
  const auto messages = split(out);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(std::get<Update>(messages[0]).announced.size(), 1U);
  EXPECT_EQ(std::get<Update>(messages[1]).withdrawn.size(), 1U);
}

TEST(AdjRibOut, APeerGetsWhatIsOfferedToItAndElseWhatIsOfferedToAll) {
  Fixture f;
  f.set("10.0.0.1/32", {Offer{preferred(1), {}}, Offer{preferred(2), {PeerId(9), kPeer}}});
  f.set("10.0.0.2/32", {Offer{preferred(1), {PeerId(9)}}});
  f.establish();
  ASSERT_EQ(f.router.routes.size(), 1U);
  EXPECT_EQ(f.router.routes[prefix("10.0.0.1/32")].attributes.local_pref, 2U);
  f.set("10.0.0.1/32", {Offer{preferred(1), {PeerId(9)}}});
  EXPECT_EQ(f.drain(), 1U);
  EXPECT_TRUE(f.router.routes.empty());
}

TEST(AdjRibOut, ARefreshResendsOneFamilyBetweenMarks) {
  Fixture f;
  f.set("10.0.0.1/32");
  f.set("2001:db8::5/128");
  auto with = terms();
  with.enhanced_route_refresh = true;
  f.establish(with);
  f.rib.refresh(kIpv6Unicast);
  f.rib.refresh(kIpv6Unicast);
  f.rib.refresh({1, 4});
  EXPECT_EQ(f.drain(), 3U);
  EXPECT_EQ(f.router.updates, 1U);
  EXPECT_EQ(f.router.marks, (std::vector<RouteRefresh>{{kIpv6Unicast, RouteRefresh::Kind::kBegin},
                                                       {kIpv6Unicast, RouteRefresh::Kind::kEnd}}));
  // Without RFC 7313 the routes come alone.
  Fixture plain;
  plain.set("10.0.0.1/32");
  plain.establish();
  plain.rib.refresh(kIpv4Unicast);
  EXPECT_EQ(plain.drain(), 1U);
  EXPECT_TRUE(plain.router.marks.empty());
}

TEST(AdjRibOut, ARefreshDuringTheFirstDumpIsAnsweredAfterEndOfRib) {
  Fixture f;
  f.many(3000, {Offer{}});
  auto with = terms({kIpv4Unicast});
  with.enhanced_route_refresh = true;
  f.rib.begin(with);
  f.drain(1);
  f.rib.refresh(kIpv4Unicast);
  Bytes out;
  f.rib.write(kPlenty, out);
  std::vector<std::size_t> kinds;
  for (const auto& message : split(out)) {
    if (const auto* update = std::get_if<Update>(&message); update != nullptr && *update != Update{}) continue;
    kinds.push_back(message.index());
  }
  EXPECT_EQ(kinds, (std::vector<std::size_t>{1, 4, 4}));  // End-of-RIB, begin, end
}

TEST(AdjRibOut, AnotherRequestDuringADumpIsRememberedOnce) {
  Fixture f;
  f.many(3000, {Offer{}});
  auto with = terms({kIpv4Unicast});
  with.enhanced_route_refresh = true;
  f.establish(with);
  f.rib.refresh(kIpv4Unicast);
  f.drain(1);
  for (int i = 0; i < 10; ++i) f.rib.refresh(kIpv4Unicast);
  f.drain();
  EXPECT_EQ(f.router.marks.size(), 4U);
}

TEST(AdjRibOut, ADumpThatANextHopCutsShortStillEndsWithItsMark) {
  // RFC 7313, Section 4.2: without the mark of the end the peer never drops what was not told again.
  Fixture f;
  f.many(3000, {Offer{}});
  auto with = terms();
  with.enhanced_route_refresh = true;
  f.establish(with);
  f.rib.refresh(kIpv4Unicast);
  f.drain(1);
  auto hops = with.next_hops;
  hops.ipv6 = address("2001:db8::2").bytes();
  f.rib.set_next_hops(hops);
  f.rib.refresh(kIpv6Unicast);
  f.drain();
  using Kind = RouteRefresh::Kind;
  EXPECT_EQ(f.router.marks, (std::vector<RouteRefresh>{{kIpv4Unicast, Kind::kBegin},
                                                       {kIpv6Unicast, Kind::kBegin},
                                                       {kIpv4Unicast, Kind::kEnd},
                                                       {kIpv6Unicast, Kind::kEnd}}));
  EXPECT_EQ(f.router.routes.size(), 3000U);
}

TEST(AdjRibOut, AnotherNextHopResendsItsFamilyOnlyAndNoneWithdrawsIt) {
  Fixture f;
  f.many(3000, {Offer{}});
  f.set("2001:db8::5/128");
  f.rib.begin(terms());
  f.drain(1);
  auto hops = terms().next_hops;
  hops.ipv4 = address("192.0.2.77").bytes();
  f.rib.set_next_hops(hops);
  EXPECT_TRUE(f.router.ends_of_rib.empty());
  f.drain();
  EXPECT_EQ(f.router.ends_of_rib.size(), 2U);
  for (const auto& [prefix, route] : f.router.routes) {
    EXPECT_EQ(route.next_hop, prefix.family() == IpFamily::kIpv4 ? hops.ipv4 : hops.ipv6);
  }
  hops.ipv6 = {};
  f.rib.set_next_hops(hops);
  EXPECT_EQ(f.drain(), 1U);
  EXPECT_EQ(f.router.routes.count(prefix("2001:db8::5/128")), 0U);
  f.rib.set_next_hops(hops);
  EXPECT_EQ(f.drain(), 0U);
}

TEST(AdjRibOut, Ipv4OverIpv6GoesInMpReachAndMpUnreach) {
  Fixture f;
  auto with = terms();
  with.internal = false;
  with.ipv4_over_ipv6 = true;
  with.next_hops.ipv4 = address("2001:db8::1").bytes();
  f.establish(with);
  f.set("198.51.100.7/32");
  Bytes out;
  f.rib.write(kPlenty, out);
  // E13
  EXPECT_EQ(
      to_hex(ByteView(out).subspan(kHeaderSize)),
      plain("0000 0031 800e1a 0001 01 10 20010db8000000000000000000000001 00 20 c6336407 400101 00 400206 0201 0000fc00"
            " 800404 00000000"));
  f.withdraw("198.51.100.7/32");
  out.clear();
  f.rib.write(kPlenty, out);
  // E7
  EXPECT_EQ(to_hex(ByteView(out).subspan(kHeaderSize)), plain("0000 000b 800f08 0001 01 20 c6336407"));
}

TEST(AdjRibOut, AttributesThatFitNoMessageAreNotAnnouncedAndCounted) {
  Fixture f;
  f.set("10.0.0.1/32");
  f.establish();
  RouteAttributes huge;
  for (std::uint32_t i = 0; i < 400; ++i) huge.large_communities.push_back({i, 0, 0});
  f.set("10.0.0.1/32", huge);
  f.set("10.0.0.2/32", huge);
  EXPECT_EQ(f.drain(), 1U);
  EXPECT_TRUE(f.router.routes.empty());
  EXPECT_GT(f.rib.counters().unwritable, 0U);
}

TEST(AdjRibOut, ANewSessionIsToldEverythingAgain) {
  Fixture f;
  f.set("10.0.0.1/32");
  f.establish();
  f.rib.end();
  EXPECT_EQ(f.rib.advertised(), 0U);
  EXPECT_FALSE(f.rib.has_work());
  f.withdraw("10.0.0.1/32");
  f.set("10.0.0.2/32");
  Router second;
  f.router = second;
  f.establish();
  EXPECT_EQ(f.router.routes.size(), 1U);
  EXPECT_EQ(f.rib.advertised(), 1U);
}

RC_GTEST_PROP(AdjRibOutProperties, WhateverHappensTheRouterEndsUpWithWhatIsWanted, ()) {
  Fixture f;
  const auto some = [](int bound) { return *rc::gen::inRange(0, bound); };
  auto with = terms();
  with.enhanced_route_refresh = true;
  f.rib.begin(with);
  for (auto steps = some(100); steps > 0; --steps) {
    switch (some(12)) {
      case 0:
        f.rib.refresh(some(2) == 0 ? kIpv4Unicast : kIpv6Unicast);
        break;
      case 1: {
        NextHops hops;
        if (some(3) != 0) hops.ipv4 = IpAddress::v4(static_cast<std::uint32_t>(some(3)) + 1).bytes();
        if (some(3) != 0) hops.ipv6 = address("2001:db8::2").bytes();
        f.rib.set_next_hops(hops);
        break;
      }
      case 2:
        f.drain(static_cast<std::size_t>(some(200)));
        break;
      default: {
        const auto family = some(2) == 0 ? IpFamily::kIpv4 : IpFamily::kIpv6;
        std::vector<Offer> offers;
        for (auto left = some(3); left > 0; --left) {
          offers.push_back({preferred(static_cast<std::uint32_t>(some(3))), {}});
          if (some(3) == 0) offers.back().peers.push_back(PeerId(static_cast<std::uint32_t>(some(3))));
        }
        const IpPrefix at(IpAddress::from_number(family, static_cast<Uint128>(some(12))), address_bits(family));
        if (const auto route = f.table.set({at, offers})) f.rib.changed(*route);
      }
    }
  }
  f.rib.set_next_hops(terms().next_hops);
  f.drain();
  std::size_t wanted = 0;
  for (RouteIndex route = 0; route < f.table.size(); ++route) {
    const auto id = f.table.wanted(route, kPeer);
    if (id == 0) continue;
    ++wanted;
    const auto got = f.router.routes.find(f.table.prefix(route));
    RC_ASSERT(got != f.router.routes.end());
    RC_ASSERT(got->second.attributes.local_pref == f.table.attributes(id).local_pref);
  }
  RC_ASSERT(f.router.routes.size() == wanted);
  RC_ASSERT(f.rib.advertised() == wanted);
  RC_ASSERT(f.router.ends_of_rib.size() == 2U);
  RC_ASSERT(f.router.refreshing.empty());
}

}  // namespace
}  // namespace metallb::bgp
