// The election over a Lease: what each answer of the API server leads to, row by row.
#include "kube/leader_election.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace metallb::kube {
namespace {

using namespace std::chrono_literals;
using Verb = LeaseRequest::Verb;

const ObjectKey kLease{"metallb-system", "metallb-controller"};

/// A Lease as the server shows it. The times in it belong to another clock altogether.
std::string lease(const std::string& holder, int version, int duration = 5) {
  return R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"metallb-controller","namespace":"metallb-system",)"
         R"("resourceVersion":")" +
         std::to_string(version) + R"(","labels":{"team":"net"}},"spec":{"holderIdentity":")" + holder +
         R"(","leaseDurationSeconds":)" + std::to_string(duration) +
         R"(,"leaseTransitions":7,"acquireTime":"1999-01-01T00:00:00.000000Z","renewTime":"2099-01-01T00:00:00.000000Z"}})";
}

struct LeaderElectionTest : testing::Test {
  [[nodiscard]] Now now() const { return {at, WallPoint(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)) + wall}; }
  void tick() {
    LeaderElection::Output out;
    core.on_time(now(), out);
    collect(out);
  }
  void answer(int status, std::string body = {}) {
    ASSERT_TRUE(request) << "nothing was asked";
    request.reset();
    LeaderElection::Output out;
    core.on_input(now(), LeaseAnswer{status, std::move(body)}, out);
    collect(out);
  }
  void resign() {
    LeaderElection::Output out;
    core.on_input(now(), Resign{}, out);
    collect(out);
  }
  void advance(Duration by) {
    const auto until = at + by;
    while (core.next_deadline() <= until) {
      const auto due = std::max(at, core.next_deadline());
      wall += due - at;
      at = due;
      tick();
      if (core.next_deadline() <= at) break;  // waits for nothing but an answer
    }
    wall += until - at;
    at = until;
  }
  /// Lets time pass until it asks; false when it asks nothing within a minute.
  bool until_asked(Duration within = 1min) {
    const auto limit = at + within;
    while (!request && core.next_deadline() <= limit) {
      wall += std::max(at, core.next_deadline()) - at;
      at = std::max(at, core.next_deadline());
      tick();
    }
    return request.has_value();
  }
  /// From nothing to leading, at the version given.
  void acquire(int version = 1) {
    tick();
    answer(404);
    answer(201, lease("me", version));
    ASSERT_TRUE(core.leads(at));
  }
  /// What the last request would make of the Lease.
  [[nodiscard]] boost::json::object body() const { return boost::json::parse(request->body).as_object(); }
  [[nodiscard]] std::string spec(const char* field) const {
    const auto value = body().at("spec").as_object().at(field);
    return value.is_string() ? std::string(value.as_string()) : boost::json::serialize(value);
  }

  void collect(const LeaderElection::Output& out) {
    for (const auto& action : out) {
      if (const auto* asked = std::get_if<LeaseRequest>(&action)) {
        EXPECT_FALSE(request) << "one request at a time";
        request = *asked;
      } else if (const auto* leadership = std::get_if<Leadership>(&action)) {
        changes += leadership->leads ? '+' : '-';
      } else if (const auto* told = std::get_if<LeaseRefused>(&action)) {
        refusals.push_back(told->message);
      } else {
        resigned = true;
      }
    }
  }

  SteadyPoint at{1h};
  Duration wall{};
  std::optional<LeaseRequest> request;
  std::string changes;  ///< "+" for each time it came to lead, "-" for each end
  std::vector<std::string> refusals;
  bool resigned = false;
  LeaderElection core{{.lease = kLease, .identity = "me"}, Random(1), Log()};
};

TEST_F(LeaderElectionTest, ALeaseThatNobodyMadeIsMadeAndLeadsWhenItIs) {
  tick();
  EXPECT_EQ(request->verb, Verb::kRead);
  EXPECT_EQ(request->key, kLease);
  answer(404);
  ASSERT_EQ(request->verb, Verb::kCreate);
  EXPECT_EQ(body(), boost::json::parse(R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease",
    "metadata":{"name":"metallb-controller","namespace":"metallb-system"},
    "spec":{"holderIdentity":"me","leaseDurationSeconds":5,"leaseTransitions":0,
            "acquireTime":"2026-11-21T00:00:00.000000Z","renewTime":"2026-11-21T00:00:00.000000Z"}})"));
  EXPECT_EQ(changes, "");
  answer(201, lease("me", 1));
  EXPECT_EQ(changes, "+");
}

TEST_F(LeaderElectionTest, OfTwoThatMakeItTheSlowerOneFollows) {
  tick();
  answer(404);
  answer(409, "already exists");
  ASSERT_TRUE(until_asked());
  EXPECT_EQ(request->verb, Verb::kRead);
  answer(200, lease("other", 1));
  EXPECT_EQ(changes, "");
  EXPECT_FALSE(core.leads(at));
}

TEST_F(LeaderElectionTest, AReleasedLeaseIsTakenAtOnceWithoutTouchingWhatOthersPutIntoIt) {
  tick();
  answer(200, lease("", 4));
  ASSERT_EQ(request->verb, Verb::kReplace);
  EXPECT_EQ(body().at("metadata").as_object().at("resourceVersion"), "4") << "bound to the version that was read";
  EXPECT_EQ(body().at("metadata").as_object().at("labels").as_object().at("team"), "net");
  EXPECT_EQ(spec("holderIdentity"), "me");
  EXPECT_EQ(spec("leaseTransitions"), "8");
  EXPECT_EQ(spec("acquireTime"), "2026-11-21T00:00:00.000000Z");
  answer(200, lease("me", 5));
  EXPECT_EQ(changes, "+");
}

TEST_F(LeaderElectionTest, TheLeaderRenewsEachSecondAndKeepsTheTimeOfItsBeginning) {
  acquire();
  for (int version = 2; version < 30; ++version) {
    const auto before = at;
    ASSERT_TRUE(until_asked());
    EXPECT_GE(at - before, 1s);
    EXPECT_LE(at - before, 1200ms);
    ASSERT_EQ(request->verb, Verb::kReplace);
    EXPECT_EQ(spec("acquireTime"), "1999-01-01T00:00:00.000000Z");
    EXPECT_EQ(spec("leaseTransitions"), "7");
    answer(200, lease("me", version));
  }
  EXPECT_EQ(changes, "+");
}

TEST_F(LeaderElectionTest, AnothersLeaseIsTakenWhenItHasNotChangedForItsDurationWhateverItsTimesSay) {
  tick();
  answer(200, lease("other", 1, 9));
  const auto seen = at;
  for (int looks = 0;; ++looks) {
    ASSERT_LT(looks, 20);
    ASSERT_TRUE(until_asked());
    answer(200, lease("other", 1, 9));
    if (request) break;
  }
  EXPECT_EQ(request->verb, Verb::kReplace);
  EXPECT_GE(at - seen, 9s);
  EXPECT_LE(at - seen, 9s + 100ms) << "not a whole second later";
}

TEST_F(LeaderElectionTest, EachRenewalOfTheOtherBeginsTheWaitAnew) {
  tick();
  answer(200, lease("other", 1));
  for (int version = 2; version < 40; ++version) {
    ASSERT_TRUE(until_asked());
    answer(200, lease("other", version));
    ASSERT_FALSE(request);
  }
  EXPECT_EQ(changes, "");
}

TEST_F(LeaderElectionTest, ADurationThatMakesNoSenseCountsAsOurs) {
  for (const int duration : {0, -3, 2'000'000'000}) {
    core = LeaderElection({.lease = kLease, .identity = "me"}, Random(1), Log());
    request.reset();
    tick();
    answer(200, lease("other", 1, duration));
    advance(4900ms);
    if (!request) until_asked();
    answer(200, lease("other", 1, duration));
    if (!request) until_asked();
    if (request->verb == Verb::kRead) answer(200, lease("other", 1, duration));
    EXPECT_EQ(request->verb, Verb::kReplace) << duration;
  }
}

TEST_F(LeaderElectionTest, WithoutARenewalItStopsAtTheDeadlineCountedFromTheSendingOfTheLastOne) {
  acquire();
  ASSERT_TRUE(until_asked());
  const auto sent = at;
  advance(900ms);
  answer(200, lease("me", 2));
  ASSERT_TRUE(until_asked());
  EXPECT_EQ(request->timeout, 3500ms) << "the server has become slow: it is given what time there is";
  advance(sent + 3499ms - at);
  EXPECT_TRUE(core.leads(at));
  EXPECT_EQ(changes, "+");
  advance(1ms);
  EXPECT_FALSE(core.leads(at));
  EXPECT_EQ(changes, "+-") << "although the request has no answer yet";
}

TEST_F(LeaderElectionTest, ADeadConnectionLeavesTheLeaderTimeForASecondAttempt) {
  acquire();
  ASSERT_TRUE(until_asked());
  ASSERT_EQ(request->timeout, 1s);
  advance(1s);
  answer(0, "timeout");
  ASSERT_TRUE(until_asked(0s));
  answer(200, lease("me", 2));  // it had been carried out
  answer(200, lease("me", 3));
  EXPECT_EQ(changes, "+");
}

TEST_F(LeaderElectionTest, AProcessThatWasPausedKnowsItBeforeItsTimersDo) {
  acquire();
  at += 1h;
  EXPECT_FALSE(core.leads(at));
  EXPECT_EQ(changes, "+");
  tick();
  EXPECT_EQ(changes, "+-");
}

TEST_F(LeaderElectionTest, AnAnswerThatComesTooLateIsNoRenewal) {
  tick();
  answer(404);
  advance(3500ms);
  answer(201, lease("me", 1));
  EXPECT_EQ(changes, "");
  EXPECT_FALSE(core.leads(at));
  ASSERT_TRUE(until_asked(0s)) << "the next attempt may be quicker";
  ASSERT_EQ(request->verb, Verb::kReplace);
  answer(200, lease("me", 2));
  EXPECT_EQ(changes, "+");
}

TEST_F(LeaderElectionTest, AfterAnOutageItLeadsAgainWhenNobodyElseTookTheLease) {
  acquire();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(until_asked());
    answer(0, "connection refused");
  }
  EXPECT_EQ(changes, "+-");
  ASSERT_TRUE(until_asked());
  EXPECT_EQ(request->verb, Verb::kRead) << "a write without an answer may have been carried out";
  answer(200, lease("me", 2));
  ASSERT_EQ(request->verb, Verb::kReplace);
  answer(200, lease("me", 3));
  EXPECT_EQ(changes, "+-+");
}

TEST_F(LeaderElectionTest, AnotherHolderEndsItAtOnce) {
  acquire();
  ASSERT_TRUE(until_asked());
  answer(409, "conflict");
  ASSERT_TRUE(until_asked(100ms));
  answer(200, lease("other", 2));
  EXPECT_EQ(changes, "+-");
}

TEST_F(LeaderElectionTest, AConflictWithoutAnotherHolderEndsNothing) {
  acquire();
  ASSERT_TRUE(until_asked());
  answer(409, "conflict");
  ASSERT_TRUE(until_asked(100ms));
  answer(200, lease("me", 2));  // somebody put a label on it
  ASSERT_EQ(request->verb, Verb::kReplace);
  answer(200, lease("me", 3));
  EXPECT_EQ(changes, "+");
}

TEST_F(LeaderElectionTest, AClockThatStepsBackChangesNothingButTheTimesGoOn) {
  acquire();
  wall -= 240h;
  std::string last = "2026-11-21T00:00:00.000000Z";
  for (int version = 2; version < 10; ++version) {
    ASSERT_TRUE(until_asked());
    EXPECT_GT(spec("renewTime"), last) << "an object that is not changed by a write does not show it";
    last = spec("renewTime");
    answer(200, lease("me", version));
  }
  wall += 1000h;
  ASSERT_TRUE(until_asked());
  answer(200, lease("me", 10));
  EXPECT_EQ(changes, "+");
}

TEST_F(LeaderElectionTest, ADeletedLeaseIsMadeAnewByItsLeader) {
  acquire();
  ASSERT_TRUE(until_asked());
  answer(404);
  ASSERT_TRUE(until_asked(100ms));
  answer(404);
  ASSERT_EQ(request->verb, Verb::kCreate);
  answer(201, lease("me", 9));
  EXPECT_EQ(changes, "+");
}

TEST_F(LeaderElectionTest, ADeletedLeaseIsNotTakenFromAHolderThatMayBeAlive) {
  tick();
  answer(200, lease("other", 1));
  ASSERT_TRUE(until_asked());
  answer(404);
  EXPECT_FALSE(request);
  const auto before = at;
  while (!request || request->verb != Verb::kCreate) {
    if (request) answer(404);
    if (!request) ASSERT_TRUE(until_asked());
  }
  EXPECT_GE(at - before, 3500ms);
}

TEST_F(LeaderElectionTest, AStopGivesTheLeaseBack) {
  acquire();
  resign();
  EXPECT_EQ(changes, "+-");
  ASSERT_EQ(request->verb, Verb::kReplace);
  EXPECT_EQ(spec("holderIdentity"), "");
  EXPECT_EQ(spec("leaseDurationSeconds"), "1");
  EXPECT_FALSE(resigned);
  answer(200, lease("", 2));
  EXPECT_TRUE(resigned);
  EXPECT_EQ(core.next_deadline(), kIdle);
}

TEST_F(LeaderElectionTest, AStopInTheMiddleOfARenewalGivesBackWhatThatMadeOfIt) {
  acquire();
  ASSERT_TRUE(until_asked());
  resign();
  answer(200, lease("me", 2));
  ASSERT_EQ(request->verb, Verb::kReplace);
  EXPECT_EQ(body().at("metadata").as_object().at("resourceVersion"), "2");
  EXPECT_EQ(spec("holderIdentity"), "");
  EXPECT_EQ(changes, "+-");
}

TEST_F(LeaderElectionTest, AStopAfterALostAnswerLooksFirst) {
  acquire();
  ASSERT_TRUE(until_asked());
  answer(0, "timeout");
  resign();
  ASSERT_EQ(request->verb, Verb::kRead);
  answer(200, lease("me", 2));
  EXPECT_EQ(spec("holderIdentity"), "");
}

TEST_F(LeaderElectionTest, AStopWaitsNoLongerThanASecond) {
  acquire();
  resign();
  advance(999ms);
  EXPECT_FALSE(resigned);
  advance(1ms);
  EXPECT_TRUE(resigned);
}

TEST_F(LeaderElectionTest, WhoNeverLedStopsAtOnceAndLeavesTheLeaseAlone) {
  tick();
  answer(200, lease("other", 1));
  resign();
  EXPECT_TRUE(resigned);
  EXPECT_FALSE(request);
  EXPECT_EQ(changes, "");
}

TEST_F(LeaderElectionTest, WhereTheLeaseStaysRefusedItWorksWithoutAndAsksEverMoreSeldom) {
  struct Row {
    const char* what;
    std::vector<std::pair<int, std::string>> answers;
  };
  for (const auto& [what, answers] : {Row{"reading", {{403, "forbidden"}}}, Row{"creating", {{404, ""}, {403, "forbidden"}}},
                                      Row{"writing", {{200, lease("", 3)}, {403, "forbidden"}}},
                                      Row{"no such API group", {{404, ""}, {404, "page not found"}}}}) {
    core = LeaderElection({.lease = kLease, .identity = "me"}, Random(1), Log());
    request.reset();
    changes.clear();
    refusals.clear();
    const auto began = at;
    tick();
    while (changes.empty()) {
      for (const auto& [status, text] : answers) answer(status, text);
      ASSERT_LT(at - began, 15s) << what;
      if (changes.empty()) ASSERT_TRUE(until_asked()) << what;
    }
    EXPECT_GE(at - began, 5s) << "a Role that is applied a moment later is no reason: " << what;
    EXPECT_EQ(changes, "+") << what;
    ASSERT_EQ(refusals.size(), 1U) << what;
    EXPECT_NE(refusals[0].find("works without leader election; run one only"), std::string::npos) << refusals[0];
    EXPECT_TRUE(core.unelected());
    EXPECT_TRUE(core.leads(at + 1h)) << "no deadline without a lease";
    auto before = at;
    ASSERT_TRUE(until_asked(10min)) << what;
    EXPECT_LT(at - before, 10s) << "at first it asks often: " << what;
    for (int i = 0; i < 20; ++i) {
      answer(403, "forbidden");
      before = at;
      ASSERT_TRUE(until_asked(10min)) << what;
    }
    EXPECT_GE(at - before, 2min) << what;
    answer(0, "connection refused");
    EXPECT_EQ(changes, "+") << what;
    ASSERT_TRUE(until_asked(10min));
    answer(404);
    answer(201, lease("me", 1));
    EXPECT_EQ(changes, "+") << what;
    EXPECT_FALSE(core.unelected()) << "the right has been granted meanwhile";
    EXPECT_EQ(refusals.size(), 1U) << "it says so once";
  }
}

TEST_F(LeaderElectionTest, WhoWorksWithoutElectionStopsWhenAnotherTurnsOutToHoldTheLease) {
  tick();
  for (answer(403); changes.empty(); answer(403)) ASSERT_TRUE(until_asked());
  ASSERT_TRUE(until_asked(10min));
  answer(200, lease("other", 1));
  EXPECT_EQ(changes, "+-");
}

TEST_F(LeaderElectionTest, ARefusalThatPassesIsNone) {
  tick();
  for (int i = 0; i < 3; ++i) {
    answer(403, "RBAC: the Role is not known yet");
    ASSERT_TRUE(until_asked());
  }
  answer(404);
  answer(201, lease("me", 1));
  EXPECT_EQ(changes, "+");
  EXPECT_FALSE(core.unelected());
  EXPECT_TRUE(refusals.empty());
}

TEST_F(LeaderElectionTest, WhoIsRefusedDoesNotWorkBesideAHolderThatItHasSeen) {
  tick();
  answer(200, lease("other", 1, 20));
  const auto seen = at;
  for (int i = 0; changes.empty(); ++i) {
    ASSERT_TRUE(until_asked());
    answer(403);
    ASSERT_LT(i, 100);
  }
  EXPECT_GE(at - seen, 20s) << "the holder is given all of its time";
  EXPECT_TRUE(core.unelected()) << "it never showed that it is alive";
}

TEST_F(LeaderElectionTest, ALeaderWhoseRenewalMeetsAnothersWriteDoesNothingUntilItKnowsWhose) {
  for (const bool still_ours : {true, false}) {
    core = LeaderElection({.lease = kLease, .identity = "me"}, Random(1), Log());
    request.reset();
    changes.clear();
    acquire();
    ASSERT_TRUE(until_asked());
    answer(409);
    EXPECT_FALSE(core.leads(at));
    EXPECT_EQ(changes, "+") << "nobody is told before it is known";
    ASSERT_TRUE(until_asked());
    EXPECT_EQ(request->verb, Verb::kRead);
    answer(200, lease(still_ours ? "me" : "other", 2));
    if (still_ours) answer(200, lease("me", 3));
    EXPECT_EQ(core.leads(at), still_ours);
    EXPECT_EQ(changes, still_ours ? "+" : "+-");
  }
}

TEST_F(LeaderElectionTest, WhoSawTheOtherRenewDoesNotWorkBesideItWhenTheRightIsWithdrawn) {
  tick();
  answer(200, lease("other", 1));
  ASSERT_TRUE(until_asked());
  answer(200, lease("other", 2));
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(until_asked());
    answer(403);
  }
  EXPECT_EQ(changes, "");
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_NE(refusals[0].find("this one waits"), std::string::npos) << refusals[0];
}

TEST_F(LeaderElectionTest, ALeaderWhoseRightIsWithdrawnGivesOthersTheTimeToTakeOverAndThenWorksOn) {
  acquire();
  ASSERT_TRUE(until_asked());
  const auto withdrawn = at;
  for (answer(403); changes != "+-+"; answer(403)) {
    ASSERT_TRUE(until_asked());
    ASSERT_LT(at - withdrawn, 15s);
  }
  EXPECT_GE(at - withdrawn, 10s);
  EXPECT_TRUE(core.unelected());
}

TEST_F(LeaderElectionTest, AnswersThatAreNoLeaseAreTroubleAndNoMore) {
  for (const char* text : {"", "no JSON", "[]", "{}", R"({"metadata":{}})", R"({"metadata":{"resourceVersion":7}})"}) {
    core = LeaderElection({.lease = kLease, .identity = "me"}, Random(1), Log());
    request.reset();
    tick();
    answer(200, text);
    EXPECT_EQ(changes, "") << text;
    const auto before = at;
    ASSERT_TRUE(until_asked());
    EXPECT_GE(at - before, 500ms) << text;
  }
}

TEST_F(LeaderElectionTest, AnAnswerThatNobodyAskedForIsIgnored) {
  LeaderElection::Output out;
  core.on_input(now(), LeaseAnswer{201, lease("me", 1)}, out);
  EXPECT_TRUE(out.empty());
  EXPECT_FALSE(core.leads(at));
}

}  // namespace
}  // namespace metallb::kube
