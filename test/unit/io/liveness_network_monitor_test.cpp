// What the kernel says about links, addresses, neighbours and routes, in a network of its own.

#include "io/liveness/network_monitor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/clock.hpp"
#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

const IpAddress kOwn = IpAddress::v4(192, 168, 1, 101);
const IpAddress kPeer = IpAddress::v4(192, 168, 1, 102);
const IpAddress kGateway = IpAddress::v4(192, 168, 1, 1);

struct Watcher {
  explicit Watcher(const IpAddress& own = kOwn) : table(own) {
    auto opened = NetworkMonitor::open(
        loop, table,
        {.changed = [this] { ++changes; },
         .neighbour = [this](const IpAddress& neighbour, const MacAddress& mac) { neighbours[neighbour] = mac; }},
        Log());
    EXPECT_TRUE(opened) << opened.error().to_string();
    if (opened) monitor = std::move(*opened);
  }
  [[nodiscard]] bool eventually(const std::function<bool()>& condition) { return test::eventually(loop, condition); }
  [[nodiscard]] std::vector<IpAddress> asked() const {
    std::vector<IpAddress> out;
    for (const auto& target : table.witnesses(now().steady, kPeer).targets) out.push_back(target.address);
    return out;
  }
  boost::asio::io_context loop;
  NetworkTable table;
  int changes = 0;
  std::map<IpAddress, MacAddress> neighbours;
  std::unique_ptr<NetworkMonitor> monitor;
};

void lay_cable_with_addresses() {
  lay_cable();
  ip("addr add 192.168.1.101/24 dev lan0");
  ip("addr add fd00::101/64 dev lan0 nodad");
}

TEST(NetworkMonitor, FindsTheOwnLinkAndFollowsItsCarrier) {
  IN_OWN_NETWORK([] {
    lay_cable_with_addresses();
    Watcher watcher;
    ASSERT_TRUE(watcher.eventually([&] { return watcher.changes > 0; }));
    const auto uplink = watcher.table.uplink();
    ASSERT_TRUE(uplink);
    EXPECT_EQ(uplink->name, "lan0");
    EXPECT_EQ(uplink->mac, mac_of("lan0"));
    EXPECT_TRUE(uplink->running);
    EXPECT_TRUE(uplink->resolves);
    EXPECT_TRUE(uplink->source_v6);
    ip("link set peer0 down");
    EXPECT_TRUE(watcher.eventually([&] { return !watcher.table.uplink()->running; }));
    ip("link set peer0 up");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.table.uplink()->running; }));
  });
}

TEST(NetworkMonitor, FollowsAnAddressThatMoves) {
  IN_OWN_NETWORK([] {
    lay_cable_with_addresses();
    Watcher watcher;
    ASSERT_TRUE(watcher.eventually([&] { return watcher.table.uplink().has_value(); }));
    ip("addr del 192.168.1.101/24 dev lan0");
    EXPECT_TRUE(watcher.eventually([&] { return !watcher.table.uplink(); }));
    ip("addr add 192.168.1.101/24 dev peer0");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.table.uplink() && watcher.table.uplink()->name == "peer0"; }));
  });
}

TEST(NetworkMonitor, FindsAnOwnAddressOfIpv6) {
  IN_OWN_NETWORK([] {
    lay_cable_with_addresses();
    Watcher watcher(address("fd00::101"));
    EXPECT_TRUE(watcher.eventually([&] { return watcher.table.uplink() && watcher.table.uplink()->name == "lan0"; }));
  });
}

TEST(NetworkMonitor, TellsNeighboursThatWereThereAndThoseThatCome) {
  IN_OWN_NETWORK([] {
    lay_cable_with_addresses();
    ip("neigh add 192.168.1.7 lladdr 02:00:00:00:00:07 dev lan0 nud reachable");
    ip("neigh add fd00::7 lladdr 02:00:00:00:00:07 dev lan0 nud stale");
    Watcher watcher;
    const MacAddress seven({2, 0, 0, 0, 0, 7});
    const MacAddress eight({2, 0, 0, 0, 0, 8});
    ASSERT_TRUE(watcher.eventually([&] { return watcher.neighbours.size() >= 2; }));
    EXPECT_EQ(watcher.neighbours[IpAddress::v4(192, 168, 1, 7)], seven);
    EXPECT_EQ(watcher.neighbours[address("fd00::7")], seven);
    ip("neigh replace 192.168.1.7 lladdr 02:00:00:00:00:08 dev lan0 nud reachable");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.neighbours[IpAddress::v4(192, 168, 1, 7)] == eight; }));
    EXPECT_EQ(watcher.table.mac_of(IpAddress::v4(192, 168, 1, 7)), eight);
    ip("neigh del 192.168.1.7 dev lan0");
    EXPECT_TRUE(watcher.eventually([&] { return !watcher.table.mac_of(IpAddress::v4(192, 168, 1, 7)); }));
  });
}

TEST(NetworkMonitor, CountsANeighbourThatTheKernelHoldsForConfirmed) {
  IN_OWN_NETWORK([] {
    lay_cable_with_addresses();
    Watcher watcher;
    ASSERT_TRUE(watcher.eventually([&] { return watcher.changes > 0; }));
    EXPECT_EQ(watcher.asked(), std::vector<IpAddress>{});
    ip("neigh add 192.168.1.7 lladdr 02:00:00:00:00:07 dev lan0 nud reachable");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.asked() == std::vector{IpAddress::v4(192, 168, 1, 7)}; }));
  });
}

TEST(NetworkMonitor, FollowsTheDefaultGateway) {
  IN_OWN_NETWORK([] {
    lay_cable_with_addresses();
    ip("route add default via 192.168.1.1 metric 100");
    Watcher watcher;
    ASSERT_TRUE(watcher.eventually([&] { return watcher.asked() == std::vector{kGateway}; }));
    ip("route add default via 192.168.1.2 metric 50");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.asked() == std::vector{IpAddress::v4(192, 168, 1, 2)}; }));
    ip("route replace default via 192.168.1.3 metric 50");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.asked() == std::vector{IpAddress::v4(192, 168, 1, 3)}; }));
    ip("route del default via 192.168.1.3 metric 50");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.asked() == std::vector{kGateway}; }));
    ip("route replace default metric 100 nexthop via 192.168.1.8 dev lan0 nexthop via 192.168.1.9 dev lan0");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.asked() == std::vector{IpAddress::v4(192, 168, 1, 8)}; }));
    ip("route del default metric 100");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.asked().empty(); }));
    ip("route add default via inet6 fe80::9 dev lan0");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.asked() == std::vector{address("fe80::9")}; }));
  });
}

TEST(NetworkMonitor, FollowsTheDefaultGatewayOfIpv6) {
  IN_OWN_NETWORK([] {
    lay_cable_with_addresses();
    Watcher watcher(address("fd00::101"));
    ip("-6 route add default via fe80::9 dev lan0");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.asked() == std::vector{address("fe80::9")}; }));
  });
}

TEST(NetworkMonitor, IsNotWokenByOtherRoutes) {
  IN_OWN_NETWORK([] {
    lay_cable_with_addresses();
    Watcher watcher;
    ASSERT_TRUE(watcher.eventually([&] { return watcher.changes > 0; }));
    const int before = watcher.changes;
    for (int i = 0; i < 50; ++i) ip("route add 10.0." + std::to_string(i) + ".0/24 via 192.168.1.1");
    // A message that does come, behind them.
    ip("neigh add 192.168.1.7 lladdr 02:00:00:00:00:07 dev lan0 nud reachable");
    ASSERT_TRUE(watcher.eventually([&] { return watcher.neighbours.contains(IpAddress::v4(192, 168, 1, 7)); }));
    EXPECT_LE(watcher.changes, before + 2);
  });
}

}  // namespace
}  // namespace metallb::io::test
