// The ConfigurationState of a process: rows tU7 to tU14 of controller spec 7.11, against an API played by the test.
#include "config/state_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "kube/json.hpp"
#include "kube/merge_patch.hpp"

namespace metallb::config {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::SizeIs;

class Report : public testing::Test {
 protected:
  Report() {
    options.pod_name = "controller-abc";
    options.pod_uid = "pod-uid";
    make();
  }
  void make() { report.emplace(options, Log{}); }

  /// Lets the report act until it is content; the API answers, and the watch shows what was written.
  void settle() {
    for (int i = 0; i < 20 && report->next_deadline() <= now.steady; ++i) {
      StateReport::Output out;
      report->on_time(now, out);
      for (const auto& write : out) carry_out(write);
    }
  }
  void carry_out(const kube::Write& write) {
    writes.push_back((write.verb == kube::Verb::kCreate ? "create" : "patch") +
                     (write.subresource.empty() ? "" : " " + write.subresource));
    kube::WriteDone done{write.id, std::unexpected(kube::WriteError{failure, "no"})};
    if (!fails) {
      auto body = boost::json::parse(write.body);
      if (write.verb == kube::Verb::kCreate) {
        object = body;
        object->as_object()["metadata"].as_object()["uid"] = "uid-" + std::to_string(++version);
      } else {
        kube::apply_merge_patch(*object, body);
      }
      object->as_object()["metadata"].as_object()["resourceVersion"] = std::to_string(++version);
      done.result = boost::json::serialize(*object);
    }
    feed(done);
    if (!fails) show();
  }
  void show() { feed(kube::Change<kube::ConfigurationState>(kube::Upserted<kube::ConfigurationState>{state()})); }
  void remove() {
    object.reset();
    feed(kube::Change<kube::ConfigurationState>(kube::Removed<kube::ConfigurationState>{options.key}));
  }
  void start() {
    feed(kube::Change<kube::ConfigurationState>(kube::Listed<kube::ConfigurationState>{}));
    settle();
  }
  void feed(const StateReport::Input& input) {
    StateReport::Output out;
    report->on_input(now, input, out);
  }
  void conclude(std::vector<std::string> problems) {
    feed(Conclusion{std::move(problems)});
    settle();
  }
  void warn(std::vector<std::string> warnings) {
    feed(Warnings{std::move(warnings)});
    settle();
  }
  std::shared_ptr<const kube::ConfigurationState> state() {
    return std::make_shared<const kube::ConfigurationState>(*kube::decode<kube::ConfigurationState>(*object));
  }
  kube::ConfigurationStateStatus status() { return state()->status; }

  StateReport::Options options = StateReport::controller("metallb-system");
  std::optional<StateReport> report;
  Now now{SteadyPoint(std::chrono::hours(1)), WallPoint(std::chrono::hours(24 * 365 * 50))};
  std::optional<boost::json::value> object;
  int version = 0;
  bool fails = false;
  kube::WriteError::Reason failure = kube::WriteError::Reason::kForbidden;
  std::vector<std::string> writes;
};

TEST_F(Report, TU7AndTU8IsMadeWithItsOwnerAndSaysUnknownBeforeAnythingIsConcluded) {
  start();
  EXPECT_EQ(state()->metadata.key(), (ObjectKey{"metallb-system", "controller"}));
  EXPECT_THAT(state()->metadata.labels, ElementsAre(Pair("metallb.io/component-type", "controller")));
  ASSERT_THAT(state()->metadata.ownerReferences, SizeIs(1));
  EXPECT_EQ(state()->metadata.ownerReferences[0].kind, "Pod");
  EXPECT_EQ(state()->metadata.ownerReferences[0].uid, "pod-uid");
  EXPECT_FALSE(state()->metadata.ownerReferences[0].controller.has_value());
  EXPECT_EQ(status().result, "Unknown");
  EXPECT_EQ(status().errorSummary, "");
}

TEST_F(Report, NothingIsWrittenBeforeTheListIsKnown) {
  conclude({});
  EXPECT_THAT(writes, SizeIs(0));
}

TEST_F(Report, TU1TU5TU9AndTU10SaysWhatWasConcluded) {
  start();
  conclude({});
  EXPECT_EQ(status().result, "Valid");
  ASSERT_THAT(status().conditions, SizeIs(1));
  EXPECT_EQ(status().conditions[0].type, "poolReconcilerValid");
  EXPECT_EQ(status().conditions[0].status, "True");
  EXPECT_EQ(status().conditions[0].reason, "Reconciled");
  conclude({"IPAddressPool a: bad", "IPAddressPool b: worse"});
  EXPECT_EQ(status().result, "Invalid");
  EXPECT_EQ(status().errorSummary, "configuration error: IPAddressPool a: bad\nIPAddressPool b: worse");
  EXPECT_EQ(status().conditions[0].status, "False");
  EXPECT_EQ(status().conditions[0].reason, "ConfigurationError");
  conclude({});
  EXPECT_EQ(status().result, "Valid");
  EXPECT_EQ(status().errorSummary, "");
  EXPECT_EQ(status().conditions[0].message, "");
}

TEST_F(Report, TU11ConditionsOfOthersStayAndCount) {
  start();
  conclude({"ours"});
  auto& conditions = object->as_object()["status"].as_object()["conditions"].as_array();
  conditions.push_back({{"type", "other"},
                        {"status", "False"},
                        {"reason", "UnknownError"},
                        {"message", "theirs"},
                        {"lastTransitionTime", "2026-01-01T00:00:00Z"}});
  object->as_object()["metadata"].as_object()["resourceVersion"] = "90";
  show();
  settle();
  EXPECT_EQ(status().errorSummary, "configuration error: ours\ntheirs");
  conclude({});
  EXPECT_EQ(status().result, "Invalid") << "a condition that is False for whatever reason is not valid";
  EXPECT_THAT(status().conditions, SizeIs(2));
}

TEST_F(Report, TheTransitionTimeMovesWithTheConditionOnlyAndNothingIsWrittenWithoutAChange) {
  start();
  conclude({"x"});
  const auto first = status().conditions[0].lastTransitionTime;
  now.wall += std::chrono::hours(1);
  const auto before = writes.size();
  conclude({"x"});
  EXPECT_THAT(writes, SizeIs(before));
  conclude({"y"});
  EXPECT_EQ(status().conditions[0].lastTransitionTime, first);
  conclude({});
  EXPECT_NE(status().conditions[0].lastTransitionTime, first);
}

TEST_F(Report, OfSeveralReplicasOnlyTheOneWithTheMandateWrites) {
  feed(Mandate{false});
  start();
  conclude({"x"});
  EXPECT_THAT(writes, SizeIs(0));
  feed(Mandate{true});
  conclude({"x"});
  EXPECT_EQ(status().result, "Invalid");
  feed(Mandate{false});
  // The next one sees it otherwise, and has the say.
  object->as_object()["status"].as_object()["result"] = "Valid";
  show();
  const auto before = writes.size();
  settle();
  EXPECT_THAT(writes, SizeIs(before));
}

TEST_F(Report, WarningsAreTheMessageOfAConditionThatStaysTrue) {
  start();
  conclude({});
  const auto since = status().conditions[0].lastTransitionTime;
  now.wall += std::chrono::hours(1);
  warn({"IPAddressPool a: nobody announces it", "L2Advertisement b: no pool"});
  const auto condition = status().conditions[0];
  EXPECT_EQ(condition.status, "True");
  EXPECT_EQ(condition.reason, "ReconciledWithWarnings");
  EXPECT_EQ(condition.message, "warning: IPAddressPool a: nobody announces it\nL2Advertisement b: no pool");
  EXPECT_EQ(condition.lastTransitionTime, since);
  EXPECT_EQ(status().result, "Valid");
  EXPECT_EQ(status().errorSummary, "");
  const auto before = writes.size();
  warn({"IPAddressPool a: nobody announces it", "L2Advertisement b: no pool"});
  EXPECT_THAT(writes, SizeIs(before)) << "nothing is new";
  warn({});
  EXPECT_EQ(status().conditions[0].reason, "Reconciled");
  EXPECT_EQ(status().conditions[0].message, "");
  EXPECT_EQ(status().conditions[0].lastTransitionTime, since);
}

TEST_F(Report, WarningsWaitWhileSomethingIsWrongAndEndWithTheMandate) {
  start();
  warn({"careful"});
  EXPECT_THAT(status().conditions, SizeIs(0)) << "nothing is known of the configuration";
  conclude({"x"});
  EXPECT_EQ(status().errorSummary, "configuration error: x");
  EXPECT_EQ(status().conditions[0].message, "configuration error: x");
  conclude({});
  EXPECT_EQ(status().conditions[0].message, "warning: careful");
  feed(Mandate{false});
  feed(Mandate{true});
  conclude({});
  EXPECT_EQ(status().conditions[0].message, "") << "the Advisor tells them anew";
}

TEST_F(Report, TU14ADeletedOneComesBackWithItsCondition) {
  start();
  conclude({"x"});
  remove();
  settle();
  EXPECT_EQ(status().result, "Invalid");
  EXPECT_EQ(status().errorSummary, "configuration error: x");
}

TEST_F(Report, ForeignLabelsGoForeignOwnersStayAndEditsAreUndone) {
  start();
  conclude({});
  auto& metadata = object->as_object()["metadata"].as_object();
  metadata["labels"] = {{"a", "b"}};
  metadata["ownerReferences"] = boost::json::array{{{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", "old"}, {"uid", "old"}}};
  metadata["resourceVersion"] = "90";
  object->as_object()["status"].as_object()["result"] = "Invalid";
  show();
  settle();
  EXPECT_THAT(state()->metadata.labels, ElementsAre(Pair("metallb.io/component-type", "controller")));
  EXPECT_THAT(state()->metadata.ownerReferences, SizeIs(2));
  EXPECT_EQ(status().result, "Valid");
}

TEST_F(Report, TU12AndTU13ObjectsOfOtherNamesAndNamespacesAreNoneOfItsBusiness) {
  start();
  auto other = std::make_shared<kube::ConfigurationState>();
  other->metadata.namespace_ = "metallb-system";
  other->metadata.name = "speaker-a";
  const auto before = writes.size();
  feed(kube::Change<kube::ConfigurationState>(kube::Upserted<kube::ConfigurationState>{other}));
  feed(kube::Change<kube::ConfigurationState>(kube::Removed<kube::ConfigurationState>{other->metadata.key()}));
  other = std::make_shared<kube::ConfigurationState>(*other);
  other->metadata.name = "controller";
  other->metadata.namespace_ = "default";
  feed(kube::Change<kube::ConfigurationState>(kube::Upserted<kube::ConfigurationState>{other}));
  feed(kube::Change<kube::ConfigurationState>(kube::Removed<kube::ConfigurationState>{other->metadata.key()}));
  settle();
  EXPECT_THAT(writes, SizeIs(before));
}

TEST_F(Report, AFailureIsTriedAgainEverLessOften) {
  fails = true;
  start();
  int tries = 0;
  for (int second = 0; second < 3600; ++second) {
    now.steady += std::chrono::seconds(1);
    const auto before = writes.size();
    settle();
    tries += static_cast<int>(writes.size() - before);
  }
  EXPECT_GT(tries, 10);
  EXPECT_LT(tries, 60);
  fails = false;
  now.steady += std::chrono::minutes(6);
  conclude({"x"});
  EXPECT_EQ(status().result, "Invalid");
}

TEST_F(Report, PoolsThatCannotBeReadForHalfAMinuteAreAnInfraErrorUntilTheyCan) {
  start();
  conclude({});
  feed(Unreadable{"ipaddresspools", "timed out"});
  feed(Unreadable{"ipaddresspools", "forbidden: User cannot list"});
  now.steady += std::chrono::seconds(29);
  settle();
  EXPECT_EQ(status().result, "Valid") << "an API server may be started again";
  EXPECT_EQ(report->next_deadline(), now.steady + std::chrono::seconds(1));
  now.steady += std::chrono::seconds(1);
  settle();
  EXPECT_EQ(status().result, "Unknown") << "nobody's configuration is wrong";
  ASSERT_THAT(status().conditions, SizeIs(1));
  EXPECT_EQ(status().conditions[0].status, "Unknown");
  EXPECT_EQ(status().conditions[0].reason, "InfraError");
  EXPECT_EQ(status().conditions[0].message, "infrastructure error: cannot read ipaddresspools: forbidden: User cannot list");
  EXPECT_EQ(status().errorSummary, status().conditions[0].message);
  const auto before = writes.size();
  feed(Unreadable{"ipaddresspools", "timed out"});
  settle();
  EXPECT_THAT(writes, SizeIs(before)) << "a cause that changes to and fro";
  feed(Unreadable{"ipaddresspools", ""});
  settle();
  EXPECT_EQ(status().result, "Valid");
  EXPECT_EQ(status().conditions[0].reason, "Reconciled");
  EXPECT_EQ(status().errorSummary, "");
}

TEST_F(Report, TroubleThatPassesInTimeIsNotTold) {
  start();
  conclude({});
  const auto before = writes.size();
  for (int i = 0; i < 10; ++i) {
    feed(Unreadable{"ipaddresspools", "connection refused"});
    now.steady += std::chrono::seconds(29);
    settle();
    feed(Unreadable{"ipaddresspools", ""});
    settle();
  }
  EXPECT_THAT(writes, SizeIs(before));
  EXPECT_EQ(report->next_deadline(), kIdle);
}

TEST_F(Report, WhatCannotBeReadIsToldBesideErrorsAndBeforeAnythingIsConcluded) {
  start();
  feed(Unreadable{"ipaddresspools", "refused"});
  now.steady += std::chrono::seconds(30);
  settle();
  ASSERT_THAT(status().conditions, SizeIs(1));
  EXPECT_EQ(status().conditions[0].reason, "InfraError");
  conclude({"IPAddressPool a: bad"});
  EXPECT_EQ(status().result, "Invalid");
  EXPECT_EQ(status().conditions[0].reason, "ConfigurationError");
  EXPECT_EQ(status().errorSummary,
            "configuration error: IPAddressPool a: bad\ninfrastructure error: cannot read ipaddresspools: refused");
}

TEST_F(Report, TU6ASpeakerHasAnObjectAndAConditionOfItsOwn) {
  const auto speaker = StateReport::speaker("metallb-system", "n1");
  EXPECT_EQ(speaker.key.name, "speaker-n1");
  EXPECT_EQ(speaker.condition, "configReconcilerValid");
  EXPECT_THAT(speaker.labels, ElementsAre(Pair("metallb.io/component-type", "speaker"), Pair("metallb.io/node-name", "n1")));
}

TEST_F(Report, AMessageThatIsTooLongIsCutBetweenCharacters) {
  start();
  constexpr std::size_t kLongest = 32'768;
  const auto prefix = std::string("configuration error: ").size();
  conclude({std::string(40'000, 'x')});
  EXPECT_EQ(status().conditions[0].message.size(), kLongest);
  conclude({std::string(kLongest - prefix - 1, 'x') + "\xc3\xa4"});
  EXPECT_EQ(status().conditions[0].message.size(), kLongest - 1);
  conclude({"\xc3\xa4"});
  EXPECT_EQ(status().conditions[0].message, "configuration error: \xc3\xa4");
  conclude({});
  warn({std::string(40'000, 'x')});
  EXPECT_EQ(status().conditions[0].message.size(), kLongest);
}

}  // namespace
}  // namespace metallb::config
