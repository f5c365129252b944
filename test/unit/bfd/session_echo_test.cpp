// Echo: bgp spec 4.13 "Echo", section 6 row 271; RFC 5880, Sections 6.4, 6.8.8 and 6.8.9.
#include "one_session.hpp"

namespace metallb::bfd {
namespace {

using namespace test;

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
    Hops hops;
    std::chrono::milliseconds offered;
  };
  const Row rows[] = {{false, Hops::kSingle, 90ms},
                      {true, Hops::kSingle, 90ms},
                      {false, Hops::kMultiple, 50ms},
                      {true, Hops::kMultiple, 50ms}};
  for (const auto& row : rows) {
    auto parameters = echoing(90ms);
    parameters.echo = row.echo;
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

/// Up again by control packets after echo has failed.
void come_back(OneSession& one) {
  one.hear(fast(State::kDown));
  one.hear(fast(State::kInit));
  one.hear(fast(State::kUp));
  one.forget();
}

TEST(SessionEcho, ThatStaysAwayWhileControlWorksDoesNotFailAgain) {
  OneSession one(echoing());
  one.bring_up();
  one.hear(fast(State::kUp));
  reflect(one, 1s);
  listen(one, fast(State::kUp), 1s, 10ms);
  ASSERT_EQ(one.session.state(), State::kDown);
  come_back(one);
  EXPECT_TRUE(one.session.echo_running());
  listen(one, fast(State::kUp), 30s, 10ms);
  EXPECT_TRUE(one.changes.empty());
  // From the next one that returns it counts.
  reflect(one, 1s);
  listen(one, fast(State::kUp), 1s, 10ms);
  EXPECT_EQ(one.changes.size(), 1U);
}

TEST(SessionEcho, ThatFailsAgainAndAgainCountsLessAndLessOften) {
  OneSession one(echoing());
  one.bring_up();
  one.hear(fast(State::kUp));
  reflect(one, 1s);
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    listen(one, fast(State::kUp), 1s, 10ms);
    ASSERT_EQ(one.session.state(), State::kDown);
    const auto failed = one.changes.back().at;
    come_back(one);
    // What returns meanwhile proves nothing.
    reflect(one, failed + pause - one.time() - 300ms);
    listen(one, fast(State::kUp), 200ms, 10ms);
    EXPECT_TRUE(one.changes.empty()) << pause;
    reflect(one, 300ms);
  }
  // A minute without a failure, and it is as before the first one.
  reflect(one, 61s);
  listen(one, fast(State::kUp), 1s, 10ms);
  come_back(one);
  reflect(one, 1s);
  listen(one, fast(State::kUp), 1s, 10ms);
  EXPECT_EQ(one.changes.size(), 1U);
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

TEST(SessionEcho, WhatNeverLeftIsNotHeldAgainstThePeer) {
  for (const std::uint8_t mult : {std::uint8_t{2}, std::uint8_t{3}}) {
    auto parameters = echoing();
    parameters.detect_mult = mult;
    OneSession one(parameters);
    one.bring_up();
    one.hear(fast(State::kUp));
    one.echoes_leave = false;
    listen(one, fast(State::kUp), 10s, 10ms);
    EXPECT_EQ(one.never_returned, 0) << "the peer had nothing to return";
    one.echoes_leave = true;
    reflect(one, 1s);
    one.echoes_leave = false;
    listen(one, fast(State::kUp), 10s, 10ms);
    EXPECT_TRUE(one.changes.empty());
    one.echoes_leave = true;
    listen(one, fast(State::kUp), 1s, 10ms);
    EXPECT_EQ(one.changes.size(), 1U) << "those that leave count";
  }
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
