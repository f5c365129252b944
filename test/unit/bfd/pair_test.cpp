// Two ends against each other in virtual time: RFC 5880, Section 6.8; bgp spec 4.13, 4.14 and section 6 rows 216, 266 to 271
// and 291; issue 5, "link loss with BFD 3 x 50 ms".
#include "pair.hpp"

namespace metallb::bfd {
namespace {

using namespace test;

Parameters quick() {
  Parameters parameters;
  parameters.receive_interval = parameters.transmit_interval = 50ms;
  return parameters;
}
Parameters both_echoing() {
  Parameters parameters;
  parameters.echo = true;
  return parameters;
}
Parameters passive() {
  Parameters parameters;
  parameters.passive = true;
  return parameters;
}

TEST(BfdPair, ComesUpAndAgreesOnTheProfile) {
  for (const auto family : {IpFamily::kIpv4, IpFamily::kIpv6}) {
    Pair pair(1, {}, family);
    pair.watch_both(quick());
    pair.run(1500ms);
    EXPECT_TRUE(pair.both_up());
    for (std::size_t i = 0; i < 2; ++i) {
      const auto status = pair.status(i);
      EXPECT_FALSE(status.polling);
      EXPECT_EQ(status.transmit_interval, Duration(50ms));
      EXPECT_EQ(status.detection_time, Duration(150ms));
      EXPECT_EQ(status.peer.required_min_rx, Interval(50ms));
      EXPECT_EQ(status.peer.required_min_echo_rx, Interval(50ms));
      EXPECT_EQ(status.counters.up_events, 1U);
      EXPECT_EQ(status.counters.faults.total(), 0U);
      EXPECT_EQ(pair.nodes[i].core->counters().faults.total(), 0U);
    }
  }
}

TEST(BfdPair, WithDifferentProfilesEachEndSeesTheOthers) {
  Pair pair(2);
  Parameters other;
  other.receive_interval = 60ms;
  other.transmit_interval = 70ms;
  other.detect_mult = 5;
  other.echo_interval = 90ms;
  pair.watch(0, other);
  pair.watch(1, Parameters{});
  pair.run(3s);
  EXPECT_TRUE(pair.both_up());
  const auto seen = pair.status(1).peer;
  EXPECT_EQ(seen.required_min_rx, Interval(60ms));
  EXPECT_EQ(seen.desired_min_tx, Interval(70ms));
  EXPECT_EQ(seen.detect_mult, 5);
  EXPECT_EQ(seen.required_min_echo_rx, Interval(90ms));
  EXPECT_EQ(pair.status(0).transmit_interval, Duration(300ms));
  EXPECT_EQ(pair.status(0).detection_time, Duration(900ms));
  EXPECT_EQ(pair.status(1).transmit_interval, Duration(300ms));
  EXPECT_EQ(pair.status(1).detection_time, Duration(1500ms));
}

TEST(BfdPair, NoticesACutWithinTheDetectionTime) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Pair pair(seed);
    pair.watch_both(quick());
    pair.run(2s + std::chrono::milliseconds(7 * seed));
    pair.forget();
    const auto cut = pair.time();
    pair.path.passes = [](std::size_t, const ControlPacket&) { return false; };
    pair.run(1s);
    for (const auto& node : pair.nodes) {
      ASSERT_EQ(node.changes.size(), 1U);
      EXPECT_EQ(node.changes[0].change.reason, Reason::kDetectionTimeExpired);
      EXPECT_EQ(node.changes[0].change.failures, 1U);
      EXPECT_LE(node.changes[0].at, cut + pair.path.longest + 150ms);
      EXPECT_GE(node.changes[0].at, cut + 150ms - 50ms);
    }
    pair.path.passes = {};
    pair.run(3s);
    EXPECT_TRUE(pair.both_up());
  }
}

TEST(BfdPair, ACutOfOneDirectionIsTheEndForBoth) {
  Pair pair(3);
  pair.watch_both(quick());
  pair.run(2s);
  pair.forget();
  const auto cut = pair.time();
  pair.path.passes = [](std::size_t from, const ControlPacket&) { return from == 0; };
  pair.run(5s);
  // Node 0 hears nothing, and says so; node 1 never times out.
  ASSERT_GE(pair.nodes[0].changes.size(), 1U);
  ASSERT_GE(pair.nodes[1].changes.size(), 1U);
  EXPECT_EQ(pair.nodes[0].changes[0].change.reason, Reason::kDetectionTimeExpired);
  EXPECT_EQ(pair.nodes[1].changes[0].change.reason, Reason::kNeighbourDown);
  EXPECT_EQ(pair.nodes[1].changes[0].change.peer_diagnostic, Diagnostic::kDetectionTimeExpired);
  EXPECT_LE(pair.nodes[1].changes[0].at, cut + 150ms + 2 * pair.path.longest);
  for (const auto& node : pair.nodes) {
    for (const auto& change : node.changes) EXPECT_NE(change.change.to, State::kUp);
  }
}

TEST(BfdPair, EndsUpRightUnderLossDuplicatesAndReordering) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    // Delays longer than intervals: packets overtake each other all the time.
    Pair pair(seed, {.shortest = 1ms, .longest = 120ms, .loss = 0.3, .twice = 0.2});
    auto parameters = quick();
    parameters.detect_mult = 5;
    pair.watch(0, parameters);
    pair.watch(1, seed % 2 == 0 ? parameters : passive());
    pair.run(60s);
    pair.path = {};
    pair.run(4s);
    EXPECT_TRUE(pair.both_up());
    EXPECT_EQ(pair.status(0).peer.discriminator, pair.status(1).discriminator);
    EXPECT_EQ(pair.status(1).peer.discriminator, pair.status(0).discriminator);
    pair.forget();
    pair.run(30s);
    EXPECT_TRUE(pair.nodes[0].changes.empty() && pair.nodes[1].changes.empty());
    EXPECT_FALSE(pair.status(0).polling || pair.status(1).polling);
  }
}

TEST(BfdPair, StaysUpWhenOnePacketInFiveIsLost) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Pair pair(seed);
    auto parameters = quick();
    parameters.detect_mult = 20;
    pair.watch_both(parameters);
    pair.run(3s);
    pair.forget();
    pair.path.loss = 0.2;
    pair.run(60s);
    EXPECT_TRUE(pair.nodes[0].changes.empty() && pair.nodes[1].changes.empty());
  }
}

TEST(BfdPair, APauseShorterThanThePeersPatienceGoesUnnoticed) {
  Pair pair(4);
  auto patient = quick();
  patient.detect_mult = 10;
  // Node 0 is watched with patience (its own multiplier), but has little itself.
  pair.watch(0, patient);
  pair.watch(1, quick());
  pair.run(3s);
  pair.forget();
  for (int i = 0; i < 10; ++i) {
    pair.freeze(0, 400ms);  // node 0 would give up after 150 ms; what arrived meanwhile lies in its socket
    pair.run(1s);
  }
  EXPECT_TRUE(pair.nodes[0].changes.empty());
  EXPECT_TRUE(pair.nodes[1].changes.empty());
}

TEST(BfdPair, APauseLongerThanThatIsAFailureAndHeals) {
  Pair pair(5);
  pair.watch_both(quick());
  pair.run(3s);
  for (int i = 0; i < 5; ++i) {
    pair.forget();
    pair.freeze(0, 700ms);
    pair.run(5s);
    EXPECT_FALSE(pair.nodes[1].changes.empty());
    EXPECT_EQ(pair.nodes[1].changes.at(0).change.reason, Reason::kDetectionTimeExpired);
    EXPECT_TRUE(pair.both_up());
  }
}

TEST(BfdPair, ARestartedPeerWithANewDiscriminatorComesUpAgain) {
  Pair pair(6);
  pair.watch_both(quick());
  pair.run(3s);
  const auto before = pair.status(1).discriminator;
  pair.restart(1, quick());
  pair.run(3s);
  EXPECT_NE(pair.status(1).discriminator, before);
  EXPECT_TRUE(pair.both_up());
  EXPECT_EQ(pair.status(0).counters.down_events, 1U);
}

TEST(BfdPair, APassiveEndWorksWithAnActiveOneOnly) {
  Pair both(7);
  both.watch_both(passive());
  both.run(1min);
  EXPECT_TRUE(both.nodes[0].sent.empty() && both.nodes[1].sent.empty());

  Pair one(8);
  one.watch(0, Parameters{});
  one.watch(1, passive());
  one.run(3s);
  EXPECT_TRUE(one.both_up());
  one.path.passes = [](std::size_t, const ControlPacket&) { return false; };
  one.run(5s);
  const auto sent = one.nodes[1].sent.size();
  one.run(5s);
  EXPECT_EQ(one.nodes[1].sent.size(), sent);
  one.path.passes = {};
  one.run(3s);
  EXPECT_TRUE(one.both_up());
}

TEST(BfdPair, TakesNewParametersWithoutGoingDown) {
  Pair pair(9);
  pair.watch_both(Parameters{});
  pair.run(5s);
  pair.forget();
  const std::pair<int, int> steps[] = {{50, 50}, {1000, 2000}, {10, 10}, {60, 70}, {5000, 10}, {300, 300}};
  for (const auto& [receive, transmit] : steps) {
    Parameters parameters;
    parameters.receive_interval = std::chrono::milliseconds(receive);
    parameters.transmit_interval = std::chrono::milliseconds(transmit);
    pair.watch(0, parameters);
    pair.run(30s);
    EXPECT_EQ(pair.status(1).peer.required_min_rx, Interval(parameters.receive_interval));
    EXPECT_EQ(pair.status(1).peer.desired_min_tx, Interval(parameters.transmit_interval));
    EXPECT_FALSE(pair.status(0).polling);
    EXPECT_EQ(pair.status(0).transmit_interval, Duration(std::max(transmit, 300) * 1ms));
  }
  EXPECT_TRUE(pair.nodes[0].changes.empty() && pair.nodes[1].changes.empty());
}

TEST(BfdPair, TakesManyChangesInARowUnderLossWithoutGoingDown) {
  Pair pair(10);
  Parameters parameters;
  parameters.detect_mult = 20;
  pair.watch_both(parameters);
  pair.run(5s);
  pair.forget();
  pair.path.loss = 0.2;
  for (int i = 0; i < 200; ++i) {
    parameters.transmit_interval = std::chrono::milliseconds(10 + 37 * (i % 13));
    parameters.receive_interval = std::chrono::milliseconds(10 + 53 * (i % 7));
    pair.watch(static_cast<std::size_t>(i % 2), parameters);
    pair.run(std::chrono::milliseconds(17 * (i % 11)));
  }
  pair.path.loss = 0;
  pair.run(10s);
  EXPECT_TRUE(pair.nodes[0].changes.empty() && pair.nodes[1].changes.empty());
  EXPECT_FALSE(pair.status(0).polling || pair.status(1).polling);
}

TEST(BfdPair, AStopIsNoFailureAlsoWhenItsFirstPacketIsLost) {
  for (const int lost : {0, 1, 2}) {
    Pair pair(11);
    pair.watch_both(quick());
    pair.run(3s);
    pair.forget();
    const auto begin = pair.time();
    int seen = 0;
    pair.path.passes = [&](std::size_t, const ControlPacket& packet) {
      return packet.state != State::kAdminDown || seen++ >= lost;
    };
    pair.input(0, Stop{});
    pair.run(150ms);
    EXPECT_TRUE(pair.nodes[0].stopped);
    EXPECT_TRUE(pair.nodes[0].open.empty());
    pair.run(10s);
    ASSERT_EQ(pair.nodes[1].changes.size(), 1U) << lost;
    EXPECT_EQ(pair.nodes[1].changes[0].change.reason, Reason::kNeighbourAdminDown);
    EXPECT_EQ(pair.nodes[1].changes[0].change.peer_diagnostic, Diagnostic::kAdministrativelyDown);
    EXPECT_EQ(pair.nodes[1].changes[0].change.failures, 0U);
    EXPECT_LE(pair.nodes[1].changes[0].at, begin + 50ms * lost + pair.path.longest);
  }
}

TEST(BfdPair, RunsOverSeveralHopsWithAMinimumTimeToLive) {
  for (const bool enough : {true, false}) {
    Pair pair(12, {.shortest = 5ms, .longest = 20ms, .ttl = static_cast<std::uint8_t>(enough ? 253 : 252)}, IpFamily::kIpv4,
              Hops::kMultiple);
    auto parameters = both_echoing();
    parameters.minimum_ttl = 253;
    pair.watch_both(parameters);
    pair.run(5s);
    EXPECT_EQ(pair.both_up(), enough);
    EXPECT_EQ(pair.status(0).counters.faults[Fault::kTimeToLive] > 0, !enough);
    EXPECT_EQ(pair.nodes[0].echoes_sent, 0U);
  }
}

TEST(BfdPair, OnOneHopTakesOnlyWhatComesStraightFromThePeer) {
  Pair pair(13, {.ttl = 254});
  pair.watch_both(quick());
  pair.run(5s);
  EXPECT_FALSE(pair.both_up());
  EXPECT_GT(pair.status(0).counters.faults[Fault::kTimeToLive], 0U);
}

TEST(BfdPair, EchoRunsInBothFamiliesAndNoticesAForwardingPlaneThatFails) {
  for (const auto family : {IpFamily::kIpv4, IpFamily::kIpv6}) {
    Pair pair(14, {}, family);
    pair.watch(0, both_echoing());
    pair.watch(1, Parameters{});
    pair.run(10s);
    EXPECT_TRUE(pair.both_up());
    EXPECT_EQ(pair.nodes[1].echoes_sent, 0U);
    const auto status = pair.status(0);
    EXPECT_TRUE(status.echo_running);
    EXPECT_GE(status.counters.echo_received, 150U);
    EXPECT_EQ(status.counters.faults.total(), 0U);
    EXPECT_EQ(pair.status(1).echoes_returned, family == IpFamily::kIpv6 ? status.counters.echo_received : 0U);
    EXPECT_EQ(pair.status(1).counters.faults.total(), 0U);
    pair.forget();
    const auto cut = pair.time();
    pair.path.returns_echo = false;
    pair.run(200ms);
    ASSERT_FALSE(pair.nodes[0].changes.empty());
    EXPECT_EQ(pair.nodes[0].changes[0].change.reason, Reason::kEchoFailed);
    EXPECT_LE(pair.nodes[0].changes[0].at, cut + 150ms + 2 * pair.path.longest);
    ASSERT_FALSE(pair.nodes[1].changes.empty());
    EXPECT_EQ(pair.nodes[1].changes[0].change.reason, Reason::kNeighbourDown);
    EXPECT_EQ(pair.nodes[1].changes[0].change.peer_diagnostic, Diagnostic::kEchoFailed);
  }
}

TEST(BfdPair, HoldsTenMillisecondsTimesThree) {
  Pair pair(15, {.shortest = 100us, .longest = 2ms});
  Parameters parameters;
  parameters.receive_interval = parameters.transmit_interval = 10ms;
  pair.watch_both(parameters);
  pair.run(3s);
  pair.forget();
  pair.run(60s);
  EXPECT_TRUE(pair.nodes[0].changes.empty() && pair.nodes[1].changes.empty());
  EXPECT_EQ(pair.status(0).detection_time, Duration(30ms));
}

}  // namespace
}  // namespace metallb::bfd
