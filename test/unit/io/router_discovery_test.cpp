// Router discovery on a cable of its own: two nodes' peering cores that find each other, and what of it shows on the wire.
#include "io/router_discovery/router_discovery.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/cases.hpp"
#include "io/driver.hpp"
#include "layer2/ethernet.hpp"
#include "layer2/ndp_packet.hpp"
#include "peering/instance.hpp"
#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

constexpr std::size_t kIpv6 = layer2::kEthernetHeader;
constexpr std::size_t kIcmpv6 = kIpv6 + 40;
constexpr bgp::PeerId kPeer{1};

/// The namespace that the calling thread is in, to come back to.
class Namespace {
 public:
  Namespace() : descriptor_(::open("/proc/thread-self/ns/net", O_RDONLY)) {}
  ~Namespace() { ::close(descriptor_); }
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;
  void enter() const { EXPECT_EQ(::setns(descriptor_, CLONE_NEWNET), 0); }
  /// For ip(8).
  [[nodiscard]] std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor_);
  }

 private:
  int descriptor_;
};

/// The peering core of one node with one peer on one interface.
class Node {
 public:
  Node(boost::asio::io_context& loop, const std::string& interface, const std::string& own)
      : discovery_(loop,
                   {.received =
                        [this](const peering::NdpReceived& received) {
                          heard_.push_back(received.arrival);
                          driver_.feed(received);
                        },
                    .trouble = [this](const peering::DiscoveryTrouble& trouble) { driver_.feed(trouble); }},
                   Log(log_)),
        driver_(loop, core_, [this](peering::Output& out) { apply(out); }) {
    peering::Link link{.index = index_of(interface), .name = interface, .running = true, .mac = mac_of(interface)};
    link.addresses = {{.address = address(own), .prefix_length = 64}};
    peering::Peer peer;
    peer.settings.name = "router";
    peer.settings.transport.interface = interface;
    driver_.feed(peering::SetPeer{kPeer, peer});
    driver_.feed(peering::LinksChanged{{{interface, link}}});
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void remove() { driver_.feed(peering::RemovePeer{kPeer}); }
  [[nodiscard]] peering::PeerStatus peer() const { return core_.peers().front(); }
  [[nodiscard]] const std::vector<peering::NdpArrival>& heard() const { return heard_; }
  [[nodiscard]] const peering::NdpCounters& counters() const { return core_.counters(); }
  [[nodiscard]] const LogLines& log() const { return log_; }
  [[nodiscard]] bool listens() const { return discovery_.is_open(); }

 private:
  void apply(peering::Output& out) {
    for (const auto& action : out) {
      std::visit(Cases{[](const bgp::Input&) {}, [](const bfd::Input&) {},
                       [this](const auto& wanted) { discovery_.apply(wanted); }},
                 action);
    }
  }

  LogLines log_;
  std::vector<peering::NdpArrival> heard_;
  peering::Instance core_{{}};
  RouterDiscovery discovery_;
  Driver<peering::Instance, peering::Input, peering::Output> driver_;
};

bool is_of_type(ByteView frame, std::uint8_t type) {
  return frame.size() >= kIcmpv6 + 8 && frame[kIpv6 + 6] == 58 && frame[kIcmpv6] == type;
}

/// What the other end of the cable says, with any hop limit.
Bytes advertisement_from(const Tap& tap, const std::string& source, std::uint8_t hop_limit) {
  auto message = peering::encode(peering::RouterAdvertisement{.lifetime = 1800, .source_link_layer = tap.mac()});
  const auto from = address(source);
  const auto checksum = layer2::icmpv6_checksum(from, peering::all_nodes(), message);
  message[2] = static_cast<std::uint8_t>(checksum >> 8);
  message[3] = static_cast<std::uint8_t>(checksum);
  Bytes out;
  ByteWriter frame(out);
  layer2::write_ethernet(frame, {MacAddress::multicast(peering::all_nodes()), tap.mac(), layer2::kEtherTypeIpv6});
  frame.u32(0x60000000).u16(static_cast<std::uint16_t>(message.size())).u8(58).u8(hop_limit);
  frame.bytes(from.bytes16()).bytes(peering::all_nodes().bytes16()).bytes(message);
  return out;
}

TEST(RouterDiscovery, LetsTwoNodesFindEachOther) {
  IN_OWN_NETWORK([] {
    const Namespace left;
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    const Namespace right;
    left.enter();
    lay_cable();
    ip("link set peer0 netns " + right.path());
    boost::asio::io_context loop;
    Node node(loop, "lan0", "fe80::1");
    right.enter();
    ip("link set peer0 addrgenmode none");
    ip("link set peer0 up");
    ip("addr add fe80::2/64 dev peer0 nodad");
    Node router(loop, "peer0", "fe80::2");
    EXPECT_TRUE(eventually(loop, [&] { return node.peer().neighbour && router.peer().neighbour; }));
    EXPECT_EQ(node.peer().neighbour, address("fe80::2"));
    EXPECT_EQ(router.peer().neighbour, address("fe80::1"));
    EXPECT_EQ(node.peer().held, "");
    EXPECT_EQ(node.heard().front().hop_limit, 255);
    left.enter();
  });
}

TEST(RouterDiscovery, ShowsOnTheWireAsNoDefaultRouterAndNotToItself) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    boost::asio::io_context loop;
    const Node node(loop, "lan0", "fe80::1");
    const auto next_of_type = [&](std::uint8_t type) {
      std::optional<Bytes> frame;
      const auto seen = [&] {
        frame = tap.await([&](ByteView f) { return is_of_type(f, type); }, 1);
        return frame.has_value();
      };
      EXPECT_TRUE(eventually(loop, seen)) << static_cast<int>(type);
      return frame.value_or(Bytes(kIcmpv6 + 24));
    };
    const auto question = next_of_type(133);
    EXPECT_EQ(question[kIpv6 + 7], 255);
    const auto frame = next_of_type(134);
    EXPECT_EQ(frame[kIpv6 + 7], 255) << "hop limit";
    EXPECT_EQ(frame[kIcmpv6 + 6] * 256 + frame[kIcmpv6 + 7], 0) << "router lifetime";
    ByteReader header(ByteView(frame).subspan(kIpv6 + 8));
    const auto source = IpAddress::v6(header.array<16>());
    const auto destination = IpAddress::v6(header.array<16>());
    EXPECT_EQ(source, address("fe80::1"));
    EXPECT_EQ(destination, address("ff02::1"));
    EXPECT_EQ(layer2::icmpv6_checksum(source, destination, ByteView(frame).subspan(kIcmpv6)), 0);
    EXPECT_TRUE(eventually(loop, [&] { return node.counters().advertisements_sent >= 2; }));
    EXPECT_TRUE(node.heard().empty()) << "what it sends does not come back";
    EXPECT_EQ(node.peer().held, "no RA seen on interface lan0");
  });
}

TEST(RouterDiscovery, BelievesOnlyWhatComesFromTheLink) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    boost::asio::io_context loop;
    const Node node(loop, "lan0", "fe80::1");
    // The same again comes back to it as from a port that mirrors.
    tap.send(advertisement_from(tap, "fe80::1", 255));
    tap.send(advertisement_from(tap, "fe80::66", 64));
    tap.send(advertisement_from(tap, "2001:db8::66", 255));
    tap.send(advertisement_from(tap, "fe80::2", 255));
    EXPECT_TRUE(eventually(loop, [&] { return node.peer().neighbour.has_value(); }));
    EXPECT_EQ(node.peer().neighbour, address("fe80::2"));
    EXPECT_EQ(node.heard().size(), 4U);
    const auto& discarded = node.counters().discarded;
    for (const auto why : {peering::NdpError::kOwn, peering::NdpError::kHopLimit, peering::NdpError::kSource}) {
      EXPECT_EQ(discarded[static_cast<std::size_t>(why)], 1U) << peering::to_string(why);
    }
  });
}

TEST(RouterDiscovery, HearsOnlyInterfacesThatAreWantedAndEndsWithTheLast) {
  IN_OWN_NETWORK([] {
    lay_cable();
    ip("link add lan1 type veth peer name peer1");
    ip("link set lan1 up");
    ip("link set peer1 up");
    const Tap tap;
    const Tap other("peer1");
    boost::asio::io_context loop;
    Node node(loop, "lan0", "fe80::1");
    EXPECT_TRUE(node.listens());
    other.send(advertisement_from(other, "fe80::2", 255));
    tap.send(advertisement_from(tap, "fe80::3", 255));
    EXPECT_TRUE(eventually(loop, [&] { return node.peer().neighbour.has_value(); }));
    EXPECT_EQ(node.peer().neighbour, address("fe80::3"));
    EXPECT_EQ(node.heard().size(), 1U);
    node.remove();
    EXPECT_FALSE(node.listens());
  });
}

TEST(RouterDiscovery, SaysWhichCapabilityIsMissing) {
  IN_OWN_NETWORK([] {
    lay_cable();
    boost::asio::io_context loop;
    // Of this thread only, which ends with the test.
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    ASSERT_EQ(::syscall(SYS_capset, &header, none), 0);
    const Node node(loop, "lan0", "fe80::1");
    EXPECT_TRUE(eventually(loop, [&] { return node.peer().held.find("NET_RAW") != std::string::npos; })) << node.peer().held;
    EXPECT_TRUE(node.log().contains("NET_RAW"));
    EXPECT_FALSE(node.listens());
  });
}

}  // namespace
}  // namespace metallb::io::test
