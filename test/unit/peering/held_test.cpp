// Addressed peers: passed on to BGP, and held while this node's network lacks what they need (bgp spec 1.8, 7.4).
#include <gtest/gtest.h>

#include "desk.hpp"

namespace metallb::peering {
namespace {

using namespace test;

Links with_vrf() {
  auto links = two_links();
  links.emplace("red", Link{.index = InterfaceIndex(7), .name = "red", .is_vrf = true, .running = true});
  return links;
}

TEST(Held, PassesAPlainPeerOnAsItIs) {
  Desk desk;
  const auto peer = addressed();
  desk.set(peer);
  ASSERT_EQ(desk.told.size(), 1U) << "it needs nothing that is not known yet";
  EXPECT_EQ(desk.told.back(), peer.settings);
  desk.set_links({});
  desk.set(peer);
  EXPECT_EQ(desk.told.size(), 1U) << "no route to it shows here, which says nothing";
  EXPECT_EQ(desk.status().name, "router");
  desk.input(RemovePeer{kPeer});
  EXPECT_EQ(desk.removed, 1);
  EXPECT_TRUE(desk.core.peers().empty());
  desk.input(RemovePeer{kPeer});
  EXPECT_EQ(desk.removed, 1) << "it is gone";
}

TEST(Held, HoldsAPeerUntilItsVrfIsThere) {
  Desk desk;
  auto peer = addressed();
  peer.settings.transport.vrf = "red";
  desk.set(peer);
  EXPECT_EQ(desk.held(), "the interfaces of this node are not known yet");
  desk.set_links(two_links());
  EXPECT_EQ(desk.held(), "VRF not found: red");
  EXPECT_EQ(desk.status().held, "VRF not found: red");
  EXPECT_EQ(desk.lines.count("peerHeld router"), 2);
  auto other = with_vrf();
  other.at("red").is_vrf = false;
  desk.set_links(other);
  EXPECT_EQ(desk.held(), "VRF not found: red") << "a bridge of that name is none";
  desk.set_links(with_vrf());
  EXPECT_EQ(desk.held(), "");
  EXPECT_EQ(desk.told.back(), peer.settings);
  desk.set_links(two_links());
  EXPECT_EQ(desk.held(), "VRF not found: red");
}

TEST(Held, HoldsALinkLocalPeerUntilItsInterfaceIsReady) {
  Desk desk;
  auto peer = addressed("fe80::2");
  peer.settings.transport.interface = "eth1";
  auto links = two_links();
  links.erase("eth1");
  desk.set_links(links);
  desk.set(peer);
  EXPECT_EQ(desk.held(), "interface eth1 not found");
  links = two_links();
  links.at("eth1").running = false;
  desk.set_links(links);
  EXPECT_EQ(desk.held(), "interface eth1 is down");
  links = two_links();
  links.at("eth1").addresses = {{.address = ip("2001:db8:1::1"), .prefix_length = 64}};
  desk.set_links(links);
  EXPECT_EQ(desk.held(), "interface has no link-local");
  desk.set_links(two_links());
  EXPECT_EQ(desk.held(), "");
  EXPECT_EQ(desk.neighbour(), "fe80::2") << "the address was given, not found";
  EXPECT_TRUE(desk.groups.empty());
}

TEST(Held, AsksForALinkLocalAddressOnlyWhereOneIsUsed) {
  Desk desk;
  auto peer = addressed();
  peer.settings.transport.interface = "eth0";
  desk.set_links(two_links());
  desk.set(peer);
  EXPECT_EQ(desk.held(), "") << "eth0 has none, and IPv4 needs none";
}

TEST(Held, NamesTheVrfThatAnInterfaceBelongsTo) {
  struct Row {
    const char* interface_vrf;
    const char* peer_vrf;
    const char* held;
  };
  for (const auto& row : std::vector<Row>{
           {"red", "", "interface eth1 is in VRF red: set the peer's vrf to match"},
           {"", "red", "interface eth1 is in the default VRF: set the peer's vrf to match"},
           {"red", "red", "no RA seen on interface eth1"},
       }) {
    Desk desk;
    auto links = with_vrf();
    links.at("eth1").vrf = row.interface_vrf;
    desk.set_links(links);
    auto peer = on_interface();
    peer.settings.transport.vrf = row.peer_vrf;
    desk.set(peer);
    EXPECT_EQ(desk.held(), row.held);
  }
}

TEST(Held, LeavesTheSpeakersOwnReasonAlone) {
  Desk desk;
  desk.set_links(two_links());
  auto peer = addressed();
  peer.settings.transport.vrf = "red";
  peer.settings.held = "secret default/key not found";
  desk.set(peer);
  EXPECT_EQ(desk.held(), "secret default/key not found");
  peer.settings.held.clear();
  desk.set(peer);
  EXPECT_EQ(desk.held(), "VRF not found: red");
}

TEST(Held, PassesChangedSettingsOn) {
  Desk desk;
  desk.set_links(two_links());
  auto peer = addressed();
  desk.set(peer);
  peer.settings.hold_time = 9s;
  desk.set(peer);
  ASSERT_EQ(desk.told.size(), 2U);
  EXPECT_EQ(desk.told.back().hold_time, 9s);
}

}  // namespace
}  // namespace metallb::peering
