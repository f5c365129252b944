// The election's vectors: layer2 spec 2.3, and section 6 rows 56-61. Digests are an inner matter of rank(), so the tests
// compare orders.
#include "layer2/election.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace metallb::layer2 {
namespace {

using Names = std::vector<std::string>;

IpAddress ip(const std::string& text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(IpAddress());
}

Candidates equals(const Names& names) {
  Candidates out;
  for (const auto& name : names) out[name] = {};
  return out;
}

const Names kFour = {"master1", "master2", "worker1", "worker2"};

struct Vector {
  const char* address;
  Names order;
};

class ElectionVectors : public testing::TestWithParam<Vector> {};

TEST_P(ElectionVectors, OrdersTheFourNodesAsTheSpecification) {
  EXPECT_EQ(rank(ip(GetParam().address), equals(kFour)), GetParam().order) << GetParam().address;
}

// Layer2 spec 2.3, first table.
INSTANTIATE_TEST_SUITE_P(Table, ElectionVectors,
                         testing::Values(Vector{"192.168.1.200", {"master1", "worker1", "master2", "worker2"}},
                                         Vector{"192.168.1.201", {"master1", "worker1", "worker2", "master2"}},
                                         Vector{"192.168.1.202", {"worker2", "master2", "master1", "worker1"}},
                                         Vector{"192.168.1.203", {"master2", "worker1", "worker2", "master1"}},
                                         Vector{"192.168.1.204", {"master1", "worker1", "master2", "worker2"}},
                                         Vector{"192.168.1.205", {"master2", "worker2", "master1", "worker1"}},
                                         Vector{"10.0.0.1", {"master2", "worker2", "worker1", "master1"}},
                                         Vector{"fd00:10::1", {"worker1", "worker2", "master1", "master2"}},
                                         Vector{"fd00:10::2", {"master1", "worker1", "master2", "worker2"}},
                                         Vector{"2001:db8::200", {"master2", "worker2", "worker1", "master1"}},
                                         Vector{"2001:db8:0:1::a", {"worker1", "master2", "worker2", "master1"}},
                                         Vector{"fe80::1", {"master1", "master2", "worker1", "worker2"}},
                                         Vector{"::1", {"master2", "worker1", "master1", "worker2"}},
                                         Vector{"::102:304", {"master1", "worker1", "master2", "worker2"}},
                                         Vector{"2001:db8:0:1:1:1:1:1", {"master1", "master2", "worker1", "worker2"}},
                                         Vector{"2001:0:0:1::1", {"master1", "master2", "worker1", "worker2"}},
                                         Vector{"1::2:0:0:3:4", {"worker2", "master1", "master2", "worker1"}}));

// Layer2 spec 2.3, second table: the text in the Service's status is brought into canonical form before hashing.
INSTANTIATE_TEST_SUITE_P(OtherSpellings, ElectionVectors,
                         testing::Values(Vector{"2001:DB8:0:0::200", {"master2", "worker2", "worker1", "master1"}},
                                         Vector{"::ffff:192.168.1.200", {"master1", "worker1", "master2", "worker2"}},
                                         Vector{"1:0:0:2:0:0:3:4", {"worker2", "master1", "master2", "worker1"}},
                                         Vector{"::1.2.3.4", {"master1", "worker1", "master2", "worker2"}}));

TEST(Election, GivesTheAddressToTheNextNodeWhenTheOwnerIsGone) {
  EXPECT_EQ(rank(ip("192.168.1.200"), equals({"master2", "worker1", "worker2"})).front(), "worker1");
  EXPECT_EQ(rank(ip("192.168.1.200"), equals({"master2", "worker2"})).front(), "master2");
  EXPECT_EQ(rank(ip("192.168.1.202"), equals({"master1", "worker1"})).front(), "master1");
}

TEST(Election, PutsThePreferredNodeFirstAndTheOthersInHashOrder) {
  auto four = equals(kFour);
  four["worker2"].score = 10;
  EXPECT_EQ(rank(ip("192.168.1.203"), four), (Names{"worker2", "master2", "worker1", "master1"}));
}

TEST(Election, DecidesEqualScoresByHash) {
  auto four = equals(kFour);
  four["master1"].score = 50;
  four["worker1"].score = 50;
  EXPECT_EQ(rank(ip("192.168.1.205"), four).front(), "master1");
}

TEST(Election, PrefersTheHigherOfTwoScores) {
  auto four = equals(kFour);
  four["worker2"].score = 110;
  four["worker1"].score = 100;
  EXPECT_EQ(rank(ip("192.168.1.204"), four), (Names{"worker2", "worker1", "master1", "master2"}));
}

TEST(Election, SpreadsASubnetOverFourNodesAsTheOriginalDoes) {
  std::map<std::string, int> wins;
  for (int host = 1; host <= 254; ++host) {
    ++wins[rank(IpAddress::v4(192, 168, 1, static_cast<std::uint8_t>(host)), equals(kFour)).front()];
  }
  EXPECT_EQ(wins, (std::map<std::string, int>{{"master1", 67}, {"master2", 54}, {"worker1", 67}, {"worker2", 66}}));
}

TEST(Election, AgreesWithTheOriginalsOwnTwoNodeCases) {
  EXPECT_EQ(rank(ip("10.20.30.1"), equals({"iris1", "iris2"})).front(), "iris2");
  EXPECT_EQ(rank(ip("10.20.30.2"), equals({"iris1", "iris2"})).front(), "iris1");
}

TEST(Election, Row56HasNoOrderWithoutCandidates) {
  EXPECT_TRUE(rank(ip("10.0.0.1"), {}).empty());
}

TEST(Election, Row57PutsASingleCandidateFirst) {
  EXPECT_EQ(rank(ip("10.0.0.1"), equals({"node-a"})), (Names{"node-a"}));
}

TEST(Election, Row58OrdersThreeNodesByHashForEachAddress) {
  const Names three = {"node-a", "node-b", "node-c"};
  EXPECT_EQ(rank(ip("10.0.0.1"), equals(three)), (Names{"node-b", "node-a", "node-c"}));
  EXPECT_EQ(rank(ip("10.0.0.2"), equals(three)), (Names{"node-b", "node-c", "node-a"}));
}

TEST(Election, Row59PutsAPreferredEdgeFirst) {
  auto nodes = equals({"edge-a", "edge-b", "worker-a", "worker-b"});
  nodes["edge-a"].score = 100;
  EXPECT_EQ(rank(ip("10.20.30.1"), nodes), (Names{"edge-a", "edge-b", "worker-a", "worker-b"}));
}

TEST(Election, Row60DecidesTwoEquallyPreferredNodesByHash) {
  EXPECT_EQ(rank(ip("10.20.30.1"), {{"node-a", {100}}, {"node-b", {100}}}), (Names{"node-b", "node-a"}));
}

TEST(Election, Row61PutsAnUnpreferredNodeLast) {
  EXPECT_EQ(rank(ip("10.20.30.1"), {{"edge-a", {100}}, {"edge-b", {100}}, {"worker-a", {0}}}),
            (Names{"edge-b", "edge-a", "worker-a"}));
}

RC_GTEST_PROP(ElectionProperties, RemovingANodeNeverReordersTheOthers, (std::uint32_t address)) {
  const auto names = *rc::gen::nonEmpty(rc::gen::container<std::set<std::string>>(rc::gen::nonEmpty<std::string>()));
  Candidates all;
  for (const auto& name : names) all[name].score = *rc::gen::inRange(0, 3);
  auto expected = rank(IpAddress::v4(address), all);
  RC_ASSERT(expected.size() == all.size());

  const auto gone = *rc::gen::elementOf(expected);
  all.erase(gone);
  std::erase(expected, gone);
  RC_ASSERT(rank(IpAddress::v4(address), all) == expected);
}

}  // namespace
}  // namespace metallb::layer2
