// Next hops of a session from the links of this node, and what the kernel's counters say about signatures.

#include "io/bgp/local_addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/bgp/md5_counters.hpp"
#include "unit/bgp/wire.hpp"

namespace metallb::io {
namespace {

using bgp::test::address;
using testing::HasSubstr;

peering::Link link_of(const std::string& name, std::vector<peering::LinkAddress> addresses, const std::string& vrf = "") {
  peering::Link out;
  out.name = name;
  out.vrf = vrf;
  out.running = true;
  out.addresses = std::move(addresses);
  return out;
}

peering::Links links_of(const std::vector<peering::Link>& links) {
  peering::Links out;
  for (const auto& link : links) out[link.name] = link;
  return out;
}

bgp::Transport to(const std::string& text, const std::string& interface = "", const std::string& vrf = "") {
  bgp::Transport out;
  out.address = address(text);
  out.interface = interface;
  out.vrf = vrf;
  return out;
}

const peering::Link kLan = link_of("eth0", {{address("169.254.7.7"), 16, true},
                                            {address("192.0.2.1"), 24, true},
                                            {address("fe80::1"), 64, true},
                                            {address("2001:db8::dead"), 64, false},
                                            {address("2001:db8::1"), 64, true}});
const peering::Link kLoopback = link_of("lo", {{address("127.0.0.1"), 8, true},
                                               {address("10.255.0.1"), 32, true},
                                               {address("::1"), 128, true},
                                               {address("2001:db8:ffff::1"), 128, true}});

TEST(LocalAddresses, AreThoseOfTheInterfaceThatOwnsTheSession) {
  const auto links = links_of({kLan, kLoopback});
  auto found = local_addresses(address("192.0.2.1"), to("192.0.2.254"), links, address("2001:db8:99::1"));
  EXPECT_EQ(found.session, address("192.0.2.1"));
  EXPECT_EQ(found.ipv4, address("192.0.2.1"));
  EXPECT_EQ(found.ipv6, address("2001:db8::1")) << "not the deprecated one";
  EXPECT_EQ(found.ipv6_link_local, address("fe80::1"));
  EXPECT_TRUE(found.on_link);
  found = local_addresses(address("192.0.2.1"), to("198.51.100.1"), links, {});
  EXPECT_FALSE(found.on_link);
  found = local_addresses(address("10.255.0.1"), to("10.255.0.9"), links, {});
  EXPECT_EQ(found.ipv6, address("2001:db8:ffff::1")) << "not the loopback address itself";
  EXPECT_EQ(found.ipv4, address("10.255.0.1"));
  EXPECT_FALSE(found.on_link);
}

TEST(LocalAddresses, TheNodesOwnStandsInWhereTheInterfaceHasNoGlobalAddress) {
  const auto bare = links_of({link_of("eth0", {{address("192.0.2.1"), 24, true}, {address("fe80::1"), 64, true}})});
  EXPECT_EQ(local_addresses(address("192.0.2.1"), to("192.0.2.254"), bare, address("2001:db8:99::1")).ipv6,
            address("2001:db8:99::1"));
  EXPECT_EQ(local_addresses(address("192.0.2.1"), to("192.0.2.254"), bare, {}).ipv6, std::nullopt);
  const auto unknown = local_addresses(address("192.0.2.1"), to("192.0.2.254"), {}, {});
  EXPECT_EQ(unknown.session, address("192.0.2.1"));
  EXPECT_EQ(unknown.ipv4, std::nullopt);
  EXPECT_FALSE(unknown.on_link);
}

TEST(LocalAddresses, TheNodesOwnStandsInForNobodyElsesSession) {
  // bgp spec 4.8: it does not lead over a link without global addresses, nor into a VRF.
  const auto node = address("2001:db8:99::1");
  const auto links = links_of(
      {kLan, link_of("eth1", {{address("fe80::5"), 64, true}}), link_of("eth2", {{address("192.0.2.1"), 24, true}}, "red")});
  const auto unnumbered = local_addresses(address("fe80::5"), to("fe80::9", "eth1"), links, node);
  EXPECT_EQ(unnumbered.ipv6, std::nullopt);
  // S7, S8: the link-local address in both places, in either family.
  const auto twice = bgp::test::from_hex("fe800000000000000000000000000005 fe800000000000000000000000000005");
  EXPECT_EQ(bgp::next_hops(unnumbered, true).ipv6, twice);
  EXPECT_EQ(bgp::next_hops(unnumbered, true).ipv4, twice);
  EXPECT_EQ(local_addresses(address("192.0.2.1"), to("192.0.2.254", "", "red"), links, node).ipv6, std::nullopt);
}

TEST(LocalAddresses, ALinkLocalSessionIsThatOfItsInterface) {
  auto twin = kLan;
  twin.name = "eth1";
  twin.addresses = {{address("fe80::1"), 64, true}, {address("2001:db8:2::1"), 64, true}};
  const auto links = links_of({kLan, twin});
  const auto found = local_addresses(address("fe80::1"), to("fe80::9", "eth1"), links, {});
  EXPECT_EQ(found.ipv6, address("2001:db8:2::1"));
  EXPECT_EQ(found.ipv4, std::nullopt);
  EXPECT_TRUE(found.on_link);
}

TEST(LocalAddresses, TheFarEndOfAPointToPointLinkIsOnIt) {
  const auto far = IpPrefix::parse("10.9.0.2/32");
  const auto links = links_of({link_of("ppp0", {{address("10.9.0.1"), 32, true, far}, {address("fe80::1"), 64, true}})});
  EXPECT_TRUE(local_addresses(address("10.9.0.1"), to("10.9.0.2"), links, {}).on_link);
  EXPECT_FALSE(local_addresses(address("10.9.0.1"), to("10.9.0.3"), links, {}).on_link);
}

TEST(LocalAddresses, OfSeveralInterfacesWithTheAddressTheOneThatReachesThePeerCounts) {
  auto copy = link_of("dummy0", {{address("192.0.2.1"), 32, true}, {address("2001:db8:3::1"), 64, true}});
  auto foreign = link_of("aaa0", {{address("192.0.2.1"), 24, true}, {address("2001:db8:4::1"), 64, true}}, "red");
  const auto links = links_of({copy, foreign, kLan});
  EXPECT_EQ(local_addresses(address("192.0.2.1"), to("192.0.2.254"), links, {}).ipv6, address("2001:db8::1"));
  EXPECT_EQ(local_addresses(address("192.0.2.1"), to("192.0.2.254", "", "red"), links, {}).ipv6, address("2001:db8:4::1"));
}

TEST(LocalAddresses, ADialIsPossibleOnceDeviceAndSourceAreThere) {
  const auto links = links_of({kLan, link_of("red", {}, "red"), link_of("eth1", {{address("10.0.0.1"), 24, true}}, "red")});
  EXPECT_TRUE(can_dial(to("192.0.2.254"), links));
  EXPECT_TRUE(can_dial(to("192.0.2.254", "eth0"), links));
  EXPECT_FALSE(can_dial(to("192.0.2.254", "eth7"), links));
  EXPECT_FALSE(can_dial(to("192.0.2.254", "", "blue"), links));
  auto transport = to("10.0.0.254", "", "red");
  transport.source = address("10.0.0.1");
  EXPECT_TRUE(can_dial(transport, links));
  transport.vrf.clear();
  EXPECT_FALSE(can_dial(transport, links)) << "an address of another VRF";
  transport.source = address("2001:db8::dead");
  EXPECT_FALSE(can_dial(transport, links)) << "not usable";
}

TEST(Md5Counters, AreFoundByTheirNames) {
  constexpr std::string_view kText =
      "TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure Later\n"
      "TcpExt: 5 6 7 8 9\n"
      "IpExt: InNoRoutes\nIpExt: 3\n";
  EXPECT_EQ(parse_md5_counters(kText), (Md5Counters{6, 7, 8}));
  EXPECT_EQ(parse_md5_counters("IpExt: A\nIpExt: 1\n" + std::string(kText)), (Md5Counters{6, 7, 8}));
  for (const std::string_view broken : {"", "\n", "TcpExt:", "TcpExt: A\nTcpExt: 1\n", "TcpExt: TCPMD5NotFound\n", "x\ny"}) {
    EXPECT_EQ(parse_md5_counters(broken), std::nullopt) << broken;
  }
  EXPECT_TRUE(read_md5_counters());
}

TEST(Md5Counters, TellWhatIsWrongWithThePassword) {
  const Md5Counters before{1, 1, 1};
  EXPECT_THAT(md5_hint(before, {1, 1, 3}, true), HasSubstr("2 segments signed with another password"));
  EXPECT_THAT(md5_hint(before, {2, 1, 1}, true), HasSubstr("1 segment without an MD5 signature"));
  EXPECT_THAT(md5_hint(before, before, true), HasSubstr("listens and has the same password"));
  EXPECT_THAT(md5_hint(before, {1, 2, 1}, false), HasSubstr("the peer has a password set"));
  EXPECT_EQ(md5_hint(before, {9, 1, 9}, false), "");
}

}  // namespace
}  // namespace metallb::io
