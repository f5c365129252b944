// The state machine, and what is refused: bgp spec 4.13 (table and checks), 4.14, section 6 rows 266 to 270 and 291;
// RFC 5880, Sections 6.2 and 6.8.6.
#include "one_session.hpp"

namespace metallb::bfd {
namespace {

using namespace test;

/// A session in any of its states, with a peer that has been heard.
OneSession in(State state) {
  OneSession one;
  one.elapse(0s);
  if (state == State::kDown) {
    one.hear(from_peer(State::kAdminDown));
  } else {
    one.hear(from_peer(State::kDown));
    if (state == State::kUp || state == State::kAdminDown) one.hear(from_peer(State::kInit));
    if (state == State::kAdminDown) one.input(Session::ShutDown{});
  }
  EXPECT_EQ(one.session.state(), state);
  one.forget();
  return one;
}

TEST(SessionState, FollowsThePeerAsTheTableSays) {
  constexpr auto kShake = Reason::kHandshake;
  constexpr auto kNone = Diagnostic::kNone;
  constexpr auto kSignalled = Diagnostic::kNeighbourSignalledDown;
  struct Row {
    State local;
    State received;
    State after;
    Reason reason;          // where it changes
    Diagnostic diagnostic;  // afterwards
  };
  const Row rows[] = {
      {State::kDown, State::kAdminDown, State::kDown, kShake, kNone},
      {State::kDown, State::kDown, State::kInit, kShake, kNone},
      {State::kDown, State::kInit, State::kUp, kShake, kNone},
      {State::kDown, State::kUp, State::kDown, kShake, kNone},
      {State::kInit, State::kAdminDown, State::kDown, Reason::kNeighbourAdminDown, kSignalled},
      {State::kInit, State::kDown, State::kInit, kShake, kNone},
      {State::kInit, State::kInit, State::kUp, kShake, kNone},
      {State::kInit, State::kUp, State::kUp, kShake, kNone},
      {State::kUp, State::kAdminDown, State::kDown, Reason::kNeighbourAdminDown, kSignalled},
      {State::kUp, State::kDown, State::kDown, Reason::kNeighbourDown, kSignalled},
      {State::kUp, State::kInit, State::kUp, kShake, kNone},
      {State::kUp, State::kUp, State::kUp, kShake, kNone},
      {State::kAdminDown, State::kAdminDown, State::kAdminDown, kShake, Diagnostic::kAdministrativelyDown},
      {State::kAdminDown, State::kDown, State::kAdminDown, kShake, Diagnostic::kAdministrativelyDown},
      {State::kAdminDown, State::kInit, State::kAdminDown, kShake, Diagnostic::kAdministrativelyDown},
      {State::kAdminDown, State::kUp, State::kAdminDown, kShake, Diagnostic::kAdministrativelyDown},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(to_string(row.local)) + " hears " + std::string(to_string(row.received)));
    auto one = in(row.local);
    one.hear(from_peer(row.received));
    EXPECT_EQ(one.session.state(), row.after);
    EXPECT_EQ(one.session.diagnostic(), row.diagnostic);
    if (row.local == row.after) {
      EXPECT_TRUE(one.changes.empty());
      EXPECT_TRUE(one.sent.empty());
    } else {
      ASSERT_EQ(one.changes.size(), 1U);
      EXPECT_EQ(one.changes[0].change, (Session::Changed{row.local, row.after, row.reason}));
      // Told to the peer at once.
      ASSERT_EQ(one.sent.size(), 1U);
      EXPECT_EQ(one.sent[0].packet.state, row.after);
      EXPECT_EQ(one.sent[0].packet.diagnostic, row.diagnostic);
      EXPECT_EQ(one.sent[0].packet.yours, kTheirs);
    }
  }
}

TEST(SessionState, GoesDownWhenTheDetectionTimeExpires) {
  for (const auto state : {State::kDown, State::kInit, State::kUp}) {
    SCOPED_TRACE(to_string(state));
    auto one = in(state);
    ASSERT_EQ(one.session.detection_time(), 3s);
    const auto heard = one.time();
    one.elapse(3s - 1ns);
    EXPECT_EQ(one.session.state(), state);
    EXPECT_EQ(one.session.peer().discriminator, kTheirs);
    one.forget();
    one.elapse(1ns);
    EXPECT_EQ(one.session.state(), State::kDown);
    EXPECT_EQ(one.session.peer().discriminator, kNoDiscriminator);
    if (state == State::kDown) continue;
    ASSERT_EQ(one.changes.size(), 1U);
    EXPECT_EQ(one.changes[0].at, heard + 3s);
    EXPECT_EQ(one.changes[0].change, (Session::Changed{state, State::kDown, Reason::kDetectionTimeExpired}));
    EXPECT_EQ(one.session.diagnostic(), Diagnostic::kDetectionTimeExpired);
    ASSERT_EQ(one.sent.size(), 1U);
    EXPECT_EQ(one.sent[0].packet.state, State::kDown);
    EXPECT_EQ(one.sent[0].packet.diagnostic, Diagnostic::kDetectionTimeExpired);
    EXPECT_EQ(one.sent[0].packet.yours, kNoDiscriminator);
  }
}

TEST(SessionState, DetectsNothingBeforeTheFirstPacket) {
  OneSession one;
  one.elapse(1h);
  EXPECT_TRUE(one.changes.empty());
}

TEST(SessionState, ComesUpAgainWithAPeerThatHasAnotherDiscriminator) {
  auto one = in(State::kUp);
  one.hear(from_peer(State::kDown));
  one.elapse(3s);
  auto packet = from_peer(State::kDown);
  packet.mine = Discriminator(5);
  packet.yours = kNoDiscriminator;
  one.hear(packet);
  packet.state = State::kInit;
  packet.yours = kOurs;
  one.hear(packet);
  EXPECT_EQ(one.session.state(), State::kUp);
  EXPECT_EQ(one.last().yours, Discriminator(5));
  EXPECT_EQ(one.session.counters().up_events, 2U);
}

TEST(SessionState, ForgetsTheLastFailureWhenItIsUp) {
  auto one = in(State::kUp);
  one.elapse(3s);
  one.hear(from_peer(State::kDown));
  EXPECT_EQ(one.session.diagnostic(), Diagnostic::kDetectionTimeExpired);
  one.hear(from_peer(State::kInit));
  EXPECT_EQ(one.session.diagnostic(), Diagnostic::kNone);
}

TEST(SessionState, TellsFailuresFromWhatWasSwitchedOff) {
  auto one = in(State::kUp);
  one.hear(from_peer(State::kAdminDown));
  EXPECT_EQ(one.session.counters().down_events, 1U);
  EXPECT_EQ(one.session.counters().failures, 0U);
  one.hear(from_peer(State::kDown));
  one.hear(from_peer(State::kInit));
  one.hear(from_peer(State::kDown));
  EXPECT_EQ(one.session.counters().down_events, 2U);
  EXPECT_EQ(one.session.counters().failures, 1U);
  EXPECT_TRUE(is_failure(Reason::kDetectionTimeExpired) && is_failure(Reason::kEchoFailed) &&
              is_failure(Reason::kNeighbourDown));
  EXPECT_FALSE(is_failure(Reason::kNeighbourAdminDown) || is_failure(Reason::kShutDown));
}

TEST(SessionState, RefusesWithoutASign) {
  struct Row {
    Hops hops;
    std::uint8_t minimum_ttl;
    std::uint8_t ttl;
    bool authenticated;
    std::optional<Fault> fault;
  };
  const Row rows[] = {
      {Hops::kSingle, 1, 255, false, {}},
      {Hops::kSingle, 1, 254, false, Fault::kTimeToLive},
      {Hops::kSingle, 1, 254, true, Fault::kAuthentication},
      {Hops::kMultiple, 1, 1, false, {}},
      {Hops::kMultiple, 1, 0, false, Fault::kTimeToLive},
      {Hops::kMultiple, 253, 253, false, {}},
      {Hops::kMultiple, 253, 252, false, Fault::kTimeToLive},
      {Hops::kMultiple, 254, 255, true, Fault::kAuthentication},
  };
  for (const auto& row : rows) {
    Parameters parameters;
    parameters.minimum_ttl = row.minimum_ttl;
    OneSession one(parameters, row.hops);
    auto packet = from_peer(State::kDown);
    packet.authenticated = row.authenticated;
    one.hear(packet, row.ttl);
    EXPECT_EQ(one.session.state(), row.fault ? State::kDown : State::kInit) << int{row.ttl};
    EXPECT_EQ(one.session.counters().control_received, row.fault ? 0U : 1U);
    EXPECT_EQ(one.session.counters().faults.total(), row.fault ? 1U : 0U);
    if (row.fault) {
      EXPECT_EQ(one.session.counters().faults[*row.fault], 1U);
      EXPECT_EQ(one.session.peer().discriminator, kNoDiscriminator);
      EXPECT_TRUE(one.sent.empty());
    }
  }
}

TEST(SessionState, ARefusedPacketDoesNotKeepTheSessionUp) {
  auto one = in(State::kUp);
  for (int i = 0; i < 4; ++i) {
    one.elapse(1s - 1ns);
    one.hear(from_peer(State::kUp), 254);
  }
  EXPECT_EQ(one.session.state(), State::kDown);
  EXPECT_EQ(one.session.counters().faults[Fault::kTimeToLive], 4U);
}

TEST(SessionState, APassiveEndIsSilentUntilItIsSpokenTo) {
  Parameters parameters;
  parameters.passive = true;
  OneSession one(parameters);
  one.elapse(1h);
  EXPECT_TRUE(one.sent.empty());
  one.hear(from_peer(State::kDown));
  ASSERT_EQ(one.sent.size(), 1U);
  EXPECT_EQ(one.sent[0].packet.state, State::kInit);
  // And again after each loss.
  one.hear(from_peer(State::kInit));
  one.elapse(3s);
  EXPECT_EQ(one.session.state(), State::kDown);
  one.forget();
  one.elapse(1h);
  EXPECT_TRUE(one.sent.empty());
}

TEST(SessionState, APassiveEndSpeaksWhenItIsMadeActive) {
  Parameters parameters;
  parameters.passive = true;
  OneSession one(parameters);
  one.elapse(1min);
  one.input(Session::Configure{Parameters{}});
  EXPECT_EQ(one.sent.size(), 1U);
  one.elapse(10s);
  EXPECT_GE(one.sent.size(), 10U);
}

// ---- shutting down ----

TEST(SessionFarewell, TellsThePeerForThreePacketsAndItsDetectionTime) {
  OneSession one;
  one.bring_up();
  const auto start = one.time();
  one.input(Session::ShutDown{});
  ASSERT_EQ(one.changes.size(), 1U);
  EXPECT_EQ(one.changes[0].change, (Session::Changed{State::kUp, State::kAdminDown, Reason::kShutDown}));
  one.elapse(900ms - 1ns);
  EXPECT_EQ(one.ended, 0);
  one.elapse(1ns);
  EXPECT_EQ(one.ended, 1);
  EXPECT_EQ(one.session.next_deadline(), kIdle);
  // The first one at once, and before the peer gets impatient two more.
  ASSERT_GE(one.sent.size(), 3U);
  EXPECT_EQ(one.sent[0].at, start);
  EXPECT_LE(one.sent[2].at, start + 600ms);
  for (const auto& [at, packet] : one.sent) {
    // Vector E17: 27 00 .. 000f4240 000f4240 0000c350.
    EXPECT_EQ(packet.state, State::kAdminDown);
    EXPECT_EQ(packet.diagnostic, Diagnostic::kAdministrativelyDown);
    EXPECT_EQ(packet.desired_min_tx, Interval(1s));
    EXPECT_EQ(packet.required_min_rx, Interval(1s));
    EXPECT_EQ(packet.required_min_echo_rx, Interval(50ms));
    EXPECT_EQ(packet.yours, kTheirs);
    EXPECT_FALSE(packet.poll);
  }
  one.elapse(1h);
  EXPECT_EQ(one.ended, 1);
}

TEST(SessionFarewell, SendsThreePacketsAlsoWhenThePeersPatienceIsShorter) {
  Parameters parameters;
  parameters.detect_mult = 1;
  OneSession one(parameters);
  one.bring_up();
  one.input(Session::ShutDown{});
  one.elapse(10s);
  EXPECT_EQ(one.sent.size(), 3U);
  EXPECT_EQ(one.ended, 1);
}

TEST(SessionFarewell, OutlastsOurOwnPatience) {
  Parameters parameters;
  parameters.detect_mult = 10;
  OneSession one(parameters);
  one.bring_up();
  auto packet = fast(State::kUp);
  packet.detect_mult = 1;
  one.hear(packet);
  ASSERT_EQ(one.session.detection_time(), Duration(300ms));
  one.input(Session::ShutDown{});
  one.elapse(10s);
  EXPECT_EQ(one.session.state(), State::kAdminDown);
  EXPECT_EQ(one.changes.size(), 1U);
  EXPECT_EQ(one.ended, 1);
}

TEST(SessionFarewell, IsOnePacketForAPeerThatDoesNotRelyOnTheSession) {
  auto one = in(State::kInit);
  one.input(Session::ShutDown{});
  EXPECT_EQ(one.ended, 1);
  ASSERT_EQ(one.sent.size(), 1U);
  EXPECT_EQ(one.sent[0].packet.state, State::kAdminDown);
  one.input(Session::ShutDown{});
  EXPECT_EQ(one.ended, 1);
}

TEST(SessionFarewell, IsSilentForAPassiveEndThatWasNeverSpokenTo) {
  Parameters parameters;
  parameters.passive = true;
  OneSession one(parameters);
  one.input(Session::ShutDown{});
  EXPECT_EQ(one.ended, 1);
  EXPECT_TRUE(one.sent.empty());
}

TEST(SessionFarewell, AnswersNothing) {
  auto one = in(State::kAdminDown);
  auto poll = from_peer(State::kUp);
  poll.poll = true;
  one.hear(poll);
  EXPECT_TRUE(one.sent.empty());
  EXPECT_EQ(one.session.counters().faults[Fault::kAdminDown], 1U);
}

TEST(SessionFarewell, CanBeTakenBack) {
  for (const auto wait : {100ms, 5000ms}) {
    OneSession one;
    one.bring_up();
    one.input(Session::ShutDown{});
    one.elapse(wait);
    one.forget();
    one.input(Session::Start{});
    ASSERT_EQ(one.changes.size(), 1U);
    EXPECT_EQ(one.changes[0].change, (Session::Changed{State::kAdminDown, State::kDown, Reason::kStarted}));
    ASSERT_EQ(one.sent.size(), 1U);
    EXPECT_EQ(one.sent[0].packet.yours, kNoDiscriminator);
    EXPECT_EQ(one.sent[0].packet.diagnostic, Diagnostic::kAdministrativelyDown);
    one.hear(from_peer(State::kDown));
    one.hear(from_peer(State::kInit));
    EXPECT_EQ(one.session.state(), State::kUp);
    one.input(Session::Start{});
    EXPECT_EQ(one.session.state(), State::kUp);
  }
}

}  // namespace
}  // namespace metallb::bfd
