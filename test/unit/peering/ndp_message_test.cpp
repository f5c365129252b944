// The bytes of router advertisements and solicitations: RFC 4861, Sections 4.1, 4.2, 6.1.1, 6.1.2; bgp spec 4.11.
#include "peering/ndp_message.hpp"

#include <gtest/gtest.h>

#include "desk.hpp"

namespace metallb::peering {
namespace {

using metallb::test::to_hex;
using test::octets;

const NdpArrival kFromRouter{test::kRouter, test::ip("ff02::1"), 255};

std::string outcome(const NdpArrival& arrival, const std::string& hex) {
  const auto message = decode_ndp(arrival, octets(hex));
  if (!message) return std::string(to_string(message.error()));
  return std::holds_alternative<RouterAdvertisement>(*message) ? "advertisement" : "solicitation";
}

TEST(NdpMessage, ReadsEveryFieldOfAnAdvertisement) {
  const auto bytes = octets("8600abcd 40c0 0708 00000102 00000304 0101020000000002");
  const auto message = decode_ndp(kFromRouter, bytes);
  ASSERT_TRUE(message.has_value());
  const RouterAdvertisement expected{.current_hop_limit = 64,
                                     .flags = 0xC0,
                                     .lifetime = 1800,
                                     .reachable_time = 0x102,
                                     .retransmit_timer = 0x304,
                                     .source_link_layer = MacAddress({2, 0, 0, 0, 0, 2})};
  EXPECT_EQ(std::get<RouterAdvertisement>(*message), expected);
}

TEST(NdpMessage, WritesWhatAPeerExpects) {
  EXPECT_EQ(to_hex(encode(RouterAdvertisement{.current_hop_limit = 64, .source_link_layer = test::kMac})),
            "860000004000000000000000000000000101020000000001");
  EXPECT_EQ(to_hex(encode(RouterAdvertisement{.current_hop_limit = 64, .lifetime = 1})), "86000000400000010000000000000000");
  EXPECT_EQ(to_hex(encode(RouterSolicitation{test::kMac})), "85000000000000000101020000000001");
  EXPECT_EQ(to_hex(encode(RouterSolicitation{})), "8500000000000000");
  EXPECT_EQ(all_nodes(), test::ip("ff02::1"));
  EXPECT_EQ(all_routers(), test::ip("ff02::2"));
}

TEST(NdpMessage, BelievesWhatRfc4861Allows) {
  const std::string head = "8600000040000000 0000000000000000";
  const std::string mtu = "0501 0000 000005dc";
  const std::string prefix = "0304 40c0 00000000 00000000 00000000 20010db8000000000000000000000000";
  EXPECT_EQ(outcome(kFromRouter, head), "advertisement") << "no option is needed";
  EXPECT_EQ(outcome(kFromRouter, head + mtu + prefix + "0101020000000002"), "advertisement");
  EXPECT_EQ(outcome(kFromRouter, head + "7f01 000000000000"), "advertisement") << "an unknown option";
  EXPECT_EQ(outcome(kFromRouter, head + "0102 0000000000000000000000000000"), "advertisement") << "a longer address";
  const NdpArrival nobody{test::ip("::"), test::ip("ff02::2"), 255};
  EXPECT_EQ(outcome(nobody, "8500000000000000"), "solicitation");
  EXPECT_EQ(outcome(kFromRouter, "8500000000000000 0101020000000002"), "solicitation");
}

TEST(NdpMessage, DiscardsWhatRfc4861Forbids) {
  const std::string head = "8600000040000000 0000000000000000";
  struct Row {
    const char* what;
    NdpArrival arrival;
    std::string bytes;
    const char* expected;
  };
  const auto from = [](const char* source, std::uint8_t hop_limit = 255) {
    return NdpArrival{test::ip(source), test::ip("ff02::1"), hop_limit};
  };
  for (const auto& row : std::vector<Row>{
           {"came through a router", from("fe80::2", 64), head, "hop_limit"},
           {"came through one router", from("fe80::2", 254), head, "hop_limit"},
           {"a solicitation through a router", from("fe80::2", 254), "8500000000000000", "hop_limit"},
           {"a global source", from("2001:db8::2"), head, "source"},
           {"no source", from("::"), head, "source"},
           {"an IPv4 link-local source", from("169.254.0.1"), head, "source"},
           {"a group asks", from("ff02::1"), "8500000000000000", "source"},
           {"code 1", from("fe80::2"), "8601000040000000 0000000000000000", "code"},
           {"a solicitation of code 1", from("fe80::2"), "8501000000000000", "code"},
           {"an option of length 0", from("fe80::2"), head + "0100020000000002", "option"},
           {"length 0 after a good option", from("fe80::2"), head + "0101020000000002 0500", "option"},
           {"nobody says where it is", from("::"), "8500000000000000 0101020000000002", "option"},
           {"an option beyond the end", from("fe80::2"), head + "0102020000000002", "truncated"},
           {"half an option header", from("fe80::2"), head + "01", "truncated"},
           {"a neighbour solicitation", from("fe80::2"), "8700000000000000", "other_type"},
           {"nothing", from("fe80::2"), "", "truncated"},
       }) {
    EXPECT_EQ(outcome(row.arrival, row.bytes), row.expected) << row.what;
  }
  const auto whole = octets(head);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(decode_ndp(kFromRouter, ByteView(whole).first(size)).error(), NdpError::kTruncated) << size;
  }
  EXPECT_EQ(outcome(kFromRouter, "85000000000000"), "truncated");
}

}  // namespace
}  // namespace metallb::peering
