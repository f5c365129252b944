// Addresses of one pool: capacity (rows tP1 to tP13 of controller spec 7.7) and the search for the next one.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <limits>

#include "fixtures.hpp"

namespace metallb::ipam {
namespace {

constexpr auto kSaturated = std::numeric_limits<std::int64_t>::max();

TEST(PoolCapacity, RowsOfTheTable) {
  struct Row {
    const char* row;
    PoolSpec spec;
    std::int64_t total, v4, v6;
  };
  const Row rows[] = {
      {"tP1", pool("p", {"1.2.3.0/24"}), 256, 256, 0},
      {"tP2", pool("p", {"1.2.3.0/24", "1.2.4.128/25"}), 384, 384, 0},
      {"tP2 avoid-buggy", pool("p", {"1.2.3.0/24", "1.2.4.128/25"}, true), 381, 381, 0},
      {"tP3", pool("p", {"1.2.3.0/24", "1.2.4.128/25", "1000::/64"}, true), kSaturated, 381, kSaturated},
      {"tP4", pool("p", {"1.2.3.0/31", "1000::/127"}, true), 3, 1, 2},
      {"tP5 /67", pool("p", {"1000::/67"}), std::int64_t{1} << 61, 0, std::int64_t{1} << 61},
      {"tP5 /66", pool("p", {"1000::/66"}), kSaturated, 0, kSaturated},
      {"tP6", pool("p", {"1.2.3.255/32"}, true), 0, 0, 0},
      {"tP7", pool("p", {"1000::/64", "1.2.3.0/24"}), kSaturated, 256, kSaturated},
      {"tP12 small after huge", pool("p", {"1000::/64", "2000::/120"}), kSaturated, 0, kSaturated},
      {"tP12 two huge", pool("p", {"1000::/64", "2000::/64"}), kSaturated, 0, kSaturated},
      {"tP13 halves", pool("p", {"1.2.3.128/25", "1.2.4.0/25"}, true), 254, 254, 0},
      {"tP13 /8", pool("p", {"10.0.0.0/8"}, true), 16646144, 16646144, 0},
      {"everything", pool("p", {"0.0.0.0/0", "::/0"}), kSaturated, std::int64_t{1} << 32, kSaturated},
  };
  for (const auto& row : rows) {
    const Pool built(row.spec);
    EXPECT_EQ(built.capacity().total(), row.total) << row.row;
    EXPECT_EQ(built.capacity().v4, row.v4) << row.row;
    EXPECT_EQ(built.capacity().v6, row.v6) << row.row;
  }
}

TEST(PoolCapacity, TP13ARangeOfUsableAddressesLosesNone) {
  PoolSpec spec{"p", IpRange{ip("1.2.3.1"), ip("1.2.3.254")}.prefixes(), true};
  EXPECT_EQ(Pool(spec).capacity().v4, 254);
}

TEST(PoolSearch, GivesTheLowestOfTheFirstPrefixAndGoesOnToTheNext) {
  Pool built(pool("p", {"1.2.4.0/31", "1.2.3.0/31"}));
  std::string order;
  while (const auto next = built.first_free(IpFamily::kIpv4)) {
    order += next->to_string() + " ";
    built.take(*next);
  }
  EXPECT_EQ(order, "1.2.4.0 1.2.4.1 1.2.3.0 1.2.3.1 ");
  EXPECT_FALSE(built.has_free(IpFamily::kIpv4));
  built.give_back(ip("1.2.4.1"));
  EXPECT_EQ(built.first_free(IpFamily::kIpv4), ip("1.2.4.1"));
}

TEST(PoolSearch, LeavesBuggyAddressesOut) {
  Pool built(pool("p", {"1.2.3.254/31", "1.2.4.0/31"}, true));
  built.take(ip("1.2.3.254"));
  EXPECT_EQ(built.first_free(IpFamily::kIpv4), ip("1.2.4.1"));
  built.take(ip("1.2.4.1"));
  EXPECT_EQ(built.first_free(IpFamily::kIpv4), std::nullopt);
  EXPECT_FALSE(built.contains(ip("1.2.3.255")));
}

TEST(PoolSearch, EndsAtTheLastAddressThereIs) {
  Pool built(pool("p", {"255.255.255.254/31", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"}));
  for (const auto* address : {"255.255.255.255", "255.255.255.254", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    built.take(ip(address));
  }
  EXPECT_EQ(built.first_free(IpFamily::kIpv4), std::nullopt);
  EXPECT_EQ(built.first_free(IpFamily::kIpv6), std::nullopt);
}

TEST(PoolSearch, AHugePoolIsAsQuickAsASmallOne) {
  // A walk over the addresses would not end within the lifetime of this test: the pool has 2^64 and nearly 2^24 of them.
  Pool built(pool("p", {"10.0.0.0/8", "2001:db8::/64"}, true));
  for (int i = 0; i < 20000; ++i) {
    for (const auto family : {IpFamily::kIpv4, IpFamily::kIpv6}) built.take(*built.first_free(family));
  }
  EXPECT_EQ(built.in_use(), (Counts{20000, 20000}));
  EXPECT_EQ(built.first_free(IpFamily::kIpv6), ip("2001:db8::4e20"));
  EXPECT_EQ(built.first_free(IpFamily::kIpv4), ip("10.0.78.189"));  // 254 usable ones in each of 78 blocks, and 188 more
}

/// What the pool does, done address by address.
struct Model {
  std::vector<IpAddress> order;
  std::set<IpAddress> taken;
  explicit Model(const PoolSpec& spec) {
    for (const auto& prefix : spec.prefixes) {
      for (auto n = prefix.first().number(); n <= prefix.last().number(); ++n) {
        const auto last = static_cast<unsigned>(n & 0xFF);
        if (!spec.avoid_buggy_ips || (last != 0 && last != 255)) order.push_back(IpAddress::from_number(prefix.family(), n));
      }
    }
  }
  std::optional<IpAddress> first_free() const {
    for (const auto& address : order) {
      if (!taken.contains(address)) return address;
    }
    return std::nullopt;
  }
};

TEST(PoolSearch, AgreesWithAWalkOverAllAddresses) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint16_t>& steps, bool avoid_buggy) {
    const auto spec =
        pool("p", {"10.0.0.248/29", "10.0.1.0/29", "10.0.2.254/31", "10.0.3.0/31", "10.0.4.0/32"}, avoid_buggy);
    Pool built(spec);
    Model model(spec);
    for (const auto step : steps) {
      const auto& address = model.order[step % model.order.size()];
      if (model.taken.erase(address) > 0) {
        built.give_back(address);
      } else {
        model.taken.insert(address);
        built.take(address);
      }
      RC_ASSERT(built.first_free(IpFamily::kIpv4) == model.first_free());
      RC_ASSERT(built.has_free(IpFamily::kIpv4) == model.first_free().has_value());
      RC_ASSERT(built.in_use().v4 == static_cast<std::int64_t>(model.taken.size()));
    }
    // Fill up, which the random steps rarely do.
    while (const auto next = model.first_free()) {
      RC_ASSERT(built.first_free(IpFamily::kIpv4) == next);
      model.taken.insert(*next);
      built.take(*next);
    }
    RC_ASSERT(!built.has_free(IpFamily::kIpv4));
    RC_ASSERT(built.in_use().v4 == built.capacity().v4);
  }));
}

}  // namespace
}  // namespace metallb::ipam
