// Pace, Poll Sequences, Demand mode and echo: bgp spec 4.13 "Timers" and "Echo", section 6 rows 195, 270 and 271; RFC 5880,
// Sections 6.4, 6.5, 6.8.2 to 6.8.5 and 6.8.7 to 6.8.9.
#include "one_session.hpp"

namespace metallb::bfd {
namespace {

using namespace test;

/// The distances of the packets sent, in milliseconds.
std::vector<double> gaps(const std::vector<OneSession::Sent>& sent) {
  std::vector<double> out;
  for (std::size_t i = 1; i < sent.size(); ++i) {
    out.push_back(std::chrono::duration<double, std::milli>(sent[i].at - sent[i - 1].at).count());
  }
  return out;
}

void expect_spread(const std::vector<double>& gaps, double least, double most) {
  ASSERT_GE(gaps.size(), 50U);
  const auto [lowest, highest] = std::minmax_element(gaps.begin(), gaps.end());
  EXPECT_GE(*lowest, least);
  EXPECT_LE(*highest, most);
  // It does vary, over most of the range.
  EXPECT_GT(*highest - *lowest, (most - least) * 0.8);
}

Parameters with(std::chrono::milliseconds receive, std::chrono::milliseconds transmit, std::uint8_t detect_mult = 3) {
  Parameters parameters;
  parameters.receive_interval = receive;
  parameters.transmit_interval = transmit;
  parameters.detect_mult = detect_mult;
  return parameters;
}

/// Keeps the peer speaking while time passes.
void listen(OneSession& one, const ControlPacket& packet, Duration duration, Duration interval) {
  for (Duration passed{}; passed < duration; passed += interval) {
    one.elapse(interval);
    one.hear(packet);
  }
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

// ---- echo ----

Parameters echoing(std::chrono::milliseconds interval = 50ms) {
  Parameters parameters;
  parameters.echo = true;
  parameters.echo_interval = interval;
  return parameters;
}

/// Returns every echo packet at once while the peer goes on speaking.
void reflect(OneSession& one, Duration duration, const ControlPacket& packet = fast(State::kUp)) {
  std::size_t returned = one.echoes.size();
  for (Duration passed{}; passed < duration; passed += 10ms) {
    one.elapse(10ms);
    while (returned < one.echoes.size()) one.input(Session::EchoReturned{one.echoes[returned++].second, 254});
    one.hear(packet);
  }
}

TEST(SessionEcho, IsOfferedAsTheOriginalDoes) {
  struct Row {
    bool echo;
    bool offer;
    Hops hops;
    std::chrono::milliseconds offered;
  };
  const Row rows[] = {{false, true, Hops::kSingle, 90ms},   {true, true, Hops::kSingle, 90ms},
                      {false, false, Hops::kSingle, 0ms},   {true, false, Hops::kSingle, 90ms},
                      {false, true, Hops::kMultiple, 50ms}, {true, false, Hops::kMultiple, 0ms}};
  for (const auto& row : rows) {
    auto parameters = echoing(90ms);
    parameters.echo = row.echo;
    parameters.offer_echo = row.offer;
    OneSession one(parameters, row.hops);
    one.elapse(0s);
    EXPECT_EQ(one.sent.at(0).packet.required_min_echo_rx, Interval(row.offered));
  }
}

TEST(SessionEcho, RunsOnlyOverOneHopWithBothEndsUpAndAPeerThatReturnsIt) {
  auto unwilling = fast(State::kUp);
  unwilling.required_min_echo_rx = Interval(0);
  OneSession multihop(echoing(), Hops::kMultiple);
  multihop.bring_up();
  multihop.hear(fast(State::kUp));
  EXPECT_FALSE(multihop.session.echo_running());
  OneSession off;
  off.bring_up();
  off.hear(fast(State::kUp));
  EXPECT_FALSE(off.session.echo_running());

  OneSession one(echoing());
  one.elapse(0s);
  one.hear(fast(State::kDown));
  one.hear(fast(State::kInit));
  EXPECT_FALSE(one.session.echo_running());  // the peer is not up yet
  one.hear(fast(State::kUp));
  EXPECT_TRUE(one.session.echo_running());
  one.hear(unwilling);
  EXPECT_FALSE(one.session.echo_running());
  one.hear(fast(State::kUp));
  EXPECT_TRUE(one.session.echo_running());
  one.input(Session::Configure{Parameters{}});
  EXPECT_FALSE(one.session.echo_running());
  one.input(Session::Configure{echoing()});
  EXPECT_TRUE(one.session.echo_running());
  one.hear(fast(State::kDown));
  EXPECT_FALSE(one.session.echo_running());
}

TEST(SessionEcho, IsPacedByTheSlowerOfBothEnds) {
  for (const auto theirs : {10ms, 80ms}) {
    OneSession one(echoing());
    one.bring_up();
    auto packet = fast(State::kUp);
    packet.required_min_echo_rx = theirs;
    reflect(one, 10s, packet);
    const auto interval = static_cast<double>(std::max(theirs, 50ms).count());
    one.sent.clear();
    for (const auto& [at, echo] : one.echoes) one.sent.push_back({at, {}});
    expect_spread(gaps(one.sent), interval * 0.75, interval);
    EXPECT_TRUE(one.changes.empty());
    EXPECT_EQ(one.session.counters().echo_sent, one.echoes.size());
    EXPECT_GE(one.session.counters().echo_received + 2, one.session.counters().echo_sent);
  }
}

TEST(SessionEcho, FailsAfterMultiplierTimesIntervalWithoutOne) {
  OneSession one(echoing());
  one.bring_up();
  one.hear(fast(State::kUp));
  reflect(one, 1s);
  const auto last = one.time();
  auto echo_gone = one;
  listen(echo_gone, fast(State::kUp), 1s, 10ms);
  ASSERT_EQ(echo_gone.changes.size(), 1U);
  EXPECT_EQ(echo_gone.changes[0].change, (Session::Changed{State::kUp, State::kDown, Reason::kEchoFailed}));
  EXPECT_LE(echo_gone.changes[0].at, last + 150ms);
  EXPECT_GE(echo_gone.changes[0].at, last + 150ms - 50ms);  // the last one came back at most an interval before
  EXPECT_EQ(echo_gone.session.diagnostic(), Diagnostic::kEchoFailed);
  EXPECT_FALSE(echo_gone.session.echo_running());
  EXPECT_EQ(echo_gone.last().yours, kTheirs);
}

TEST(SessionEcho, FailsAgainAtOnceWhenItHasFailedBefore) {
  OneSession one(echoing());
  one.bring_up();
  one.hear(fast(State::kUp));
  reflect(one, 1s);
  listen(one, fast(State::kUp), 1s, 10ms);
  one.hear(fast(State::kDown));
  one.hear(fast(State::kInit));
  one.forget();
  one.hear(fast(State::kUp));
  const auto start = one.time();
  listen(one, fast(State::kUp), 1s, 10ms);
  ASSERT_EQ(one.changes.size(), 1U);
  EXPECT_EQ(one.changes[0].at, start + 150ms);
}

TEST(SessionEcho, OfAPeerThatNeverReturnedOneIsNoFailure) {
  OneSession one(echoing());
  one.bring_up();
  one.hear(fast(State::kUp));
  listen(one, fast(State::kUp), 10s, 10ms);
  EXPECT_TRUE(one.changes.empty());
  EXPECT_EQ(one.never_returned, 1);
  EXPECT_GE(one.echoes.size(), 200U);
  // From the first one on it counts; for another peer it begins anew.
  reflect(one, 1s);
  auto other = fast(State::kUp);
  other.mine = Discriminator(5);
  auto replaced = one;
  listen(replaced, other, 10s, 10ms);
  EXPECT_TRUE(replaced.changes.empty());
  listen(one, fast(State::kUp), 1s, 10ms);
  EXPECT_EQ(one.changes.size(), 1U);
}

TEST(SessionEcho, IsNotHeldAgainstThePeerAfterAPauseOfOurs) {
  OneSession one(echoing());
  one.bring_up();
  one.hear(fast(State::kUp));
  reflect(one, 1s);
  one.freeze(500ms);
  one.hear(fast(State::kUp));  // it lay in the queue
  reflect(one, 1s);
  EXPECT_TRUE(one.changes.empty());
}

TEST(SessionEcho, CountsOnlyWhatIsUnderWay) {
  OneSession one(echoing());
  one.bring_up();
  one.hear(fast(State::kUp));
  one.elapse(100ms);
  ASSERT_GE(one.echoes.size(), 2U);
  const auto first = one.echoes[0].second;
  const auto second = one.echoes[1].second;
  EXPECT_NE(first.sequence, second.sequence);
  EXPECT_TRUE(one.session.is_own_echo(first));
  one.input(Session::EchoReturned{second, 253});
  EXPECT_EQ(one.session.counters().faults[Fault::kTimeToLive], 1U);
  one.input(Session::EchoReturned{second, 254});
  EXPECT_EQ(one.session.counters().echo_received, 1U);
  one.input(Session::EchoReturned{second, 254});  // twice
  one.input(Session::EchoReturned{first, 254});   // overtaken: says nothing new
  auto invented = second;
  invented.sequence += 1000;
  one.input(Session::EchoReturned{invented, 254});
  auto not_sent_yet = one.echoes.back().second;
  ++not_sent_yet.sequence;
  one.input(Session::EchoReturned{not_sent_yet, 254});
  EXPECT_EQ(one.session.counters().faults[Fault::kEchoStale], 4U);
  EXPECT_EQ(one.session.counters().echo_received, 1U);
  auto forged = first;
  forged.secret ^= 1;
  EXPECT_FALSE(one.session.is_own_echo(forged));
}

TEST(SessionEcho, OfAnEarlierRunIsStale) {
  OneSession one(echoing());
  one.bring_up();
  one.hear(fast(State::kUp));
  one.elapse(100ms);
  const auto old = one.echoes[0].second;
  one.input(Session::Configure{Parameters{}});
  one.input(Session::EchoReturned{old, 254});
  one.input(Session::Configure{echoing()});
  one.input(Session::EchoReturned{old, 254});
  EXPECT_EQ(one.session.counters().faults[Fault::kEchoStale], 2U);
}

}  // namespace
}  // namespace metallb::bfd
