// Pace, Poll Sequences and Demand mode: bgp spec 4.13 "Timers", section 6 rows 195 and 270; RFC 5880, Sections 6.5 and
// 6.8.2 to 6.8.7.
#include "one_session.hpp"

namespace metallb::bfd {
namespace {

using namespace test;

Parameters with(std::chrono::milliseconds receive, std::chrono::milliseconds transmit, std::uint8_t detect_mult = 3) {
  Parameters parameters;
  parameters.receive_interval = receive;
  parameters.transmit_interval = transmit;
  parameters.detect_mult = detect_mult;
  return parameters;
}

TEST(SessionPace, IsOneSecondWhileTheSessionIsNotUp) {
  OneSession one(with(60ms, 70ms, 5));
  one.elapse(100s);
  EXPECT_EQ(one.sent[0].at, 0s);
  EXPECT_EQ(one.sent[0].packet.desired_min_tx, Interval(1s));
  EXPECT_EQ(one.sent[0].packet.required_min_rx, Interval(1s));
  EXPECT_EQ(one.sent[0].packet.detect_mult, 5);
  EXPECT_EQ(one.sent[0].packet.yours, kNoDiscriminator);
  expect_spread(gaps(one.sent), 750, 1000);
}

TEST(SessionPace, IsTheProfilesWhereThatIsSlower) {
  OneSession one(with(3000ms, 2000ms));
  one.elapse(200s);
  EXPECT_EQ(one.sent[0].packet.desired_min_tx, Interval(2s));
  EXPECT_EQ(one.sent[0].packet.required_min_rx, Interval(3s));
  expect_spread(gaps(one.sent), 1500, 2000);
}

TEST(SessionPace, IsTheSlowerOfOursAndWhatThePeerCanTake) {
  struct Row {
    std::chrono::milliseconds ours;
    std::chrono::milliseconds theirs;
    double pace;
  };
  for (const auto& row : {Row{50ms, 10ms, 50}, Row{50ms, 100ms, 100}}) {
    OneSession one(with(300ms, row.ours));
    one.bring_up();
    auto packet = fast(State::kUp);
    packet.required_min_rx = row.theirs;
    one.hear(packet);
    one.forget();
    listen(one, packet, 20s, 250ms);
    EXPECT_EQ(one.session.transmit_interval(), Duration(std::chrono::milliseconds(static_cast<int>(row.pace))));
    expect_spread(gaps(one.sent), row.pace * 0.75, row.pace);
  }
}

TEST(SessionPace, LeavesATenthAtLeastToAMultiplierOfOne) {
  OneSession one(with(300ms, 100ms, 1));
  one.bring_up();
  auto packet = fast(State::kUp);
  packet.required_min_rx = 10ms;
  one.hear(packet);
  one.forget();
  listen(one, packet, 20s, 250ms);
  expect_spread(gaps(one.sent), 75, 90);
}

TEST(SessionPace, FollowsThePeerFromTheLastPacketOn) {
  OneSession one(with(300ms, 10ms));
  one.bring_up();
  one.elapse(200ms);
  one.forget();
  auto packet = fast(State::kUp);
  packet.required_min_rx = 10ms;
  one.hear(packet);  // 200 ms after the last packet: the new interval is over already
  one.elapse(0ms);
  ASSERT_EQ(one.sent.size(), 1U);
}

TEST(SessionPace, SendsNothingUnaskedToAPeerThatWantsNothing) {
  OneSession one;
  one.bring_up();
  auto packet = fast(State::kUp);
  packet.required_min_rx = Interval(0);
  one.hear(packet);
  listen(one, packet, 3s, 250ms);
  EXPECT_TRUE(one.sent.empty());
  packet.poll = true;
  one.hear(packet);
  ASSERT_EQ(one.sent.size(), 1U);
  EXPECT_TRUE(one.sent[0].packet.final);
  // Gone, it does not silence us for the next one.
  one.elapse(5s);
  EXPECT_EQ(one.session.state(), State::kDown);
  EXPECT_GE(one.sent.size(), 5U);
}

TEST(SessionPace, RestsWhileThePeerDemandsItAndPollsNonetheless) {
  OneSession one;
  one.bring_up();
  auto packet = fast(State::kUp);
  packet.demand = true;
  one.hear(packet);
  listen(one, packet, 3s, 250ms);
  EXPECT_TRUE(one.sent.empty());
  one.input(Session::Configure{with(300ms, 400ms)});
  listen(one, packet, 3s, 250ms);
  ASSERT_GE(one.sent.size(), 7U);
  for (const auto& [at, polled] : one.sent) EXPECT_TRUE(polled.poll);
  one.hear(with_final(packet));
  one.forget();
  listen(one, packet, 3s, 250ms);
  EXPECT_TRUE(one.sent.empty());
}

TEST(SessionPace, DoesNotCatchUpAfterAPause) {
  OneSession one;
  one.bring_up();
  one.freeze(800ms);
  one.elapse(0ms);
  EXPECT_EQ(one.sent.size(), 1U);
}

TEST(SessionDetection, IsThePeersMultiplierTimesTheSlowerOfItsPaceAndOurs) {
  struct Row {
    std::uint8_t mult;
    std::chrono::milliseconds theirs;
    std::chrono::milliseconds ours;
    std::chrono::milliseconds time;
  };
  for (const auto& row :
       {Row{3, 50ms, 50ms, 150ms}, Row{3, 100ms, 50ms, 300ms}, Row{5, 50ms, 70ms, 350ms}, Row{1, 10ms, 10ms, 10ms}}) {
    OneSession one(with(row.ours, 300ms, 7));
    one.bring_up();
    auto packet = fast(State::kUp);
    packet.detect_mult = row.mult;
    packet.desired_min_tx = row.theirs;
    one.hear(packet);
    const auto heard = one.time();
    EXPECT_EQ(one.session.detection_time(), Duration(row.time));
    one.elapse(1min);
    ASSERT_EQ(one.changes.size(), 1U);
    EXPECT_EQ(one.changes[0].at, heard + row.time);
  }
}

TEST(SessionPoll, MovesToTheProfileOnceTheSessionIsUp) {
  OneSession one(with(50ms, 60ms));
  one.elapse(0s);
  one.hear(from_peer(State::kDown));
  one.forget();
  one.hear(from_peer(State::kInit));
  ASSERT_EQ(one.sent.size(), 1U);
  const auto& first = one.sent[0].packet;
  EXPECT_EQ(first.state, State::kUp);
  EXPECT_TRUE(first.poll);
  EXPECT_EQ(first.desired_min_tx, Interval(60ms));
  EXPECT_EQ(first.required_min_rx, Interval(50ms));
  // P stays until F comes; until then patience is that of the second that the peer was told.
  auto packet = from_peer(State::kUp);
  packet.desired_min_tx = packet.required_min_rx = 10ms;
  one.hear(packet);
  EXPECT_EQ(one.session.detection_time(), Duration(3s));
  one.elapse(1s);
  EXPECT_GT(one.sent.size(), 10U);
  for (const auto& [at, sent] : one.sent) EXPECT_TRUE(sent.poll);
  one.hear(with_final(packet));
  EXPECT_EQ(one.session.detection_time(), Duration(150ms));
  one.forget();
  one.elapse(100ms);
  EXPECT_FALSE(one.sent.empty());
  for (const auto& [at, sent] : one.sent) EXPECT_FALSE(sent.poll);
}

TEST(SessionPoll, OfThePeerIsAnsweredAtOnce) {
  OneSession one;
  one.bring_up();
  one.elapse(100ms);
  one.forget();
  auto poll = fast(State::kUp);
  poll.poll = true;
  one.hear(poll);
  ASSERT_EQ(one.sent.size(), 1U);
  EXPECT_TRUE(one.sent[0].packet.final);
  EXPECT_EQ(one.sent[0].packet.state, State::kUp);
}

TEST(SessionPoll, OfThePeerDuringOursIsAnsweredAloneAndOursRepeated) {
  OneSession one;
  one.elapse(0s);
  one.hear(from_peer(State::kDown));
  one.forget();
  auto poll = fast(State::kUp);
  poll.poll = true;
  one.hear(poll);
  ASSERT_EQ(one.session.state(), State::kUp);
  ASSERT_EQ(one.sent.size(), 1U);
  EXPECT_TRUE(one.sent[0].packet.final);
  EXPECT_FALSE(one.sent[0].packet.poll);
  one.elapse(300ms);
  ASSERT_GE(one.sent.size(), 2U);
  EXPECT_TRUE(one.sent[1].packet.poll);
  EXPECT_FALSE(one.sent[1].packet.final);
}

TEST(SessionPoll, DelaysASlowerPaceAndAShorterPatience) {
  OneSession one;
  one.bring_up();
  auto packet = fast(State::kUp);
  packet.desired_min_tx = packet.required_min_rx = 10ms;
  one.hear(packet);
  one.input(Session::Configure{with(100ms, 500ms)});
  EXPECT_TRUE(one.session.polling());
  EXPECT_EQ(one.session.transmit_interval(), Duration(300ms));
  EXPECT_EQ(one.session.detection_time(), Duration(900ms));
  EXPECT_EQ(one.last().desired_min_tx, Interval(500ms));
  EXPECT_EQ(one.last().required_min_rx, Interval(100ms));
  one.hear(with_final(packet));
  EXPECT_EQ(one.session.transmit_interval(), Duration(500ms));
  EXPECT_EQ(one.session.detection_time(), Duration(300ms));
  EXPECT_TRUE(one.changes.empty());
}

TEST(SessionPoll, DoesNotDelayAFasterPaceAndALongerPatience) {
  OneSession one;
  one.bring_up();
  auto packet = fast(State::kUp);
  packet.desired_min_tx = packet.required_min_rx = 10ms;
  one.hear(packet);
  one.input(Session::Configure{with(500ms, 100ms)});
  EXPECT_TRUE(one.session.polling());
  EXPECT_EQ(one.session.transmit_interval(), Duration(100ms));
  EXPECT_EQ(one.session.detection_time(), Duration(1500ms));
}

TEST(SessionPoll, DoesNotTakeALateAnswerToTheLastOneForItsOwn) {
  OneSession one;
  one.bring_up();
  one.input(Session::Configure{with(300ms, 400ms)});
  one.elapse(600ms);  // more than one packet asks
  one.input(Session::Configure{with(300ms, 800ms)});
  EXPECT_EQ(one.last().desired_min_tx, Interval(400ms));
  one.hear(with_final(fast(State::kUp)));
  EXPECT_FALSE(one.session.polling());
  EXPECT_EQ(one.session.transmit_interval(), Duration(400ms));
  one.hear(with_final(fast(State::kUp)));
  EXPECT_EQ(one.session.transmit_interval(), Duration(400ms));
  // After a second none can be under way.
  listen(one, fast(State::kUp), 1s, 100ms);
  EXPECT_TRUE(one.session.polling());
  EXPECT_EQ(one.last().desired_min_tx, Interval(800ms));
  one.hear(with_final(fast(State::kUp)));
  EXPECT_EQ(one.session.transmit_interval(), Duration(800ms));
}

TEST(SessionPoll, DoesNotWaitForAnswersToOneOfBeforeTheLastHandshake) {
  OneSession one;
  one.bring_up();
  one.input(Session::Configure{with(300ms, 400ms)});
  one.hear(with_final(fast(State::kUp)));
  one.hear(fast(State::kDown));
  one.hear(fast(State::kDown));
  one.hear(fast(State::kInit));
  ASSERT_EQ(one.session.state(), State::kUp);
  EXPECT_TRUE(one.last().poll);
  EXPECT_EQ(one.last().desired_min_tx, Interval(400ms));
}

TEST(SessionPoll, ThatHadToWaitQuickensThePaceAtOnce) {
  OneSession one;
  one.bring_up();
  auto packet = fast(State::kUp);
  packet.required_min_rx = 10ms;
  one.hear(packet);
  one.input(Session::Configure{with(300ms, 1000ms)});
  one.hear(with_final(packet));
  one.input(Session::Configure{with(300ms, 10ms)});
  one.hear(packet);
  EXPECT_FALSE(one.session.polling());
  one.elapse(800ms);
  one.hear(packet);
  one.forget();
  one.elapse(300ms);  // the sequence begins 200 ms from here
  EXPECT_GE(one.sent.size(), 9U);
}

TEST(SessionPoll, IsNotNeededForAMultiplier) {
  OneSession one;
  one.bring_up();
  one.input(Session::Configure{with(300ms, 300ms, 5)});
  ASSERT_EQ(one.sent.size(), 1U);
  EXPECT_EQ(one.sent[0].packet.detect_mult, 5);
  EXPECT_FALSE(one.sent[0].packet.poll);
  one.input(Session::Configure{with(300ms, 300ms, 5)});
  EXPECT_EQ(one.sent.size(), 1U);
}

}  // namespace
}  // namespace metallb::bfd
