#include "net/mac_address.hpp"

#include <gtest/gtest.h>

namespace metallb {
namespace {

TEST(MacAddress, PrintsInLowerCaseAndParsesEitherCase) {
  const MacAddress mac({0x00, 0x1A, 0xB2, 0xC3, 0xD4, 0xFF});
  EXPECT_EQ(mac.to_string(), "00:1a:b2:c3:d4:ff");
  EXPECT_EQ(MacAddress::parse("00:1a:b2:c3:d4:ff"), mac);
  EXPECT_EQ(MacAddress::parse("00:1A:B2:C3:D4:FF"), mac);
}

TEST(MacAddress, RefusesEverythingElse) {
  for (const auto* text :
       {"", "00:1a:b2:c3:d4", "00:1a:b2:c3:d4:ff:", "00-1a-b2-c3-d4-ff", "0:01a:b2:c3:d4:ff", "00:1a:b2:c3:d4:fg",
        "00:1a:b2:c3:d4:f ", "+0:1a:b2:c3:d4:ff", "00:1a:b2:c3:d4:-1", "001ab2c3d4ff00000"}) {
    EXPECT_EQ(MacAddress::parse(text), std::nullopt) << text;
  }
}

TEST(MacAddress, MapsIpv6GroupsToEthernetGroups) {
  // RFC 2464, Section 7.
  EXPECT_EQ(MacAddress::multicast(*IpAddress::parse("ff02::1")).to_string(), "33:33:00:00:00:01");
  EXPECT_EQ(MacAddress::multicast(*IpAddress::parse("ff02::1:ff0e:8c6c")).to_string(), "33:33:ff:0e:8c:6c");
}

TEST(MacAddress, KnowsTheBroadcastAddress) {
  EXPECT_EQ(MacAddress::broadcast().to_string(), "ff:ff:ff:ff:ff:ff");
}

}  // namespace
}  // namespace metallb
