// The engine against a small router: sessions, routes, the end; and what does not come up.

#include "io/bgp/bgp_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "unit/io/bgp_network.hpp"
#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

using bgp::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr bgp::PeerId kPeer{1};

bgp::PeerSettings router_at(const std::string& text, std::uint16_t port) {
  bgp::PeerSettings out;
  out.name = "router";
  out.transport.address = address(text);
  out.transport.port = port;
  out.my_as = out.local_as = bgp::Asn(64512);
  out.peer_as = {bgp::PeerAs::Kind::kFixed, bgp::Asn(64513)};
  out.router_id = bgp::RouterId(0xc0000201);
  out.families = {bgp::kIpv4Unicast, bgp::kIpv6Unicast};
  return out;
}

bgp::Publish routes(const std::string& base, int count, bool wanted = true) {
  bgp::Publish out;
  for (int i = 0; i < count; ++i) {
    const auto prefix = IpPrefix::parse(base + std::to_string(i) + "/" + (base.contains(':') ? "128" : "32")).value();
    out.changes.push_back({prefix, wanted ? std::vector{bgp::Offer{}} : std::vector<bgp::Offer>{}});
  }
  return out;
}

peering::Link lan() {
  peering::Link out;
  out.index = InterfaceIndex(2);
  out.name = "lan0";
  out.running = true;
  out.addresses = {{address("192.168.1.1"), 24, true}, {address("fd00::1"), 64, true}, {address("fe80::1"), 64, true}};
  return out;
}

struct Node {
  boost::asio::io_context loop;
  std::vector<State> states;
  std::function<void()> on_change = [] {};
  BgpEngine engine{loop, 7,
                   [this](const bgp::StateChanged& change) {
                     states.push_back(change.to);
                     on_change();
                   },
                   Log()};

  Node() { engine.feed(bgp::ServicesKnown{}); }
  [[nodiscard]] State state() const { return engine.core().session(kPeer)->state(); }
  [[nodiscard]] const std::string& error() const { return engine.core().session(kPeer)->last_error(); }
  [[nodiscard]] bool eventually(const std::function<bool()>& condition) { return test::eventually(loop, condition); }
  [[nodiscard]] bool meets(FarRouter& far, const bgp::PeerSettings& settings) {
    engine.feed(bgp::SetPeer{kPeer, settings});
    return eventually([&] {
      far.turn();
      return state() == State::kEstablished;
    });
  }
  [[nodiscard]] bool tells(FarRouter& far, const std::function<bool()>& condition) {
    return eventually([&] {
      far.turn();
      return condition();
    });
  }
};

TEST(BgpEngine, AnnouncesRoutesAndWithdrawsThem) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    FarRouter far;
    Node node;
    node.engine.set_node_ipv6(address("fd00::77"));
    node.engine.feed(routes("203.0.113.", 100));
    ASSERT_TRUE(node.meets(far, router_at("127.0.0.1", far.port())));
    EXPECT_EQ(node.states.front(), State::kConnect);
    EXPECT_EQ(node.states.back(), State::kEstablished);
    EXPECT_TRUE(node.tells(far, [&] { return far.told.routes.size() == 100; }));
    EXPECT_EQ(far.told.routes.begin()->second.next_hop, address("127.0.0.1").bytes());
    node.engine.feed(routes("2001:db8::", 10));
    EXPECT_TRUE(node.tells(far, [&] { return far.told.routes.size() == 110; }));
    EXPECT_EQ(far.told.routes.rbegin()->second.next_hop, address("fd00::77").bytes());
    node.engine.feed(routes("203.0.113.", 100, false));
    node.engine.feed(routes("2001:db8::", 10, false));
    EXPECT_TRUE(node.tells(far, [&] { return far.told.routes.empty(); }));
    EXPECT_EQ(far.opens, 1U);
  });
}

TEST(BgpEngine, TellsManyRoutesToARouterThatReadsSlowly) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    FarRouter far({.receive_buffer = 4096});
    Node node;
    for (int i = 0; i < 80; ++i) node.engine.feed(routes("10.0." + std::to_string(i) + ".", 250));
    ASSERT_TRUE(node.meets(far, router_at("127.0.0.1", far.port())));
    node.loop.restart();
    node.loop.run_for(milliseconds(50));
    EXPECT_TRUE(node.tells(far, [&] { return far.told.routes.size() == 20'000; }));
  });
}

TEST(BgpEngine, NextHopsFollowTheAddressesOfTheInterface) {
  IN_OWN_NETWORK([] {
    OtherNetwork other;
    lay_cable_to(other);
    std::unique_ptr<FarRouter> far;
    other.run([&] { far = std::make_unique<FarRouter>(FarOptions{.address = "192.168.1.2"}); });
    Node node;
    auto link = lan();
    node.engine.set_links({{"lan0", link}});
    node.engine.feed(routes("2001:db8::", 1));
    ASSERT_TRUE(node.meets(*far, router_at("192.168.1.2", far->port())));
    const auto next_hop = [&] { return far->told.routes.empty() ? Bytes() : far->told.routes.begin()->second.next_hop; };
    auto expected = address("fd00::1").bytes();
    const auto link_local = address("fe80::1").bytes();
    expected.insert(expected.end(), link_local.begin(), link_local.end());
    EXPECT_TRUE(node.tells(*far, [&] { return next_hop() == expected; }));
    link.addresses[1].address = address("fd00::8");
    link.addresses.pop_back();
    node.engine.set_links({{"lan0", link}});
    EXPECT_TRUE(node.tells(*far, [&] { return next_hop() == address("fd00::8").bytes(); }));
    node.engine.set_links({});
    EXPECT_TRUE(node.tells(*far, [&] { return far->told.routes.empty(); }));
    node.engine.set_node_ipv6(address("fd00::9"));
    EXPECT_TRUE(node.tells(*far, [&] { return next_hop() == address("fd00::9").bytes(); }));
    EXPECT_EQ(far->opens, 1U);
  });
}

TEST(BgpEngine, AStopDeliversTheLastWordAndEndsWithinASecondOrSo) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    for (const bool closes_too : {true, false}) {
      FarRouter far;
      Node node;
      ASSERT_TRUE(node.meets(far, router_at("127.0.0.1", far.port())));
      auto nobody = router_at("127.0.0.1", 9);
      nobody.name = "nobody";
      node.engine.feed(bgp::SetPeer{bgp::PeerId(2), nobody});
      int done = 0;
      const auto before = std::chrono::steady_clock::now();
      node.engine.stop(true, [&] { ++done; });
      EXPECT_EQ(done, 0) << "from the loop only";
      EXPECT_TRUE(node.tells(far, [&] {
        if (closes_too && far.end().at_end()) far.end().close();
        return done == 1;
      }));
      const auto took = std::chrono::steady_clock::now() - before;
      EXPECT_LT(took, closes_too ? milliseconds(900) : milliseconds(2500));
      ASSERT_EQ(far.notifications.size(), 1U);
      EXPECT_EQ(far.notifications[0].code, bgp::ErrorCode::kCease);
      EXPECT_EQ(far.notifications[0].subcode, bgp::cease::kAdministrativeShutdown);
      EXPECT_EQ(far.end().broken(), "");
      EXPECT_EQ(node.state(), State::kIdle);
    }
  });
}

TEST(BgpEngine, AStopWithoutConnectionsIsDoneAtOnceAlsoFromAHandler) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    Node node;
    int done = 0;
    bool stopped = false;
    node.on_change = [&] {
      if (!std::exchange(stopped, true)) node.engine.stop(false, [&] { ++done; });
    };
    node.engine.feed(bgp::SetPeer{kPeer, router_at("127.0.0.1", 9)});
    EXPECT_TRUE(node.eventually([&] { return done == 1; }));
  });
}

TEST(BgpEngine, AnEngineThatGoesLeavesNothingBehindInTheLoop) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    FarRouter far;
    boost::asio::io_context loop;
    {
      BgpEngine engine(loop, 7, {}, Log());
      engine.feed(bgp::SetPeer{kPeer, router_at("127.0.0.1", far.port())});
      ASSERT_TRUE(eventually(loop, [&] {
        far.turn();
        return engine.core().session(kPeer)->state() == State::kEstablished;
      }));
      engine.stop(true, [] { ADD_FAILURE() << "nobody is left to be done"; });
    }
    loop.restart();
    loop.run_for(seconds(2));
    EXPECT_TRUE(loop.stopped());
  });
}

TEST(BgpEngine, TheReasonOfAFailedAttemptIsKeptWithTheSession) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    Node node;
    node.engine.feed(bgp::SetPeer{kPeer, router_at("127.0.0.1", 9)});
    EXPECT_TRUE(node.eventually([&] { return node.error() == "TCP refused"; }));
    EXPECT_EQ(node.state(), State::kActive);

    FarEnd silent({.password = "secret"});
    auto settings = router_at("127.0.0.1", silent.port());
    settings.transport.password = "another";
    settings.connect_time = seconds(1);
    node.engine.feed(bgp::SetPeer{kPeer, settings});
    EXPECT_TRUE(node.eventually([&] { return node.error().contains("TCP timeout"); }));
    EXPECT_THAT(node.error(), testing::HasSubstr("another password"));
    EXPECT_EQ(node.state(), State::kConnect) << "a short connect time limits the attempt; the next follows at once";
  });
}

TEST(BgpEngine, ASourceAddressThatComesEndsTheWaitForIt) {
  // bgp spec 4.12: not after the connect time of 30 s
  IN_OWN_NETWORK([] {
    OtherNetwork other;
    lay_cable_to(other);
    std::unique_ptr<FarRouter> far;
    other.run([&] { far = std::make_unique<FarRouter>(FarOptions{.address = "192.168.1.2"}); });
    Node node;
    auto link = lan();
    node.engine.set_links({{"lan0", link}});
    auto settings = router_at("192.168.1.2", far->port());
    settings.transport.source = address("192.168.1.77");
    node.engine.feed(bgp::SetPeer{kPeer, settings});
    ASSERT_TRUE(node.eventually([&] { return node.error() == "source address not on this host: 192.168.1.77"; }));
    ip("addr add 192.168.1.77/24 dev lan0");
    link.addresses.push_back({address("192.168.1.77"), 24, true});
    node.engine.set_links({{"lan0", link}});
    EXPECT_TRUE(node.tells(*far, [&] { return node.state() == State::kEstablished; }));
    EXPECT_EQ(far->end().peer_address(), address("192.168.1.77"));
  });
}

TEST(BgpEngine, ASourceAddressThatComesWhileTheAttemptFailsIsNotMissed) {
  IN_OWN_NETWORK([] {
    OtherNetwork other;
    lay_cable_to(other);
    std::unique_ptr<FarRouter> far;
    other.run([&] { far = std::make_unique<FarRouter>(FarOptions{.address = "192.168.1.2"}); });
    Node node;
    auto link = lan();
    node.engine.set_links({{"lan0", link}});
    auto settings = router_at("192.168.1.2", far->port());
    settings.transport.source = address("192.168.1.77");
    node.engine.feed(bgp::SetPeer{kPeer, settings});
    // The attempt begins with one turn of the loop, and its failure is told in a later one.
    for (int turns = 0; turns < 100 && node.states.empty(); ++turns) {
      node.loop.restart();
      node.loop.poll_one();
    }
    ASSERT_EQ(node.states, std::vector{State::kConnect});
    ip("addr add 192.168.1.77/24 dev lan0");
    link.addresses.push_back({address("192.168.1.77"), 24, true});
    node.engine.set_links({{"lan0", link}});
    EXPECT_TRUE(node.tells(*far, [&] { return node.state() == State::kEstablished; }));
  });
}

TEST(BgpEngine, APeerThatGoesAwayIsFoundAgain) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    FarRouter far;
    Node node;
    node.engine.feed(routes("203.0.113.", 3));
    ASSERT_TRUE(node.meets(far, router_at("127.0.0.1", far.port())));
    far.end().abort();
    EXPECT_TRUE(node.tells(far, [&] { return far.opens == 2 && far.told.routes.size() == 3; }));
    EXPECT_EQ(node.engine.core().session(kPeer)->counters().drops, 1U);
  });
}

TEST(BgpEngine, ManySessionsLeaveTheLoopToOthers) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    constexpr int kRouters = 8;
    std::vector<std::unique_ptr<FarRouter>> far;
    Node node;
    for (int i = 0; i < kRouters; ++i) {
      far.push_back(std::make_unique<FarRouter>());
      node.engine.feed(bgp::SetPeer{bgp::PeerId(static_cast<std::uint32_t>(i + 1)), router_at("127.0.0.1", far[i]->port())});
    }
    const auto all = [&](const std::function<bool(FarRouter&)>& condition) {
      return node.eventually([&] {
        bool met = true;
        for (auto& router : far) {
          router->turn();
          met &= condition(*router);
        }
        return met;
      });
    };
    ASSERT_TRUE(all([](FarRouter& router) { return router.opens == 1; }));
    ASSERT_TRUE(node.eventually([&] {
      const auto peers = node.engine.core().peers();
      return std::ranges::all_of(peers,
                                 [&](bgp::PeerId peer) { return node.engine.core().session(peer)->agreed() != nullptr; });
    }));
    for (int i = 0; i < 40; ++i) node.engine.feed(routes("10.0." + std::to_string(i) + ".", 250));
    // Each handler of the loop is short, although there is work for all sessions.
    int turns = 0;
    std::function<void()> other = [&] {
      if (++turns < 20) boost::asio::post(node.loop, other);
    };
    boost::asio::post(node.loop, other);
    const auto sent = [&] {
      std::size_t out = 0;
      for (const auto peer : node.engine.core().peers()) out += node.engine.core().session(peer)->counters().sent.updates;
      return out;
    };
    const auto before = sent();
    node.loop.restart();
    for (int i = 0; i < 4; ++i) node.loop.poll_one();
    EXPECT_GE(turns, 1);
    const auto early = sent() - before;
    EXPECT_TRUE(all([](FarRouter& router) { return router.told.routes.size() == 10'000; }));
    EXPECT_LT(early, sent() - before) << "all of it in one slice";
  });
}

}  // namespace
}  // namespace metallb::io::test
