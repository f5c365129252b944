#include "io/liveness/network_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metallb::io {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr InterfaceIndex kLo{1};
constexpr InterfaceIndex kEth{2};
constexpr InterfaceIndex kOther{3};
const IpAddress kOwn = IpAddress::v4(192, 168, 1, 101);
const IpAddress kGateway = IpAddress::v4(192, 168, 1, 1);
const IpAddress kPeer = IpAddress::v4(192, 168, 1, 102);
const IpAddress kThird = IpAddress::v4(192, 168, 1, 103);
const IpAddress kFourth = IpAddress::v4(192, 168, 1, 104);
const SteadyPoint kNow{1h};

MacAddress mac(std::uint8_t last) {
  return MacAddress({2, 0, 0, 0, 0, last});
}

LinkFacts ethernet(InterfaceIndex index, const std::string& name = "eth0") {
  return {.index = index, .name = name, .mac = mac(0xFF), .ethernet = true, .up = true, .running = true, .broadcast = true};
}

/// eth0 with the own address.
struct Node {
  Node() {
    table.begin_dump();
    table.link({.index = kLo, .name = "lo", .up = true, .running = true});
    table.link(ethernet(kEth));
    table.address(kLo, IpAddress::v4(127, 0, 0, 1));
    table.address(kEth, kOwn);
    table.end_dump();
  }
  void gateway(const IpAddress& address = kGateway, InterfaceIndex interface = kEth, std::uint32_t metric = 0) {
    gateways.push_back({interface, address, metric});
    // Routes come with whole dumps only.
    table.begin_dump();
    table.link(ethernet(kEth));
    table.address(kEth, kOwn);
    for (const auto& row : rows) table.neighbour(kNow, row);
    for (const auto& [index, hop, cost] : gateways) table.default_gateway(index, hop, cost);
    table.end_dump();
  }
  void neighbour(const IpAddress& address, std::uint8_t last, bool reachable, std::optional<Duration> confirmed_ago,
                 InterfaceIndex interface = kEth) {
    rows.push_back({.interface = interface,
                    .address = address,
                    .mac = mac(last),
                    .reachable = reachable,
                    .confirmed_ago = confirmed_ago});
    table.neighbour(kNow, rows.back());
  }
  [[nodiscard]] std::vector<IpAddress> asked(SteadyPoint at = kNow) const {
    std::vector<IpAddress> out;
    for (const auto& target : table.witnesses(at, kPeer).targets) out.push_back(target.address);
    return out;
  }
  NetworkTable table{kOwn};
  std::vector<NeighbourFacts> rows;
  std::vector<std::tuple<InterfaceIndex, IpAddress, std::uint32_t>> gateways;
};

TEST(NetworkTable, FindsTheInterfaceThatHoldsTheOwnAddress) {
  const Node node;
  const auto uplink = node.table.uplink();
  ASSERT_TRUE(uplink);
  EXPECT_EQ(uplink->index, kEth);
  EXPECT_EQ(uplink->name, "eth0");
  EXPECT_EQ(uplink->mac, mac(0xFF));
  EXPECT_TRUE(uplink->running);
  EXPECT_TRUE(uplink->resolves);
  EXPECT_EQ(uplink->source_v4, kOwn);
  EXPECT_EQ(uplink->source_v6, std::nullopt);
}

TEST(NetworkTable, FollowsTheCarrier) {
  Node node;
  auto facts = ethernet(kEth);
  facts.running = false;
  node.table.link(facts);
  EXPECT_FALSE(node.table.uplink()->running);
  facts.running = true;
  facts.up = false;
  node.table.link(facts);
  EXPECT_FALSE(node.table.uplink()->running);
  node.table.link(ethernet(kEth));
  EXPECT_TRUE(node.table.uplink()->running);
}

TEST(NetworkTable, FollowsTheAddressToAnotherInterface) {
  Node node;
  node.table.link(ethernet(kOther, "bond0"));
  node.table.address_gone(kEth, kOwn);
  EXPECT_EQ(node.table.uplink(), std::nullopt);
  node.table.address(kOther, kOwn);
  EXPECT_EQ(node.table.uplink()->name, "bond0");
  node.table.link_gone(kOther);
  EXPECT_EQ(node.table.uplink(), std::nullopt);
}

TEST(NetworkTable, PrefersTheInterfaceWithNeighboursWhenTheAddressStandsOnTheLoopbackToo) {
  Node node;
  node.table.address(kLo, kOwn);
  EXPECT_EQ(node.table.uplink()->index, kEth);
}

TEST(NetworkTable, ForgetsWhatADumpDoesNotMention) {
  Node node;
  node.gateway();
  node.neighbour(kThird, 3, true, 0s);
  node.table.begin_dump();
  node.table.link(ethernet(kEth));
  EXPECT_THAT(node.asked(), ElementsAre(kGateway, kThird)) << "not before its end";
  node.table.address(kEth, kOwn);
  node.table.end_dump();
  EXPECT_THAT(node.asked(), IsEmpty());
  EXPECT_EQ(node.table.mac_of(kThird), std::nullopt);
}

TEST(NetworkTable, KnowsTheMacOfANeighbourOnAnyLink) {
  Node node;
  node.table.link(ethernet(kOther, "eth1"));
  node.neighbour(kThird, 3, false, std::nullopt, kOther);
  EXPECT_EQ(node.table.mac_of(kThird), mac(3));
  node.table.neighbour_gone(kOther, kThird);
  EXPECT_EQ(node.table.mac_of(kThird), std::nullopt);
}

TEST(NetworkTable, KnowsWhereAStationIsAndLooksNowhereElseForOneThatIsBoundToAnInterface) {
  Node node;
  node.table.link(ethernet(kOther, "eth1"));
  node.neighbour(kThird, 3, false, std::nullopt, kOther);
  for (const auto bound : {kOther, InterfaceIndex()}) {
    const auto station = node.table.station(kThird, bound);
    ASSERT_TRUE(station);
    EXPECT_EQ(station->interface, kOther);
    EXPECT_EQ(station->mac, mac(3));
  }
  EXPECT_FALSE(node.table.station(kThird, InterfaceIndex(99)));
  EXPECT_FALSE(node.table.station(kGateway, InterfaceIndex()));
}

// failover spec 4: the default gateway first.
TEST(NetworkTable, AsksTheDefaultGatewayAloneWhenItWasHeardLately) {
  Node node;
  node.neighbour(kThird, 3, true, 0s);
  node.neighbour(kGateway, 1, false, 40s);
  node.gateway();
  const auto choice = node.table.witnesses(kNow, kPeer);
  EXPECT_THAT(choice.targets, ElementsAre(WitnessTarget{kGateway, mac(1)}));
}

TEST(NetworkTable, AsksAnotherNeighbourBesideAGatewayThatWasNotHeardLately) {
  Node node;
  node.neighbour(kThird, 3, false, 59s);
  node.gateway();
  const auto choice = node.table.witnesses(kNow, kPeer);
  EXPECT_THAT(choice.targets, ElementsAre(WitnessTarget{kGateway, std::nullopt}, WitnessTarget{kThird, mac(3)}));
}

TEST(NetworkTable, AsksTheNeighbourThatWasConfirmedLastWhereThereIsNoGateway) {
  Node node;
  node.neighbour(kThird, 3, false, 30s);
  node.neighbour(kFourth, 4, false, 10s);
  EXPECT_THAT(node.asked(), ElementsAre(kFourth));
  node.neighbour(kThird, 3, true, 30s);
  EXPECT_THAT(node.asked(), ElementsAre(kThird)) << "the kernel holds it for confirmed now";
}

TEST(NetworkTable, DoesNotAskWhoWasNotHeardWithinTheLastMinute) {
  Node node;
  node.neighbour(kThird, 3, false, 30s);
  EXPECT_THAT(node.asked(kNow + 30s), ElementsAre(kThird));
  EXPECT_THAT(node.asked(kNow + 31s), IsEmpty());
  node.neighbour(kFourth, 4, false, std::nullopt);
  EXPECT_THAT(node.asked(kNow + 31s), IsEmpty());
}

TEST(NetworkTable, NeverAsksTheAccusedWhateverAddressItGoesBy) {
  Node node;
  node.neighbour(kPeer, 2, true, 0s);
  EXPECT_THAT(node.asked(), IsEmpty());
  node.neighbour(kThird, 2, true, 0s);
  EXPECT_THAT(node.asked(), IsEmpty()) << "an address that the accused answers for";
  EXPECT_EQ(node.table.witnesses(kNow, kPeer).accused_mac, mac(2));
  node.gateway(kPeer);
  EXPECT_THAT(node.asked(), IsEmpty()) << "the accused is the gateway";
}

TEST(NetworkTable, AsksOnTheOwnLinkOnly) {
  Node node;
  node.neighbour(kThird, 3, true, 0s, kOther);
  EXPECT_THAT(node.asked(), IsEmpty());
  node.gateway(kGateway, kOther);
  EXPECT_THAT(node.asked(), IsEmpty());
}

TEST(NetworkTable, TakesTheGatewayOfTheBestRoute) {
  Node node;
  node.gateway(kThird, kEth, 200);
  node.gateway(kGateway, kEth, 100);
  EXPECT_THAT(node.asked(), ElementsAre(kGateway));
}

TEST(NetworkTable, AsksInAFamilyOnlyForWhichThereIsASource) {
  Node node;
  const auto gateway = *IpAddress::parse("fe80::1");
  node.gateway(gateway);
  EXPECT_THAT(node.asked(), IsEmpty());
  node.table.address(kEth, *IpAddress::parse("fe80::101"));
  EXPECT_THAT(node.asked(), ElementsAre(gateway));
  EXPECT_EQ(node.table.uplink()->source_v6, *IpAddress::parse("fe80::101"));
}

TEST(NetworkTable, AsksNobodyOnALinkWithoutNeighbours) {
  Node node;
  node.neighbour(kThird, 3, true, 0s);
  auto tunnel = ethernet(kEth);
  tunnel.no_arp = true;
  node.table.link(tunnel);
  EXPECT_FALSE(node.table.uplink()->resolves);
  EXPECT_THAT(node.asked(), IsEmpty());
}

}  // namespace
}  // namespace metallb::io
