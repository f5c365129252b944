#include "sim/scenario.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace metallb::sim {
namespace {

TEST(Scenario, TheSameSeedIsTheSameStoryWordForWord) {
  for (const std::uint64_t seed : {1, 5, 9}) {
    std::ostringstream first;
    std::ostringstream second;
    const auto one = run(draw(seed), &first, Trace::Detail::kPackets);
    const auto two = run(draw(seed), &second, Trace::Detail::kPackets);
    EXPECT_EQ(one.events, two.events);
    EXPECT_TRUE(first.str() == second.str()) << "seed " << seed;
    EXPECT_FALSE(first.str().empty());
  }
}

TEST(Scenario, EveryKindOfEpisodeAndOfMemberIsDrawnSometimes) {
  std::set<Episode::Kind> kinds;
  std::set<MemberKind> members;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const auto scenario = draw(seed);
    for (const auto& episode : scenario.episodes) kinds.insert(episode.kind);
    members.insert(scenario.plan.members.begin(), scenario.plan.members.end());
  }
  EXPECT_EQ(kinds.size(), Episode::kKinds);
  EXPECT_EQ(members.size(), 3U);
}

class Scenarios : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Scenarios, EndWithEverythingInOrder) {
  const auto scenario = draw(GetParam());
  const auto outcome = run(scenario, nullptr);
  for (const auto& violation : outcome.violations) {
    ADD_FAILURE() << describe(scenario) << "at " << seconds(violation.when) << " s, " << violation.rule << ": "
                  << violation.text << "\nreproduce: sim --one " << scenario.seed << " --trace trace.txt";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Scenarios, testing::Range<std::uint64_t>(1, 31));

}  // namespace
}  // namespace metallb::sim
