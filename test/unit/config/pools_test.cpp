// Address entries and pools: rows tA1 to tA33 of controller spec 7.1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "config/address_entry.hpp"
#include "fixtures.hpp"

namespace metallb::config {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// Prefixes of a pool with these addresses, or "refused".
std::string prefixes_of(std::vector<std::string> addresses) {
  const auto config = strict({.pools = {pool("pool1", std::move(addresses))}});
  return config ? text(config->pools.at("pool1").prefixes) : "refused";
}

ConfigError error_of(const Objects<kube::IPAddressPool>& pools) {
  const auto config = strict({.pools = pools});
  EXPECT_FALSE(config.has_value());
  return config ? ConfigError{} : config.error();
}

TEST(Pools, TA1NothingGivesAnEmptyConfiguration) {
  const auto config = strict({});
  ASSERT_TRUE(config.has_value());
  EXPECT_TRUE(config->pools.empty());
}

struct EntryRow {
  const char* row;
  std::vector<std::string> addresses;
  const char* expected;
};

TEST(Pools, EntriesBecomePrefixesInTheirOrder) {
  const EntryRow rows[] = {
      {"tA2", {"10.20.0.0/16", "10.50.0.0/24"}, "10.20.0.0/16 10.50.0.0/24"},
      {"tA3", {"40.0.0.150-40.0.0.200"}, "40.0.0.150/31 40.0.0.152/29 40.0.0.160/27 40.0.0.192/29 40.0.0.200/32"},
      {"tA4", {"40.0.0.210 - 40.0.0.240"}, "40.0.0.210/31 40.0.0.212/30 40.0.0.216/29 40.0.0.224/28 40.0.0.240/32"},
      {"tA5", {"40.0.0.250 - 40.0.0.250"}, "40.0.0.250/32"},
      {"tA6",
       {"3.3.3.2-3.3.3.254"},
       "3.3.3.2/31 3.3.3.4/30 3.3.3.8/29 3.3.3.16/28 3.3.3.32/27 3.3.3.64/26 3.3.3.128/26 3.3.3.192/27 3.3.3.224/28 "
       "3.3.3.240/29 3.3.3.248/30 3.3.3.252/31 3.3.3.254/32"},
      {"tA7", {"10.20.30.40/24"}, "10.20.30.0/24"},
      {"tA8", {"100.200.300.400/24"}, "refused"},
      {"tA9", {"1.2.3.0/33"}, "refused"},
      {"tA10", {"1.2.3.10-1.2.3.1"}, "refused"},
      {"tA11", {" 10.0.0.0/8"}, "refused"},
      {"tA12", {"1.2.3.4"}, "refused"},
      {"tA13 without end", {"1.2.3.4-"}, "refused"},
      {"tA13 without start", {"-1.2.3.4"}, "refused"},
      {"tA13 letters", {"a-b"}, "refused"},
      {"tA14", {"1.2.3.4-1.2.3.5-1.2.3.6"}, "refused"},
      {"tA15", {"1.2.3.4-1000::1"}, "refused"},
      {"tA15 low v6", {"::1-1.2.3.4"}, "refused"},
      {"tA16", {"1000::1-1.2.3.4"}, "refused"},
      {"tA17", {"0.0.0.0-255.255.255.255"}, "0.0.0.0/0"},
      {"tA17 v6", {"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}, "::/0"},
      {"tA18 leading zero", {"010.0.0.0/8"}, "refused"},
      {"tA18 zone", {"fe80::1%eth0/64"}, "refused"},
      {"tA19", {"2001:db8::/64"}, "2001:db8::/64"},
      {"tA26", {"10.0.0.0/8", "10.0.0.0/8"}, "refused"},
      {"tA31 zeros in the length", {"1.2.3.4/032"}, "1.2.3.4/32"},
      {"tA31 sign", {"1.2.3.0/+24"}, "refused"},
      {"tA31 empty", {""}, "refused"},
      {"tA32", {"::ffff:1.2.3.4-1.2.3.9"}, "1.2.3.4/30 1.2.3.8/31"},
  };
  for (const auto& row : rows) EXPECT_EQ(prefixes_of(row.addresses), row.expected) << row.row;
}

TEST(Pools, TA20APoolWithoutNameIsRefused) {
  EXPECT_EQ(error_of({pool("", {"10.0.0.0/8"})}).problem, "missing pool name");
}

TEST(Pools, TA21APoolWithoutAddressesIsRefusedWithTheOriginalsText) {
  const auto error = error_of({pool("pool1", {})});
  EXPECT_EQ(error.problem, "parsing address pool pool1: pool has no prefixes defined");
  EXPECT_EQ(error.field, "spec.addresses");
  EXPECT_EQ(error.object, "IPAddressPool metallb-system/pool1");
  EXPECT_THAT(error.to_string(), HasSubstr(error.object + ": spec.addresses: parsing address pool pool1"));
  EXPECT_FALSE(error.remedy.empty());
}

TEST(Pools, TA22TheSameNameTwiceIsRefused) {
  EXPECT_THAT(error_of({pool("a", {"10.0.0.0/8"}), pool("a", {"11.0.0.0/8"})}).problem,
              HasSubstr("duplicate definition of pool \"a\""));
}

TEST(Pools, OverlapsAreRefusedWithinAPoolAndBetweenPools) {
  struct Row {
    const char* row;
    std::vector<std::string> first, second;
    bool refused;
  };
  const Row rows[] = {
      {"tA23", {"10.0.0.0/8"}, {"10.0.0.0/16"}, true},
      {"tA23 the other way", {"10.0.0.0/16"}, {"10.0.0.0/8"}, true},
      {"tA24", {"1.1.1.1-1.1.1.100"}, {"1.1.1.15-1.1.1.20"}, true},
      {"tA25", {"1.1.1.1-1.1.1.100"}, {"1.1.1.0/24"}, true},
      {"tA27", {"0.0.0.0/0"}, {"::/0"}, false},
      {"tA33", {"::ffff:1.2.3.0/120"}, {"1.2.3.128/25"}, true},
      {"neighbours", {"1.1.1.0/25"}, {"1.1.1.128/25"}, false},
      {"inside, not at the edge", {"10.0.0.0/8"}, {"10.255.255.255/32"}, true},
  };
  for (const auto& row : rows) {
    const auto config = strict({.pools = {pool("a", row.first), pool("b", row.second)}});
    EXPECT_EQ(!config.has_value(), row.refused) << row.row;
    if (!config) EXPECT_THAT(config.error().problem, HasSubstr("overlaps with already defined CIDR")) << row.row;
  }
}

TEST(Pools, TA28AutoAssignIsOnUnlessSwitchedOff) {
  auto off = pool("off", {"11.0.0.0/8"});
  off->spec.autoAssign = false;
  const auto config = strict({.pools = {pool("on", {"10.0.0.0/8"}), off}});
  ASSERT_TRUE(config.has_value());
  EXPECT_TRUE(config->pools.at("on").auto_assign);
  EXPECT_FALSE(config->pools.at("off").auto_assign);
}

TEST(Pools, ErrorsNameTheEntryAndWhatToWriteInstead) {
  struct Row {
    const char* entry;
    const char* problem;
    const char* remedy;
  };
  const Row rows[] = {
      {"1.2.3.4", "invalid CIDR \"1.2.3.4\"", "1.2.3.4/32"},
      {"2001:db8::1", "invalid CIDR \"2001:db8::1\"", "2001:db8::1/128"},
      {" 10.0.0.0/8", "invalid CIDR \" 10.0.0.0/8\"", "remove the blanks"},
      {"x-1.2.3.4", "invalid start IP \"x\"", "192.0.2.10-192.0.2.20"},
      {"1.2.3.4-x", "invalid end IP \"x\"", "192.0.2.10-192.0.2.20"},
      {"1.2.3.10-1.2.3.1", "is after the end IP", "1.2.3.1-1.2.3.10"},
      {"1.2.3.4-1000::1", "different families", "an entry each"},
  };
  for (const auto& row : rows) {
    const auto error = error_of({pool("p", {"192.0.2.0/24", row.entry})});
    EXPECT_EQ(error.field, "spec.addresses[1]") << row.entry;
    EXPECT_THAT(error.problem, HasSubstr(row.problem)) << row.entry;
    EXPECT_THAT(error.remedy, HasSubstr(row.remedy)) << row.entry;
  }
}

TEST(Pools, AllWrongEntriesOfAPoolAreToldAtOnce) {
  const auto two = error_of({pool("p", {"10.0.0.0/33", "192.0.2.0/24", "192.0.2.10-192.0.2.1"})});
  EXPECT_EQ(two.field, "spec.addresses[0]");
  EXPECT_EQ(two.problem, "parsing address pool p: invalid CIDR \"10.0.0.0/33\"");
  EXPECT_THAT(two.to_string(), HasSubstr("; spec.addresses[2]: invalid IP range \"192.0.2.10-192.0.2.1\""));
  EXPECT_THAT(two.to_string(), HasSubstr("swap them"));
  EXPECT_THAT(two.to_string(), Not(HasSubstr("more mistakes")));

  auto pinned = pool("p", {"x/24", "192.0.2.0/24", "192.0.2.128/25"});
  pinned->spec.serviceAllocation.emplace().namespaces = {"a", "a"};
  const auto text = error_of({pool("other", {"10.0.0.0/8"}), pinned}).to_string();
  for (const auto* mistake : {"spec.addresses[0]", "spec.addresses[2]: CIDR \"192.0.2.128/25\" in pool \"p\" overlaps",
                              "spec.serviceAllocation.namespaces[1]: duplicate definition"}) {
    EXPECT_THAT(text, HasSubstr(mistake));
  }
}

TEST(Pools, OfManyWrongEntriesFiveAreToldAndTheRestIsCounted) {
  std::vector<std::string> entries;
  for (int i = 0; i < 1000; ++i) entries.push_back("x" + std::to_string(i) + "/24");
  const auto text = error_of({pool("p", entries)}).to_string();
  EXPECT_THAT(text, HasSubstr("spec.addresses[4]"));
  EXPECT_THAT(text, Not(HasSubstr("spec.addresses[5]")));
  EXPECT_THAT(text, EndsWith("; and 995 more mistakes in this pool"));
}

TEST(Pools, OnlyAPoolThatIsOtherwiseRightIsInConflictWithAnother) {
  const auto older = pool("a", {"10.0.0.0/24", "10.0.1.0/24"});
  const auto conflict = error_of({older, pool("b", {"10.0.0.0/25", "10.0.1.0/25"})});
  EXPECT_EQ(conflict.other, (Party{"IPAddressPool", {"metallb-system", "a"}}));
  EXPECT_THAT(conflict.to_string(), HasSubstr("spec.addresses[1]: CIDR \"10.0.1.0/25\" in pool \"b\" overlaps"));
  EXPECT_EQ(error_of({older, pool("b", {"10.0.0.0/25", "x"})}).other, std::nullopt);
  // What a refused pool wanted is free for the next one.
  const auto built = build({.pools = {pool("a", {"10.0.0.0/24", "x"}), pool("b", {"10.0.0.0/25"})}});
  EXPECT_EQ(text(built.config.pools.at("b").prefixes), "10.0.0.0/25");
}

TEST(Pools, TheFirstErrorByNameIsReportedWhateverTheOrderOfTheInput) {
  const auto a = pool("a", {"x"});
  const auto b = pool("b", {"y"});
  const auto c = pool("c", {"10.0.0.0/8"});
  EXPECT_EQ(error_of({c, b, a}), error_of({a, b, c}));
  EXPECT_EQ(error_of({c, b, a}).key.name, "a");
}

TEST(Pools, BuggyAddressesAreNoPartOfAPoolThatAvoidsThem) {
  auto avoiding = pool("a", {"1.2.3.0/24", "1000::/120"});
  avoiding->spec.avoidBuggyIPs = true;
  const auto config = strict({.pools = {avoiding, pool("b", {"1.2.4.0/24"})}});
  ASSERT_TRUE(config.has_value());
  const auto& a = config->pools.at("a");
  EXPECT_FALSE(a.contains(IpAddress::v4(1, 2, 3, 0)));
  EXPECT_FALSE(a.contains(IpAddress::v4(1, 2, 3, 255)));
  EXPECT_TRUE(a.contains(IpAddress::v4(1, 2, 3, 254)));
  EXPECT_TRUE(a.contains(*IpAddress::parse("1000::")));
  EXPECT_TRUE(a.contains(*IpAddress::parse("1000::ff")));
  EXPECT_TRUE(config->pools.at("b").contains(IpAddress::v4(1, 2, 4, 255)));
}

TEST(Pools, APoolOwnsASetOfAddressesOnlyWhenItContainsAllOfThem) {
  const auto config = strict({.pools = {pool("a", {"1.2.3.0/24", "1000::/64"}), pool("b", {"1.2.4.0/24"})}});
  ASSERT_TRUE(config.has_value());
  const auto owner = [&](std::vector<IpAddress> addresses) {
    const auto* found = config->pool_of(addresses);
    return found == nullptr ? std::string("none") : found->name;
  };
  EXPECT_EQ(owner({IpAddress::v4(1, 2, 4, 1)}), "b");
  EXPECT_EQ(owner({IpAddress::v4(1, 2, 3, 1), *IpAddress::parse("1000::1")}), "a");
  EXPECT_EQ(owner({IpAddress::v4(1, 2, 4, 1), *IpAddress::parse("1000::1")}), "none");
  EXPECT_EQ(owner({IpAddress::v4(9, 9, 9, 9)}), "none");
}

TEST(Pools, TA29AnyTextIsEitherPrefixesOrAnErrorWithARemedy) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    const auto entry = parse_address_entry(bytes);
    const bool sound = entry ? !entry->empty() : !entry.error().problem.empty() && !entry.error().remedy.empty();
    RC_ASSERT(sound);
  }));
}

TEST(Pools, ARangeIsCoveredExactly) {
  EXPECT_TRUE(rc::check([](std::uint32_t a, std::uint32_t b) {
    const auto first = IpAddress::v4(std::min(a, b));
    const auto last = IpAddress::v4(std::max(a, b));
    const auto entry = parse_address_entry(first.to_string() + "-" + last.to_string());
    RC_ASSERT(entry.has_value());
    RC_ASSERT(entry->front().first() == first);
    RC_ASSERT(entry->back().last() == last);
    for (std::size_t i = 1; i < entry->size(); ++i) {
      RC_ASSERT((*entry)[i].first().number() == (*entry)[i - 1].last().number() + 1);
    }
  }));
}

}  // namespace
}  // namespace metallb::config
