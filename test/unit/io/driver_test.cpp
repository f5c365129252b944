// The driver with a core that does what the test says, and a clock that the test moves.
#include "io/driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/entropy.hpp"

namespace metallb::io {
namespace {

using testing::ElementsAre;

struct ScriptedCore {
  std::vector<std::string> seen;
  SteadyPoint deadline = kIdle;
  int slices = 0;  ///< of work left, all due at once

  void on_input(Now, const std::string& in, std::vector<std::string>& out) {
    seen.push_back(in);
    out.push_back("did " + in);
  }
  void on_time(Now, std::vector<std::string>& out) {
    seen.emplace_back("time");
    out.emplace_back("did time");
    if (slices > 0 && --slices == 0) deadline = kIdle;
    if (slices == 0) deadline = kIdle;
  }
  [[nodiscard]] SteadyPoint next_deadline() const { return deadline; }
};

class DriverTest : public testing::Test {
 protected:
  using TestDriver = Driver<ScriptedCore, std::string, std::vector<std::string>>;
  boost::asio::io_context loop_;
  ScriptedCore core_;
  std::vector<std::string> actions_;
  std::function<void(const std::string&)> on_action_ = [](const std::string&) {};
  TestDriver driver_{loop_, core_, [this](std::vector<std::string>& out) {
                       for (const auto& action : out) {
                         actions_.push_back(action);
                         on_action_(action);
                       }
                     }};
};

TEST_F(DriverTest, HandsInputsToTheCoreAndItsActionsToTheHandlerAtOnce) {
  driver_.feed("a");
  EXPECT_THAT(actions_, ElementsAre("did a"));
}

TEST_F(DriverTest, QueuesInputsThatComeWhileActionsAreHandled) {
  on_action_ = [&](const std::string& action) {
    if (action != "did a") return;
    EXPECT_TRUE(driver_.busy());
    driver_.feed("b");
    driver_.feed("c");
    actions_.emplace_back("handled a");
  };
  driver_.feed("a");
  EXPECT_THAT(actions_, ElementsAre("did a", "handled a", "did b", "did c"));
  EXPECT_FALSE(driver_.busy());
}

TEST_F(DriverTest, CallsTheCoreAtItsDeadline) {
  core_.deadline = now().steady + std::chrono::milliseconds(20);
  driver_.wake();
  EXPECT_TRUE(core_.seen.empty());
  loop_.run_for(std::chrono::seconds(5));
  EXPECT_THAT(core_.seen, ElementsAre("time"));
}

TEST_F(DriverTest, FollowsADeadlineThatAnInputMovedAway) {
  core_.deadline = now().steady + std::chrono::hours(1);
  driver_.feed("a");
  core_.deadline = kIdle;
  driver_.feed("b");
  EXPECT_GE(loop_.run_for(std::chrono::seconds(5)), 0U);
  EXPECT_TRUE(loop_.stopped()) << "nothing is left to wait for";
  EXPECT_THAT(core_.seen, ElementsAre("a", "b"));
}

TEST_F(DriverTest, LetsOtherHandlersRunBetweenSlicesOfWorkThatIsDue) {
  core_.slices = 3;
  core_.deadline = SteadyPoint::min();
  boost::asio::post(loop_, [&] { actions_.emplace_back("other 1"); });
  driver_.wake();
  boost::asio::post(loop_, [&] { actions_.emplace_back("other 2"); });
  loop_.run();
  EXPECT_THAT(actions_, ElementsAre("did time", "other 1", "did time", "other 2", "did time"));
}

TEST_F(DriverTest, IsSilentAfterItsEnd) {
  core_.slices = 5;
  core_.deadline = SteadyPoint::min();
  {
    TestDriver other(loop_, core_, [](std::vector<std::string>&) {});
    other.wake();
  }
  loop_.run();
  EXPECT_THAT(core_.seen, ElementsAre("time"));
}

TEST(Entropy, GivesAnotherSeedEachTime) {
  EXPECT_NE(random_seed(), random_seed());
}

}  // namespace
}  // namespace metallb::io
