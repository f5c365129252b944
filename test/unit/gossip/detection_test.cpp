// Several cores together, by the classical way: join, detection within the times of gossip spec 9, leave (7.7), refutation
// (7.6), restart, partition.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "virtual_network.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

TEST(Cluster, KnowsAllItsMembersAfterTheyJoinedThroughOne) {
  VirtualNetwork net;
  net.add_cluster(5);
  for (const auto& [name, node] : net.nodes()) {
    EXPECT_EQ(node->electorate(), (std::set<std::string>{"n1", "n2", "n3", "n4", "n5"})) << name;
    EXPECT_FALSE(node->hold()) << name;
  }
  EXPECT_EQ(net.node("n2").joins.size(), 1U);
  EXPECT_EQ(net.node("n2").joins[0].joined, 1U);
  EXPECT_EQ(net.node("n2").joins[0].expected, 1U);
  EXPECT_EQ(net.node("n2").joins[0].error, "");
}

struct Measured {
  int members;
  double mean;
  double ninety_of_hundred;
  std::uint64_t trials;
};

class Detection : public testing::TestWithParam<Measured> {};

TEST_P(Detection, TakesAsLongAsThatOfTheOriginal) {
  const auto measured = GetParam();
  std::vector<double> first;
  for (std::uint64_t seed = 1; seed <= measured.trials; ++seed) {
    VirtualNetwork net(seed * 7919);
    net.add_cluster(measured.members);
    const auto died = net.now();
    auto& victim = net.node("n2");
    net.kill(victim);
    net.run_for(16s);
    std::vector<double> times;
    for (const auto& [name, node] : net.nodes()) {
      if (node.get() == &victim) continue;
      const auto lost = node->lost("n2", died);
      ASSERT_TRUE(lost) << name << " seed " << seed;
      times.push_back(seconds(*lost - died));
      EXPECT_EQ(node->electorate().size(), static_cast<std::size_t>(measured.members) - 1)
          << name << " lost others, seed " << seed;
    }
    first.push_back(*std::min_element(times.begin(), times.end()));
    // Gossip of the verdict, or the own timer.
    EXPECT_LE(*std::max_element(times.begin(), times.end()) - first.back(), 2.0) << "seed " << seed;
  }
  std::sort(first.begin(), first.end());
  EXPECT_GE(first.front(), 5.0);
  EXPECT_NEAR(std::accumulate(first.begin(), first.end(), 0.0) / static_cast<double>(first.size()), measured.mean, 0.5);
  EXPECT_LE(first[first.size() * 9 / 10 - 1], measured.ninety_of_hundred + 1.3);
}

// gossip spec 9, first survivor.
INSTANTIATE_TEST_SUITE_P(Sizes, Detection,
                         testing::Values(Measured{2, 6.1, 6.9, 30}, Measured{3, 5.8, 6.7, 30}, Measured{4, 5.8, 6.6, 20},
                                         Measured{5, 6.0, 7.1, 20}, Measured{10, 6.0, 7.7, 10}, Measured{20, 7.0, 7.9, 10}),
                         [](const auto& info) { return "Of" + std::to_string(info.param.members); });

}  // namespace
}  // namespace metallb::gossip
