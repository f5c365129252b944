#include "sim/timeline.hpp"

#include <gtest/gtest.h>

#include <string>

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

TEST(Timeline, RunsWhatIsDueInTheOrderOfTime) {
  Timeline timeline;
  std::string order;
  timeline.after(2ms, [&] { order += 'b'; });
  timeline.after(1ms, [&] { order += 'a'; });
  timeline.after(3ms, [&] { order += 'c'; });
  timeline.run_for(2ms);
  EXPECT_EQ(order, "ab");
  EXPECT_EQ(timeline.elapsed(), 2ms);
  timeline.run_for(1ms);
  EXPECT_EQ(order, "abc");
}

TEST(Timeline, KeepsTheOrderOfThoseDueAtOnePoint) {
  Timeline timeline;
  std::string order;
  for (const char letter : std::string("abcdefgh")) timeline.after(1ms, [&order, letter] { order += letter; });
  timeline.run_for(1ms);
  EXPECT_EQ(order, "abcdefgh");
}

TEST(Timeline, RunsWhatATaskAsksForAtTheTimeOfTheTaskOrLater) {
  Timeline timeline;
  Duration seen{0};
  timeline.after(5ms, [&] {
    timeline.at(Timeline::kStart, [&] { seen = timeline.elapsed(); });  // the past is now
  });
  timeline.run_for(5ms);
  EXPECT_EQ(seen, 5ms);
}

TEST(Timeline, StandsAtTheEndThoughNothingIsDue) {
  Timeline timeline;
  timeline.run_for(24h);
  EXPECT_EQ(timeline.elapsed(), 24h);
  EXPECT_FALSE(timeline.step(timeline.now() + 1h));
}

}  // namespace
}  // namespace metallb::sim
