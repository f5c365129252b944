#include "speaker/frr_k8s_lookout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metallb::speaker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

/// The lookout of one node, whose API server the test plays.
struct Tower {
  void pass(Duration time) {
    const auto end = at + time;
    while (lookout.next_deadline() <= end) {
      at = std::max(at, lookout.next_deadline());
      FrrK8sLookout::Output out;
      lookout.on_time({at, {}}, out);
      keep(out);
    }
    at = end;
  }
  void feed(const LookoutInput& in) {
    FrrK8sLookout::Output out;
    lookout.on_input({at, {}}, in, out);
    keep(out);
    pass(0s);
  }
  void keep(const FrrK8sLookout::Output& out) {
    for (const auto& action : out) {
      if (std::holds_alternative<LookForFrrK8s>(action)) ++looks;
      if (const auto* hold = std::get_if<HoldPeers>(&action)) held.push_back(hold->reason);
      if (const auto* note = std::get_if<kube::EventNote>(&action)) events.push_back(note->message);
    }
  }
  SteadyPoint at{1h};
  FrrK8sLookout lookout{"n1", Random(1), Log()};
  int looks = 0;
  std::vector<std::string> held;
  std::vector<std::string> events;
};

const FrrK8sSeen kNothing{.daemon = "", .configuration = ""};
const FrrK8sSeen kDaemon{.daemon = "frr-k8s-daemon-x7k", .configuration = ""};
const FrrK8sSeen kLeftOver{.daemon = "", .configuration = "metallb-n1"};
const FrrK8sSeen kForbidden{.daemon = std::unexpected("HTTP status 403"), .configuration = ""};

TEST(FrrK8sLookout, AsksNobodyWherePeersAreNotWanted) {
  Tower tower;
  tower.pass(10min);
  EXPECT_EQ(tower.looks, 0);
  EXPECT_THAT(tower.held, IsEmpty());
}

TEST(FrrK8sLookout, HoldsSessionsUntilTheFirstAnswerOnly) {
  Tower tower;
  tower.feed(PeersWanted{true});
  EXPECT_EQ(tower.looks, 1);
  EXPECT_THAT(tower.held, ElementsAre("looking for frr-k8s on this node"));
  tower.feed(kNothing);
  EXPECT_THAT(tower.held, ElementsAre("looking for frr-k8s on this node", ""));
  EXPECT_THAT(tower.events, IsEmpty());
}

TEST(FrrK8sLookout, HoldsThemWhileADaemonRunsHereAndReleasesThemSoonAfter) {
  Tower tower;
  tower.feed(PeersWanted{true});
  tower.feed(kDaemon);
  EXPECT_THAT(tower.held.back(), HasSubstr("frr-k8s-daemon-x7k"));
  for (int i = 0; i < 5; ++i) {
    tower.pass(5s);
    tower.feed(kDaemon);
  }
  EXPECT_EQ(tower.looks, 6);
  EXPECT_EQ(tower.events.size(), 1U);
  EXPECT_THAT(tower.events.front(), HasSubstr("--allow-frr-k8s"));
  tower.pass(5s);
  tower.feed(kNothing);
  EXPECT_EQ(tower.held.back(), "");
}

TEST(FrrK8sLookout, HoldsThemForAConfigurationThatTheOriginalLeft) {
  Tower tower;
  tower.feed(PeersWanted{true});
  tower.feed(kLeftOver);
  EXPECT_THAT(tower.held.back(), HasSubstr("FRRConfiguration metallb-n1"));
}

TEST(FrrK8sLookout, KeepsNobodyFromAnnouncingForWantOfRights) {
  Tower tower;
  tower.feed(PeersWanted{true});
  tower.feed(kForbidden);
  EXPECT_EQ(tower.held.size(), 1U);
  tower.pass(FrrK8sLookout::kPatience);
  EXPECT_EQ(tower.held.back(), "");
}

TEST(FrrK8sLookout, DoesNotTakeSilenceForTheEndOfWhatItFound) {
  Tower tower;
  tower.feed(PeersWanted{true});
  tower.feed(kDaemon);
  const auto held = tower.held;
  tower.pass(5s);
  tower.feed(kForbidden);
  tower.pass(1min);
  EXPECT_EQ(tower.held, held);
}

TEST(FrrK8sLookout, ReleasesThemOnceWhatItFoundIsGoneAlsoIfTheOtherPartStaysUnknown) {
  struct Row {
    const char* what;
    FrrK8sSeen found, gone;
  };
  const auto forbidden = std::unexpected("HTTP status 403");
  for (const auto& [what, found, gone] : std::vector<Row>{
           {"pods are unreadable",
            {.daemon = forbidden, .configuration = "metallb-n1"},
            {.daemon = forbidden, .configuration = ""}},
           {"FRRConfigurations are unreadable",
            {.daemon = "frr-k8s-daemon-x7k", .configuration = forbidden},
            {.daemon = "", .configuration = forbidden}},
       }) {
    Tower tower;
    tower.feed(PeersWanted{true});
    tower.feed(found);
    EXPECT_THAT(tower.held.back(), HasSubstr(found.daemon ? "frr-k8s-daemon-x7k" : "metallb-n1")) << what;
    tower.pass(1min);
    EXPECT_THAT(tower.held.back(), Not(IsEmpty())) << what;
    tower.feed(gone);
    EXPECT_THAT(tower.held.back(), Not(IsEmpty())) << what << ": the part that was never seen has its time first";
    tower.pass(FrrK8sLookout::kPatience);
    EXPECT_EQ(tower.held.back(), "") << what;
    tower.feed(found);
    EXPECT_THAT(tower.held.back(), Not(IsEmpty())) << what << ": it came back";
  }
}

TEST(FrrK8sLookout, BelievesTheLastAnswerAboutAPartThatHasBecomeUnreadable) {
  Tower tower;
  tower.feed(PeersWanted{true});
  tower.feed(kLeftOver);
  tower.pass(5s);
  tower.feed(kForbidden);  // of the pods it was known that there are none
  EXPECT_EQ(tower.held.back(), "");
}

TEST(FrrK8sLookout, IsPatientAgainWhenPeersWereNotWantedForAMoment) {
  Tower tower;
  tower.feed(PeersWanted{true});
  tower.feed(PeersWanted{false});
  tower.pass(FrrK8sLookout::kPatience);
  tower.feed(PeersWanted{true});
  EXPECT_EQ(tower.held.back(), "looking for frr-k8s on this node");
  tower.pass(FrrK8sLookout::kPatience);  // no answer ever comes
  EXPECT_EQ(tower.held.back(), "");
}

TEST(FrrK8sLookout, NoticesADaemonThatComesLater) {
  Tower tower;
  tower.feed(PeersWanted{true});
  tower.feed(kNothing);
  EXPECT_EQ(tower.looks, 1);
  tower.pass(6min);
  EXPECT_EQ(tower.looks, 2);
  tower.feed(kDaemon);
  EXPECT_THAT(tower.held.back(), HasSubstr("frr-k8s-daemon-x7k"));
}

}  // namespace
}  // namespace metallb::speaker
