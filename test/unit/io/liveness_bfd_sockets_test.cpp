// What comes in and goes out by the sockets of BFD: time to live, echo packets, addresses and ports that are not there yet.

#include "io/liveness/bfd_sockets.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "io/sockets/address.hpp"
#include "unit/io/bfd_node.hpp"

namespace metallb::io::test {
namespace {

using bfd::Fault;
using bfd::Hops;
using namespace std::chrono_literals;
using Over = TwoBfdNodes::Over;

/// A stranger's packets from the far node to the near one, with this time to live.
void send_from_far(const TwoBfdNodes& nodes, std::uint16_t port, int ttl, ByteView payload, int count = 1) {
  nodes.network.run([&] {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto own = to_socket_address(address("192.168.1.102"), 0);
    const auto to = to_socket_address(address("192.168.1.101"), port);
    EXPECT_EQ(::setsockopt(socket, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)), 0);
    EXPECT_EQ(::bind(socket, own.get(), own.size), 0);
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(::sendto(socket, payload.data(), payload.size(), 0, to.get(), to.size), std::ssize(payload));
    }
    ::close(socket);
  });
}

bfd::ControlBytes first_packet() {
  return bfd::encode_control({.mine = bfd::Discriminator(7),
                              .desired_min_tx = 1s,
                              .required_min_rx = 1s,
                              .required_min_echo_rx = bfd::Interval(0)});
}

// RFC 5881, Section 5; RFC 5883, Section 4 with the profile's minimumTtl.
TEST(BfdSockets, DropAndCountWhatComesFromTooFarAway) {
  struct Case {
    Hops hops;
    std::uint16_t port;
    int too_low;
    int enough;
  };
  for (const auto& test : {Case{Hops::kSingle, 3784, 254, 255}, Case{Hops::kMultiple, 4784, 249, 250}}) {
    IN_OWN_NETWORK([test] {
      TwoBfdNodes nodes;
      nodes.near.bfd->watch({"peer", nodes.near_key(Over::kIpv4, test.hops), {.minimum_ttl = 250}});
      ASSERT_TRUE(nodes.eventually([&] { return nodes.near.status().counters.control_sent > 0; }));
      send_from_far(nodes, test.port, test.too_low, first_packet());
      ASSERT_TRUE(nodes.eventually([&] { return nodes.near.status().counters.faults[Fault::kTimeToLive] == 1; }));
      EXPECT_EQ(nodes.near.status().counters.control_received, 0U);
      EXPECT_EQ(nodes.near.status().state, bfd::State::kDown);
      send_from_far(nodes, test.port, test.enough, first_packet());
      EXPECT_TRUE(nodes.eventually([&] { return nodes.near.status().counters.control_received == 1; }));
    });
  }
}

TEST(BfdSockets, CountWhatFitsNoSessionThatIsUp) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    nodes.near.bfd->watch({"peer", nodes.near_key(), {}});
    ASSERT_TRUE(nodes.eventually([&] { return nodes.near.status().counters.control_sent > 0; }));
    const auto unknown =
        bfd::encode_control({.state = bfd::State::kUp, .mine = bfd::Discriminator(7), .yours = bfd::Discriminator(9)});
    send_from_far(nodes, 3784, 255, unknown);
    send_from_far(nodes, 3785, 255, Bytes{1, 2, 3});
    EXPECT_TRUE(nodes.eventually([&] {
      // The peer's echo packet is its session's, which is not up.
      return nodes.near.bfd->report().counters.faults[Fault::kUnknownSession] == 1 &&
             nodes.near.status().counters.faults[Fault::kEchoUnknown] == 1;
    }));
  });
}

// bfd/instance.hpp: a packet that has arrived is no silence, however late this process gets to it. Here the peer's wait
// behind more packets of a stranger than are read in one go.
TEST(BfdSockets, HandOnAllThatWaitsBeforeTheCoreMayNoticeSilence) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    nodes.watch_both(every(1s, 3));
    nodes.far.bfd->watch({"peer", nodes.far_key(), {.receive_interval = 60s, .transmit_interval = 1s, .detect_mult = 3}});
    ASSERT_TRUE(nodes.both_up());
    const auto heard = nodes.near.status().counters.control_received;
    ASSERT_TRUE(nodes.eventually([&] { return nodes.near.status().counters.control_received > heard; }));
    nodes.near.stand_still(3500ms);  // the peer is given up after three seconds
    send_from_far(nodes, 3784, 255, Bytes{1}, 200);
    std::this_thread::sleep_for(3500ms);
    const auto before = nodes.near.status().counters.control_received;
    ASSERT_TRUE(nodes.eventually([&] { return nodes.near.status().counters.control_received > before + 2; }));
    EXPECT_TRUE(nodes.near.up());
    EXPECT_EQ(nodes.near.status().counters.down_events, 0U);
  });
}

// bgp spec 4.13: by the peer's kernel where it forwards, by the peer's BFD where it does not; IPv6 always by the latter.
TEST(BfdSockets, EchoPacketsComeBackFromThePeer) {
  struct Case {
    Over over;
    const char* forwarding;
    bool by_kernel;
  };
  for (const auto& test : {Case{Over::kIpv4, "0", false}, Case{Over::kIpv4, "1", true}, Case{Over::kIpv6, "0", false},
                           Case{Over::kLinkLocal, "0", false}}) {
    IN_OWN_NETWORK([test] {
      TwoBfdNodes nodes;
      nodes.network.run([&] { std::ofstream("/proc/sys/net/ipv4/conf/all/forwarding") << test.forwarding; });
      auto parameters = every(100ms, 10);
      nodes.far.bfd->watch({"peer", nodes.far_key(test.over), parameters});
      parameters.echo = true;
      nodes.near.bfd->watch({"peer", nodes.near_key(test.over), parameters});
      ASSERT_TRUE(nodes.both_up());
      EXPECT_TRUE(nodes.eventually([&] { return nodes.near.status().counters.echo_received >= 5; }));
      EXPECT_TRUE(nodes.near.status().echo_running);
      EXPECT_EQ(nodes.near.status().counters.faults[Fault::kEchoStale], 0U) << "each comes back once";
      if (test.by_kernel) {
        EXPECT_EQ(nodes.far.status().echoes_returned, 0U);
      } else {
        EXPECT_TRUE(nodes.eventually([&] { return nodes.far.status().echoes_returned >= 5; }));
      }
    });
  }
}

TEST(BfdSockets, WaitForAnAddressThatIsNotThereYet) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    ip("addr del 192.168.1.101/24 dev lan0");
    nodes.watch_both(every(50ms, 10));
    ASSERT_TRUE(nodes.eventually([&] { return nodes.near.bfd->report().sessions_without_socket == 1; }));
    EXPECT_TRUE(nodes.near.log.contains("no interface of this node has the address, or not yet"));
    EXPECT_GT(nodes.near.bfd->report().packets_not_sent, 0U);
    EXPECT_EQ(nodes.near.status().counters.control_sent, 0U);
    ip("addr add 192.168.1.101/24 dev lan0");
    EXPECT_TRUE(nodes.both_up());
    EXPECT_TRUE(nodes.eventually([&] { return nodes.near.bfd->report().sessions_without_socket == 0; }));
  });
}

TEST(BfdSockets, WaitForAPortThatAnotherProcessHas) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    const int other = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto own = to_socket_address(IpAddress::v4(0, 0, 0, 0), 3784);
    ASSERT_EQ(::bind(other, own.get(), own.size), 0);
    nodes.watch_both(every(50ms, 10));
    EXPECT_TRUE(nodes.eventually([&] { return nodes.near.log.contains("stop the other BFD daemon"); }));
    EXPECT_TRUE(nodes.near.log.contains("UDP port 3784"));
    ::close(other);
    EXPECT_TRUE(nodes.both_up());
  });
}

TEST(BfdSockets, WaitForAVrfThatIsNotThereYet) {
  IN_OWN_NETWORK([] {
    TwoBfdNodes nodes;
    auto key = nodes.near_key();
    key.vrf = "red";
    nodes.near.bfd->watch({"peer", key, {}});
    EXPECT_TRUE(nodes.eventually([&] { return nodes.near.log.contains("find VRF red"); }));
    EXPECT_TRUE(nodes.eventually([&] { return nodes.near.bfd->report().sessions_without_socket == 1; }));
  });
}

}  // namespace
}  // namespace metallb::io::test
