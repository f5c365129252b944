// Two nodes with BFD, each on a liveness thread of its own in a network of its own, with a cable between them.

#include "io/liveness/bfd_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/liveness/gossip_driver.hpp"
#include "unit/io/bfd_node.hpp"

namespace metallb::io::test {
namespace {

using bfd::Hops;
using bfd::Reason;
using bfd::State;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;
using Over = TwoBfdNodes::Over;

TEST(BfdDriver, BringsSessionsUpWithoutMembershipAndAgreesOnThePace) {
  for (const auto interval : {10ms, 50ms}) {
    IN_OWN_NETWORK([interval] {
      TwoBfdNodes nodes;
      nodes.watch_both(every(interval, 10));
      ASSERT_TRUE(nodes.both_up());
      EXPECT_TRUE(nodes.eventually([&] {
        const auto status = nodes.near.status();
        return status.transmit_interval == interval && status.detection_time == 10 * interval &&
               status.clients == std::vector<std::string>{"peer"} && status.counters.control_sent > 10 &&
               status.counters.control_received > 10;
      }));
    });
  }
}

TEST(BfdDriver, NoticesACutCable) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    nodes.watch_both(every(50ms, 5));
    ASSERT_TRUE(nodes.settled(every(50ms, 5)));
    nodes.network.run([] { ip("link set peer0 down"); });
    const auto cut = std::chrono::steady_clock::now();
    ASSERT_TRUE(nodes.eventually([&] { return nodes.near.is(State::kDown); }));
    EXPECT_LT(std::chrono::steady_clock::now() - cut, 2s) << "250 ms on an idle machine";
    EXPECT_EQ(nodes.near.news["peer"].reason, Reason::kDetectionTimeExpired);
    EXPECT_GE(nodes.near.news["peer"].failures, 1U);
    nodes.network.run([] { ip("link set peer0 up"); });
    EXPECT_TRUE(nodes.both_up());
  });
}

TEST(BfdDriver, NoticesAPeerThatStandsStill) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    nodes.watch_both(every(50ms, 5));
    ASSERT_TRUE(nodes.settled(every(50ms, 5)));
    nodes.far.stand_still(1500ms);
    EXPECT_TRUE(nodes.eventually([&] { return nodes.near.is(State::kDown); }));
    EXPECT_TRUE(nodes.both_up()) << "when it goes on";
  });
}

TEST(BfdDriver, TellsThePeerWhenItStops) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    nodes.watch_both(every(50ms, 10));
    ASSERT_TRUE(nodes.both_up());
    bool told = false;
    bool stopped = false;
    nodes.near.bfd->stop([&] { told = true; }, [&] { stopped = true; });
    ASSERT_TRUE(nodes.eventually([&] { return told; }));
    EXPECT_FALSE(stopped) << "the farewell goes on for the peer's detection time";
    ASSERT_TRUE(nodes.eventually([&] { return nodes.far.is(State::kDown) && stopped; }));
    EXPECT_EQ(nodes.far.news["peer"].reason, Reason::kNeighbourAdminDown);
    EXPECT_EQ(nodes.far.news["peer"].failures, 0U) << "what was switched off says nothing about the path";
    nodes.near.bfd->watch({"late", nodes.near_key(), {}});
    ASSERT_TRUE(nodes.eventually([&] { return !nodes.near.problems.empty(); }));
    EXPECT_THAT(nodes.near.problems, ElementsAre(HasSubstr("stopping")));
  });
}

TEST(BfdDriver, SaysThatThePeersWereToldOnlyOnceTheyWere) {
  // What BGP does next must not overtake it (bgp spec 4.14).
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    nodes.watch_both(every(50ms, 10));
    ASSERT_TRUE(nodes.both_up());
    nodes.near.stand_still(300ms);
    const auto began = std::chrono::steady_clock::now();
    bool told = false;
    nodes.near.bfd->stop([&] { told = true; }, [] {});
    ASSERT_TRUE(nodes.eventually([&] { return told; }));
    EXPECT_GE(std::chrono::steady_clock::now() - began, 250ms) << "the thread stood still";
  });
}

// Ten minutes between packets: the farewell would take half an hour.
TEST(BfdDriver, IsThroughWithStoppingAfterASecondWhateverThePeersPatience) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    nodes.watch_both(every(60s, 10));
    ASSERT_TRUE(nodes.both_up());
    bool stopped = false;
    nodes.near.bfd->stop([] {}, [&] { stopped = true; });
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(nodes.eventually([&] { return stopped; }));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
  });
}

TEST(BfdDriver, SaysNothingMoreAboutAPathThatIsNotWatchedAndClosesItsPort) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    nodes.watch_both(every(50ms, 10));
    ASSERT_TRUE(nodes.both_up());
    nodes.near.news.clear();
    nodes.near.bfd->unwatch({"peer", nodes.near_key()});
    ASSERT_TRUE(nodes.eventually([&] { return nodes.far.is(State::kDown); }));
    EXPECT_EQ(nodes.far.news["peer"].reason, Reason::kNeighbourAdminDown);
    EXPECT_TRUE(nodes.eventually([&] { return nodes.near.bfd->report().sessions.empty(); }));
    EXPECT_TRUE(nodes.near.news.empty());
    BfdNode other(nodes.main);
    other.thread.start();
    other.bfd->watch({"peer", nodes.near_key(), every(50ms, 10)});
    EXPECT_TRUE(nodes.eventually([&] { return other.up(); })) << "the port is free for another process";
  });
}

TEST(BfdDriver, WorksOverIpv6AndBetweenLinkLocalAddresses) {
  for (const auto over : {Over::kIpv6, Over::kLinkLocal}) {
    IN_OWN_NETWORK([over] {
      TwoBfdNodes nodes;
      nodes.watch_both(every(50ms, 10), over);
      EXPECT_TRUE(nodes.both_up());
    });
  }
}

TEST(BfdDriver, KeepsSessionsOfOneAndOfSeveralHopsBetweenTheSameAddressesApart) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    for (const auto over : {Over::kIpv4, Over::kIpv6}) {
      nodes.near.news.clear();
      nodes.far.news.clear();
      nodes.watch_both(every(50ms, 10), over, Hops::kMultiple);
      EXPECT_TRUE(nodes.both_up());
      nodes.near.bfd->watch({"near", nodes.near_key(over), every(50ms, 10)});
      nodes.far.bfd->watch({"far", nodes.far_key(over), every(50ms, 10)});
      EXPECT_TRUE(nodes.eventually([&] { return nodes.near.is(State::kUp, "near") && nodes.far.is(State::kUp, "far"); }));
    }
    EXPECT_TRUE(nodes.eventually([&] { return nodes.near.bfd->report().sessions.size() == 4; }));
  });
}

TEST(BfdDriver, RefusesWhatCannotBeWatched) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    auto key = nodes.near_key(Over::kLinkLocal);
    key.interface = InterfaceIndex();
    nodes.near.bfd->watch({"peer", key, {}});
    ASSERT_TRUE(nodes.eventually([&] { return !nodes.near.problems.empty(); }));
    EXPECT_THAT(nodes.near.problems, ElementsAre(HasSubstr("name the interface")));
  });
}

TEST(BfdDriver, SharesItsThreadWithTheMembership) {
  IN_OWN_NETWORK([] {
    boost::asio::io_context main;
    const FarNetwork network;
    std::set<std::string> members;
    BfdNode near(main);
    BfdNode far(main);
    const auto join = [&](BfdNode& node, const std::string& name, const std::string& own, const std::string& other) {
      auto gossip = GossipDriver::open(node.thread, main,
                                       {.node_name = name, .address = address(own), .settings = gossip::lan_settings()},
                                       {.electorate_changed =
                                            [&, name](const gossip::ElectorateChanged& changed) {
                                              if (name == "near") members = changed.members;
                                            },
                                        .member_seen = [](const gossip::MemberSeen&) {},
                                        .join_finished = [](const gossip::JoinFinished&) {},
                                        .left = [] {},
                                        .neighbours_changed = [](const std::map<MacAddress, std::string>&) {}},
                                       Log());
      EXPECT_TRUE(gossip);
      node.thread.start();
      (*gossip)->join({address(other)});
      node.bfd->watch(
          {"peer", {.vrf = {}, .remote = address(other), .local = address(own), .interface = {}}, every(50ms, 10)});
      return std::move(*gossip);
    };
    const auto gossip = join(near, "near", "192.168.1.101", "192.168.1.102");
    std::unique_ptr<GossipDriver> far_gossip;
    network.run([&] { far_gossip = join(far, "far", "192.168.1.102", "192.168.1.101"); });
    EXPECT_TRUE(eventually(main, [&] { return near.up() && far.up() && members == std::set<std::string>{"near", "far"}; }));
  });
}

}  // namespace
}  // namespace metallb::io::test
