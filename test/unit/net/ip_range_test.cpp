// Prefixes, and the minimal list of prefixes that covers a range.
#include "net/ip_range.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace metallb {
namespace {

IpAddress at(const std::string& text) {
  return *IpAddress::parse(text);
}

std::vector<std::string> texts(const std::vector<IpPrefix>& prefixes) {
  std::vector<std::string> out;
  for (const auto& prefix : prefixes) out.push_back(prefix.to_string());
  return out;
}

std::vector<std::string> cover(const std::string& first, const std::string& last) {
  return texts(IpRange{at(first), at(last)}.prefixes());
}

using Texts = std::vector<std::string>;

TEST(IpPrefix, MasksHostBits) {
  EXPECT_EQ(IpPrefix::parse("192.0.2.77/24")->to_string(), "192.0.2.0/24");
  EXPECT_EQ(IpPrefix::parse("2001:db8::1/32")->to_string(), "2001:db8::/32");
  EXPECT_EQ(IpPrefix::parse("10.1.2.3/0")->to_string(), "0.0.0.0/0");
  EXPECT_EQ(IpPrefix::parse("ffff::/0")->to_string(), "::/0");
  EXPECT_EQ(IpPrefix::parse("10.1.2.3/032")->to_string(), "10.1.2.3/32");
}

TEST(IpPrefix, KnowsItsEnds) {
  const auto four = *IpPrefix::parse("192.0.2.64/26");
  EXPECT_EQ(four.first(), at("192.0.2.64"));
  EXPECT_EQ(four.last(), at("192.0.2.127"));
  EXPECT_EQ(IpPrefix::parse("0.0.0.0/0")->last(), at("255.255.255.255"));
  EXPECT_EQ(IpPrefix::parse("::/0")->last(), at("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_EQ(IpPrefix::parse("2001:db8::5/128")->last(), at("2001:db8::5"));
}

TEST(IpPrefix, StaysIpv6EvenWhenItEndsAmongMappedAddresses) {
  const auto prefix = *IpPrefix::parse("::/80");
  EXPECT_TRUE(prefix.last().is_v6());
  EXPECT_TRUE(prefix.contains(prefix.last()));
}

TEST(IpPrefix, ContainsAddressesOfItsFamilyOnly) {
  const auto prefix = *IpPrefix::parse("10.0.0.0/8");
  EXPECT_TRUE(prefix.contains(at("10.255.255.255")));
  EXPECT_FALSE(prefix.contains(at("11.0.0.0")));
  EXPECT_FALSE(prefix.contains(at("::a00:1")));
  EXPECT_FALSE(IpPrefix::parse("::/0")->contains(at("10.0.0.1")));
}

TEST(IpPrefix, OverlapsWhenOneContainsTheOther) {
  const auto wide = *IpPrefix::parse("10.0.0.0/8");
  const auto narrow = *IpPrefix::parse("10.2.0.0/16");
  EXPECT_TRUE(wide.overlaps(narrow));
  EXPECT_TRUE(narrow.overlaps(wide));
  EXPECT_FALSE(narrow.overlaps(*IpPrefix::parse("10.3.0.0/16")));
  EXPECT_FALSE(wide.overlaps(*IpPrefix::parse("::/0")));
}

TEST(IpPrefix, CountsTheMaskOfMappedTextIn128Bits) {
  EXPECT_EQ(IpPrefix::parse("::ffff:10.0.0.0/104")->to_string(), "10.0.0.0/8");
  EXPECT_EQ(IpPrefix::parse("::ffff:10.0.0.0/95"), std::nullopt);
}

class NoPrefix : public testing::TestWithParam<const char*> {};
TEST_P(NoPrefix, IsRefused) {
  EXPECT_EQ(IpPrefix::parse(GetParam()), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(All, NoPrefix,
                         testing::Values("", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1",
                                         "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/8/8", "10.0.0/8",
                                         "10.0.0.0/8x", "/8", "10.0.0.0/99999999999999999999", "fe80::1%eth0/64"));

TEST(RangePrefixes, AreOneForAnAlignedBlock) {
  EXPECT_EQ(cover("192.168.10.0", "192.168.10.255"), (Texts{"192.168.10.0/24"}));
  EXPECT_EQ(cover("10.0.0.7", "10.0.0.7"), (Texts{"10.0.0.7/32"}));
  EXPECT_EQ(cover("fd00::", "fd00::ffff"), (Texts{"fd00::/112"}));
}

TEST(RangePrefixes, SplitAnUnalignedRangeMinimally) {
  EXPECT_EQ(cover("192.168.1.1", "192.168.1.6"),
            (Texts{"192.168.1.1/32", "192.168.1.2/31", "192.168.1.4/31", "192.168.1.6/32"}));
  EXPECT_EQ(cover("1.2.3.10", "1.2.3.20"), (Texts{"1.2.3.10/31", "1.2.3.12/30", "1.2.3.16/30", "1.2.3.20/32"}));
  EXPECT_EQ(cover("fd00::1", "fd00::4"), (Texts{"fd00::1/128", "fd00::2/127", "fd00::4/128"}));
}

TEST(RangePrefixes, ReachTheLastAddressOfEachFamily) {
  EXPECT_EQ(cover("255.255.255.254", "255.255.255.255"), (Texts{"255.255.255.254/31"}));
  EXPECT_EQ(cover("255.255.255.255", "255.255.255.255"), (Texts{"255.255.255.255/32"}));
  EXPECT_EQ(cover("0.0.0.0", "255.255.255.255"), (Texts{"0.0.0.0/0"}));
  EXPECT_EQ(cover("0.0.0.1", "255.255.255.255").size(), 32U);
  const std::string top = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  EXPECT_EQ(cover(top, top), (Texts{top + "/128"}));
  EXPECT_EQ(cover("::", top), (Texts{"::/0"}));
  EXPECT_EQ(cover("::1", top).size(), 128U);
}

TEST(RangePrefixes, CrossTheMappedAddressesWithoutLeavingIpv6) {
  EXPECT_EQ(cover("::fffe:ffff:ffff", "::1:0:0:0"), (Texts{"::fffe:ffff:ffff/128", "::ffff:0:0/96", "::1:0:0:0/128"}));
}

void check_cover(const IpRange& range) {
  const auto prefixes = range.prefixes();
  RC_ASSERT(!prefixes.empty());
  RC_ASSERT(prefixes.front().first() == range.first);
  RC_ASSERT(prefixes.back().last() == range.last);
  for (std::size_t i = 1; i < prefixes.size(); ++i) {
    RC_ASSERT(prefixes[i - 1].last().number() + 1 == prefixes[i].first().number());  // neither gap nor overlap
    // Minimal: no two neighbours are the halves of one block.
    const bool halves = prefixes[i - 1].length() == prefixes[i].length() &&
                        IpPrefix(prefixes[i - 1].first(), prefixes[i].length() - 1).contains(prefixes[i].first());
    RC_ASSERT(!halves);
  }
}

RC_GTEST_PROP(RangePrefixesProperty, CoverAnIpv4RangeExactlyAndMinimally, ()) {
  auto a = IpAddress::v4(*rc::gen::arbitrary<std::uint32_t>());
  auto b = IpAddress::v4(*rc::gen::arbitrary<std::uint32_t>());
  check_cover(a <= b ? IpRange{a, b} : IpRange{b, a});
}

RC_GTEST_PROP(RangePrefixesProperty, CoverAnIpv6RangeExactlyAndMinimally, ()) {
  const auto any = [] {
    const auto high = *rc::gen::arbitrary<std::uint64_t>();
    return IpAddress::from_number(IpFamily::kIpv6,
                                  (static_cast<Uint128>(high) << 64) | *rc::gen::arbitrary<std::uint64_t>());
  };
  const auto a = any();
  const auto b = any();
  check_cover(a <= b ? IpRange{a, b} : IpRange{b, a});
}

RC_GTEST_PROP(IpPrefixProperty, ContainsItsEndsAndNothingBeyond, ()) {
  const auto length = *rc::gen::inRange(0, 33);
  const IpPrefix prefix(IpAddress::v4(*rc::gen::arbitrary<std::uint32_t>()), length);
  RC_ASSERT(prefix.contains(prefix.first()));
  RC_ASSERT(prefix.contains(prefix.last()));
  RC_ASSERT(IpPrefix::parse(prefix.to_string()) == prefix);
  if (prefix.last() != at("255.255.255.255")) {
    RC_ASSERT(!prefix.contains(IpAddress::from_number(IpFamily::kIpv4, prefix.last().number() + 1)));
  }
}

}  // namespace
}  // namespace metallb
