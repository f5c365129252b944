// What the kernel says about links and addresses, in the form that peering wants.

#include "io/netlink/link_monitor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

using peering::LinkAddress;
using testing::Contains;
using testing::ElementsAre;

LinkFacts link(int index, const std::string& name, int master = 0, bool is_vrf = false) {
  LinkFacts out;
  out.index = InterfaceIndex(index);
  out.name = name;
  out.up = out.running = true;
  out.master = InterfaceIndex(master);
  out.is_vrf = is_vrf;
  return out;
}

AddressFacts on(int index, const std::string& text, int length) {
  AddressFacts out;
  out.index = InterfaceIndex(index);
  out.address = address(text);
  out.prefix_length = length;
  return out;
}

TEST(LinkTable, KnowsTheVrfOfALinkInWhateverOrderTheyCome) {
  LinkTable table;
  table.link(link(2, "eth0", 9));
  EXPECT_EQ(table.links().at("eth0").vrf, "");
  table.link(link(9, "red", 0, true));
  EXPECT_EQ(table.links().at("eth0").vrf, "red");
  EXPECT_EQ(table.links().at("red").vrf, "red");
  EXPECT_TRUE(table.links().at("red").is_vrf);
  EXPECT_FALSE(table.links().at("eth0").is_vrf);
  table.link(link(9, "blue", 0, true));
  EXPECT_EQ(table.links().at("eth0").vrf, "blue");
  table.link_gone(InterfaceIndex(9));
  EXPECT_EQ(table.links().at("eth0").vrf, "");
}

TEST(LinkTable, ABridgeIsNoVrf) {
  LinkTable table;
  table.link(link(3, "br0"));
  table.link(link(2, "eth0", 3));
  EXPECT_EQ(table.links().at("eth0").vrf, "");
}

TEST(LinkTable, RunsOnlyWhatIsUpAndHasCarrier) {
  for (const bool up : {false, true}) {
    for (const bool carrier : {false, true}) {
      auto facts = link(2, "eth0");
      facts.up = up;
      facts.running = carrier;
      LinkTable table;
      table.link(facts);
      EXPECT_EQ(table.links().at("eth0").running, up && carrier);
    }
  }
}

TEST(LinkTable, SecondaryAddressesStandBehindPrimaryOnes) {
  LinkTable table;
  table.link(link(2, "eth0"));
  auto temporary = on(2, "2001:db8::aaaa", 64);
  temporary.secondary = true;
  table.address(temporary);
  table.address(on(2, "2001:db8::2", 64));
  table.address(on(2, "2001:db8::1", 64));
  EXPECT_THAT(table.links().at("eth0").addresses,
              ElementsAre(LinkAddress{address("2001:db8::2"), 64, true}, LinkAddress{address("2001:db8::1"), 64, true},
                          LinkAddress{address("2001:db8::aaaa"), 64, true}));
}

TEST(LinkTable, AnAddressIsUsableOnceItIsUniqueAndUntilItIsDeprecated) {
  LinkTable table;
  table.link(link(2, "eth0"));
  auto facts = on(2, "2001:db8::1", 64);
  const auto usable = [&] {
    table.address(facts);
    return table.links().at("eth0").addresses.at(0).usable;
  };
  facts.unique = false;
  EXPECT_FALSE(usable());
  facts.unique = true;
  EXPECT_TRUE(usable());
  facts.deprecated = true;
  EXPECT_FALSE(usable());
  EXPECT_EQ(table.links().at("eth0").addresses.size(), 1U);
}

TEST(LinkTable, TheSameAddressMayStandInTwoSubnets) {
  LinkTable table;
  table.link(link(2, "eth0"));
  table.address(on(2, "10.0.0.1", 24));
  table.address(on(2, "10.0.0.1", 32));
  table.address_gone(on(2, "10.0.0.1", 24));
  EXPECT_THAT(table.links().at("eth0").addresses, ElementsAre(LinkAddress{address("10.0.0.1"), 32, true}));
}

TEST(LinkTable, TheSameAddressMayFaceTwoFarEnds) {
  LinkTable table;
  table.link(link(2, "ppp0"));
  auto one = on(2, "10.0.0.1", 32);
  one.far = IpPrefix(address("10.0.0.2"), 32);
  auto other = on(2, "10.0.0.1", 32);
  other.far = IpPrefix(address("10.0.0.3"), 32);
  table.address(one);
  table.address(other);
  table.address_gone(one);
  EXPECT_THAT(table.links().at("ppp0").addresses, ElementsAre(LinkAddress{address("10.0.0.1"), 32, true, other.far}));
}

TEST(LinkTable, ADumpForgetsWhatItDoesNotName) {
  LinkTable table;
  table.link(link(2, "eth0"));
  table.link(link(3, "eth1"));
  table.address(on(2, "10.0.0.1", 24));
  table.address(on(2, "10.0.0.2", 24));
  table.begin_dump();
  table.link(link(2, "eth0"));
  table.address(on(2, "10.0.0.2", 24));
  table.address(on(4, "10.0.0.9", 24));
  table.end_dump();
  EXPECT_EQ(table.links().size(), 1U);
  EXPECT_THAT(table.links().at("eth0").addresses, ElementsAre(LinkAddress{address("10.0.0.2"), 24, true}));
}

struct Watcher {
  explicit Watcher(int receive_buffer = 1 << 20) {
    auto opened = LinkMonitor::open(
        loop,
        [this](const peering::Links& now) {
          ++told;
          links = now;
        },
        Log(log), receive_buffer);
    EXPECT_TRUE(opened) << opened.error().to_string();
    if (opened) monitor = std::move(*opened);
  }
  [[nodiscard]] bool eventually(const std::function<bool()>& condition) { return test::eventually(loop, condition); }
  [[nodiscard]] bool has(const std::string& name, const LinkAddress& wanted) {
    return eventually([&] {
      if (!links.contains(name)) return false;
      const auto& addresses = links.at(name).addresses;
      return std::find(addresses.begin(), addresses.end(), wanted) != addresses.end();
    });
  }
  boost::asio::io_context loop;
  LogLines log;
  int told = 0;
  peering::Links links;
  std::unique_ptr<LinkMonitor> monitor;
};

TEST(LinkMonitor, TellsLinksWithTheirAddressesAndFollowsThem) {
  IN_OWN_NETWORK([] {
    lay_cable();
    ip("addr add 192.168.1.1/24 dev lan0");
    Watcher watcher;
    ASSERT_TRUE(watcher.eventually([&] { return watcher.told == 1; }));
    const auto& lan = watcher.links.at("lan0");
    EXPECT_EQ(lan.index, index_of("lan0"));
    EXPECT_EQ(lan.mac, mac_of("lan0"));
    EXPECT_TRUE(lan.running);
    EXPECT_EQ(lan.vrf, "");
    EXPECT_THAT(lan.addresses, Contains(LinkAddress{address("192.168.1.1"), 24, true}));
    EXPECT_EQ(lan.link_local(), address("fe80::1"));
    ip("addr add 10.0.0.1 peer 10.0.1.0/24 dev lan0");
    const auto far = IpPrefix::parse("10.0.1.0/24");
    EXPECT_TRUE(watcher.has("lan0", {address("10.0.0.1"), 32, true, far})) << "the subnet is the far end's";
    EXPECT_TRUE(peering::on_link(watcher.links, "", address("10.0.1.9")));
    EXPECT_FALSE(peering::on_link(watcher.links, "", address("10.0.0.9")));
    ip("addr add fd00::1/64 dev lan0 nodad preferred_lft 0");
    EXPECT_TRUE(watcher.has("lan0", {address("fd00::1"), 64, false})) << "deprecated";
    ip("addr add fd00::2/64 dev lan0");
    EXPECT_TRUE(watcher.has("lan0", {address("fd00::2"), 64, true})) << "once it is no longer tentative";
    ip("link set peer0 down");
    EXPECT_TRUE(watcher.eventually([&] { return !watcher.links.at("lan0").running; }));
    ip("link del lan0");
    EXPECT_TRUE(watcher.eventually([&] { return !watcher.links.contains("lan0"); }));
    EXPECT_EQ(watcher.monitor->links(), watcher.links);
  });
}

TEST(LinkMonitor, SaysNothingWhereNothingThatMattersChanged) {
  IN_OWN_NETWORK([] {
    lay_cable();
    Watcher watcher;
    ASSERT_TRUE(watcher.eventually([&] { return watcher.told == 1; }));
    for (int i = 0; i < 5; ++i) ip("link set lan0 mtu " + std::to_string(1400 + i));
    ip("link set lan0 address 02:00:00:00:00:77");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.links.at("lan0").mac == MacAddress({2, 0, 0, 0, 0, 0x77}); }));
    EXPECT_EQ(watcher.told, 2);
  });
}

TEST(LinkMonitor, ReadsEverythingAgainAfterEventsWereLost) {
  IN_OWN_NETWORK([] {
    lay_cable();
    Watcher watcher(4096);
    ASSERT_TRUE(watcher.eventually([&] { return watcher.told == 1; }));
    // More events than the socket's buffer can hold, while nobody reads.
    for (int i = 0; i < 40; ++i) ip("link add dummy" + std::to_string(i) + " type bridge");
    for (int i = 0; i < 39; ++i) ip("link del dummy" + std::to_string(i));
    ip("addr add 192.168.1.1/24 dev lan0");
    EXPECT_TRUE(watcher.has("lan0", {address("192.168.1.1"), 24, true}));
    EXPECT_TRUE(watcher.eventually([&] { return watcher.links.contains("dummy39") && !watcher.links.contains("dummy0"); }));
    EXPECT_TRUE(watcher.log.contains("events about links were lost"));
  });
}

TEST(LinkMonitor, KnowsTheMembersOfAVrf) {
  bool without = false;
  IN_OWN_NETWORK([&without] {
    lay_cable();
    without = std::system("ip link add red type vrf table 42 2>/dev/null") != 0;
    if (without) return;
    ip("link set red up");
    Watcher watcher;
    ip("link set lan0 master red");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.links.contains("lan0") && watcher.links.at("lan0").vrf == "red"; }));
    ip("link set lan0 nomaster");
    EXPECT_TRUE(watcher.eventually([&] { return watcher.links.at("lan0").vrf.empty(); }));
  });
  if (without) GTEST_SKIP() << "this kernel has no VRF devices";
}

}  // namespace
}  // namespace metallb::io::test
