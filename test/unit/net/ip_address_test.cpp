// IpAddress: parsing, RFC 5952 printing, classes.
#include "net/ip_address.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <unordered_set>

namespace metallb {
namespace {

struct Spelling {
  const char* text;
  const char* canonical;
};
class IpAddressText : public testing::TestWithParam<Spelling> {};

TEST_P(IpAddressText, PrintsInCanonicalForm) {
  const auto address = IpAddress::parse(GetParam().text);
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->to_string(), GetParam().canonical);
  EXPECT_EQ(IpAddress::parse(address->to_string()), address);
}

// RFC 5952, Sections 1, 2 and 4.
INSTANTIATE_TEST_SUITE_P(
    Rfc5952, IpAddressText,
    testing::Values(
        Spelling{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"}, Spelling{"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        Spelling{"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"}, Spelling{"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
        Spelling{"2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"}, Spelling{"2001:db8:0:0:1::1", "2001:db8::1:0:0:1"},
        Spelling{"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},
        Spelling{"2001:db8:aaaa:bbbb:cccc:dddd::1", "2001:db8:aaaa:bbbb:cccc:dddd:0:1"},
        Spelling{"2001:db8:0:0:0:0:0:1", "2001:db8::1"}, Spelling{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        Spelling{"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"}, Spelling{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        Spelling{"0:0:0:0:0:0:0:0", "::"}, Spelling{"0:0:0:0:0:0:0:1", "::1"}, Spelling{"1:0:0:0:0:0:0:0", "1::"},
        Spelling{"FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        Spelling{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"}, Spelling{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        Spelling{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"}));

// Layer2 spec 2.3: the text of an address enters the election's hash.
INSTANTIATE_TEST_SUITE_P(ElectionHash, IpAddressText,
                         testing::Values(Spelling{"2001:DB8:0:0::200", "2001:db8::200"},
                                         Spelling{"::ffff:192.168.1.200", "192.168.1.200"},
                                         Spelling{"1:0:0:2:0:0:3:4", "1::2:0:0:3:4"}, Spelling{"::1.2.3.4", "::102:304"},
                                         Spelling{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"}, Spelling{"fe80:0::1", "fe80::1"},
                                         Spelling{"2001:db8:0:1:0:0:0:a", "2001:db8:0:1::a"},
                                         Spelling{"::ffff:c0a8:1c8", "192.168.1.200"}));

INSTANTIATE_TEST_SUITE_P(Ipv4, IpAddressText,
                         testing::Values(Spelling{"0.0.0.0", "0.0.0.0"}, Spelling{"255.255.255.255", "255.255.255.255"},
                                         Spelling{"192.0.2.1", "192.0.2.1"}, Spelling{"10.20.30.40", "10.20.30.40"}));

class NoIpAddress : public testing::TestWithParam<const char*> {};

TEST_P(NoIpAddress, IsRefused) {
  EXPECT_EQ(IpAddress::parse(GetParam()), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(All, NoIpAddress,
                         testing::Values("", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.+4", "01.2.3.4",
                                         "1.2.3.04", "1.2.3.4 ", " 1.2.3.4", "1.2.3.", ".1.2.3", "1..2.3", "0x1.2.3.4",
                                         "1.2.3.4/24", "1.2.3.1000", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
                                         "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::",
                                         "fe80::1%eth0", "1:", ":1", "1:2:3:4:5:6:7:", "::1.2.3", "::1.2.3.256",
                                         "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::-1", "[::1]", "localhost"));

TEST(IpAddress, OrdersIpv4BeforeIpv6AndThenByNumber) {
  const auto low = *IpAddress::parse("9.255.255.255");
  const auto high = *IpAddress::parse("10.0.0.0");
  const auto six = *IpAddress::parse("::");
  EXPECT_LT(low, high);
  EXPECT_LT(high, six);
  EXPECT_LT(six, *IpAddress::parse("::1"));
}

TEST(IpAddress, GivesItsBytesInNetworkOrder) {
  EXPECT_EQ(IpAddress::v4(1, 2, 3, 4).bytes(), (Bytes{1, 2, 3, 4}));
  EXPECT_EQ(IpAddress::v4(0x01020304), IpAddress::v4(1, 2, 3, 4));
  const auto six = *IpAddress::parse("102:304:506:708:90a:b0c:d0e:f10");
  EXPECT_EQ(six.bytes(), (Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}));
  EXPECT_EQ(IpAddress::v6(six.bytes16()), six);
}

TEST(IpAddress, TakesMappedBytesForIpv4) {
  std::array<std::uint8_t, 16> bytes{};
  bytes[10] = bytes[11] = 0xFF;
  bytes[12] = 192;
  bytes[15] = 1;
  EXPECT_EQ(IpAddress::v6(bytes), IpAddress::v4(192, 0, 0, 1));
}

TEST(IpAddress, StaysInItsFamilyWhenMadeFromANumber) {
  const auto mapped = (static_cast<Uint128>(0xFFFF) << 32) | 0x01020304U;
  EXPECT_TRUE(IpAddress::from_number(IpFamily::kIpv6, mapped).is_v6());
  EXPECT_EQ(IpAddress::from_number(IpFamily::kIpv4, 0x01020304), IpAddress::v4(1, 2, 3, 4));
}

TEST(IpAddress, KnowsItsClass) {
  const auto at = [](const char* text) { return *IpAddress::parse(text); };
  EXPECT_TRUE(at("169.254.0.1").is_link_local());
  EXPECT_FALSE(at("169.253.255.255").is_link_local());
  EXPECT_FALSE(at("169.255.0.0").is_link_local());
  EXPECT_TRUE(at("fe80::").is_link_local());
  EXPECT_TRUE(at("febf:ffff::1").is_link_local());
  EXPECT_FALSE(at("fec0::").is_link_local());
  EXPECT_TRUE(at("224.0.0.0").is_multicast());
  EXPECT_TRUE(at("239.255.255.255").is_multicast());
  EXPECT_FALSE(at("240.0.0.0").is_multicast());
  EXPECT_TRUE(at("ff02::1").is_multicast());
  EXPECT_FALSE(at("fe00::").is_multicast());
  EXPECT_TRUE(at("127.255.0.1").is_loopback());
  EXPECT_FALSE(at("128.0.0.1").is_loopback());
  EXPECT_TRUE(at("::1").is_loopback());
  EXPECT_FALSE(at("::2").is_loopback());
  EXPECT_TRUE(at("0.0.0.0").is_unspecified());
  EXPECT_TRUE(at("::").is_unspecified());
}

TEST(SolicitedNodeGroup, TakesTheLow24Bits) {
  EXPECT_EQ(solicited_node_group(*IpAddress::parse("4037::1:800:200e:8c6c")).to_string(),
            "ff02::1:ff0e:8c6c");  // RFC 4291, 2.7.1
  EXPECT_EQ(solicited_node_group(*IpAddress::parse("2001:db8::1")).to_string(), "ff02::1:ff00:1");
}

Uint128 number() {
  const auto high = *rc::gen::arbitrary<std::uint64_t>();
  const auto low = *rc::gen::arbitrary<std::uint64_t>();
  // Groups of zeros are where printing is delicate, and random numbers have none.
  auto value = (static_cast<Uint128>(high) << 64) | low;
  const auto mask = *rc::gen::arbitrary<std::uint8_t>();
  for (int group = 0; group < 8; ++group) {
    if ((mask >> group) & 1) value &= ~(static_cast<Uint128>(0xFFFF) << (16 * group));
  }
  return value;
}

RC_GTEST_PROP(IpAddressProperty, ParsesWhatItPrints, ()) {
  const auto four = IpAddress::v4(*rc::gen::arbitrary<std::uint32_t>());
  RC_ASSERT(IpAddress::parse(four.to_string()) == four);
  const auto value = number();
  RC_PRE((value >> 32) != 0xFFFF);  // mapped addresses are IPv4 by definition
  const auto six = IpAddress::from_number(IpFamily::kIpv6, value);
  RC_ASSERT(IpAddress::parse(six.to_string()) == six);
  RC_ASSERT(IpAddress::v6(six.bytes16()) == six);
}

RC_GTEST_PROP(IpAddressProperty, NeverPrintsAZeroRunThatCouldBeShorter, ()) {
  const auto text = IpAddress::from_number(IpFamily::kIpv6, number()).to_string();
  if (text.find("::") == std::string::npos) {
    RC_ASSERT((":" + text + ":").find(":0:0:") == std::string::npos);
  }
  RC_ASSERT(text.size() <= 39U);
}

TEST(IpAddressHash, TellsFamiliesApart) {
  std::unordered_set<IpAddress> set{IpAddress::v4(0), IpAddress::from_number(IpFamily::kIpv6, 0), IpAddress::v4(0)};
  EXPECT_EQ(set.size(), 2U);
}

}  // namespace
}  // namespace metallb
