// Group sockets and the netlink monitor by themselves, on a network of their own.

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "io/packets/group_sockets.hpp"
#include "io/packets/interface_table.hpp"
#include "io/packets/netlink_monitor.hpp"
#include "io/packets/packet_socket.hpp"
#include "layer2/arp_packet.hpp"
#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

IpAddress group(std::uint32_t number) {
  return solicited_node_group(IpAddress::from_number(IpFamily::kIpv6, address("2001:db8::").number() + number));
}

/// Memberships of one interface as the kernel counts them. /proc/net would show the main thread's namespace.
std::size_t kernel_groups(const std::string& interface) {
  std::ifstream file("/proc/thread-self/net/igmp6");
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string index;
    std::string name;
    std::string text;
    words >> index >> name >> text;
    if (name == interface && text.starts_with("ff0200000000000000000001ff") && text != "ff0200000000000000000001ff000001")
      ++count;
  }
  return count;
}

TEST(GroupSockets, SpreadMoreGroupsThanOneSocketHolds) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const auto lan = index_of("lan0");
    LogLines log;
    GroupSockets groups{Log(log)};
    constexpr std::uint32_t kFirst = 2;  // ...:1 is the interface's own
    // Far more than the 128 KiB of option memory of new kernels take in one socket.
    constexpr std::uint32_t kCount = 6000;
    for (std::uint32_t i = 0; i < kCount; ++i) ASSERT_TRUE(groups.join(lan, group(kFirst + i))) << i;
    EXPECT_EQ(groups.held(), kCount);
    EXPECT_EQ(kernel_groups("lan0"), kCount);
    EXPECT_GT(groups.sockets(), 1U);
    for (std::uint32_t i = 0; i < kCount; ++i) groups.leave(lan, group(kFirst + i));
    EXPECT_EQ(groups.held(), 0U);
    EXPECT_EQ(groups.sockets(), 0U) << "sockets without groups are closed";
    EXPECT_EQ(kernel_groups("lan0"), 0U);
    EXPECT_FALSE(log.contains("op=")) << "nothing failed";
  });
}

TEST(GroupSockets, LogAFailedJoinAndDoBetterOnceThereIsAnInterface) {
  IN_OWN_NETWORK([] {
    LogLines log;
    GroupSockets groups{Log(log)};
    const InterfaceIndex later(77);
    EXPECT_FALSE(groups.join(later, group(5)));
    EXPECT_TRUE(log.contains("op=watchMulticastGroup"));
    EXPECT_EQ(groups.held(), 0U);
    ip("link add lan0 index 77 type veth peer name peer0");
    ip("link set lan0 up");
    groups.retry(later);
    EXPECT_EQ(groups.held(), 1U);
    EXPECT_EQ(kernel_groups("lan0"), 1U);
  });
}

TEST(GroupSockets, LeaveWithoutComplaintWhatWentWithItsInterface) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const auto lan = index_of("lan0");
    LogLines log;
    GroupSockets groups{Log(log)};
    ASSERT_TRUE(groups.join(lan, group(5)));
    ip("link del lan0");
    groups.leave(lan, group(5));
    EXPECT_EQ(groups.sockets(), 0U);
    EXPECT_FALSE(log.contains("op="));
  });
}

TEST(NetlinkMonitor, ReadsEverythingAgainWhenEventsWereLost) {
  IN_OWN_NETWORK([] {
    lay_cable();
    LogLines log;
    boost::asio::io_context loop;
    InterfaceTable table([](const std::string&) { return false; });
    int complete = 0;
    constexpr int kSmallBuffer = 4096;
    auto monitor = NetlinkMonitor::open(loop, table, [&](bool whole) { complete += whole ? 1 : 0; }, Log(log), kSmallBuffer);
    ASSERT_TRUE(monitor) << monitor.error().to_string();
    ASSERT_TRUE(eventually(loop, [&] { return complete == 1; }));
    EXPECT_EQ(table.names(), (std::set<std::string>{"lan0", "lo", "peer0"}));

    // Nobody reads while all this happens.
    for (int i = 0; i < 20; ++i) ip("link set lan0 mtu " + std::to_string(1400 + i));
    ip("link set lan0 name lost0");
    ip("addr add fe80::7/64 dev lost0 nodad");
    ip("addr del fe80::1/64 dev lost0");
    ASSERT_TRUE(eventually(loop, [&] { return complete >= 2; }));
    EXPECT_TRUE(log.contains("op=watchInterfaces"));
    EXPECT_EQ(table.names(), (std::set<std::string>{"lo", "lost0", "peer0"}));
    std::optional<IpAddress> link_local;
    for (const auto& change : table.take_changes()) {
      const auto* state = std::get_if<layer2::InterfaceState>(&change);
      if (state != nullptr && state->name == "lost0") link_local = state->link_local;
    }
    EXPECT_EQ(link_local, address("fe80::7"));
  });
}

TEST(NetlinkMonitor, ReportsEveryStepOfAFlappingInterfaceInOrder) {
  IN_OWN_NETWORK([] {
    lay_cable();
    boost::asio::io_context loop;
    InterfaceTable table([](const std::string& name) { return name != "lan0"; });
    int complete = 0;
    auto monitor = NetlinkMonitor::open(loop, table, [&](bool whole) { complete += whole ? 1 : 0; }, Log());
    ASSERT_TRUE(monitor);
    ASSERT_TRUE(eventually(loop, [&] { return complete == 1; }));
    (void)table.take_changes();
    ip("link set lan0 down");
    ip("link set lan0 up");
    std::vector<bool> arp;
    EXPECT_TRUE(eventually(loop, [&] {
      for (const auto& change : table.take_changes()) {
        const auto& state = std::get<layer2::InterfaceState>(change);
        if (arp.empty() || arp.back() != state.arp) arp.push_back(state.arp);
      }
      return !arp.empty() && arp.back();
    }));
    EXPECT_EQ(arp, (std::vector<bool>{false, true}));
  });
}

/// Every third address from 10.0.0.0 on.
std::vector<IpAddress> scattered(std::uint32_t count) {
  std::vector<IpAddress> out;
  for (std::uint32_t i = 0; i < count; ++i) out.push_back(IpAddress::v4(0x0A000000U + i * 3));
  return out;
}

TEST(PacketSocket, ReplacesALongFilterByOneAsExactWhereTheKernelHasRoomForOneOnly) {
  IN_OWN_NETWORK([] {
    lay_cable();
    std::ofstream("/proc/sys/net/core/optmem_max") << 20480;  // the default until Linux 6.7
    int limit = 0;
    std::ifstream("/proc/sys/net/core/optmem_max") >> limit;
    if (limit != 20480) GTEST_SKIP() << "option memory cannot be limited for one network namespace here";
    const Tap tap;
    boost::asio::io_context loop;
    std::vector<IpAddress> asked;
    const auto on_frame = [&](ByteView frame) {
      if (const auto packet = layer2::decode_arp(frame)) asked.push_back(packet->target_ip);
    };
    const auto on_error = [](const SystemError& error) { ADD_FAILURE() << error.to_string(); };
    auto socket = PacketSocket::open(loop, index_of("lan0"), CaptureKind::kArp, scattered(400), on_frame, on_error);
    ASSERT_TRUE(socket) << socket.error().to_string();
    ASSERT_TRUE((*socket)->capture(scattered(401)));

    for (std::uint32_t i = 0; i < 400; ++i) tap.send(tap.arp_request(IpAddress::v4(0x0A000000U + i * 3 + 1)));
    const auto last = IpAddress::v4(0x0A000000U + 400 * 3);
    tap.send(tap.arp_request(last));
    EXPECT_TRUE(eventually(loop, [&] { return !asked.empty() && asked.back() == last; }));
    EXPECT_EQ(asked, std::vector<IpAddress>{last}) << "a coarser filter lets foreign requests pass";
  });
}

}  // namespace
}  // namespace metallb::io::test
