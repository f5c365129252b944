// The packets thread on a cable of its own: ARP, and what happens to interfaces.

#include "io/packets/packets_thread.hpp"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <thread>

#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

const IpAddress kVip = IpAddress::v4(192, 168, 1, 240);
constexpr const char* kVipText = "192.168.1.240";

TEST(PacketsThread, AnswersArpForAnAnnouncedAddressAndFallsSilentWhenItIsWithdrawn) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    const auto answer = tap.resolve(kVip);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->sender_mac, mac_of("lan0"));
    EXPECT_EQ(answer->target_mac, tap.mac());
    EXPECT_TRUE(announcer.eventually([&] {
      const auto counters = announcer.report().addresses[kVip];
      return counters.requests_received >= 1 && counters.responses_sent >= 1 && counters.gratuitous_sent >= 2;
    }));
    EXPECT_TRUE(announcer.log().contains("event=createARPResponder interface=lan0"));

    announcer.withdraw(kVipText);
    EXPECT_TRUE(announcer.eventually([&] { return tap.unanswered(kVip); }));
  });
}

TEST(PacketsThread, MakesATakeOverKnownToEverybody) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    EXPECT_TRUE(tap.await([](ByteView frame) {
      const auto packet = layer2::decode_arp(frame);
      return packet && packet->ethernet_destination == MacAddress::broadcast() && packet->sender_ip == kVip &&
             packet->target_ip == kVip;
    }));
  });
}

TEST(PacketsThread, IsNotWokenByForeignRequests) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    ASSERT_TRUE(tap.resolve(kVip));
    const auto foreign = tap.arp_request(IpAddress::v4(192, 168, 1, 241));
    for (int i = 0; i < 5000; ++i) tap.send(foreign);
    // The socket keeps the order: when this answer is counted, what came of the flood is counted, too.
    const auto later = IpAddress::v4(192, 168, 1, 250);
    announcer.announce("192.168.1.250");
    ASSERT_TRUE(tap.resolve(later));
    EXPECT_TRUE(announcer.eventually([&] { return announcer.report().addresses[later].requests_received > 0; }));
    const auto drops = announcer.report().drops;
    EXPECT_EQ(drops.unknown_address, 0U);
    EXPECT_EQ(drops.wrong_interface, 0U);
    EXPECT_EQ(drops.malformed, 0U);
  });
}

TEST(PacketsThread, AnswersOnTheNamedInterfacesOnly) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText, {.all = false, .names = {"lan1"}});
    announcer.announce("192.168.1.250");
    ASSERT_TRUE(tap.resolve(IpAddress::v4(192, 168, 1, 250)));
    EXPECT_TRUE(tap.unanswered(kVip));
    announcer.announce(kVipText, {.all = false, .names = {"lan0"}});
    EXPECT_TRUE(tap.resolve(kVip));
  });
}

TEST(PacketsThread, StopsWhenTheInterfaceGoesDownAndAnswersAgainWhenItIsUp) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    ASSERT_TRUE(tap.resolve(kVip));
    ip("link set lan0 down");
    EXPECT_TRUE(announcer.eventually([&] { return announcer.log().contains("event=deleteARPResponder interface=lan0"); }));
    EXPECT_TRUE(announcer.interfaces().contains("lan0")) << "known, though down";
    ip("link set lan0 up");
    EXPECT_TRUE(tap.resolve(kVip));
  });
}

TEST(PacketsThread, AnswersWithTheNewMacAfterAChange) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    ASSERT_TRUE(tap.resolve(kVip));
    ip("link set lan0 address 02:00:00:00:00:77");
    EXPECT_TRUE(announcer.eventually([&] {
      const auto answer = tap.resolve(kVip);
      return answer && answer->sender_mac.to_string() == "02:00:00:00:00:77";
    }));
  });
}

TEST(PacketsThread, FollowsARename) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText, {.all = false, .names = {"wan0"}});
    ASSERT_TRUE(announcer.knows("lan0"));
    EXPECT_TRUE(tap.unanswered(kVip));
    ip("link set lan0 name wan0");
    EXPECT_TRUE(announcer.knows("wan0"));
    EXPECT_FALSE(announcer.interfaces().contains("lan0"));
    EXPECT_TRUE(tap.resolve(kVip));
    ip("link set wan0 name peer9");
    EXPECT_TRUE(announcer.eventually([&] { return !announcer.interfaces().contains("wan0"); }));
    EXPECT_TRUE(announcer.eventually([&] { return tap.unanswered(kVip); })) << "its name is excluded now";
  });
}

TEST(PacketsThread, AnswersAtOnceOnAnInterfaceThatComesLater) {
  IN_OWN_NETWORK([] {
    Announcer announcer;
    announcer.announce(kVipText);
    ASSERT_TRUE(announcer.knows("lo"));
    lay_cable();
    const Tap tap;
    EXPECT_TRUE(tap.resolve(kVip));
    ip("link del lan0");
    EXPECT_TRUE(announcer.eventually([&] { return !announcer.interfaces().contains("lan0"); }));
    lay_cable();
    const Tap again;
    EXPECT_TRUE(again.resolve(kVip));
  });
}

TEST(PacketsThread, LeavesAnInterfaceToItsBridgeAndUsesTheBridge) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    ASSERT_TRUE(tap.resolve(kVip));
    ip("link add br0 type bridge");
    ip("link set lan0 master br0");
    EXPECT_TRUE(announcer.eventually([&] { return announcer.log().contains("event=deleteARPResponder interface=lan0"); }));
    EXPECT_TRUE(tap.unanswered(kVip));
    // A bridge's MAC follows its ports' until it is set.
    ip("link set br0 address 02:00:00:00:00:b0 up");
    EXPECT_TRUE(announcer.eventually([&] {
      const auto answer = tap.resolve(kVip);
      return answer && answer->sender_mac == mac_of("br0");
    }));
    ip("link set lan0 nomaster");
    EXPECT_TRUE(announcer.eventually([&] {
      const auto answer = tap.resolve(kVip);
      return answer && answer->sender_mac == mac_of("lan0");
    }));
  });
}

TEST(PacketsThread, KnowsEveryInterfaceButTheExcludedOnes) {
  IN_OWN_NETWORK([] {
    lay_cable();
    Announcer announcer("(^peer)|(n0$)");
    ASSERT_TRUE(announcer.knows("lo"));
    EXPECT_FALSE(announcer.interfaces().contains("lan0"));
    EXPECT_FALSE(announcer.interfaces().contains("peer0"));
    announcer.announce(kVipText);
    const Tap tap;
    EXPECT_TRUE(tap.unanswered(kVip));
  });
}

TEST(PacketsThread, TakesTwoThousandAddressesInOneGo) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    for (std::uint32_t i = 0; i < 2000; ++i) announcer.announce(IpAddress::v4(0x0A000000U + i * 3).to_string());
    EXPECT_TRUE(tap.resolve(IpAddress::v4(0x0A000000U)));
    EXPECT_TRUE(tap.resolve(IpAddress::v4(0x0A000000U + 1999 * 3)));
    EXPECT_TRUE(tap.unanswered(IpAddress::v4(0x0A000001U)));
  });
}

TEST(PacketsThread, RefusesABadExpression) {
  boost::asio::io_context main;
  const auto started = PacketsThread::start(main, {.exclude_expression = "("}, {}, Log());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, std::errc::invalid_argument);
}

/// Takes every capability from the calling thread.
bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

TEST(PacketsThread, NamesTheRemedyWhenItMayNotOpenPacketSockets) {
  std::thread([] {
    ASSERT_TRUE(drop_capabilities());
    boost::asio::io_context main;
    const auto started = PacketsThread::start(main, {}, {}, Log());
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, std::errc::operation_not_permitted);
    EXPECT_NE(started.error().to_string().find("NET_RAW"), std::string::npos);
  }).join();
}

}  // namespace
}  // namespace metallb::io::test
