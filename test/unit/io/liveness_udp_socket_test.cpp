// The UDP socket of the membership, on the loopback of a network of its own.

#include "io/liveness/udp_socket.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "io/liveness/endpoint.hpp"
#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

using gossip::Endpoint;

Bytes bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

/// A socket that keeps what comes in.
struct Party {
  Party(boost::asio::io_context& loop, const Endpoint& own) {
    auto opened = UdpSocket::open(loop, own,
                                  {.received =
                                       [this](const Endpoint& from, ByteView packet) {
                                         senders.push_back(from);
                                         packets.emplace_back(packet.begin(), packet.end());
                                       },
                                   .unreachable = [this](const Endpoint& to) { unreachable.push_back(to); }},
                                  Log());
    EXPECT_TRUE(opened) << opened.error().to_string();
    if (opened) socket = std::move(*opened);
  }
  std::vector<Endpoint> senders;
  std::vector<std::string> packets;
  std::vector<Endpoint> unreachable;
  std::unique_ptr<UdpSocket> socket;
};

const Endpoint kOne{IpAddress::v4(127, 0, 0, 1), 7946};
const Endpoint kTwo{IpAddress::v4(127, 0, 0, 2), 7946};
const Endpoint kClosed{IpAddress::v4(127, 0, 0, 3), 7946};

TEST(UdpSocket, DeliversAPacketWithItsSenderWhichIsTheBoundPort) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    const Party one(loop, kOne);
    const Party two(loop, kTwo);
    one.socket->send(kTwo, bytes("hello"));
    ASSERT_TRUE(eventually(loop, [&] { return !two.packets.empty(); }));
    EXPECT_EQ(two.packets, std::vector<std::string>{"hello"});
    EXPECT_EQ(two.senders, std::vector<Endpoint>{kOne});
    EXPECT_EQ(one.socket->counters().sent, 1U);
    EXPECT_EQ(two.socket->counters().received, 1U);
  });
}

TEST(UdpSocket, DoesTheSameOverIpv6) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    ip("addr add fd00::2/128 dev lo nodad");
    boost::asio::io_context loop;
    const Endpoint first{address("::1"), 7946};
    const Endpoint second{address("fd00::2"), 7946};
    const Party one(loop, first);
    const Party two(loop, second);
    two.socket->send(first, bytes("hello"));
    ASSERT_TRUE(eventually(loop, [&] { return !one.packets.empty(); }));
    EXPECT_EQ(one.senders, std::vector<Endpoint>{second});
    const Endpoint closed{address("fd00::2"), 9};
    one.socket->send(closed, bytes("x"));
    EXPECT_TRUE(eventually(loop, [&] { return one.unreachable == std::vector<Endpoint>{closed}; }));
  });
}

TEST(UdpSocket, TakesPacketsOfTheGreatestSize) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    const Party one(loop, kOne);
    const Party two(loop, kTwo);
    const std::string large(65'507, 'x');  // 65535 less the headers of IP and UDP
    one.socket->send(kTwo, bytes(large));
    ASSERT_TRUE(eventually(loop, [&] { return !two.packets.empty(); }));
    EXPECT_EQ(two.packets.front(), large);
  });
}

// failover spec 3, item 6.
TEST(UdpSocket, TellsWhichDestinationAnIcmpErrorIsAbout) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    const Party one(loop, kOne);
    one.socket->send(kClosed, bytes("x"));
    EXPECT_TRUE(eventually(loop, [&] { return one.unreachable == std::vector<Endpoint>{kClosed}; }));
    EXPECT_EQ(one.socket->counters().unreachable, 1U);
  });
}

TEST(UdpSocket, SendsToOthersAtOnceAfterAnErrorAboutOne) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    const Party one(loop, kOne);
    const Party two(loop, kTwo);
    // On the loopback the error is there before send() returns, and nobody has read it yet.
    one.socket->send(kClosed, bytes("x"));
    one.socket->send(kTwo, bytes("hello"));
    EXPECT_TRUE(eventually(loop, [&] { return two.packets == std::vector<std::string>{"hello"}; }));
    EXPECT_EQ(one.unreachable, std::vector<Endpoint>{kClosed});
  });
}

TEST(UdpSocket, TellsOfADestinationThatCannotBeReachedFromHere) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    const Party one(loop, kOne);
    const Endpoint other_family{address("::1"), 7946};
    one.socket->send(other_family, bytes("x"));
    EXPECT_EQ(one.unreachable, std::vector<Endpoint>{other_family});
    const Endpoint no_route{IpAddress::v4(192, 0, 2, 1), 7946};
    one.socket->send(no_route, bytes("x"));
    EXPECT_EQ(one.unreachable.back(), no_route);
  });
}

TEST(UdpSocket, CountsWhatIsTooLargeAsDroppedAndNotAsUnreachable) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    const Party one(loop, kOne);
    one.socket->send(kTwo, bytes(std::string(70'000, 'x')));
    EXPECT_EQ(one.unreachable, std::vector<Endpoint>{});
    EXPECT_EQ(one.socket->counters().dropped, 1U);
  });
}

TEST(UdpSocket, AsksForARoomyReceiveBuffer) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    const Party one(loop, kOne);
    // The kernel doubles what it grants, and grants net.core.rmem_max at most, whose smallest default is 208 KiB.
    EXPECT_GE(one.socket->receive_buffer(), 128 * 1024);
  });
}

TEST(UdpSocket, CannotBeOpenedTwiceOrOnAnAddressThatIsNotOurs) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    const Party one(loop, kOne);
    const auto twice = UdpSocket::open(loop, kOne, {}, Log());
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, std::errc::address_in_use);
    EXPECT_NE(twice.error().to_string().find("127.0.0.1:7946"), std::string::npos);
    const auto foreign = UdpSocket::open(loop, {IpAddress::v4(192, 0, 2, 1), 7946}, {}, Log());
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().code, std::errc::address_not_available);
  });
}

TEST(SocketAddress, GivesBackTheEndpointThatItWasMadeOf) {
  for (const auto* text : {"192.0.2.7", "::1", "2001:db8::ff"}) {
    const Endpoint endpoint{address(text), 7946};
    EXPECT_EQ(to_endpoint(to_socket_address(endpoint)), endpoint);
  }
  EXPECT_EQ(to_text({address("192.0.2.7"), 1}), "192.0.2.7:1");
  EXPECT_EQ(to_text({address("::1"), 1}), "[::1]:1");
}

}  // namespace
}  // namespace metallb::io::test
