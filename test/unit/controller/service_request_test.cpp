// Families of lists of addresses: rows tY1 to tY4 of controller spec 7.13.
#include "controller/service_request.hpp"

#include <gtest/gtest.h>

namespace metallb::controller {
namespace {

TEST(AddressFamilies, OfAListOfTexts) {
  using enum Families;
  struct Row {
    const char* row;
    std::vector<std::string> addresses;
    std::optional<Families> expected;  ///< nothing: an error
  };
  const Row rows[] = {
      {"tY1 IPv4", {"1.1.1.1"}, kIpv4},
      {"tY1 IPv6", {"100::1"}, kIpv6},
      {"tY2 one bad", {"!.1.1.1"}, {}},
      {"tY2 empty texts", {"", ""}, {}},
      {"tY2 one bad of two", {"1.1.1.1", "100:::1"}, {}},
      {"tY3", {"1.1.1.1", "100::1"}, kDual},
      {"tY3 the other way", {"100::1", "1.1.1.1"}, kDual},
      {"tY4 two IPv4", {"1.1.1.1", "2.2.2.2"}, {}},
      {"tY4 two IPv6", {"100::1", "100::2"}, {}},
      {"tY4 three", {"1.1.1.1", "2.2.2.2", "100::1"}, {}},
      {"tY4 none", {}, {}},
      {"an IPv4-mapped one is IPv4", {"::ffff:1.1.1.1", "2.2.2.2"}, {}},
  };
  for (const auto& row : rows) {
    const auto families = families_of(row.addresses);
    EXPECT_EQ(families.has_value(), row.expected.has_value()) << row.row;
    if (families) {
      EXPECT_EQ(*families, row.expected) << row.row;
    } else {
      EXPECT_TRUE(families.error().starts_with("IPFamilyForAddresses: ")) << row.row;
    }
  }
}

}  // namespace
}  // namespace metallb::controller
