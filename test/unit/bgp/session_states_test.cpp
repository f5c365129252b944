// The state machine: state by event (bgp spec 4.2, RFC 4271 section 8).
#include <gtest/gtest.h>

#include "desk.hpp"

namespace metallb::bgp {
namespace {

using namespace test;

enum class Event {
  kTcpUp,
  kTcpFails,
  kTcpCloses,
  kNineSecondsPass,
  kGoodOpen,
  kBadOpen,
  kKeepalive,
  kUpdate,
  kBrokenUpdate,
  kRefresh,
  kNotification,
  kBrokenHeader,
  kSilence,
  kLivenessLost,
  kOtherAs,
  kHeld,
  kRemoved,
  kStop,
};

void bring_to(Desk& desk, State state) {
  auto settings = external_peer();
  if (state == State::kIdle) settings.held = "the interface is down";
  desk.set_peer(settings);
  if (state == State::kActive) desk.input(DialFailed{desk.last_dial(), "refused"});
  if (state >= State::kOpenSent) desk.connect();
  if (state >= State::kOpenConfirm) desk.say(peer_open());
  if (state == State::kEstablished) desk.say(Keepalive{});
  ASSERT_EQ(desk.state(), state);
}

void happen(Desk& desk, Event event) {
  const ConnectionId connection = desk.dials.empty() ? ConnectionId(1) : desk.last_dial();
  auto settings = external_peer();
  auto bad_open = peer_open();
  bad_open.identifier = RouterId(0);
  switch (event) {
    case Event::kTcpUp:
      return desk.input(Connected{connection, local_addresses()});
    case Event::kTcpFails:
      return desk.input(DialFailed{connection, "refused"});
    case Event::kTcpCloses:
      return desk.input(Disconnected{connection, ""});
    case Event::kNineSecondsPass:
      return desk.advance(seconds(9));
    case Event::kGoodOpen:
      return desk.say(connection, peer_open());
    case Event::kBadOpen:
      return desk.say(connection, bad_open);
    case Event::kKeepalive:
      return desk.say(connection, Keepalive{});
    case Event::kUpdate:
      return desk.say(connection, Update{});
    case Event::kBrokenUpdate:
      return desk.say_bytes(connection, framed(MessageType::kUpdate, "ffff 0000"));
    case Event::kRefresh:
      return desk.say(connection, RouteRefresh{kIpv4Unicast});
    case Event::kNotification:
      return desk.say(connection, Notification{ErrorCode::kCease, cease::kPeerDeconfigured, {}});
    case Event::kBrokenHeader:
      return desk.say_bytes(connection, raw(18, 4));
    case Event::kSilence:
      desk.socket_takes = true;
      // To the point where nobody spoke for the hold time, and no further.
      return desk.advance(desk.state() == State::kOpenSent ? seconds(240) : seconds(90));
    case Event::kLivenessLost:
      return desk.input(PeerLiveness{kPeer, false});
    case Event::kOtherAs:
      settings.peer_as.number = Asn(64999);
      return desk.input(SetPeer{kPeer, settings});
    case Event::kHeld:
      settings.held = "the interface is down";
      return desk.input(SetPeer{kPeer, settings});
    case Event::kRemoved:
      return desk.input(RemovePeer{kPeer});
    case Event::kStop:
      return desk.input(Stop{});
  }
}

struct Row {
  State state;
  Event event;
  State next;
  std::string_view notification = "";  ///< that we send
};

constexpr std::string_view kFarewell = "060215737065616b6572207368757474696e6720646f776e";

/// What does not come back at once ends as an administrative shutdown: "the interface is down".
constexpr std::string_view kHeldBack =
    "060215746865"
    "20696e7465726661636520697320646f776e";

TEST(SessionStates, EveryEventHasTheOutcomeOfTheTable) {
  using enum State;
  using enum Event;
  const Row rows[] = {
      // Held back: nothing starts it, nothing reaches it.
      {kIdle, kTcpUp, kIdle},
      {kIdle, kTcpFails, kIdle},
      {kIdle, kGoodOpen, kIdle},
      {kIdle, kNineSecondsPass, kIdle},
      {kIdle, kLivenessLost, kIdle},
      {kIdle, kStop, kIdle},

      {kConnect, kTcpUp, kOpenSent},
      {kConnect, kTcpFails, kActive},
      {kConnect, kTcpCloses, kActive},
      {kConnect, kGoodOpen, kConnect},
      {kConnect, kLivenessLost, kConnect},
      {kConnect, kHeld, kIdle},
      {kConnect, kOtherAs, kConnect},  // anew
      {kConnect, kStop, kIdle},

      {kActive, kTcpUp, kActive},
      {kActive, kGoodOpen, kActive},
      {kActive, kHeld, kIdle},
      {kActive, kOtherAs, kConnect},
      {kActive, kStop, kIdle},

      {kOpenSent, kGoodOpen, kOpenConfirm},
      {kOpenSent, kBadOpen, kIdle, "0203"},
      {kOpenSent, kKeepalive, kIdle, "0501"},
      {kOpenSent, kUpdate, kIdle, "0501"},
      {kOpenSent, kRefresh, kIdle, "0501"},
      {kOpenSent, kNotification, kIdle},
      {kOpenSent, kBrokenHeader, kIdle, "01020012"},
      {kOpenSent, kTcpCloses, kActive},
      {kOpenSent, kSilence, kIdle, "0400"},
      {kOpenSent, kTcpFails, kOpenSent},
      {kOpenSent, kLivenessLost, kOpenSent},
      {kOpenSent, kHeld, kIdle, kHeldBack},
      {kOpenSent, kOtherAs, kIdle, "0606"},
      {kOpenSent, kStop, kIdle, kFarewell},

      {kOpenConfirm, kKeepalive, kEstablished},
      {kOpenConfirm, kGoodOpen, kIdle, "0502"},
      {kOpenConfirm, kUpdate, kIdle, "0502"},
      {kOpenConfirm, kRefresh, kIdle, "0502"},
      {kOpenConfirm, kNotification, kIdle},
      {kOpenConfirm, kBrokenHeader, kIdle, "01020012"},
      {kOpenConfirm, kTcpCloses, kIdle},
      {kOpenConfirm, kSilence, kIdle, "0400"},
      {kOpenConfirm, kHeld, kIdle, kHeldBack},
      {kOpenConfirm, kOtherAs, kIdle, "0606"},
      {kOpenConfirm, kStop, kIdle, kFarewell},

      {kEstablished, kKeepalive, kEstablished},
      {kEstablished, kUpdate, kEstablished},
      {kEstablished, kRefresh, kEstablished},
      {kEstablished, kGoodOpen, kIdle, "0503"},
      {kEstablished, kBrokenUpdate, kIdle, "0301"},
      {kEstablished, kBrokenHeader, kIdle, "01020012"},
      {kEstablished, kNotification, kIdle},
      {kEstablished, kTcpCloses, kIdle},
      {kEstablished, kSilence, kIdle, "0400"},
      {kEstablished, kLivenessLost, kIdle, "060a"},
      {kEstablished, kHeld, kIdle, kHeldBack},
      {kEstablished, kOtherAs, kIdle, "0606"},
      {kEstablished, kNineSecondsPass, kEstablished},
      {kEstablished, kStop, kIdle, kFarewell},
  };
  for (const auto& row : rows) {
    const auto where = std::string(to_string(row.state)) + " event " + std::to_string(static_cast<int>(row.event));
    Desk desk;
    bring_to(desk, row.state);
    const ConnectionId connection = desk.dials.empty() ? ConnectionId(1) : desk.last_dial();
    happen(desk, row.event);
    EXPECT_EQ(to_string(desk.state()), to_string(row.next)) << where;
    EXPECT_EQ(desk.notification(connection), row.notification) << where;
    // Who left its connection has closed it, after a NOTIFICATION with time for it to arrive.
    const auto closed = desk.closed.find(connection);
    if (!row.notification.empty()) {
      ASSERT_NE(closed, desk.closed.end()) << where;
      EXPECT_EQ(closed->second, seconds(1)) << where;
    }
    if (row.event == Event::kNotification) {
      ASSERT_NE(closed, desk.closed.end()) << where;
      EXPECT_EQ(closed->second, Duration::zero()) << where;
    }
  }
}

TEST(SessionStates, ARemovedPeerIsToldSo) {
  Desk desk;
  bring_to(desk, State::kEstablished);
  desk.input(RemovePeer{kPeer});
  EXPECT_EQ(desk.notification(), "0603");
  EXPECT_EQ(desk.core.session(kPeer), nullptr);
  EXPECT_EQ(desk.core.next_deadline(), kIdle);
}

TEST(SessionStates, EveryStepIsTold) {
  Desk desk;
  bring_to(desk, State::kEstablished);
  desk.say(Notification{ErrorCode::kCease, cease::kPeerDeconfigured, {}});
  std::vector<State> states;
  for (const auto& change : desk.changes) states.push_back(change.to);
  EXPECT_EQ(states,
            (std::vector{State::kConnect, State::kOpenSent, State::kOpenConfirm, State::kEstablished, State::kIdle}));
  EXPECT_EQ(desk.changes.back().reason, "received 6/3 (Cease, peer de-configured)");
}

TEST(SessionStates, AnAttemptThatGetsNoAnswerEndsAfterTenSeconds) {
  Desk desk;
  desk.set_peer();
  EXPECT_EQ(desk.dials.back().limit, seconds(10));
  desk.advance(seconds(10));
  desk.input(DialFailed{desk.last_dial(), "no answer"});
  EXPECT_EQ(desk.state(), State::kActive);
  EXPECT_EQ(desk.dials.size(), 1U);
  EXPECT_EQ(desk.session().last_error(), "no answer");
  EXPECT_EQ(desk.session().counters().dials_failed, 1U);
}

TEST(SessionStates, AnAttemptEndsEvenIfNobodyTellsThatItGotNoAnswer) {
  Desk desk;
  desk.set_peer();
  desk.advance(milliseconds(10'999));
  EXPECT_EQ(desk.state(), State::kConnect);
  desk.advance(milliseconds(1));
  EXPECT_EQ(desk.state(), State::kActive);
  EXPECT_EQ(desk.closed.count(desk.last_dial()), 1U);
}

/// The times between dials when each fails at once.
std::vector<Duration> waits(Desk& desk, std::size_t count) {
  std::vector<Duration> out;
  while (out.size() < count) {
    const auto begin = desk.now.steady;
    const auto dials = desk.dials.size();
    desk.input(DialFailed{desk.last_dial(), "refused"});
    while (desk.dials.size() == dials) desk.advance(milliseconds(100));
    out.push_back(desk.now.steady - begin);
  }
  return out;
}

TEST(SessionStates, FailedConnectionsAreRepeatedLessAndLessOften) {
  Desk desk;
  desk.set_peer();
  const auto times = waits(desk, 4);
  const Duration bounds[] = {seconds(30), seconds(60), seconds(120), seconds(120)};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_GE(times[i], bounds[i] * 3 / 4) << i;
    EXPECT_LE(times[i], bounds[i] + milliseconds(100)) << i;
  }
}

TEST(SessionStates, AConfiguredConnectTimeIsKept) {
  Desk desk;
  auto settings = external_peer();
  settings.connect_time = seconds(4);
  desk.set_peer(settings);
  for (const auto time : waits(desk, 4)) {
    EXPECT_GE(time, seconds(3));
    EXPECT_LE(time, milliseconds(4100));
  }
  // In Connect it expires, too: then the attempt is given up for another one.
  const auto dial = desk.dials.back();
  EXPECT_GE(dial.limit, seconds(3));
  EXPECT_LE(dial.limit, seconds(4));
  desk.advance(dial.limit);
  desk.input(DialFailed{dial.connection, "no answer"});
  EXPECT_NE(desk.last_dial(), dial.connection);
  EXPECT_EQ(desk.state(), State::kConnect);
}

TEST(SessionStates, AShorterConnectTimeShortensTheWaitThatRuns) {
  auto settings = external_peer();
  settings.connect_time = minutes(20);
  auto shorter = settings;
  shorter.connect_time = seconds(2);
  Desk refused;
  refused.set_peer(settings);
  refused.input(DialFailed{refused.last_dial(), "refused"});
  refused.set_peer(shorter);
  refused.advance(seconds(2));
  EXPECT_EQ(refused.dials.size(), 2U);
  // Also that for BFD's return (bgp spec 4.14).
  Established lost(settings);
  lost.input(PeerLiveness{kPeer, false});
  lost.set_peer(shorter);
  lost.advance(seconds(2));
  EXPECT_EQ(lost.dials.size(), 2U);
  // A longer one waits for the next time.
  refused.input(DialFailed{refused.last_dial(), "refused"});
  refused.set_peer(settings);
  refused.advance(seconds(2));
  EXPECT_EQ(refused.dials.size(), 3U);
}

TEST(SessionStates, WhatStoodInTheWayOfAConnectionIsNotWaitedForOnceItIsGone) {
  // bgp spec 4.12
  Desk desk;
  desk.set_peer();
  desk.input(DialFailed{desk.last_dial(), "no source address"});
  desk.input(ConnectPeer{kPeer});
  EXPECT_EQ(desk.dials.size(), 2U);
  desk.input(ConnectPeer{kPeer});
  EXPECT_EQ(desk.dials.size(), 2U) << "an attempt is under way";
  desk.input(DialFailed{desk.last_dial(), "no source address"});
  desk.input(PeerLiveness{kPeer, false});
  desk.input(ConnectPeer{PeerId(99)});
  EXPECT_EQ(desk.dials.size(), 2U);
}

TEST(SessionStates, APeerThatRefusesOurOpenIsAskedLessAndLessOften) {
  // bgp spec 6.13, case 253
  Desk desk;
  desk.set_peer();
  for (const int expected : {1, 2, 4, 8, 16, 32, 64, 120, 120}) {
    desk.connect();
    const auto dials = desk.dials.size();
    desk.say(Notification{ErrorCode::kOpenMessage, open_error::kBadPeerAs, {}});
    desk.advance(seconds(expected) - milliseconds(1));
    EXPECT_EQ(desk.dials.size(), dials);
    desk.advance(milliseconds(1));
    EXPECT_EQ(desk.dials.size(), dials + 1) << expected;
  }
  EXPECT_EQ(desk.session().counters().established, 0U);
}

/// The times until the next dial when the peer takes each connection and closes it again, in OpenSent or OpenConfirm.
std::vector<Duration> times_of_return(Desk& desk, bool confirms, std::size_t count) {
  std::vector<Duration> out;
  while (out.size() < count) {
    while (desk.state() != State::kConnect) desk.advance(milliseconds(100));
    desk.connect();
    if (confirms) desk.say(peer_open());
    desk.input(Disconnected{desk.last_dial(), "connection reset by peer"});
    const auto begin = desk.now.steady;
    while (desk.state() != State::kConnect) desk.advance(milliseconds(100));
    out.push_back(desk.now.steady - begin);
  }
  return out;
}

TEST(SessionStates, ARouterThatStillClearsTheLastSessionIsNotLeftForLong) {
  // However the session ended: by us, by the router, for BFD.
  const auto ends = {Event::kOtherAs, Event::kNotification, Event::kTcpCloses, Event::kLivenessLost};
  for (const auto event : ends) {
    for (const bool confirms : {false, true}) {
      Desk desk;
      bring_to(desk, State::kEstablished);
      happen(desk, event);
      auto settings = external_peer();
      desk.set_peer(settings);
      const auto times = times_of_return(desk, confirms, 8);
      const Duration bounds[] = {seconds(1), seconds(2), seconds(4), seconds(8), seconds(16)};
      for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_LE(times[i], bounds[i] + milliseconds(100)) << i;
        EXPECT_GE(times[i], bounds[i] * 3 / 4) << i;
      }
      EXPECT_GE(times[7], seconds(30)) << "it is no passing state";
      // The next session's end is another matter.
      desk.connect();
      desk.say(peer_open());
      desk.say(Keepalive{});
      desk.input(Disconnected{desk.last_dial(), ""});
      EXPECT_LE(times_of_return(desk, confirms, 1)[0], milliseconds(1100));
    }
  }
}

TEST(SessionStates, AConnectTimeShorterThanTheBackOffHolds) {
  auto settings = external_peer();
  settings.connect_time = seconds(3);
  Established desk(settings);
  desk.input(Disconnected{desk.last_dial(), ""});
  for (const auto time : times_of_return(desk, false, 6)) EXPECT_LE(time, milliseconds(3100));
}

TEST(SessionStates, AfterOurOwnCeaseTheRouterIsGivenASecond) {
  Desk desk;
  bring_to(desk, State::kEstablished);
  happen(desk, Event::kOtherAs);
  desk.advance(milliseconds(999));
  EXPECT_EQ(desk.dials.size(), 1U);
  desk.advance(milliseconds(1));
  EXPECT_EQ(desk.dials.size(), 2U);
}

TEST(SessionStates, AnyNumberOfEndsForBfdCostsNoMoreThanOne) {
  // bgp spec 4.14
  const auto hard = hard_reset({ErrorCode::kCease, cease::kBfdDown, {}});
  const auto plain = Notification{ErrorCode::kCease, cease::kBfdDown, {}};
  Established desk;
  for (int i = 0; i < 8; ++i) {
    if (i % 3 == 0) {
      desk.input(PeerLiveness{kPeer, false});
      desk.input(PeerLiveness{kPeer, true});
    } else {
      // BFD has found the path again before this came: no news of it follows.
      desk.say(i % 3 == 1 ? hard : plain);
    }
    desk.advance(seconds(1));
    ASSERT_EQ(desk.state(), State::kConnect) << i;
    desk.establish();
  }
  // Other ends are counted from the first of them.
  desk.say(Notification{ErrorCode::kCease, cease::kPeerDeconfigured, {}});
  desk.advance(seconds(1));
  EXPECT_EQ(desk.state(), State::kConnect);
}

TEST(SessionStates, AVersionErrorCostsNoPenalty) {
  Desk desk;
  desk.set_peer();
  for (int i = 0; i < 5; ++i) {
    desk.connect();
    const auto dials = desk.dials.size();
    desk.say(Notification{ErrorCode::kOpenMessage, open_error::kUnsupportedVersion, {0, 4}});
    desk.advance(seconds(1));
    EXPECT_EQ(desk.dials.size(), dials + 1);
  }
}

TEST(SessionStates, APassivePeerIsNeverDialledAndAnActiveOneNeverAccepted) {
  Desk desk;
  auto settings = external_peer();
  settings.initiative = Initiative::kPassive;
  desk.set_peer(settings);
  desk.advance(minutes(10));
  EXPECT_TRUE(desk.dials.empty());
  EXPECT_EQ(desk.state(), State::kActive);
  const auto connection = desk.accept(1);
  EXPECT_EQ(desk.state(), State::kOpenSent);
  desk.say(connection, peer_open());
  desk.say(connection, Keepalive{});
  EXPECT_EQ(desk.state(), State::kEstablished);

  Desk active;
  active.set_peer();
  EXPECT_EQ(active.notification(active.accept(1)), "0605");
  EXPECT_EQ(active.core.strangers(), 1U);
}

TEST(SessionStates, WhatIsHeldStartsWhenNothingHoldsItAnyMore) {
  // bgp spec 6.13, case 275
  Desk desk;
  bring_to(desk, State::kIdle);
  EXPECT_TRUE(desk.dials.empty());
  desk.set_peer();
  EXPECT_EQ(desk.state(), State::kConnect);
  auto unknown = external_peer();
  unknown.transport.address.reset();
  desk.set_peer(unknown);
  EXPECT_EQ(desk.state(), State::kIdle);
  EXPECT_EQ(desk.core.next_deadline(), kIdle);
}

}  // namespace
}  // namespace metallb::bgp
