// BFD and BGP together: which path is watched from where, and what a change of its state means (bgp spec 4.13 "Which kind",
// 4.14; RFC 5882).
#include <gtest/gtest.h>

#include "desk.hpp"

namespace metallb::peering {
namespace {

using namespace test;
using bfd::Reason;
using bfd::State;

using List = std::vector<std::string>;

Peer internal(Peer peer) {
  peer.settings.peer_as = {bgp::PeerAs::Kind::kInternal, {}};
  peer.settings.transport.ttl = 255;
  return peer;
}
Peer multihop(Peer peer) {
  peer.settings.transport.ttl = 255;
  return peer;
}
Peer from(Peer peer, const char* source) {
  peer.settings.transport.source = ip(source);
  return peer;
}

/// One hop to the router on eth0, as BFD names it.
const bfd::SessionKey kPath{
    .vrf = "", .hops = bfd::Hops::kSingle, .remote = ip("192.0.2.254"), .local = ip("192.0.2.1"), .interface = kEth0};

struct Watched : Desk {
  Watched() {
    set_links(two_links());
    set(with_bfd(addressed()));
  }
  void report(State before, State after, Reason reason, std::uint64_t count = 0, const bfd::SessionKey& key = kPath) {
    input(bfd::StateChanged{.client = "1", .key = key, .from = before, .to = after, .reason = reason, .failures = count});
  }
  void come_up(std::uint64_t count = 0) { report(State::kInit, State::kUp, Reason::kHandshake, count); }
};

TEST(BfdPath, IsOfTheKindThatThePeerNeeds) {
  auto gtsm = multihop(addressed());
  gtsm.settings.transport.minimum_ttl = 255;
  auto far_gtsm = multihop(addressed("203.0.113.9"));
  far_gtsm.settings.transport.minimum_ttl = 254;
  auto same_number = multihop(addressed("203.0.113.9"));
  same_number.settings.peer_as.number = same_number.settings.my_as;
  auto any_external = addressed();
  any_external.settings.peer_as = {bgp::PeerAs::Kind::kExternal, {}};
  struct Row {
    const char* what;
    Peer peer;
    List expected;
  };
  for (const auto& row : std::vector<Row>{
           {"external, on the LAN", addressed(), {"watch 1 single 192.0.2.1 192.0.2.254 2"}},
           {"external of any AS", any_external, {"watch 1 single 192.0.2.1 192.0.2.254 2"}},
           {"external over IPv6", addressed("2001:db8::9"), {"watch 1 single 2001:db8::1 2001:db8::9 2"}},
           {"internal, on the LAN", internal(addressed()), {"watch 1 single 192.0.2.1 192.0.2.254 2"}},
           {"internal, at the far end of a point-to-point link",
            internal(addressed("198.51.100.2")),
            {"watch 1 single 198.51.100.1 198.51.100.2 3"}},
           {"internal, behind a router",
            from(internal(addressed("203.0.113.9")), "192.0.2.1"),
            {"watch 1 multi 192.0.2.1 203.0.113.9 0"}},
           {"internal by its number", from(same_number, "192.0.2.1"), {"watch 1 multi 192.0.2.1 203.0.113.9 0"}},
           {"ebgpMultiHop, on the LAN", multihop(addressed()), {"watch 1 multi 192.0.2.1 192.0.2.254 0"}},
           {"GTSM over one hop", gtsm, {"watch 1 single 192.0.2.1 192.0.2.254 2"}},
           {"GTSM over two", from(far_gtsm, "192.0.2.1"), {"watch 1 multi 192.0.2.1 203.0.113.9 0"}},
           {"a source of its own", from(addressed(), "198.51.100.1"), {"watch 1 single 198.51.100.1 192.0.2.254 2"}},
           {"a local address that only the session tells", internal(addressed("203.0.113.9")), {}},
           {"an interface whose router is not known", on_interface(), {}},
       }) {
    Desk desk;
    auto links = two_links();
    const IpPrefix far(ip("198.51.100.2"), 32);
    links.at("eth1").addresses.push_back({.address = ip("198.51.100.1"), .prefix_length = 32, .far = far});
    desk.set_links(links);
    desk.set(with_bfd(row.peer));
    EXPECT_EQ(desk.bfd, row.expected) << row.what;
    EXPECT_EQ(desk.status().watched, true);
    EXPECT_EQ(desk.status().bfd_problem.empty(), !row.expected.empty()) << row.what;
  }
}

TEST(BfdPath, IsWatchedWithTheProfilesParametersAndOnlyWhereAProfileIs) {
  Desk desk;
  desk.set_links(two_links());
  auto peer = with_bfd(addressed());
  peer.bfd->receive_interval = 50ms;
  desk.set(peer);
  ASSERT_EQ(desk.parameters.size(), 1U);
  EXPECT_EQ(desk.parameters.back(), *peer.bfd);
  desk.set(peer);
  EXPECT_EQ(desk.bfd.size(), 1U) << "nothing new";
  peer.bfd->receive_interval = 100ms;
  desk.set(peer);
  EXPECT_EQ(desk.bfd, (List{"watch 1 single 192.0.2.1 192.0.2.254 2", "watch 1 single 192.0.2.1 192.0.2.254 2"}));
  EXPECT_EQ(desk.parameters.back(), *peer.bfd);
  EXPECT_EQ(desk.told.size(), 1U) << "BGP is not touched";
  peer.bfd.reset();
  desk.set(peer);
  EXPECT_EQ(desk.bfd.back(), "unwatch 1 single 192.0.2.1 192.0.2.254 2");
  EXPECT_EQ(desk.told.size(), 1U);
}

TEST(BfdPath, WaitsForTheLinks) {
  Desk desk;
  desk.set(with_bfd(addressed()));
  EXPECT_TRUE(desk.bfd.empty());
  desk.set_links(two_links());
  EXPECT_EQ(desk.bfd, List{"watch 1 single 192.0.2.1 192.0.2.254 2"});
}

TEST(BfdPath, RunsBetweenLinkLocalAddressesOnAnUnnumberedLink) {
  Desk desk;
  desk.set_links(two_links());
  desk.set(with_bfd(internal(on_interface())));
  desk.hear(kRouter);
  EXPECT_EQ(desk.bfd, List{"watch 1 single fe80::1 fe80::2 3"});
  Desk::taken(desk.bfd);
  desk.advance(1min);
  desk.hear(kOtherRouter);
  EXPECT_EQ(desk.bfd, (List{"unwatch 1 single fe80::1 fe80::2 3", "watch 1 single fe80::1 fe80::3 3"}));
  desk.set_links({});
  EXPECT_EQ(desk.bfd.back(), "unwatch 1 single fe80::1 fe80::3 3");
  EXPECT_EQ(desk.bfd.size(), 3U);
}

TEST(BfdPath, FollowsTheAddressOfTheSession) {
  Desk desk;
  auto links = two_links();
  links.at("eth0").addresses.push_back({.address = ip("192.0.2.7"), .prefix_length = 24});
  desk.set_links(links);
  desk.set(with_bfd(addressed()));
  desk.set(with_bfd(internal(addressed("203.0.113.9"))), bgp::PeerId(2));
  EXPECT_EQ(Desk::taken(desk.bfd), List{"watch 1 single 192.0.2.1 192.0.2.254 2"});
  desk.input(SessionAddress{kPeer, ip("192.0.2.7")});
  EXPECT_EQ(Desk::taken(desk.bfd),
            (List{"unwatch 1 single 192.0.2.1 192.0.2.254 2", "watch 1 single 192.0.2.7 192.0.2.254 2"}));
  desk.input(SessionAddress{bgp::PeerId(2), ip("192.0.2.1")});
  EXPECT_EQ(Desk::taken(desk.bfd), List{"watch 2 multi 192.0.2.1 203.0.113.9 0"});
  desk.establish();
  desk.lose();
  EXPECT_TRUE(desk.bfd.empty()) << "BFD goes on while BGP is down";
  links.at("eth0").addresses.pop_back();
  desk.set_links(links);
  EXPECT_EQ(desk.bfd, (List{"unwatch 1 single 192.0.2.7 192.0.2.254 2", "watch 1 single 192.0.2.1 192.0.2.254 2"}));
}

TEST(BfdPath, DoesNotFollowTheAddressOfAnEarlierSession) {
  Desk desk;
  auto links = two_links();
  links.at("eth0").addresses.push_back({.address = ip("192.0.2.7"), .prefix_length = 24});
  desk.set_links(links);
  desk.set(with_bfd(addressed()));
  desk.input(SessionAddress{kPeer, ip("192.0.2.7")});
  desk.establish();
  desk.lose();
  desk.set_links(two_links());
  EXPECT_EQ(Desk::taken(desk.bfd).back(), "watch 1 single 192.0.2.1 192.0.2.254 2");
  // The session is back from the other address, and says so a moment later.
  desk.establish();
  desk.input(SessionAddress{kPeer, ip("192.0.2.1")});
  EXPECT_TRUE(desk.bfd.empty()) << "the path did not change";
}

TEST(BfdPath, ForgetsTheAddressOfTheSessionWithAnotherPeer) {
  Desk desk;
  desk.set_links(two_links());
  desk.set(with_bfd(internal(addressed("203.0.113.9"))));
  desk.input(SessionAddress{kPeer, ip("192.0.2.1")});
  EXPECT_EQ(Desk::taken(desk.bfd), List{"watch 1 multi 192.0.2.1 203.0.113.9 0"});
  desk.set(with_bfd(internal(addressed("203.0.113.10"))));
  EXPECT_EQ(desk.bfd, List{"unwatch 1 multi 192.0.2.1 203.0.113.9 0"}) << "another way may lead there";
}

TEST(BfdPath, StaysWhenItsLinkGoesDownSoThatBfdNotices) {
  Watched desk;
  desk.come_up();
  desk.establish();
  Desk::taken(desk.bfd);
  Desk::taken(desk.verdicts);
  auto links = two_links();
  links.at("eth0").running = false;
  desk.set_links(links);
  EXPECT_TRUE(desk.bfd.empty());
  EXPECT_EQ(desk.held(), "");
  EXPECT_EQ(desk.verdicts, std::vector<bool>{false})
      << "at once: BFD's own packets do not leave, and BFD does not miss them";
  desk.report(State::kUp, State::kDown, Reason::kDetectionTimeExpired, 1);
  EXPECT_EQ(desk.status().failures, 1U);
  EXPECT_EQ(Desk::taken(desk.verdicts), std::vector<bool>{false}) << "told once";
  EXPECT_TRUE(desk.bfd.empty()) << "the link is still there";
  desk.set_links(two_links());
  EXPECT_TRUE(desk.bfd.empty());
  EXPECT_TRUE(desk.verdicts.empty()) << "BFD is still down";
  desk.report(State::kInit, State::kUp, Reason::kHandshake, 1);
  EXPECT_EQ(desk.verdicts, std::vector<bool>{true});
}

TEST(BfdVerdict, OfALinkThatIsBackBeforeBfdMissedAPacketIsThatThePathIsBack) {
  Watched desk;
  auto down = two_links();
  down.at("eth0").running = false;
  desk.set_links(down);
  desk.set_links(two_links());
  EXPECT_TRUE(desk.verdicts.empty()) << "nothing was up";
  desk.come_up();
  Desk::taken(desk.verdicts);
  desk.set_links(down);
  desk.set_links(down);
  desk.set_links(two_links());
  EXPECT_EQ(desk.verdicts, (std::vector<bool>{false, true}));
  EXPECT_EQ(desk.status().failures, 0U);
}

TEST(BfdPath, StaysWhenItsLinkIsRemovedUntilBfdHasNoticed) {
  for (const auto& peer : {internal(addressed()), addressed()}) {
    Desk desk;
    desk.set_links(two_links());
    desk.set(with_bfd(peer));
    desk.input(SessionAddress{kPeer, ip("192.0.2.1")});
    Desk::taken(desk.bfd);
    const auto report = [&](State before, State after, Reason reason, std::uint64_t count) {
      desk.input(
          bfd::StateChanged{.client = "1", .key = kPath, .from = before, .to = after, .reason = reason, .failures = count});
    };
    report(State::kInit, State::kUp, Reason::kHandshake, 0);
    auto links = two_links();
    links.erase("eth0");
    desk.set_links(links);
    EXPECT_TRUE(desk.bfd.empty());
    report(State::kUp, State::kDown, Reason::kDetectionTimeExpired, 1);
    EXPECT_EQ(desk.verdicts, (std::vector<bool>{true, false})) << "another path is no reason to try at once";
    ASSERT_EQ(desk.bfd.size(), 2U);
    EXPECT_EQ(desk.bfd[0], "unwatch 1 single 192.0.2.1 192.0.2.254 2");
  }
}

TEST(BfdPath, IsNotWatchedWhileThePeerIsHeld) {
  Watched desk;
  Desk::taken(desk.bfd);
  auto peer = with_bfd(addressed());
  peer.settings.held = "another BGP daemon runs on this node";
  desk.set(peer);
  EXPECT_EQ(desk.bfd, List{"unwatch 1 single 192.0.2.1 192.0.2.254 2"});
  EXPECT_EQ(desk.status().bfd_problem, "another BGP daemon runs on this node");
}

TEST(BfdPath, IsSharedByPeersOfTheSameAddressUnderNamesOfTheirOwn) {
  Watched desk;
  desk.set(with_bfd(addressed()), bgp::PeerId(2));
  EXPECT_EQ(desk.bfd, (List{"watch 1 single 192.0.2.1 192.0.2.254 2", "watch 2 single 192.0.2.1 192.0.2.254 2"}));
  Desk::taken(desk.bfd);
  desk.input(bfd::StateChanged{.client = "2", .key = kPath, .from = State::kInit, .to = State::kUp});
  EXPECT_TRUE(desk.verdicts.empty()) << "each peer is told by itself";
  EXPECT_EQ(desk.core.peers()[1].bfd, State::kUp);
  desk.input(RemovePeer{bgp::PeerId(2)});
  EXPECT_EQ(desk.bfd, List{"unwatch 2 single 192.0.2.1 192.0.2.254 2"});
}

// bgp spec 4.14, row by row.
TEST(BfdVerdict, IsWhatTheTableOfBfdAndBgpSays) {
  struct Row {
    const char* what;
    std::vector<bfd::StateChanged> reports;
    std::vector<bool> verdicts;
  };
  const auto change = [](State before, State after, Reason reason, std::uint64_t count = 0) {
    return bfd::StateChanged{.client = "1", .key = kPath, .from = before, .to = after, .reason = reason, .failures = count};
  };
  const auto up = change(State::kInit, State::kUp, Reason::kHandshake);
  for (const auto& row : std::vector<Row>{
           {"comes up", {up}, {true}},
           {"is reported again", {up, change(State::kUp, State::kUp, Reason::kHandshake)}, {true}},
           {"never comes up", {change(State::kDown, State::kInit, Reason::kHandshake)}, {}},
           {"gives up before it was up",
            {change(State::kDown, State::kInit, Reason::kHandshake),
             change(State::kInit, State::kDown, Reason::kDetectionTimeExpired)},
            {}},
           {"silence", {up, change(State::kUp, State::kDown, Reason::kDetectionTimeExpired, 1)}, {true, false}},
           {"echo stays away", {up, change(State::kUp, State::kDown, Reason::kEchoFailed, 1)}, {true, false}},
           {"the peer says Down", {up, change(State::kUp, State::kDown, Reason::kNeighbourDown, 1)}, {true, false}},
           {"the peer is switched off", {up, change(State::kUp, State::kDown, Reason::kNeighbourAdminDown)}, {true}},
           {"we are switched off", {up, change(State::kUp, State::kAdminDown, Reason::kShutDown)}, {true}},
           {"fails and returns",
            {up, change(State::kUp, State::kDown, Reason::kDetectionTimeExpired, 1),
             change(State::kDown, State::kInit, Reason::kHandshake, 1),
             change(State::kInit, State::kUp, Reason::kHandshake, 1)},
            {true, false, true}},
           {"fails and returns, of which only the end is told",
            {up, change(State::kInit, State::kUp, Reason::kHandshake, 1)},
            {true, false, true}},
           {"fails, and only a later step is told",
            {up, change(State::kDown, State::kInit, Reason::kHandshake, 1)},
            {true, false}},
           {"fails, and is then switched off by the peer",
            {up, change(State::kInit, State::kDown, Reason::kNeighbourAdminDown, 1)},
            {true, false}},
           {"is up when the peer joins others that watch it, whatever was before",
            {change(State::kUp, State::kUp, Reason::kHandshake, 5)},
            {true}},
           {"the first thing told is its failure", {change(State::kUp, State::kDown, Reason::kEchoFailed, 5)}, {false}},
           {"the first thing told is that it gave up before it was up",
            {change(State::kInit, State::kDown, Reason::kDetectionTimeExpired, 5)},
            {}},
           {"the first thing told is that the peer was switched off",
            {change(State::kUp, State::kDown, Reason::kNeighbourAdminDown, 5)},
            {}},
           {"failures of before this peer came are not its own",
            {change(State::kDown, State::kInit, Reason::kHandshake, 5),
             change(State::kInit, State::kUp, Reason::kHandshake, 5)},
            {true}},
       }) {
    Watched desk;
    for (const auto& report : row.reports) desk.input(report);
    EXPECT_EQ(desk.verdicts, row.verdicts) << row.what;
    EXPECT_EQ(desk.status().bfd, row.reports.back().to) << row.what;
  }
}

TEST(BfdVerdict, CountsEveryFailureOnce) {
  Watched desk;
  desk.come_up(2);
  desk.report(State::kUp, State::kDown, Reason::kDetectionTimeExpired, 3);
  desk.report(State::kInit, State::kUp, Reason::kHandshake, 5);
  EXPECT_EQ(desk.status().failures, 3U);
  EXPECT_EQ(desk.verdicts, (std::vector<bool>{true, false, false, true}));
}

TEST(BfdVerdict, ComesOnlyFromThePathThatIsWatched) {
  Watched desk;
  auto other = kPath;
  other.local = ip("192.0.2.9");
  desk.report(State::kInit, State::kUp, Reason::kHandshake, 0, other);
  desk.report(State::kUp, State::kDown, Reason::kEchoFailed, 1, other);
  EXPECT_TRUE(desk.verdicts.empty());
  desk.input(bfd::StateChanged{.client = "nobody", .key = kPath, .to = State::kUp});
  EXPECT_TRUE(desk.verdicts.empty());
}

TEST(BfdVerdict, LetsASessionGoThatWaitsForAPathNobodyWatchesAnyMore) {
  Watched desk;
  desk.come_up();
  desk.report(State::kUp, State::kDown, Reason::kDetectionTimeExpired, 1);
  desk.set(addressed());
  EXPECT_EQ(desk.verdicts, (std::vector<bool>{true, false, true}));
  desk.set(with_bfd(addressed()));
  EXPECT_EQ(desk.status().failures, 0U);
  desk.report(State::kAdminDown, State::kDown, Reason::kStarted, 1);
  EXPECT_EQ(desk.verdicts.size(), 3U) << "the session of before was taken up again; its failure is known";
}

TEST(BfdVerdict, IsSilentOnceTheProcessEnds) {
  Watched desk;
  desk.come_up();
  desk.input(Stopping{});
  desk.report(State::kUp, State::kDown, Reason::kNeighbourDown, 1);
  EXPECT_EQ(desk.verdicts, std::vector<bool>{true}) << "what BGP says last is its own affair";
}

TEST(BfdRefusal, IsLoggedOnceWithThePeerAndShown) {
  Watched desk;
  const auto refusal = bfd::Refused{"1", kPath, "there are 4096 BFD sessions already: use BFD with fewer peers"};
  desk.input(refusal);
  EXPECT_EQ(desk.lines.count("bfdRefused router"), 1);
  EXPECT_EQ(desk.status().bfd_problem, refusal.problem);
  auto other = kPath;
  other.local = ip("192.0.2.9");
  desk.input(bfd::Refused{"1", other, "late"});
  EXPECT_EQ(desk.lines.count("bfdRefused router"), 1) << "of a path that is not wanted any more";
  auto peer = with_bfd(addressed());
  peer.bfd->detect_mult = 5;
  Desk::taken(desk.bfd);
  desk.set(peer);
  EXPECT_EQ(desk.bfd.size(), 1U) << "other parameters are worth another try";
  EXPECT_EQ(desk.status().bfd_problem, "");
  EXPECT_TRUE(desk.verdicts.empty()) << "BGP runs without it";
}

}  // namespace
}  // namespace metallb::peering
