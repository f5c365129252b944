// What is kept of decisions: equal ones once, and who owns what always by the newest.
#include "speaker/decisions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "speaker/owners.hpp"

namespace metallb::speaker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Decision waiting_for(const std::string& detail) {
  Decision out;
  out.detail = detail;
  return out;
}

ServiceKey numbered(int number) {
  return {"default", "s" + std::to_string(number)};
}

TEST(Decisions, AThousandEqualOnesAreOne) {
  Decisions<Decision> decisions;
  const auto* first = &decisions.set(numbered(0), waiting_for("a"));
  for (int i = 1; i < 1000; ++i)
    EXPECT_EQ(&decisions.set(numbered(i), waiting_for(i % 3 == 0 ? "a" : "b")) == first, i % 3 == 0);
  EXPECT_EQ(decisions.all().size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(decisions.find(numbered(i))->detail, i % 3 == 0 ? "a" : "b");
}

TEST(Decisions, AreReplacedAndForgottenServiceByService) {
  Decisions<Decision> decisions;
  for (int i = 0; i < 3; ++i) decisions.set(numbered(i), waiting_for("a"));
  decisions.set(numbered(1), waiting_for("b"));
  decisions.erase(numbered(2));
  EXPECT_EQ(decisions.find(numbered(0))->detail, "a");
  EXPECT_EQ(decisions.find(numbered(1))->detail, "b");
  EXPECT_EQ(decisions.find(numbered(2)), nullptr);
  EXPECT_EQ(decisions.all().size(), 2U);
}

TEST(Decisions, LiveAsLongAsAServiceHasThem) {
  Decisions<Decision> decisions;
  const auto& first = decisions.set(numbered(0), waiting_for("the first"));
  for (int i = 1; i < 100; ++i) decisions.set(numbered(i), waiting_for("number " + std::to_string(i)));
  EXPECT_EQ(first.detail, "the first");
  EXPECT_EQ(&first, decisions.find(numbered(0)));
}

TEST(Owners, GoByTheNewestDecisionAlsoWhenItsFirstTwoAreTheSame) {
  Decisions<Decision> decisions;
  Owners owners;
  const auto order = [&](const std::vector<std::string>& nodes) {
    auto decision = waiting_for("");
    decision.order = nodes;
    owners.set(numbered(0), &decisions.set(numbered(0), std::move(decision)));
  };
  order({"iris1", "iris2", "iris3", "iris4"});
  EXPECT_THAT(owners.bequeathed_to("iris4", {"iris3", "iris4"}), IsEmpty());
  order({"iris1", "iris2", "iris4", "iris3"});
  for (int i = 1; i < 20; ++i) decisions.set(numbered(i), waiting_for(std::to_string(i)));  // the old one is gone
  EXPECT_THAT(owners.bequeathed_to("iris4", {"iris3", "iris4"}), ElementsAre(numbered(0)));
  EXPECT_THAT(owners.bequeathed_to("iris3", {"iris3", "iris4"}), IsEmpty());
}

}  // namespace
}  // namespace metallb::speaker
