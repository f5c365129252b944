// The packets thread on a cable of its own: neighbour discovery and multicast groups.

#include <gtest/gtest.h>

#include <optional>

#include "base/bytes.hpp"
#include "layer2/ethernet.hpp"
#include "layer2/ndp_packet.hpp"
#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

const IpAddress kVip = address("2001:db8::240");
const IpAddress kClient = address("fe80::99");
constexpr const char* kVipText = "2001:db8::240";
constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kAdvertisement = 136;
constexpr std::uint8_t kSolicited = 0x40;
constexpr std::uint8_t kReportVersion2 = 143;

constexpr std::size_t kIpv6 = layer2::kEthernetHeader;
constexpr std::size_t kMessage = kIpv6 + 40;

struct Solicitation {
  MacAddress mac;
  IpAddress source = kClient;
  IpAddress destination;
  MacAddress ethernet_destination;
  bool option = true;
};

Bytes frame_of(const Solicitation& wanted, const IpAddress& target) {
  Bytes message;
  ByteWriter writer(message);
  writer.u8(135).u8(0).u16(0).u32(0).bytes(target.bytes());
  if (wanted.option) writer.u8(1).u8(1).bytes(wanted.mac.bytes());
  const auto checksum = layer2::icmpv6_checksum(wanted.source, wanted.destination, message);
  message[2] = static_cast<std::uint8_t>(checksum >> 8);
  message[3] = static_cast<std::uint8_t>(checksum);
  Bytes out;
  ByteWriter frame(out);
  layer2::write_ethernet(frame, {wanted.ethernet_destination, wanted.mac, layer2::kEtherTypeIpv6});
  frame.u32(0x60000000).u16(static_cast<std::uint16_t>(message.size())).u8(kIcmpv6).u8(255);
  frame.bytes(wanted.source.bytes16()).bytes(wanted.destination.bytes16()).bytes(message);
  return out;
}

bool equal(ByteView bytes, const IpAddress& address) {
  const auto other = address.bytes16();
  return std::equal(bytes.begin(), bytes.end(), other.begin(), other.end());
}

/// An advertisement for `target` to `destination`.
bool advertises(ByteView frame, const IpAddress& target, const IpAddress& destination) {
  return frame.size() >= kMessage + 32 && frame[kIpv6 + 6] == kIcmpv6 && frame[kMessage] == kAdvertisement &&
         equal(frame.subspan(kIpv6 + 24, 16), destination) && equal(frame.subspan(kMessage + 8, 16), target);
}

/// Asks every 50 ms until an answer comes, as Tap::resolve() does for ARP; five seconds long unless told.
std::optional<Bytes> resolve(const Tap& tap, const Bytes& question, const IpAddress& target, const IpAddress& answer_to,
                             int attempts = 100) {
  for (int attempt = 0; attempt < attempts; ++attempt) {
    tap.send(question);
    if (auto frame = tap.await([&](ByteView f) { return advertises(f, target, answer_to); }, 50)) return frame;
  }
  return std::nullopt;
}

Bytes multicast_question(const Tap& tap, const IpAddress& target) {
  const auto group = solicited_node_group(target);
  return frame_of({.mac = tap.mac(), .destination = group, .ethernet_destination = MacAddress::multicast(group)}, target);
}

/// RFC 3810: a version 2 report with a record for `group`, behind the router alert option.
bool reports(ByteView frame, const IpAddress& group) {
  constexpr std::size_t kReport = kMessage + 8;
  if (frame.size() < kReport + 8 || frame[kIpv6 + 6] != kHopByHop || frame[kReport] != kReportVersion2) return false;
  const auto records = frame.subspan(kReport + 8);
  for (std::size_t at = 0; at + 20 <= records.size(); at += 20) {
    if (equal(records.subspan(at + 4, 16), group)) return true;
  }
  return false;
}

TEST(PacketsThreadNdp, AnswersASolicitationToTheGroup) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    const auto answer = resolve(tap, multicast_question(tap, kVip), kVip, kClient);
    ASSERT_TRUE(answer);
    EXPECT_EQ((*answer)[kMessage + 4] & kSolicited, kSolicited);
    EXPECT_TRUE(equal(ByteView(*answer).subspan(kIpv6 + 8, 16), address("fe80::1")));
    const auto mac = mac_of("lan0").bytes();
    EXPECT_TRUE(std::equal(mac.begin(), mac.end(), answer->begin() + kMessage + 26));
    EXPECT_TRUE(announcer.log().contains("event=createNDPResponder interface=lan0"));
  });
}

TEST(PacketsThreadNdp, AnswersASolicitationSentToTheAddressItself) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    const auto question =
        frame_of({.mac = tap.mac(), .destination = kVip, .ethernet_destination = mac_of("lan0"), .option = false}, kVip);
    EXPECT_TRUE(resolve(tap, question, kVip, kClient));
  });
}

TEST(PacketsThreadNdp, DefendsTheAddressAgainstADuplicateProbe) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    ASSERT_TRUE(resolve(tap, multicast_question(tap, kVip), kVip, kClient));
    const auto group = solicited_node_group(kVip);
    const auto before = announcer.report().addresses[kVip].responses_sent;
    const auto probe = frame_of({.mac = tap.mac(),
                                 .source = address("::"),
                                 .destination = group,
                                 .ethernet_destination = MacAddress::multicast(group),
                                 .option = false},
                                kVip);
    EXPECT_TRUE(resolve(tap, probe, kVip, address("ff02::1")));
    EXPECT_TRUE(announcer.eventually([&] { return announcer.report().addresses[kVip].responses_sent > before; }));
  });
}

TEST(PacketsThreadNdp, IsNotWokenByForeignSolicitations) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    ASSERT_TRUE(resolve(tap, multicast_question(tap, kVip), kVip, kClient));
    const auto foreign = multicast_question(tap, address("2001:db8::241"));
    for (int i = 0; i < 1000; ++i) tap.send(foreign);
    const auto later = address("2001:db8::250");
    announcer.announce("2001:db8::250");
    ASSERT_TRUE(resolve(tap, multicast_question(tap, later), later, kClient));
    EXPECT_TRUE(announcer.eventually([&] { return announcer.report().addresses[later].requests_received > 0; }));
    EXPECT_EQ(announcer.report().drops.unknown_address, 0U);
  });
}

TEST(PacketsThreadNdp, TellsSnoopingSwitchesOfTheGroup) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    EXPECT_TRUE(tap.await([](ByteView frame) { return reports(frame, solicited_node_group(kVip)); }));
  });
}

TEST(PacketsThreadNdp, StartsWhenALinkLocalAddressArrivesAndStopsWhenItGoes) {
  IN_OWN_NETWORK([] {
    lay_cable();
    ip("addr del fe80::1/64 dev lan0");
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    announcer.announce("192.168.1.240");
    ASSERT_TRUE(tap.resolve(IpAddress::v4(192, 168, 1, 240))) << "ARP needs no IPv6 address";
    EXPECT_FALSE(announcer.log().contains("event=createNDPResponder"));
    ip("addr add fe80::5/64 dev lan0 nodad");
    EXPECT_TRUE(tap.await([](ByteView frame) { return reports(frame, solicited_node_group(kVip)); }))
        << "an interface that comes late joins the groups, too";
    const auto answer = resolve(tap, multicast_question(tap, kVip), kVip, kClient);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(equal(ByteView(*answer).subspan(kIpv6 + 8, 16), address("fe80::5")));
    ip("addr del fe80::5/64 dev lan0");
    EXPECT_TRUE(announcer.eventually([&] { return announcer.log().contains("event=deleteNDPResponder interface=lan0"); }));
  });
}

TEST(PacketsThreadNdp, WaitsUntilTheLinkLocalAddressHasProvedUnique) {
  IN_OWN_NETWORK([] {
    lay_cable();
    ip("addr del fe80::1/64 dev lan0");
    const Tap tap;
    Announcer announcer;
    announcer.announce(kVipText);
    ASSERT_TRUE(announcer.knows("lan0"));
    ip("addr add fe80::6/64 dev lan0");
    // The kernel's own probing takes about a second.
    EXPECT_FALSE(announcer.log().contains("event=createNDPResponder"));
    EXPECT_TRUE(announcer.eventually([&] { return announcer.log().contains("event=createNDPResponder interface=lan0"); }));
    EXPECT_TRUE(resolve(tap, multicast_question(tap, kVip), kVip, kClient));
  });
}

TEST(PacketsThreadNdp, HoldsFiveThousandGroups) {
  IN_OWN_NETWORK([] {
    lay_cable();
    const Tap tap;
    Announcer announcer;
    const auto vip = [](std::uint32_t i) { return IpAddress::from_number(IpFamily::kIpv6, kVip.number() + i * 7); };
    for (std::uint32_t i = 0; i < 5000; ++i) announcer.announce(vip(i).to_string());
    // A minute: under a sanitizer on a busy machine five thousand joins and announcements take their time.
    for (const auto i : {0U, 2500U, 4999U}) {
      EXPECT_TRUE(resolve(tap, multicast_question(tap, vip(i)), vip(i), kClient, 1200)) << i;
    }
    EXPECT_FALSE(announcer.log().contains("op=watchMulticastGroup"));
  });
}

}  // namespace
}  // namespace metallb::io::test
