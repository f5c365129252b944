// Bgp spec 1.8, 1.12, 3.1, 3.2 and 6.2: which sessions this node keeps, and how.
#include "speaker/bgp/peers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "speaker/bgp/peer_settings.hpp"
#include "unit/speaker/bgp_under_test.hpp"

namespace metallb::speaker {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using test::bgp_config;
using test::bgp_peer;
using test::BgpUnderTest;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Numbers = std::map<std::string, std::uint32_t>;

config::BgpPeer on_nodes(config::BgpPeer peer, const std::vector<std::string>& selectors) {
  peer.node_selectors.clear();
  for (const auto& text : selectors) peer.node_selectors.push_back(kube::Selector::parse(text).value());
  return peer;
}

TEST(BgpPeers, FollowTheLabelsOfTheOwnNode) {  // rows 23-33
  BgpUnderTest bgp;
  const auto one = bgp_peer("peer1", "1.2.3.4");
  const auto two = bgp_peer("peer2", "2.3.4.5");
  const auto label = [&](const kube::StringMap& labels) {
    bgp.own.labels = labels;
    bgp.reconfigure();
    return bgp.sessions();
  };
  const auto configure = [&](std::vector<config::BgpPeer> peers) {
    bgp.configure(bgp_config({}, std::move(peers)));
    return bgp.sessions();
  };
  EXPECT_EQ(bgp.sessions(), Numbers{});
  EXPECT_EQ(configure({one}), (Numbers{{"peer1", 1}}));
  EXPECT_EQ(configure({one, on_nodes(two, {"foo=bar"})}), (Numbers{{"peer1", 1}}));
  EXPECT_EQ(label({{"foo", "bar"}}), (Numbers{{"peer1", 1}, {"peer2", 2}}));
  EXPECT_THAT(bgp.log.with("event", "peerAdded"), SizeIs(2));
  EXPECT_EQ(bgp.log.with("event", "peerAdded").back().at("peer"), "2.3.4.5");
  EXPECT_EQ(label({{"foo", "baz"}}), (Numbers{{"peer1", 1}}));
  EXPECT_EQ(bgp.log.with("event", "peerRemoved").back().at("reason"), "filteredByNodeSelector");
  EXPECT_EQ(configure({one, on_nodes(two, {"foo in (bar,baz)"})}), (Numbers{{"peer1", 1}, {"peer2", 3}}));
  EXPECT_EQ(label({{"foo", "bar"}}), (Numbers{{"peer1", 1}, {"peer2", 3}}));
  bgp.forget();
  EXPECT_EQ(configure({one, on_nodes(two, {"host=frontend", "foo in (bar,baz)"})}), (Numbers{{"peer1", 1}, {"peer2", 3}}));
  EXPECT_EQ(label({{"host", "frontend"}}), (Numbers{{"peer1", 1}, {"peer2", 3}}));
  EXPECT_THAT(bgp.commands<peering::SetPeer>(), IsEmpty());
  EXPECT_THAT(bgp.commands<peering::RemovePeer>(), IsEmpty());
  EXPECT_EQ(configure({one}), (Numbers{{"peer1", 1}}));
  EXPECT_EQ(bgp.log.with("event", "peerRemoved").back().at("reason"), "removedFromConfig");
}

TEST(BgpPeers, KeepTheirNumberWhileItIsTheSameSessionOnTheWire) {
  using Edit = void (*)(config::BgpPeer&);
  struct Row {
    const char* what;
    Edit edit;
    bool same_session;
    bool reset;
  };
  const std::vector<Row> rows = {
      {"name", [](auto& p) { p.name = "other"; }, true, false},
      {"hold time", [](auto& p) { p.hold_time = 9s; }, true, false},
      {"BFD", [](auto& p) { p.bfd = config::BfdProfile{}; }, true, false},
      {"graceful restart", [](auto& p) { p.graceful_restart = true; }, true, false},
      {"AS", [](auto& p) { p.peer_asn = 64999; }, true, true},
      {"password", [](auto& p) { p.password = "x"; }, true, true},
      {"router ID", [](auto& p) { p.router_id = IpAddress::v4(9, 9, 9, 9); }, true, true},
      {"port", [](auto& p) { p.port = 1179; }, true, true},
      {"port and name", [](auto& p) { p.port = 1179, p.name = "other"; }, false, true},
      {"port and address", [](auto& p) { p.port = 1179, p.address = IpAddress::v4(1, 2, 3, 5); }, false, true},
      {"source", [](auto& p) { p.source = IpAddress::v4(9, 9, 9, 9); }, false, true},
      {"VRF", [](auto& p) { p.vrf = "red"; }, false, true},
      {"address", [](auto& p) { p.address = IpAddress::v4(1, 2, 3, 5); }, false, true},
  };
  for (const auto& row : rows) {
    BgpUnderTest bgp;
    auto peer = bgp_peer("peer", "1.2.3.4");
    bgp.configure(bgp_config({}, {peer}));
    const auto before = bgp.settings("peer");
    bgp.forget();
    row.edit(peer);
    bgp.configure(bgp_config({}, {peer}));
    const auto set = bgp.commands<peering::SetPeer>();
    ASSERT_THAT(set, SizeIs(1)) << row.what;
    EXPECT_EQ(set.front().peer.value(), row.same_session ? 1U : 2U) << row.what;
    EXPECT_THAT(bgp.commands<peering::RemovePeer>(), SizeIs(row.same_session ? 0 : 1)) << row.what;
    EXPECT_EQ(bgp::needs_reset(before, set.front().wanted.settings), row.reset) << row.what;
  }
}

TEST(BgpPeers, AreGivenAnotherNameWithoutAnEndOfTheSession) {  // row 34
  BgpUnderTest bgp;
  auto ad = test::bgp_ad("ad");
  ad.peers = {"new"};
  const auto pool = test::bgp_pool({ad});
  bgp.put(test::service({"10.20.30.1"}), test::endpoints("pandora+"));
  const auto older = bgp_peer("old", "1.2.3.4");
  const auto newer = bgp_peer("new", "1.2.3.4");
  bgp.configure(bgp_config({pool}, {older}));
  EXPECT_THAT(bgp.ads("old"), IsEmpty());
  // Both for a while: who has the session keeps it, and both names lead to it.
  bgp.configure(bgp_config({pool}, {newer, older}));
  EXPECT_EQ(bgp.sessions(), (Numbers{{"old", 1}}));
  EXPECT_THAT(bgp.ads("old"), ElementsAre("10.20.30.1/32 -"));
  ASSERT_THAT(bgp.log.with("event", "peerIgnored"), SizeIs(1));
  EXPECT_EQ(bgp.log.with("event", "peerIgnored").front().at("name"), "new");
  bgp.configure(bgp_config({pool}, {newer}));
  EXPECT_EQ(bgp.sessions(), (Numbers{{"new", 1}}));
  EXPECT_THAT(bgp.ads("new"), ElementsAre("10.20.30.1/32 -"));
  EXPECT_THAT(bgp.commands<peering::RemovePeer>(), IsEmpty());
}

TEST(BgpPeers, FollowTheirPortsAlsoWhereSeveralAreAtOneAddress) {
  BgpUnderTest bgp;
  const auto at = [](const std::string& name, std::uint16_t port) {
    auto peer = bgp_peer(name, "1.2.3.4");
    peer.port = port;
    return peer;
  };
  bgp.configure(bgp_config({}, {at("a", 179), at("b", 1179)}));
  EXPECT_EQ(bgp.sessions(), (Numbers{{"a", 1}, {"b", 2}}));
  bgp.configure(bgp_config({}, {at("a", 2179), at("b", 3179)}));
  EXPECT_EQ(bgp.sessions(), (Numbers{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(bgp.settings("b").transport.port, 3179);
  EXPECT_THAT(bgp.commands<peering::RemovePeer>(), IsEmpty());
  EXPECT_THAT(bgp.log.with("event", "peerRemoved"), IsEmpty());
  // Exchanged: each port has a session already, which gets the other's name and settings.
  bgp.configure(bgp_config({}, {at("a", 3179), at("b", 2179)}));
  EXPECT_EQ(bgp.sessions(), (Numbers{{"a", 2}, {"b", 1}}));
}

TEST(BgpPeers, AreHeldWithAReasonAndFreedAgain) {
  BgpUnderTest bgp;
  bgp.held = "frr-k8s runs on this node";
  bgp.configure(bgp_config({}, {bgp_peer("a", "1.2.3.4"), bgp_peer("b", "1.2.3.5")}));
  EXPECT_EQ(bgp.settings("a").held, bgp.held);
  EXPECT_EQ(bgp.settings("b").held, bgp.held);
  bgp.held.clear();
  bgp.reconfigure();
  EXPECT_EQ(bgp.settings("a").held, "");
  EXPECT_EQ(bgp.sessions(), (Numbers{{"a", 1}, {"b", 2}}));
}

TEST(BgpPeerSettings, TakeTimeToLiveAndFamiliesFromTheKindOfPeer) {
  using Remote = config::BgpPeer::RemoteAs;
  using Kind = bgp::PeerAs::Kind;
  struct Row {
    Remote remote;
    std::uint32_t peer_asn;
    bool multihop, dual, interface;
    const char* address;
    int ttl;
    Kind kind;
    std::vector<bgp::Family> families;
  };
  const auto v4 = bgp::kIpv4Unicast;
  const auto v6 = bgp::kIpv6Unicast;
  for (const auto& row : std::vector<Row>{
           {Remote::kFixed, 64513, false, false, false, "1.2.3.4", 1, Kind::kFixed, {v4}},
           {Remote::kFixed, 64512, false, false, false, "fd00::1", 255, Kind::kFixed, {v6}},
           {Remote::kFixed, 64513, true, true, false, "fd00::1", 255, Kind::kFixed, {v4, v6}},
           {Remote::kInternal, 0, false, true, false, "1.2.3.4", 255, Kind::kInternal, {v4, v6}},
           {Remote::kExternal, 0, false, false, false, "1.2.3.4", 1, Kind::kExternal, {v4}},
           {Remote::kExternal, 0, false, false, true, "", 1, Kind::kExternal, {v4, v6}},
           {Remote::kInternal, 0, false, false, true, "", 255, Kind::kInternal, {v4, v6}},
       }) {
    auto peer = bgp_peer("p", "1.2.3.4");
    peer.remote_as = row.remote;
    peer.peer_asn = row.peer_asn;
    peer.ebgp_multihop = row.multihop;
    peer.dual_stack = row.dual;
    peer.address = IpAddress::parse(row.address);
    if (row.interface) peer.interface = "eth1";
    // How the peer sees us does not make it internal.
    peer.local_asn = 64513;
    const auto settings = peer_of(peer, "pandora", {}, "").settings;
    EXPECT_EQ(settings.transport.ttl, row.ttl);
    EXPECT_EQ(settings.transport.minimum_ttl, 0);
    EXPECT_EQ(settings.peer_as.kind, row.kind);
    EXPECT_EQ(settings.peer_as.number.value(), row.kind == Kind::kFixed ? row.peer_asn : 0);
    EXPECT_EQ(settings.families, row.families);
    EXPECT_EQ(settings.my_as.value(), 64512U);
    EXPECT_EQ(settings.local_as.value(), 64513U);
    EXPECT_EQ(settings.transport.address.has_value(), !row.interface);
  }
}

TEST(BgpPeerSettings, CarryEveryFieldOfThePeer) {
  auto peer = bgp_peer("p", "1.2.3.4");
  auto settings = peer_of(peer, "pandora", {}, "").settings;
  EXPECT_EQ(settings.hold_time, 180s);
  EXPECT_EQ(settings.keepalive_time, std::nullopt);
  EXPECT_EQ(settings.connect_time, std::nullopt);
  EXPECT_EQ(settings.local_as.value(), 64512U);
  EXPECT_EQ(settings.host_name, "pandora");
  EXPECT_EQ(peer_of(peer, "pandora", {}, "").bfd, std::nullopt);
  peer.hold_time = 0s;
  peer.keepalive_time = 0s;
  peer.connect_time = 5s;
  peer.password = "secret";
  peer.vrf = "red";
  peer.port = 1790;
  peer.source = IpAddress::v4(1, 2, 3, 9);
  peer.graceful_restart = true;
  peer.bfd = config::BfdProfile{};
  auto wanted = peer_of(peer, "pandora", {}, "");
  EXPECT_EQ(wanted.settings.hold_time, 0s);
  EXPECT_EQ(wanted.settings.keepalive_time, Duration(0));
  EXPECT_EQ(wanted.settings.connect_time, 5s);
  EXPECT_EQ(wanted.settings.transport.password, "secret");
  EXPECT_EQ(wanted.settings.transport.vrf, "red");
  EXPECT_EQ(wanted.settings.transport.port, 1790);
  EXPECT_EQ(wanted.settings.transport.source, IpAddress::v4(1, 2, 3, 9));
  EXPECT_TRUE(wanted.settings.graceful_restart);
  // An empty profile: the engine's defaults, and any time to live will do.
  EXPECT_EQ(wanted.bfd, bfd::Parameters{});
  EXPECT_EQ(wanted.bfd->minimum_ttl, 1);
  peer.bfd = config::BfdProfile{.name = "fast",
                                .receive_interval = 50ms,
                                .transmit_interval = 60ms,
                                .echo_interval = 70ms,
                                .detect_multiplier = std::uint8_t{5},
                                .minimum_ttl = std::uint8_t{254},
                                .echo_mode = true,
                                .passive_mode = true};
  EXPECT_EQ(peer_of(peer, "pandora", {}, "").bfd, (bfd::Parameters{.receive_interval = 50ms,
                                                                   .transmit_interval = 60ms,
                                                                   .detect_mult = 5,
                                                                   .echo_interval = 70ms,
                                                                   .echo = true,
                                                                   .passive = true,
                                                                   .minimum_ttl = 254}));
}

TEST(BgpPeerSettings, FindARouterIdThatIsNeverZeroAndSeldomChanges) {
  auto peer = bgp_peer("p", "1.2.3.4");
  // CRC-32 of "123456789" is cbf43926 (the check value of the algorithm); its bytes from the least significant one.
  EXPECT_EQ(router_id_of(peer, "123456789", {}).value(), 0x2639F4CBU);
  EXPECT_EQ(router_id_of(peer, "", {}).value(), 1U);  // its hash is 0

  auto node = test::node("pandora");
  node.status.addresses = {{"Hostname", "pandora"},
                           {"ExternalIP", "8.8.8.8"},
                           {"InternalIP", "fd00::9"},
                           {"InternalIP", "10.0.0.9"},
                           {"InternalIP", "10.0.0.10"}};
  auto own = own_facts_of({}, node);
  EXPECT_EQ(router_id_of(peer, "pandora", own).value(), 0x0A000009U);
  std::swap(node.status.addresses[3], node.status.addresses[4]);
  own = own_facts_of(own, node);
  EXPECT_EQ(router_id_of(peer, "pandora", own).value(), 0x0A000009U) << "another order of addresses";
  node.status.addresses.clear();
  own = own_facts_of(own, node);
  EXPECT_EQ(router_id_of(peer, "pandora", own).value(), 0x0A000009U) << "no addresses for a while";
  node.status.addresses = {{"InternalIP", "10.0.0.11"}};
  own = own_facts_of(own, node);
  EXPECT_EQ(router_id_of(peer, "pandora", own).value(), 0x0A00000BU) << "another address for good";
  peer.router_id = IpAddress::v4(1, 1, 1, 1);
  EXPECT_EQ(router_id_of(peer, "pandora", own).value(), 0x01010101U);
}

TEST(OwnNodeFacts, KeepTheInternalAddressOfEachFamilyWhileTheNodeHasIt) {
  auto node = test::node("pandora");
  const auto v6 = [](const char* text) { return IpAddress::parse(text); };
  node.status.addresses = {
      {"ExternalIP", "2001:db8::1"}, {"InternalIP", "::"}, {"InternalIP", "fd00::9"}, {"InternalIP", "fd00::10"}};
  auto own = own_facts_of({}, node);
  EXPECT_EQ(own.internal_v6, v6("fd00::9"));
  EXPECT_EQ(own.internal_v4, std::nullopt);
  std::swap(node.status.addresses[2], node.status.addresses[3]);
  own = own_facts_of(own, node);
  EXPECT_EQ(own.internal_v6, v6("fd00::9")) << "another order of addresses";
  node.status.addresses = {{"InternalIP", "10.0.0.9"}};
  own = own_facts_of(own, node);
  EXPECT_EQ(own.internal_v6, v6("fd00::9")) << "none of the family for a while";
  EXPECT_EQ(own.internal_v4, IpAddress::v4(10, 0, 0, 9));
  node.status.addresses = {{"InternalIP", "fd00::11"}};
  EXPECT_EQ(own_facts_of(own, node).internal_v6, v6("fd00::11")) << "another address for good";
}

}  // namespace
}  // namespace metallb::speaker
