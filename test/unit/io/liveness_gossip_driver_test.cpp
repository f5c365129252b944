// Whole members on liveness threads of theirs, which find each other over the loopback of a network of their own.

#include "io/liveness/gossip_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;
using Names = std::set<std::string>;

Bytes bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

gossip::KeyRing ring(const std::vector<std::string>& secrets) {
  gossip::KeyRing out;
  for (const auto& secret : secrets) out.keys.push_back(gossip::derive_key(bytes(secret)));
  return out;
}

/// A member, with what it was told last.
struct Member {
  Member(boost::asio::io_context& main_loop, const std::string& name, const std::string& own, gossip::KeyRing keys = {}) {
    auto opened = GossipDriver::open(
        thread, main_loop,
        {.node_name = name, .address = address(own), .settings = gossip::lan_settings(), .ring = std::move(keys)},
        {.electorate_changed = [this](gossip::ElectorateChanged changed) { electorate = std::move(changed); },
         .member_seen = [this](const gossip::MemberSeen& seen) { states[seen.node] = seen.state; },
         .join_finished = [this](const gossip::JoinFinished& finished) { joins.push_back(finished); },
         .left = [this] { left = true; },
         .neighbours_changed = [this](std::map<MacAddress, std::string> names) { neighbours = std::move(names); }},
        Log(log));
    EXPECT_TRUE(opened) << opened.error().to_string();
    if (opened) gossip = std::move(*opened);
    thread.start();
  }
  void join(const std::vector<std::string>& others) {
    std::vector<IpAddress> addresses;
    for (const auto& other : others) addresses.push_back(address(other));
    gossip->join(addresses);
  }
  [[nodiscard]] bool sees(const Names& names) const { return electorate.members == names && !electorate.hold; }

  LogLines log;
  gossip::ElectorateChanged electorate;
  std::map<std::string, gossip::MemberState> states;
  std::vector<gossip::JoinFinished> joins;
  bool left = false;
  std::map<MacAddress, std::string> neighbours;
  LivenessThread thread;
  std::unique_ptr<GossipDriver> gossip;
};

TEST(GossipDriver, FindsOthersByJoiningOneOfThem) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context main;
    Member one(main, "one", "127.0.0.1");
    Member two(main, "two", "127.0.0.2");
    Member three(main, "three", "127.0.0.3");
    two.join({"127.0.0.1"});
    ASSERT_TRUE(eventually(main, [&] { return !two.joins.empty(); }));
    EXPECT_EQ(two.joins.front().joined, 1U);
    EXPECT_EQ(two.joins.front().expected, 1U);
    three.join({"127.0.0.2"});
    one.join({});
    const Names all{"one", "two", "three"};
    EXPECT_TRUE(eventually(main, [&] { return one.sees(all) && two.sees(all) && three.sees(all); }));
    EXPECT_EQ(one.states["three"], gossip::MemberState::kAlive);
    EXPECT_TRUE(eventually(main, [&] { return one.gossip->report().members.size() == 3; }));
    EXPECT_GE(one.gossip->report().counters.joins, 2U);
  });
}

TEST(GossipDriver, TellsThatThereWasNobodyToJoinAndLeavesTheWaitForItToOthers) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context main;
    Member one(main, "one", "127.0.0.1");
    ASSERT_TRUE(eventually(main, [&] { return one.electorate.members == Names{"one"}; }));
    EXPECT_FALSE(one.electorate.hold) << "the wait for the first join is PeerDiscovery's";
    one.join({});
    ASSERT_TRUE(eventually(main, [&] { return !one.joins.empty(); }));
    ASSERT_EQ(one.joins.size(), 1U);
    EXPECT_EQ(one.joins.front().expected, 0U);
  });
}

TEST(GossipDriver, TellsWhyAJoinFailed) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context main;
    Member one(main, "one", "127.0.0.1");
    one.join({"127.0.0.9"});
    ASSERT_TRUE(eventually(main, [&] { return !one.joins.empty(); }));
    EXPECT_EQ(one.joins.front().joined, 0U);
    EXPECT_EQ(one.joins.front().expected, 1U);
    EXPECT_THAT(one.joins.front().error, testing::HasSubstr("127.0.0.9"));
  });
}

TEST(GossipDriver, TellsTheOthersWhenItLeaves) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context main;
    Member one(main, "one", "127.0.0.1");
    Member two(main, "two", "127.0.0.2");
    one.join({});
    two.join({"127.0.0.1"});
    ASSERT_TRUE(eventually(main, [&] { return one.sees({"one", "two"}); }));
    two.gossip->leave();
    EXPECT_TRUE(eventually(main, [&] { return one.sees({"one"}) && two.left; }));
    EXPECT_EQ(one.states["two"], gossip::MemberState::kLeft);
  });
}

TEST(GossipDriver, NoticesADeadProcessWithinASecond) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context main;
    Member one(main, "one", "127.0.0.1");
    Member two(main, "two", "127.0.0.2");
    auto three = std::make_unique<Member>(main, "three", "127.0.0.3");
    one.join({});
    two.join({"127.0.0.1"});
    three->join({"127.0.0.1"});
    const Names all{"one", "two", "three"};
    ASSERT_TRUE(eventually(main, [&] { return one.sees(all) && two.sees(all) && three->sees(all); }));
    // Its sockets close without a word, as those of a killed process do: pings meet ICMP errors.
    three->gossip.reset();
    const auto began = std::chrono::steady_clock::now();
    EXPECT_TRUE(eventually(main, [&] { return one.sees({"one", "two"}) && two.sees({"one", "two"}); }));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s) << "the original takes five at least";
  });
}

TEST(GossipDriver, DoesTheSameOverIpv6) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    ip("addr add fd00::2/128 dev lo nodad");
    boost::asio::io_context main;
    Member one(main, "one", "::1");
    Member two(main, "two", "fd00::2");
    one.join({});
    two.join({"::1"});
    EXPECT_TRUE(eventually(main, [&] { return one.sees({"one", "two"}) && two.sees({"one", "two"}); }));
  });
}

TEST(GossipDriver, ChangesTheSecretOfARunningCluster) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context main;
    Member one(main, "one", "127.0.0.1", ring({"old"}));
    Member two(main, "two", "127.0.0.2", ring({"old"}));
    Member stranger(main, "stranger", "127.0.0.3", ring({"other"}));
    one.join({});
    two.join({"127.0.0.1"});
    ASSERT_TRUE(eventually(main, [&] { return one.sees({"one", "two"}); }));
    stranger.join({"127.0.0.1"});
    ASSERT_TRUE(eventually(main, [&] { return !stranger.joins.empty(); }));
    EXPECT_EQ(stranger.joins.front().joined, 0U);

    // One has seen the new secret, two has not, and late begins with it.
    auto both = ring({"old", "new"});
    both.seal_with_all = true;
    one.gossip->use_keys(both);
    Member late(main, "late", "127.0.0.4", ring({"new"}));
    late.join({"127.0.0.1"});
    ASSERT_TRUE(eventually(main, [&] { return !late.joins.empty(); }));
    EXPECT_EQ(late.joins.front().joined, 1U) << late.joins.front().error;
    EXPECT_TRUE(eventually(main, [&] { return one.sees({"one", "two", "late"}) && late.sees({"one", "two", "late"}); }));
    two.gossip->use_keys(both);
    EXPECT_TRUE(eventually(main, [&] { return two.sees({"one", "two", "late"}); }));
  });
}

TEST(GossipDriver, CannotStartOnAPortInUseOrAnAddressOfSomebodyElse) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context main;
    const Member one(main, "one", "127.0.0.1");
    const auto error_of = [&main](const std::string& own) {
      LivenessThread thread;
      const auto opened = GossipDriver::open(thread, main, {.node_name = "two", .address = address(own)}, {}, Log());
      return opened ? std::error_code() : opened.error().code;
    };
    EXPECT_EQ(error_of("127.0.0.1"), std::errc::address_in_use);
    EXPECT_EQ(error_of("192.0.2.1"), std::errc::address_not_available);
  });
}

// failover spec 6.
TEST(GossipDriver, TellsWhichMemberHasWhichMac) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    lay_cable();
    ip("addr add 192.168.1.101/24 dev lan0");
    ip("addr add 192.168.1.102/24 dev lan0");
    // Both members are this machine, which asks nobody for their MAC: so it is told.
    ip("neigh add 192.168.1.102 lladdr 02:00:00:00:00:02 dev lan0 nud reachable");
    boost::asio::io_context main;
    Member one(main, "one", "192.168.1.101");
    Member two(main, "two", "192.168.1.102");
    two.join({"192.168.1.101"});
    const MacAddress mac({2, 0, 0, 0, 0, 2});
    ASSERT_TRUE(eventually(main, [&] { return !one.neighbours.empty(); }));
    EXPECT_THAT(one.neighbours, ElementsAre(Pair(mac, "two")));
    EXPECT_TRUE(two.neighbours.empty());
    // Known also after its death, and under a new MAC.
    two.gossip.reset();
    ip("neigh replace 192.168.1.102 lladdr 02:00:00:00:00:03 dev lan0 nud reachable");
    EXPECT_TRUE(eventually(main, [&] { return one.neighbours.size() == 2; }));
    EXPECT_THAT(one.neighbours, Contains(Pair(mac, "two")));
  });
}

TEST(GossipDriver, SaysWhenTheOwnLinkLosesItsCarrier) {
  IN_OWN_NETWORK([] {
    lay_cable();
    ip("addr add 192.168.1.101/24 dev lan0");
    boost::asio::io_context main;
    const Member one(main, "one", "192.168.1.101");
    ip("link set peer0 down");
    EXPECT_TRUE(
        eventually(main, [&] { return one.log.contains("interface=lan0 ip=192.168.1.101 msg=the own link has no"); }));
    ip("link set peer0 up");
    EXPECT_TRUE(eventually(main, [&] { return one.log.contains("msg=the own link works again"); }));
  });
}

TEST(GossipDriver, TellsNothingMoreOnceItIsGone) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context main;
    Member one(main, "one", "127.0.0.1");
    one.join({});
    one.gossip.reset();
    main.poll();
    EXPECT_TRUE(one.joins.empty());
    EXPECT_FALSE(one.left);
  });
}

}  // namespace
}  // namespace metallb::io::test
