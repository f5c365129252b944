// The list/watch machine, step by step. (list_watch_model_test.cpp runs it against a model server.)
#include "kube/list_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace metallb::kube {
namespace {

using namespace std::chrono_literals;
using namespace list_watch;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Machine = ListWatch<ConfigMap>;
static_assert(StateMachine<Machine, Machine::Input, Machine::Output>);

class LogLines : public LogSink {
 public:
  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= LogLevel::kInfo; }
  void write(const LogRecord& record) override {
    std::string line;
    for (const auto& field : record.fields) {
      if (const auto* text = std::get_if<std::string>(&field.value)) line += std::string(field.key) + "=" + *text + " ";
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

std::string object(const std::string& name, const std::string& version, const std::string& value = "",
                   const std::string& uid = "u") {
  return R"({"metadata":{"namespace":"n","name":")" + name + R"(","uid":")" + uid + R"(","resourceVersion":")" + version +
         R"("},"data":{"v":")" + value + R"("}})";
}
std::string page(const std::string& version, const std::vector<std::string>& items, const std::string& token = "") {
  std::string list;
  for (const auto& item : items) list += (list.empty() ? "" : ",") + item;
  return R"({"kind":"ConfigMapList","metadata":{"resourceVersion":")" + version + R"(","continue":")" + token +
         R"("},"items":[)" + list + "]}";
}
std::string event(const std::string& type, const std::string& item) {
  return R"({"type":")" + type + R"(","object":)" + item + "}";
}
std::string bookmark(const std::string& version) {
  return event("BOOKMARK", R"({"metadata":{"resourceVersion":")" + version + R"("}})");
}

std::string show(const Action& action) {
  if (const auto* list = std::get_if<StartList>(&action)) return "list " + list->target;
  if (const auto* watch = std::get_if<StartWatch>(&action)) return "watch " + watch->target;
  return std::holds_alternative<StopWatch>(action) ? "stop" : "narrowed";
}
std::string show(const Change<ConfigMap>& change) {
  if (const auto* upserted = std::get_if<Upserted<ConfigMap>>(&change)) {
    return upserted->object->metadata.name + "@" + upserted->object->metadata.resourceVersion;
  }
  if (const auto* removed = std::get_if<Removed<ConfigMap>>(&change)) return "-" + removed->key.name;
  return "listed";
}

class ListWatchTest : public testing::Test {
 protected:
  explicit ListWatchTest(Options options = {}) : machine(std::move(options), Random(1), Log(log)) {}

  void give(const Input& input) {
    Machine::Output out;
    machine.on_input(now(), input, out);
    collect(out);
  }
  void let_time_pass(Duration duration) {
    steady += duration;
    Machine::Output out;
    machine.on_time(now(), out);
    collect(out);
  }
  /// Goes on to the next deadline and returns how long that took.
  Duration wait() {
    const auto before = steady;
    if (machine.next_deadline() > steady) steady = machine.next_deadline();
    let_time_pass(0s);
    return steady - before;
  }
  void collect(const Machine::Output& out) {
    for (const auto& action : out.actions) actions.push_back(show(action));
    for (const auto& change : out.changes) changes.push_back(show(change));
  }
  std::vector<std::string> take_actions() { return std::exchange(actions, {}); }
  std::vector<std::string> take_changes() { return std::exchange(changes, {}); }
  [[nodiscard]] Now now() const { return {steady, WallPoint{}}; }

  /// Brings the machine to an open watch with objects a@1 and b@2 known.
  void reach_watch() {
    let_time_pass(0s);
    give(ListAnswered{200, page("10", {object("a", "1"), object("b", "2")})});
    give(WatchOpened{});
    take_actions();
    take_changes();
  }

  void expect_relist() {
    EXPECT_EQ(wait(), 0s);
    EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500"));
    EXPECT_THAT(take_changes(), IsEmpty());
    give(ListAnswered{200, page("50", {object("b", "2"), object("c", "40")})});
    EXPECT_THAT(take_changes(), ElementsAre("c@40", "-a", "listed"));  // b is unchanged, so nothing about it
    EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("resourceVersion=50&")));
  }

  LogLines log;
  Machine machine;
  SteadyPoint steady{1h};
  std::vector<std::string> actions;
  std::vector<std::string> changes;
};

TEST_F(ListWatchTest, ListsInPagesAndWatchesFromTheListsVersion) {
  EXPECT_LE(machine.next_deadline(), steady);
  let_time_pass(0s);
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500"));
  EXPECT_EQ(machine.next_deadline(), kIdle);
  give(ListAnswered{200, page("10", {object("a", "1"), object("b", "2")}, "to/ken=")});
  EXPECT_THAT(take_changes(), ElementsAre("a@1", "b@2"));
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500&continue=to%2Fken%3D"));
  give(ListAnswered{200, page("10", {object("c", "3")})});
  EXPECT_THAT(take_changes(), ElementsAre("c@3", "listed"));
  const auto started = take_actions();
  ASSERT_EQ(started.size(), 1U);
  EXPECT_THAT(started[0],
              testing::StartsWith(
                  "watch /api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds="));
  EXPECT_EQ(machine.known(), 3U);
}

class ScopedListWatchTest : public ListWatchTest {
 protected:
  ScopedListWatchTest()
      : ListWatchTest(
            {.namespace_ = "metallb-system", .label_selector = "a in (b,c)", .field_selector = "metadata.name=x"}) {}
};

TEST_F(ScopedListWatchTest, RepeatsItsScopeInEveryRequest) {
  const std::string scope = "labelSelector=a%20in%20%28b%2Cc%29&fieldSelector=metadata.name%3Dx";
  let_time_pass(0s);
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/namespaces/metallb-system/configmaps?limit=500&" + scope));
  give(ListAnswered{200, page("10", {})});
  const auto started = take_actions();
  ASSERT_EQ(started.size(), 1U);
  EXPECT_THAT(started[0], testing::StartsWith("watch /api/v1/namespaces/metallb-system/configmaps?"));
  EXPECT_THAT(started[0], testing::EndsWith(scope));
}

class WantedListWatchTest : public ListWatchTest {
 protected:
  WantedListWatchTest()
      : ListWatchTest({.namespace_ = {},
                       .fallback_namespace = "n",
                       .label_selector = {},
                       .field_selector = {},
                       .refused_retry = std::chrono::minutes(2)}) {}

  const std::string all = "list /api/v1/configmaps?limit=500";
  const std::string one = "list /api/v1/namespaces/n/configmaps?limit=500";
};

TEST_F(WantedListWatchTest, MakesDoWithOneNamespaceAtOnceWhereAllAreRefused) {
  let_time_pass(0s);
  EXPECT_THAT(take_actions(), ElementsAre(all));
  give(ListAnswered{403, "forbidden"});
  EXPECT_EQ(wait(), 0s);
  EXPECT_THAT(take_actions(), ElementsAre("narrowed", one));
  EXPECT_THAT(log.lines, IsEmpty()) << "who wants it says so";
  give(ListAnswered{200, page("10", {object("a", "1")})});
  EXPECT_THAT(take_changes(), ElementsAre("a@1", "listed"));
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("watch /api/v1/namespaces/n/configmaps?")));
  // And for good: a server that has been away is not asked again.
  give(WatchEnded{0, "refused"});
  wait();
  EXPECT_THAT(take_actions(), ElementsAre(one));
}

TEST_F(WantedListWatchTest, AWatchOfAllNamespacesThatIsRefusedLeavesOnlyTheOnesOfTheOne) {
  let_time_pass(0s);
  give(ListAnswered{200, page("10", {object("a", "1"), object("b", "2")})});
  take_actions();
  take_changes();
  give(WatchEnded{403, "forbidden"});
  EXPECT_EQ(wait(), 0s);
  EXPECT_THAT(take_actions(), ElementsAre("narrowed", one));
  give(ListAnswered{200, page("11", {object("a", "1")})});
  EXPECT_THAT(take_changes(), ElementsAre("-b", "listed"));
}

TEST_F(WantedListWatchTest, OtherTroubleIsNoReasonToMakeDoWithOneNamespace) {
  let_time_pass(0s);
  for (const int status : {0, 401, 404, 429, 500}) {
    take_actions();
    give(ListAnswered{status, "no"});
    EXPECT_LT(wait(), 30s);
    EXPECT_THAT(take_actions(), ElementsAre(all)) << status;
  }
}

TEST_F(WantedListWatchTest, ARefusalOfTheOneNamespaceIsSaidOnceAndSeldomTriedAgain) {
  let_time_pass(0s);
  give(ListAnswered{403, "forbidden"});
  for (int i = 0; i < 5; ++i) {
    wait();
    take_actions();
    give(ListAnswered{403, "forbidden"});
    EXPECT_GE(machine.next_deadline() - steady, 2min);
    EXPECT_LE(machine.next_deadline() - steady, 4min);
  }
  EXPECT_EQ(log.lines.size(), 1U);
  wait();
  give(ListAnswered{200, page("10", {})});
  // So it is where only the watch is refused.
  give(WatchEnded{403, "forbidden"});
  EXPECT_GE(machine.next_deadline() - steady, 2min);
}

TEST_F(ListWatchTest, WhatIsNeededIsAskedForAgainSoonAfterARefusal) {
  let_time_pass(0s);
  for (int i = 0; i < 10; ++i) {
    take_actions();
    give(ListAnswered{403, "forbidden"});
    EXPECT_LE(wait(), 6s);
    EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500"));
  }
}

TEST_F(ListWatchTest, DeliversEventsInOrder) {
  reach_watch();
  give(WatchLine{event("ADDED", object("c", "11"))});
  give(WatchLine{event("MODIFIED", object("a", "12"))});
  give(WatchLine{event("DELETED", object("b", "13"))});
  EXPECT_THAT(take_changes(), ElementsAre("c@11", "a@12", "-b"));
  EXPECT_THAT(take_actions(), IsEmpty());
}

TEST_F(ListWatchTest, SaysNothingAboutStatesThatAreKnownAndDeletionsOfTheUnknown) {
  reach_watch();
  give(WatchLine{event("ADDED", object("a", "1"))});
  give(WatchLine{event("DELETED", object("never-seen", "11"))});
  EXPECT_THAT(take_changes(), IsEmpty());
}

TEST_F(ListWatchTest, OpensTheWatchAgainFromTheLastVersionWhenItEnds) {
  reach_watch();
  give(WatchLine{event("MODIFIED", object("a", "12"))});
  give(WatchEnded{200, ""});
  EXPECT_LT(wait(), 150ms);
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("resourceVersion=12&")));
  give(WatchOpened{});
  give(WatchLine{bookmark("77")});
  give(WatchEnded{0, "connection reset"});
  EXPECT_LT(wait(), 150ms);
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("resourceVersion=77&")));
  EXPECT_THAT(take_changes(), ElementsAre("a@12"));
}

TEST_F(ListWatchTest, MovesItsVersionWithDeletionsToo) {
  reach_watch();
  give(WatchLine{event("DELETED", object("a", "14"))});
  give(WatchEnded{200, ""});
  wait();
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("resourceVersion=14&")));
}

TEST_F(ListWatchTest, ListsAnewWhenAnEventSaysThatItsVersionIsGone) {
  reach_watch();
  give(WatchLine{event("ERROR", R"({"kind":"Status","code":410,"reason":"Expired"})")});
  EXPECT_THAT(take_actions(), ElementsAre("stop"));
  expect_relist();
}

TEST_F(ListWatchTest, ListsAnewWhenTheServerRefusesItsVersion) {
  reach_watch();
  let_time_pass(2s);
  give(WatchEnded{200, ""});
  wait();
  take_actions();
  give(WatchEnded{410, ""});
  expect_relist();
}

TEST_F(ListWatchTest, DeliversAnObjectThatWasMadeAnewUnderTheSameNameAndVersion) {
  reach_watch();
  give(WatchLine{event("ERROR", R"({"code":410})")});
  wait();
  give(ListAnswered{200, page("5", {object("a", "1", "", "another-uid"), object("b", "2")})});
  EXPECT_THAT(take_changes(), ElementsAre("a@1", "listed"));
}

TEST_F(ListWatchTest, GivesAServerTimeThatForgetsAtOnce) {
  reach_watch();
  give(WatchLine{event("ERROR", R"({"code":410})")});
  EXPECT_EQ(wait(), 0s);
  Duration total{};
  for (int i = 0; i < 10; ++i) {
    give(ListAnswered{200, page("50", {})});
    give(WatchEnded{410, ""});
    total += wait();
  }
  EXPECT_GT(total, 10s);
}

TEST_F(ListWatchTest, RemovesNothingWhileTheServerIsAway) {
  reach_watch();
  give(WatchEnded{0, "connection reset"});
  for (int i = 0; i < 50; ++i) {
    wait();
    const auto asked = take_actions();
    ASSERT_EQ(asked.size(), 1U);
    if (asked[0].starts_with("list")) {
      give(ListAnswered{0, "connection refused"});
    } else {
      give(WatchEnded{0, "connection refused"});
    }
  }
  EXPECT_THAT(take_changes(), IsEmpty());
  EXPECT_EQ(machine.known(), 2U);
}

TEST_F(ListWatchTest, NoticesWithinSecondsThatTheServerIsBackHoweverLongItWasAway) {
  reach_watch();
  give(WatchEnded{0, "connection reset"});
  wait();
  give(WatchEnded{0, "connection refused"});
  for (int i = 0; i < 1000; ++i) {
    EXPECT_LE(wait(), 6s);
    give(ListAnswered{0, "connection refused"});
  }
}

TEST_F(ListWatchTest, ListsAnewWhenTheServerHadBeenAwaySinceItMayHaveAnotherHistory) {
  reach_watch();
  give(WatchEnded{0, "connection reset"});
  wait();
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("watch=true")));
  give(WatchEnded{0, "connection refused"});
  EXPECT_GE(wait(), 200ms);
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500"));
  give(ListAnswered{200, page("3", {object("a", "1", "", "v"), object("b", "2")})});  // lower than before
  EXPECT_THAT(take_changes(), ElementsAre("a@1", "listed"));
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("resourceVersion=3&")));
}

TEST_F(ListWatchTest, KeepsItsPlaceWhenTheServerIsMerelyBusy) {
  reach_watch();
  let_time_pass(2s);
  give(WatchEnded{200, ""});
  wait();
  take_actions();
  give(WatchEnded{503, "busy"});
  EXPECT_GE(wait(), 200ms);
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("watch=true")));
  give(WatchEnded{429, "too many requests"});
  EXPECT_GE(wait(), 400ms);
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("watch=true")));
  give(WatchEnded{504, "Too large resource version"});
  wait();
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500"));  // enough of that
}

TEST_F(ListWatchTest, AsksForTheSamePageAgainWhenTheServerIsBusy) {
  let_time_pass(0s);
  give(ListAnswered{200, page("10", {object("a", "1")}, "t")});
  take_actions();
  give(ListAnswered{500, "busy"});
  EXPECT_GE(wait(), 200ms);
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500&continue=t"));
}

TEST_F(ListWatchTest, StartsTheListOverWhenThereWasNoAnswerInTheMiddle) {
  let_time_pass(0s);
  give(ListAnswered{200, page("10", {object("a", "1")}, "t")});
  take_actions();
  give(ListAnswered{0, "connection refused"});
  wait();
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500"));
  take_changes();
  give(ListAnswered{200, page("2", {object("b", "1")})});
  EXPECT_THAT(take_changes(), ElementsAre("b@1", "-a", "listed"));
}

TEST_F(ListWatchTest, AsksForTheWholeListWhenPagesExpireOnTheWay) {
  let_time_pass(0s);
  give(ListAnswered{200, page("10", {object("a", "1")}, "t")});
  take_actions();
  take_changes();
  give(ListAnswered{410, R"({"code":410})"});
  EXPECT_EQ(wait(), 0s);
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps"));
  EXPECT_THAT(take_changes(), IsEmpty());
  give(ListAnswered{200, page("20", {object("b", "2")})});
  EXPECT_THAT(take_changes(), ElementsAre("b@2", "-a", "listed"));
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("resourceVersion=20&")));
}

TEST_F(ListWatchTest, NeverTakesAnOddAnswerForAnEmptyList) {
  reach_watch();
  give(WatchLine{event("ERROR", R"({"code":410})")});
  wait();
  for (const auto* body :
       {"", "<html>", "{}", "[]", "null", R"({"items":[]})", R"({"metadata":{"resourceVersion":"9"}})",
        R"({"metadata":{"resourceVersion":""},"items":[]})", R"({"metadata":{"resourceVersion":"9"},"items":{}})"}) {
    give(ListAnswered{200, body});
    EXPECT_THAT(take_changes(), IsEmpty()) << body;
    wait();
  }
  give(ListAnswered{200, R"({"metadata":{"resourceVersion":"9"},"items":null})"});
  EXPECT_THAT(take_changes(), ElementsAre("-a", "-b", "listed"));
}

TEST_F(ListWatchTest, ReportsAnItemItCannotReadAndKeepsAllOthers) {
  const std::string bad = R"({"metadata":{"namespace":"n","name":"bad","resourceVersion":"4"},"data":{"v":[1]}})";
  let_time_pass(0s);
  give(ListAnswered{200, page("10", {object("a", "1"), bad, R"("text")", "{}", object("b", "2")})});
  EXPECT_THAT(take_changes(), ElementsAre("a@1", "b@2", "listed"));
  ASSERT_FALSE(log.lines.empty());
  EXPECT_THAT(log.lines[0],
              testing::AllOf(HasSubstr("kind=ConfigMap"), HasSubstr("object=n/bad"),
                             HasSubstr("error=data.v: expected a string, found a list"), HasSubstr("ignored")));
}

TEST_F(ListWatchTest, KeepsTheLastGoodStateOfAnItemItCannotReadAnyMore) {
  const std::string bad = R"({"metadata":{"namespace":"n","name":"a","uid":"u","resourceVersion":"11"},"data":7})";
  reach_watch();
  give(WatchLine{event("MODIFIED", bad)});
  EXPECT_THAT(take_changes(), IsEmpty());
  ASSERT_FALSE(log.lines.empty());
  EXPECT_THAT(log.lines.back(), HasSubstr("last good state"));
  give(WatchLine{event("ERROR", R"({"code":410})")});
  wait();
  take_actions();
  give(ListAnswered{200, page("12", {bad, object("b", "2")})});
  EXPECT_THAT(take_changes(), ElementsAre("listed"));  // still there, so not removed
  give(WatchOpened{});
  give(WatchLine{event("MODIFIED", object("a", "13"))});
  give(WatchLine{event("DELETED", object("a", "14"))});
  EXPECT_THAT(take_changes(), ElementsAre("a@13", "-a"));
}

TEST_F(ListWatchTest, SurvivesInvalidUtf8InOneItem) {
  let_time_pass(0s);
  give(ListAnswered{200, page("10", {object("a", "1", "\xff\xfe"), object("b", "2")})});
  EXPECT_THAT(take_changes(), ElementsAre("a@1", "b@2", "listed"));
}

TEST_F(ListWatchTest, ListsAnewAfterALineThatIsNoEvent) {
  reach_watch();
  give(WatchLine{R"({"type":"ADDED","obj)"});
  EXPECT_THAT(take_actions(), ElementsAre("stop"));
  EXPECT_GE(wait(), 200ms);
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500"));
}

TEST_F(ListWatchTest, IgnoresEventsWithoutMeaning) {
  reach_watch();
  for (const auto* line :
       {"", "{}", R"({"type":"ADDED"})", R"({"type":"SURPRISE","object":{"metadata":{"resourceVersion":"99"}}})",
        R"({"type":"DELETED","object":{}})", R"({"type":"BOOKMARK","object":{}})"}) {
    give(WatchLine{line});
  }
  EXPECT_THAT(take_changes(), IsEmpty());
  EXPECT_THAT(take_actions(), IsEmpty());
  give(WatchEnded{200, ""});
  wait();
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("resourceVersion=10&")));
}

TEST_F(ListWatchTest, WaitsBeforeItOpensAWatchAgainThatEndedAtOnce) {
  reach_watch();
  give(WatchEnded{200, ""});
  EXPECT_GE(wait(), 200ms);
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("watch=true")));
}

TEST_F(ListWatchTest, ReopensAWatchThatHasBeenSilentForTooLong) {
  reach_watch();
  let_time_pass(100s);
  give(WatchLine{bookmark("20")});
  EXPECT_EQ(machine.next_deadline(), steady + 150s);
  wait();
  EXPECT_THAT(take_actions(), ElementsAre("stop"));
  EXPECT_EQ(wait(), 0s);
  EXPECT_THAT(take_actions(), ElementsAre(HasSubstr("resourceVersion=20&")));
  EXPECT_THAT(log.lines, IsEmpty());
}

TEST_F(ListWatchTest, GivesUpAWatchThatNeverOpens) {
  let_time_pass(0s);
  give(ListAnswered{200, page("10", {})});
  take_actions();
  EXPECT_EQ(wait(), 15s);
  EXPECT_THAT(take_actions(), ElementsAre("stop"));
  wait();
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500"));
}

TEST_F(ListWatchTest, SpreadsTheEndsOfWatches) {
  std::set<std::string> targets;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Machine one({}, Random(seed), Log());
    Machine::Output out;
    one.on_time(now(), out);
    one.on_input(now(), ListAnswered{200, page("10", {})}, out);
    targets.insert(show(out.actions.back()));
  }
  EXPECT_GT(targets.size(), 3U);
}

TEST_F(ListWatchTest, SpeaksOfAnOutageOnceAndOfItsEnd) {
  let_time_pass(0s);
  for (int i = 0; i < 5; ++i) {
    give(ListAnswered{0, "connection refused"});
    wait();
  }
  EXPECT_THAT(log.lines, ElementsAre(HasSubstr("error=connection refused")));
  give(ListAnswered{200, page("10", {})});
  give(WatchOpened{});
  EXPECT_THAT(log.lines, ElementsAre(testing::_, HasSubstr("answers again")));
}

TEST_F(ListWatchTest, ListsAnewWhenSomebodyMustKnowThatNothingIsMissing) {
  reach_watch();
  give(ListAnew{});
  EXPECT_THAT(take_actions(), ElementsAre("stop"));
  expect_relist();
}

TEST_F(ListWatchTest, AListThatWasAskedForBeforeDoesNotServeWhoWantsAFreshOne) {
  const std::string from_the_start = "list /api/v1/configmaps?limit=500";
  const auto all = page("10", {object("old", "1")});
  const auto first = page("10", {object("old", "1")}, "token");
  const std::vector<ListAnswered> answers = {{200, all}, {200, first}, {0, "timeout"}};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i > 0) give(ListAnew{});
    wait();
    take_actions();
    give(ListAnew{});
    EXPECT_THAT(take_actions(), IsEmpty()) << "one request at a time";
    give(answers[i]);
    EXPECT_THAT(take_changes(), IsEmpty()) << i;
    wait();
    EXPECT_THAT(take_actions(), ElementsAre(from_the_start)) << i;
    const auto version = std::to_string(20 + i);
    give(ListAnswered{200, page(version, {object("a", version)})});
    EXPECT_THAT(take_changes(), ElementsAre("a@" + version, "listed")) << i;
  }
}

TEST_F(ListWatchTest, PagesFromBeforeDoNotServeWhoWantsAFreshListEither) {
  let_time_pass(0s);
  give(ListAnswered{200, page("10", {object("a", "1")}, "token")});
  give(ListAnswered{503, "not now"});
  take_actions();
  take_changes();
  give(ListAnew{});
  EXPECT_GT(wait(), 0s) << "the server is given its time";
  EXPECT_THAT(take_actions(), ElementsAre("list /api/v1/configmaps?limit=500"));
}

}  // namespace
}  // namespace metallb::kube
