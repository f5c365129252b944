// Folding and limiting of Events (operations spec section 4). When they are written is in event_turns_test.cpp.
#include "kube/event_recorder.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <set>
#include <string>

#include "kube/json.hpp"

namespace metallb::kube {
namespace {

using namespace std::chrono_literals;
static_assert(StateMachine<EventRecorder, EventRecorder::Input, EventRecorder::Output>);

EventNote note(std::string message, std::string service = "web", std::string reason = "IPAllocated") {
  EventNote out;
  out.about.apiVersion = "v1";
  out.about.kind = "Service";
  out.about.namespace_ = "shop";
  out.about.name = std::move(service);
  out.about.uid = "u-1";
  out.reason = std::move(reason);
  out.message = std::move(message);
  return out;
}

/// Nothing waits for its turn.
EventRecorder::Limits unhurried() {
  EventRecorder::Limits out;
  out.at_once = out.in_flight;
  return out;
}

class EventRecorderTest : public testing::Test {
 protected:
  std::vector<Write> give(const EventRecorder::Input& input) {
    std::vector<Write> out;
    recorder.on_input(now, input, out);
    return out;
  }
  Write give_one(const EventNote& input) {
    auto out = give(input);
    EXPECT_EQ(out.size(), 1U);
    return out.empty() ? Write{} : out.front();
  }
  void succeed(const Write& write) { EXPECT_TRUE(give(WriteDone{write.id, "{}"}).empty()); }
  std::vector<Write> fail(const Write& write, WriteError::Reason reason) {
    return give(WriteDone{write.id, std::unexpected(WriteError{reason, "no"})});
  }
  std::vector<Write> pass_time(Duration duration) {
    now.steady += duration;
    now.wall += duration;
    std::vector<Write> out;
    recorder.on_time(now, out);
    return out;
  }
  static std::int64_t count(const Write& write) { return boost::json::parse(write.body).at("count").as_int64(); }
  static std::string message(const Write& write) { return boost::json::parse(write.body).at("message").as_string().c_str(); }

  Now now{SteadyPoint(1h), WallPoint(1795253400s)};  // 2026-11-21T09:30:00Z
  EventRecorder recorder{{"metallb-controller", "node-1"}, unhurried()};
};

TEST_F(EventRecorderTest, CreatesAnEventInTheNamespaceOfItsObject) {
  auto about = note("Assigned IP [\"192.0.2.1\"]");
  about.type = EventNote::Type::kWarning;
  const auto write = give_one(about);
  EXPECT_EQ(write.verb, Verb::kCreate);
  EXPECT_EQ(write.resource, &resource_of<Event>());
  EXPECT_EQ(write.key.namespace_, "shop");
  EXPECT_TRUE(write.key.name.starts_with("web."));
  const auto event = decode_text<Event>(write.body).value();
  EXPECT_EQ(event.metadata.key(), write.key);
  EXPECT_EQ(event.involvedObject, about.about);
  EXPECT_EQ(event.reason, "IPAllocated");
  EXPECT_EQ(event.message, "Assigned IP [\"192.0.2.1\"]");
  EXPECT_EQ(event.type, "Warning");
  EXPECT_EQ(event.source, (EventSource{"metallb-controller", "node-1"}));
  EXPECT_EQ(event.reportingComponent, "metallb-controller");
  EXPECT_EQ(event.reportingInstance, "node-1");
  EXPECT_EQ(event.count, 1);
  EXPECT_EQ(event.firstTimestamp, "2026-11-21T09:30:00Z");
  EXPECT_EQ(event.lastTimestamp, event.firstTimestamp);
}

TEST_F(EventRecorderTest, PutsEventsAboutClusterScopedObjectsIntoDefault) {
  auto about = note("x");
  about.about.namespace_.clear();
  EXPECT_EQ(give_one(about).key.namespace_, "default");
}

TEST_F(EventRecorderTest, CountsAnIdenticalNoteUpByPatchingTheSameEvent) {
  const auto first = give_one(note("same"));
  succeed(first);
  now.wall += 5s;
  const auto second = give_one(note("same"));
  EXPECT_EQ(second.verb, Verb::kMergePatch);
  EXPECT_EQ(second.key, first.key);
  EXPECT_EQ(boost::json::parse(second.body),
            boost::json::parse(R"({"count":2,"lastTimestamp":"2026-11-21T09:30:05Z","message":"same"})"));
  EXPECT_EQ(count(give_one(note("same"))), 3);
}

TEST_F(EventRecorderTest, KeepsApartWhatDiffersInObjectTypeReasonOrMessage) {
  EXPECT_EQ(give_one(note("m")).verb, Verb::kCreate);
  EXPECT_EQ(give_one(note("m2")).verb, Verb::kCreate);
  EXPECT_EQ(give_one(note("m", "api")).verb, Verb::kCreate);
  EXPECT_EQ(give_one(note("m", "web", "Other")).verb, Verb::kCreate);
  auto warning = note("m");
  warning.type = EventNote::Type::kWarning;
  EXPECT_EQ(give_one(warning).verb, Verb::kCreate);
  auto reborn = note("m");
  reborn.about.uid = "u-2";
  EXPECT_EQ(give_one(reborn).verb, Verb::kCreate);
}

TEST_F(EventRecorderTest, GivesEveryEventANameOfItsOwnEvenInOneInstant) {
  std::set<std::string> names;
  for (int i = 0; i < 20; ++i) names.insert(give_one(note("m", "web", "R" + std::to_string(i))).key.name);
  EXPECT_EQ(names.size(), 20U);
}

TEST_F(EventRecorderTest, CutsLongNamesToWhatANameMayBe) {
  const auto name = give_one(note("m", std::string(230, 'a') + std::string(20, '.'))).key.name;
  EXPECT_LE(name.size(), 253U);
  EXPECT_EQ(name.find(".."), std::string::npos);
}

TEST_F(EventRecorderTest, FoldsTheTenthSimilarMessageAndAllThatFollow) {
  for (int i = 1; i <= 9; ++i) EXPECT_EQ(message(give_one(note("m" + std::to_string(i)))), "m" + std::to_string(i));
  const auto tenth = give_one(note("m10"));
  EXPECT_EQ(tenth.verb, Verb::kCreate);
  EXPECT_EQ(message(tenth), "(combined from similar events): m10");
  EXPECT_EQ(count(tenth), 1);
  const auto eleventh = give_one(note("m11"));
  EXPECT_EQ(eleventh.verb, Verb::kMergePatch);
  EXPECT_EQ(eleventh.key, tenth.key);
  EXPECT_EQ(message(eleventh), "(combined from similar events): m11");
  EXPECT_EQ(count(eleventh), 2);
}

TEST_F(EventRecorderTest, StopsFoldingAfterTenQuietMinutes) {
  for (int i = 1; i <= 10; ++i) give(note("m" + std::to_string(i)));
  pass_time(10min);
  EXPECT_EQ(message(give_one(note("m11"))), "(combined from similar events): m11");
  pass_time(10min + 1s);
  EXPECT_EQ(message(give_one(note("m12"))), "m12");
}

TEST_F(EventRecorderTest, SpendsAtMostItsBudgetPerObject) {
  for (int i = 0; i < 25; ++i) EXPECT_EQ(give(note("same")).size(), 1U) << i;
  EXPECT_TRUE(give(note("same")).empty());
  EXPECT_TRUE(give(note("other", "web", "Other")).empty());  // the budget is the object's, whatever the reason
  EXPECT_EQ(give(note("same", "api")).size(), 1U);
  pass_time(5min - 1s);
  EXPECT_TRUE(give(note("same")).empty());
  pass_time(1s);
  const auto next = give_one(note("same"));
  EXPECT_EQ(count(next), 28);  // what was not written was counted
  EXPECT_TRUE(give(note("same")).empty());
}

TEST_F(EventRecorderTest, CreatesTheEventAnewWhenItHasExpired) {
  const auto first = give_one(note("same"));
  succeed(first);
  const auto patch = give_one(note("same"));
  const auto again = fail(patch, WriteError::Reason::kNotFound);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].verb, Verb::kCreate);
  EXPECT_EQ(again[0].id, patch.id);
  EXPECT_EQ(decode_text<Event>(again[0].body)->count, 2);
  succeed(again[0]);
  EXPECT_EQ(recorder.in_flight(), 0U);
  EXPECT_EQ(count(give_one(note("same"))), 3);
}

TEST_F(EventRecorderTest, TriesAgainWhenThereIsNoServerAndGivesUpInTheEnd) {
  auto write = give_one(note("same"));
  int tries = 1;
  while (true) {
    EXPECT_TRUE(fail(write, WriteError::Reason::kUnavailable).empty());
    if (recorder.in_flight() == 0) break;
    EXPECT_EQ(recorder.next_deadline(), now.steady + 10s);
    EXPECT_TRUE(pass_time(9s).empty());
    const auto again = pass_time(1s);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].key, write.key);
    EXPECT_EQ(recorder.next_deadline(), kIdle);
    write = again[0];
    ASSERT_LE(++tries, 100);
  }
  EXPECT_EQ(tries, 12);
  EXPECT_EQ(give_one(note("same")).verb, Verb::kCreate);  // it never got there
}

TEST_F(EventRecorderTest, WritesTheNewestStateWhenItTriesAgain) {
  const auto first = give_one(note("same"));
  fail(first, WriteError::Reason::kUnavailable);
  succeed(give_one(note("same")));
  const auto again = pass_time(10s);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(count(again[0]), 2);
}

TEST_F(EventRecorderTest, DoesNotInsistWhenTheServerRefuses) {
  for (const auto reason : {WriteError::Reason::kForbidden, WriteError::Reason::kInvalid, WriteError::Reason::kNotFound}) {
    const auto write = give_one(note("same"));
    EXPECT_EQ(write.verb, Verb::kCreate);
    EXPECT_TRUE(fail(write, reason).empty());
    EXPECT_EQ(recorder.in_flight(), 0U);
  }
}

TEST_F(EventRecorderTest, TakesAlreadyExistsForSuccess) {
  fail(give_one(note("same")), WriteError::Reason::kAlreadyExists);
  EXPECT_EQ(give_one(note("same")).verb, Verb::kMergePatch);
}

TEST_F(EventRecorderTest, BoundsWhatItRemembersAndWhatIsInFlight) {
  EventRecorder::Limits limits;
  limits.events = limits.objects = 4;
  limits.in_flight = 6;
  limits.at_once = 6;
  limits.waiting = 10;
  EventRecorder small({"c", ""}, limits);
  std::vector<Write> out;
  for (int i = 0; i < 100; ++i) small.on_input(now, note("m", "s" + std::to_string(i)), out);
  EXPECT_EQ(out.size(), 6U);
  EXPECT_EQ(small.in_flight(), 6U);
  EXPECT_EQ(small.waiting(), 10U);
  for (std::size_t i = 0; i < out.size(); ++i) small.on_input(now, WriteDone{out[i].id, "{}"}, out);
  EXPECT_EQ(out.size(), 16U);
  EXPECT_EQ(small.in_flight(), 0U);
  out.clear();
  small.on_input(now, note("m", "s0"), out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].verb, Verb::kCreate);  // forgotten, so begun anew
}

TEST(LruMapTest, ForgetsWhatWasUsedLongestAgo) {
  LruMap<int> map(2);
  map.find_or_insert("a", 1);
  map.find_or_insert("b", 2);
  ASSERT_NE(map.find("a"), nullptr);
  map.find_or_insert("c", 3);
  EXPECT_EQ(map.find("b"), nullptr);
  EXPECT_EQ(*map.find("a"), 1);
  EXPECT_EQ(map.find_or_insert("a", 9), 1);
  map.erase("a");
  EXPECT_EQ(map.find("a"), nullptr);
  EXPECT_EQ(map.size(), 1U);
}

}  // namespace
}  // namespace metallb::kube
