// Peers on interfaces: what is sent when, who is believed, which neighbour is taken and how long it is kept (bgp spec 4.11,
// 6.13).
#include <gtest/gtest.h>

#include "desk.hpp"

namespace metallb::peering {
namespace {

using namespace test;

struct OnInterface : Desk {
  explicit OnInterface(Instance::Options options = {}) : Desk(options) {
    set_links(two_links());
    set(on_interface());
  }
};
Links with_ipv4(const char* address, int length) {
  auto links = two_links();
  links.at("eth1").addresses.push_back({.address = ip(address), .prefix_length = length});
  return links;
}

TEST(Discovery, AdvertisesFiveTimesAtOnceAndThenEveryTenSeconds) {
  OnInterface desk;
  desk.advance(35s);
  EXPECT_EQ(desk.advertised, (std::vector<Duration>{0s, 1s, 2s, 3s, 4s, 14s, 24s, 34s}));
}

TEST(Discovery, AdvertisesAsNoDefaultRouter) {
  OnInterface desk;
  ASSERT_FALSE(desk.sent.empty());
  const auto& sent = desk.sent.front();
  EXPECT_EQ(sent.interface, kEth1);
  EXPECT_EQ(sent.source, kOwn);
  EXPECT_EQ(sent.destination, ip("ff02::1"));
  // Type, code, checksum; hop limit 64, no flags, lifetime 0; no times; where we are.
  EXPECT_EQ(sent.message, octets("86000000 40000000 00000000 00000000 0101 020000000001"));
  EXPECT_EQ(desk.groups, std::vector<std::string>{"join 3"});
}

TEST(Discovery, AsksThreeTimesAndThenBacksOffToOnceAMinute) {
  OnInterface desk;
  desk.advance(250s);
  EXPECT_EQ(desk.solicited, (std::vector<Duration>{0s, 4s, 8s, 16s, 32s, 64s, 124s, 184s, 244s}));
  const auto asked = std::find_if(desk.sent.begin(), desk.sent.end(), [](const SendNdp& s) { return s.message[0] == 133; });
  EXPECT_EQ(asked->destination, ip("ff02::2"));
  EXPECT_EQ(asked->message, octets("85000000 00000000 0101 020000000001"));
}

TEST(Discovery, AsksNobodyWhileTheSessionIsUpAndAgainWhenItIsLost) {
  OnInterface desk;
  desk.hear(kRouter);
  desk.establish();
  desk.advance(100s);
  EXPECT_EQ(desk.solicited, std::vector<Duration>{0s});
  desk.lose();
  desk.advance(5s);
  EXPECT_EQ(desk.solicited, (std::vector<Duration>{0s, 100s, 104s}));
}

TEST(Discovery, AsksNoMoreOftenHoweverOftenTheSessionIsLost) {
  OnInterface desk;
  desk.hear(kRouter);
  for (int i = 0; i < 100; ++i) {
    desk.establish();
    desk.lose();
    desk.advance(100ms);
  }
  EXPECT_EQ(desk.solicited, (std::vector<Duration>{0s, 4s, 8s}));
}

TEST(Discovery, AnswersWhoAsksButOnlyOnceASecond) {
  OnInterface desk;
  desk.advance(20s);
  Desk::taken(desk.advertised);
  for (int i = 0; i < 100; ++i) desk.hear(kRouter, solicitation());
  desk.hear(ip("::"), octets("85000000 00000000"));
  EXPECT_EQ(desk.advertised, std::vector<Duration>{20s});
  desk.advance(1s);
  EXPECT_EQ(desk.advertised, (std::vector<Duration>{20s, 21s})) << "the others in one";
  desk.advance(9s);
  EXPECT_EQ(desk.advertised.size(), 2U);
}

TEST(Discovery, TellsBgpOfTheNeighbourWhenItIsHeard) {
  OnInterface desk;
  EXPECT_EQ(desk.held(), "no RA seen on interface eth1");
  EXPECT_EQ(desk.neighbour(), "none");
  desk.hear(kRouter);
  EXPECT_EQ(desk.held(), "");
  EXPECT_EQ(desk.neighbour(), "fe80::2");
  EXPECT_EQ(desk.told.back().transport.interface, "eth1");
  EXPECT_EQ(desk.told.back().transport.source, kOwn);
  EXPECT_EQ(desk.status().neighbour, kRouter);
  const auto count = desk.told.size();
  desk.hear(kRouter);
  EXPECT_EQ(desk.told.size(), count) << "nothing new";
}

TEST(Discovery, TakesARouterOfLifetimeZeroForANeighbour) {
  OnInterface desk;
  desk.hear(kRouter, octets("86000000 40000000 00000000 00000000"));
  EXPECT_EQ(desk.neighbour(), "fe80::2");
}

TEST(Discovery, BelievesNoAdvertisementThatIsForwardedForgedOrItsOwn) {
  OnInterface desk;
  desk.hear(kRouter, advertisement(), 64);
  desk.hear(ip("2001:db8::2"));
  desk.hear(kOwn);
  desk.hear(kRouter, octets("86000000 4000001e 00000000 00000000 0100"));
  desk.hear(kRouter, solicitation());
  desk.hear(kRouter, advertisement(), 255, kEth0);
  EXPECT_EQ(desk.neighbour(), "none");
  const auto& discarded = desk.core.counters().discarded;
  EXPECT_EQ(discarded[static_cast<std::size_t>(NdpError::kHopLimit)], 1U);
  EXPECT_EQ(discarded[static_cast<std::size_t>(NdpError::kSource)], 1U);
  EXPECT_EQ(discarded[static_cast<std::size_t>(NdpError::kOwn)], 1U);
  EXPECT_EQ(discarded[static_cast<std::size_t>(NdpError::kOption)], 1U);
}

TEST(Discovery, KeepsTheNeighbourOfASessionWhateverElseIsHeard) {
  for (const auto state : {bgp::State::kOpenSent, bgp::State::kOpenConfirm, bgp::State::kEstablished}) {
    OnInterface desk;
    desk.hear(kRouter);
    desk.session(bgp::State::kConnect, state);
    desk.advance(2min);
    desk.hear(kOtherRouter);
    EXPECT_EQ(desk.neighbour(), "fe80::2") << bgp::to_string(state);
    desk.hear(kOtherRouter);
    EXPECT_EQ(desk.lines.count("otherNeighbour router"), 1) << "one line a minute";
  }
}

TEST(Discovery, TakesAnotherNeighbourWhenTheSessionIsDown) {
  OnInterface desk;
  desk.hear(kRouter);
  desk.establish();
  desk.advance(1min);
  desk.lose();
  desk.hear(kOtherRouter);
  EXPECT_EQ(desk.neighbour(), "fe80::3");
}

TEST(Discovery, GivesEachOfTwoRoutersTheTimeToAnswer) {
  OnInterface desk;
  desk.hear(kRouter);
  desk.advance(9s);
  desk.hear(kOtherRouter);
  EXPECT_EQ(desk.neighbour(), "fe80::2");
  desk.advance(1s);
  desk.hear(kOtherRouter);
  EXPECT_EQ(desk.neighbour(), "fe80::3");
  desk.hear(kRouter);
  EXPECT_EQ(desk.neighbour(), "fe80::3");
}

TEST(Discovery, DropsTheSessionWithItsInterfaceAndIsBackWithTheFirstAdvertisement) {
  struct Row {
    const char* what;
    std::function<void(Links&)> change;
    const char* held;
  };
  for (const auto& row : std::vector<Row>{
           {"no carrier", [](Links& links) { links.at("eth1").running = false; }, "interface eth1 is down"},
           {"gone", [](Links& links) { links.erase("eth1"); }, "interface eth1 not found"},
           {"no address", [](Links& links) { links.at("eth1").addresses.clear(); }, "interface has no link-local"},
           {"tentative", [](Links& links) { links.at("eth1").addresses[0].usable = false; }, "interface has no link-local"},
           {"moved", [](Links& links) { links.at("eth1").vrf = "red"; },
            "interface eth1 is in VRF red: set the peer's vrf to match"},
       }) {
    OnInterface desk;
    desk.hear(kRouter);
    desk.establish();
    auto links = two_links();
    row.change(links);
    desk.set_links(links);
    EXPECT_EQ(desk.held(), row.held) << row.what;
    EXPECT_EQ(desk.neighbour(), "none") << row.what;
    EXPECT_EQ(desk.groups, (std::vector<std::string>{"join 3", "leave 3"})) << row.what;
    desk.lose();
    desk.advance(1min);
    Desk::taken(desk.sent);
    desk.advance(1min);
    EXPECT_TRUE(desk.sent.empty()) << row.what;

    desk.set_links(two_links());
    EXPECT_EQ(desk.held(), "no RA seen on interface eth1") << row.what;
    EXPECT_EQ(desk.sent.size(), 1U) << "it asks at once: " << row.what;
    desk.hear(kOtherRouter);
    EXPECT_EQ(desk.neighbour(), "fe80::3") << row.what;
  }
}

TEST(Discovery, AdvertisesItselfASecondAfterItsLinkCameUpWhoeverAsksBefore) {
  OnInterface desk;
  desk.advance(20s);
  auto links = two_links();
  links.at("eth1").running = false;
  desk.set_links(links);
  desk.advance(10s);
  Desk::taken(desk.advertised);
  desk.set_links(two_links());
  desk.hear(kRouter, solicitation());
  desk.advance(999ms);
  EXPECT_EQ(desk.advertised, std::vector<Duration>{});
  EXPECT_EQ(desk.solicited.back(), 30s) << "asking does not wait";
  desk.advance(5s);
  EXPECT_EQ(desk.advertised, (std::vector<Duration>{31s, 32s, 33s, 34s, 35s}));
}

TEST(Discovery, TakesAnInterfaceThatIsMadeAnewForAnother) {
  OnInterface desk;
  desk.hear(kRouter);
  auto links = two_links();
  links.at("eth1").index = InterfaceIndex(9);
  desk.set_links(links);
  EXPECT_EQ(desk.neighbour(), "none");
  EXPECT_EQ(desk.groups, (std::vector<std::string>{"join 3", "leave 3", "join 9"}));
}

TEST(Discovery, FollowsItsOwnLinkLocalAddress) {
  OnInterface desk;
  desk.hear(kRouter);
  auto links = two_links();
  links.at("eth1").addresses.insert(links.at("eth1").addresses.begin(), {.address = ip("fe80::7"), .prefix_length = 64});
  desk.set_links(links);
  EXPECT_EQ(desk.told.back().transport.source, kOwn) << "as long as it is there, it stays";
  links.at("eth1").addresses.pop_back();
  desk.set_links(links);
  EXPECT_EQ(desk.told.back().transport.source, ip("fe80::7"));
  EXPECT_EQ(desk.neighbour(), "fe80::2");
}

TEST(Discovery, SaysNothingForAPeerThatTheSpeakerHolds) {
  Desk desk;
  desk.set_links(two_links());
  auto peer = on_interface();
  peer.settings.held = "another BGP daemon runs on this node";
  desk.set(peer);
  desk.advance(1min);
  EXPECT_TRUE(desk.sent.empty());
  EXPECT_TRUE(desk.groups.empty());
  EXPECT_EQ(desk.held(), "another BGP daemon runs on this node");
}

TEST(Discovery, EndsWithTheLastPeerOfTheInterface) {
  OnInterface desk;
  desk.set(on_interface(), bgp::PeerId(2));
  desk.input(RemovePeer{kPeer});
  EXPECT_EQ(desk.groups, std::vector<std::string>{"join 3"});
  desk.input(RemovePeer{bgp::PeerId(2)});
  EXPECT_EQ(desk.groups, (std::vector<std::string>{"join 3", "leave 3"}));
  EXPECT_EQ(desk.core.next_deadline(), kIdle);
  EXPECT_EQ(desk.removed, 2);
}

TEST(Discovery, ShowsWhyItCannotWork) {
  OnInterface desk;
  desk.input(DiscoveryTrouble{"open ICMPv6 socket: not permitted (grant the capability NET_RAW)"});
  EXPECT_EQ(desk.held(), "open ICMPv6 socket: not permitted (grant the capability NET_RAW)");
  EXPECT_EQ(desk.status().held, desk.held());
  desk.input(DiscoveryTrouble{""});
  EXPECT_EQ(desk.held(), "no RA seen on interface eth1");
}

TEST(Discovery, LeavesTheIpv4SubnetAloneUnlessItIsSwitchedOn) {
  Desk desk;
  desk.set_links(with_ipv4("198.51.100.0", 31));
  desk.set(on_interface());
  desk.advance(1min);
  EXPECT_EQ(desk.neighbour(), "none");
}

TEST(Discovery, TakesTheOtherEndOfTheIpv4SubnetAfterTenSecondsOfSilence) {
  struct Row {
    const char* own;
    int length;
    const char* neighbour;
  };
  for (const auto& row : std::vector<Row>{{"198.51.100.0", 31, "198.51.100.1"},
                                          {"198.51.100.1", 31, "198.51.100.0"},
                                          {"198.51.100.5", 30, "198.51.100.6"},
                                          {"198.51.100.6", 30, "198.51.100.5"},
                                          {"198.51.100.4", 30, "none"},
                                          {"198.51.100.7", 30, "none"},
                                          {"198.51.100.1", 29, "none"},
                                          {"198.51.100.1", 32, "none"}}) {
    Desk desk({.ipv4_on_point_to_point = true});
    desk.set_links(with_ipv4(row.own, row.length));
    desk.set(on_interface());
    desk.advance(9999ms);
    EXPECT_EQ(desk.neighbour(), "none") << row.own;
    desk.advance(1ms);
    EXPECT_EQ(desk.neighbour(), row.neighbour) << row.own;
    if (row.neighbour == std::string("none")) continue;
    EXPECT_EQ(desk.told.back().transport.source, ip(row.own));
    desk.set_links(two_links());
    EXPECT_EQ(desk.neighbour(), "none") << "without the subnet";
  }
}

TEST(Discovery, PrefersIpv6OverTheIpv4NeighbourUnlessItsSessionRuns) {
  Desk desk({.ipv4_on_point_to_point = true});
  desk.set_links(with_ipv4("198.51.100.0", 31));
  desk.set(on_interface());
  desk.advance(10s);
  desk.establish();
  desk.hear(kRouter);
  EXPECT_EQ(desk.neighbour(), "198.51.100.1");
  desk.lose();
  desk.hear(kRouter);
  EXPECT_EQ(desk.neighbour(), "fe80::2");
}

TEST(Discovery, WantsNothingAnyMoreOnceTheProcessEnds) {
  OnInterface desk;
  desk.input(Stopping{});
  EXPECT_EQ(desk.groups, (std::vector<std::string>{"join 3", "leave 3"}));
  Desk::taken(desk.sent);
  const auto count = desk.told.size();
  desk.hear(kRouter);
  desk.set_links({});
  desk.advance(1min);
  EXPECT_TRUE(desk.sent.empty());
  EXPECT_EQ(desk.told.size(), count);
  EXPECT_EQ(desk.removed, 0);
}

}  // namespace
}  // namespace metallb::peering
