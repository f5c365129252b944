// When Events are written: behind other writes, a few at a time, and all of them in the end.
#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <string>

#include "kube/event_recorder.hpp"
#include "kube/json.hpp"

namespace metallb::kube {
namespace {

using namespace std::chrono_literals;

EventNote refusal_of(const std::string& service) {
  EventNote out;
  out.about = {.apiVersion = "v1", .kind = "Service", .namespace_ = "shop", .name = service, .uid = "uid of " + service};
  out.type = EventNote::Type::kWarning;
  out.reason = "AllocationFailed";
  out.message = "Failed to allocate IP for \"shop/" + service + "\": no available IPs";
  return out;
}

class EventTurns : public testing::Test {
 protected:
  /// How many writes this brings.
  std::size_t give(const EventRecorder::Input& input) {
    const auto before = begun_in_all_;
    std::vector<Write> out;
    recorder.on_input(now, input, out);
    take(out);
    return begun_in_all_ - before;
  }
  std::size_t pass_time(Duration duration) {
    const auto before = begun_in_all_;
    now.steady += duration;
    now.wall += duration;
    std::vector<Write> out;
    recorder.on_time(now, out);
    take(out);
    return begun_in_all_ - before;
  }
  /// The longest under way has gone well; how many writes this brings.
  std::size_t succeed() {
    const auto id = under_way.front().id;
    written.push_back(under_way.front());
    under_way.pop_front();
    return give(WriteDone{id, "{}"});
  }
  void take(std::vector<Write>& out) {
    begun_in_all_ += out.size();
    for (auto& write : out) under_way.push_back(std::move(write));
  }

  Now now{SteadyPoint(1h), WallPoint(1795253400s)};  // 2026-11-21T09:30:00Z
  EventRecorder recorder{{"metallb-controller", ""}};
  std::deque<Write> under_way;
  std::vector<Write> written;

 private:
  std::size_t begun_in_all_ = 0;
};

TEST_F(EventTurns, WithoutOtherWritesThreeAreWrittenAtATimeAtOnce) {
  EXPECT_EQ(give(refusal_of("a")), 1U);
  EXPECT_EQ(give(refusal_of("b")), 1U);
  EXPECT_EQ(give(refusal_of("c")), 1U);
  EXPECT_EQ(give(refusal_of("d")), 0U);
  EXPECT_EQ(recorder.next_deadline(), kIdle);
  EXPECT_EQ(succeed(), 1U);
  EXPECT_EQ(under_way.back().key.name.substr(0, 2), "d.");
}

TEST_F(EventTurns, TheyWaitForOtherWritesAndAMomentMore) {
  EXPECT_EQ(give(OtherWrites{true}), 0U);
  EXPECT_EQ(give(refusal_of("a")), 0U);
  EXPECT_EQ(pass_time(2s), 0U);
  EXPECT_EQ(give(OtherWrites{false}), 0U);
  EXPECT_EQ(recorder.next_deadline(), now.steady + 100ms);
  EXPECT_EQ(pass_time(99ms), 0U);
  EXPECT_EQ(give(OtherWrites{true}), 0U) << "a burst with gaps is one";
  EXPECT_EQ(pass_time(2s), 0U);
  EXPECT_EQ(give(OtherWrites{false}), 0U);
  EXPECT_EQ(pass_time(100ms), 1U);
  const auto event = decode_text<Event>(under_way.front().body).value();
  EXPECT_EQ(event.firstTimestamp, "2026-11-21T09:30:00Z") << "when its cause was";
}

TEST_F(EventTurns, WhatHasWaitedIsToldAsItWas) {
  auto note = refusal_of("a");
  note.about.resourceVersion = "17";
  note.about.fieldPath = "spec.ports";
  note.message = std::string("a message\0of two parts", 22);
  give(OtherWrites{true});
  give(note);
  give(OtherWrites{false});
  ASSERT_EQ(pass_time(100ms), 1U);
  const auto event = decode_text<Event>(under_way.front().body).value();
  EXPECT_EQ(event.involvedObject, note.about);
  EXPECT_EQ(event.type, "Warning");
  EXPECT_EQ(event.reason, note.reason);
  EXPECT_EQ(event.message, note.message);
}

TEST_F(EventTurns, RepeatsBeyondTheBudgetCountAlsoWhileTheFirstOneWaits) {
  give(OtherWrites{true});
  for (int i = 0; i < 100; ++i) give(refusal_of("a"));
  EXPECT_EQ(recorder.waiting(), 25U);
  give(OtherWrites{false});
  pass_time(100ms);
  while (!under_way.empty()) succeed();
  EXPECT_EQ(boost::json::parse(written.back().body).at("count").to_number<int>(), 100);
}

TEST_F(EventTurns, WhoHasWaitedForTenSecondsIsWrittenBesideOtherWritesOneAtATime) {
  EXPECT_EQ(give(OtherWrites{true}), 0U);
  EXPECT_EQ(give(refusal_of("a")), 0U);
  EXPECT_EQ(give(refusal_of("b")), 0U);
  EXPECT_EQ(recorder.next_deadline(), now.steady + 10s);
  EXPECT_EQ(pass_time(5s), 0U);
  EXPECT_EQ(give(refusal_of("late")), 0U);
  EXPECT_EQ(pass_time(5s - 1ns), 0U);
  EXPECT_EQ(pass_time(1ns), 1U);
  EXPECT_EQ(recorder.next_deadline(), kIdle) << "one is under way";
  EXPECT_EQ(pass_time(1s), 0U);
  EXPECT_EQ(succeed(), 1U);
  EXPECT_EQ(succeed(), 0U) << "the last one has not waited for so long";
  EXPECT_EQ(recorder.next_deadline(), now.steady + 4s);
  EXPECT_EQ(give(OtherWrites{false}), 0U);
  EXPECT_EQ(pass_time(100ms), 1U);
}

TEST_F(EventTurns, AnotherTryWaitsForItsTurnAsWell) {
  EXPECT_EQ(give(refusal_of("a")), 1U);
  EXPECT_EQ(give(OtherWrites{true}), 0U);
  EXPECT_EQ(give(WriteDone{under_way.front().id, std::unexpected(WriteError{WriteError::Reason::kUnavailable, "no"})}), 0U);
  under_way.clear();
  EXPECT_EQ(pass_time(10s), 0U);
  EXPECT_EQ(recorder.next_deadline(), now.steady + 10s);
  EXPECT_EQ(pass_time(10s), 1U);
}

TEST_F(EventTurns, TenThousandRefusalsAtOnceAreAllToldInTheEnd) {
  constexpr std::size_t kServices = 10'000;
  give(OtherWrites{true});
  for (std::size_t i = 0; i < kServices; ++i) {
    ASSERT_EQ(give(refusal_of("s" + std::to_string(i))), 0U);
  }
  EXPECT_EQ(recorder.in_flight(), 0U);
  EXPECT_EQ(recorder.waiting(), kServices);
  give(OtherWrites{false});
  pass_time(100ms);
  // Every tenth finds a server that has too much to do, and is long forgotten when its turn comes again.
  std::set<std::string> told;
  std::size_t answers = 0;
  while (!under_way.empty() || recorder.next_deadline() != kIdle) {
    ASSERT_LE(under_way.size(), 3U);
    if (under_way.empty()) {
      pass_time(recorder.next_deadline() - now.steady);
      ASSERT_FALSE(under_way.empty());
    }
    const auto write = under_way.front();
    if (++answers % 10 != 0) {
      EXPECT_EQ(write.verb, Verb::kCreate);
      EXPECT_TRUE(told.insert(write.key.name.substr(0, write.key.name.find('.'))).second);
      succeed();
    } else {
      under_way.pop_front();
      give(WriteDone{write.id, std::unexpected(WriteError{WriteError::Reason::kUnavailable, "no"})});
    }
    ASSERT_LE(answers, 2 * kServices);
  }
  EXPECT_EQ(told.size(), kServices);
  EXPECT_EQ(recorder.waiting(), 0U);
  EXPECT_EQ(recorder.in_flight(), 0U);
}

}  // namespace
}  // namespace metallb::kube
