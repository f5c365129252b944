#include "app/bgp_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metallb::app {
namespace {

using testing::HasSubstr;
using testing::Not;

bgp::PeerSettings router() {
  bgp::PeerSettings out;
  out.name = "router";
  out.transport.address = IpAddress::v4(192, 0, 2, 254);
  out.transport.port = 1179;
  out.my_as = out.local_as = bgp::Asn(64512);
  out.peer_as = {bgp::PeerAs::Kind::kFixed, bgp::Asn(64513)};
  out.router_id = bgp::RouterId(0xc0000201);
  out.families = {bgp::kIpv4Unicast};
  return out;
}

/// The page that a scraper gets of an engine with these peers and one prefix for all of them.
std::string page(const std::vector<bgp::PeerSettings>& peers) {
  bgp::Instance engine(1);
  bgp::Output out;
  const Now now{SteadyPoint(std::chrono::hours(1)), {}};
  std::uint32_t number = 0;
  for (const auto& peer : peers) engine.on_input(now, bgp::SetPeer{bgp::PeerId(++number), peer}, out);
  engine.on_input(now, bgp::Publish{.changes = {{*IpPrefix::parse("203.0.113.1/32"), {bgp::Offer{}}}}}, out);
  return io::metrics_text(bgp_metrics(engine, now.steady));
}

TEST(BgpMetrics, NameAPeerByAddressAndConfiguredPort) {
  EXPECT_THAT(page({router()}), HasSubstr("metallb_bgp_session_up{peer=\"192.0.2.254:1179\",vrf=\"default\"} 0"));
}

TEST(BgpMetrics, WriteIpv6WithoutBracketsAsTheOriginal) {
  auto peer = router();
  peer.transport.address = IpAddress::parse("2001:db8::1");
  peer.transport.vrf = "red";
  EXPECT_THAT(page({peer}), HasSubstr("metallb_bgp_session_up{peer=\"2001:db8::1:1179\",vrf=\"red\"} 0"));
}

TEST(BgpMetrics, NameAnUnnumberedPeerByItsInterfaceWhateverItsAddress) {
  auto peer = router();
  peer.transport.interface = "eth7";
  EXPECT_EQ(peer_label(peer), "eth7");
  peer.transport.address = std::nullopt;
  EXPECT_EQ(peer_label(peer), "eth7");
}

TEST(BgpMetrics, CountWhatAPeerIsToHaveAlsoWithoutASession) {
  const auto text = page({router()});
  EXPECT_THAT(text, HasSubstr("metallb_bgp_pending_prefixes_total{peer=\"192.0.2.254:1179\",vrf=\"default\"} 1"));
  EXPECT_THAT(text, HasSubstr("metallb_bgp_announced_prefixes_total{peer=\"192.0.2.254:1179\",vrf=\"default\"} 0"));
}

TEST(BgpMetrics, CountOnlyPrefixesOfFamiliesThatThePeerIsToCarry) {
  auto peer = router();
  peer.families = {bgp::kIpv6Unicast};
  EXPECT_THAT(page({peer}), HasSubstr("metallb_bgp_pending_prefixes_total{peer=\"192.0.2.254:1179\",vrf=\"default\"} 0"));
  peer.families = {bgp::kIpv4Unicast, bgp::kIpv6Unicast};
  EXPECT_THAT(page({peer}), HasSubstr("metallb_bgp_pending_prefixes_total{peer=\"192.0.2.254:1179\",vrf=\"default\"} 1"));
}

TEST(BgpMetrics, MakeOneSeriesOfTwoSessionsWithOnePeer) {
  auto other = router();
  other.transport.source = IpAddress::v4(192, 0, 2, 1);
  const auto text = page({router(), other});
  EXPECT_THAT(text, HasSubstr("metallb_bgp_pending_prefixes_total{peer=\"192.0.2.254:1179\",vrf=\"default\"} 2"));
  const std::string line = "metallb_bgp_session_up{peer=";
  EXPECT_EQ(text.find(line), text.rfind(line));
}

}  // namespace
}  // namespace metallb::app
