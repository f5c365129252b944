// One session in virtual time, with a peer that the test plays.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "bfd/session.hpp"

namespace metallb::bfd::test {

using namespace std::chrono_literals;

inline constexpr Discriminator kOurs{0x11223344};
inline constexpr Discriminator kTheirs{0x55667788};

/// A packet of the peer, which knows us unless it is down; a second for both intervals, as before a session is up.
inline ControlPacket from_peer(State state) {
  return {.state = state,
          .detect_mult = 3,
          .mine = kTheirs,
          .yours = kOurs,
          .desired_min_tx = 1s,
          .required_min_rx = 1s,
          .required_min_echo_rx = 50ms};
}
/// The same with the intervals of the default profile.
inline ControlPacket fast(State state) {
  auto packet = from_peer(state);
  packet.desired_min_tx = packet.required_min_rx = 300ms;
  return packet;
}
inline ControlPacket with_final(ControlPacket packet) {
  packet.final = true;
  return packet;
}

class OneSession {
 public:
  struct Sent {
    Duration at;  ///< since the test's start
    ControlPacket packet;
  };
  struct Change {
    Duration at;
    Session::Changed change;
  };

  explicit OneSession(Parameters parameters = {}, Hops hops = Hops::kSingle, std::uint64_t seed = 1)
      : session({.hops = hops, .parameters = parameters, .discriminator = kOurs, .echo_secret = 99, .seed = seed}) {}

  void hear(const ControlPacket& packet, std::uint8_t ttl = 255) { input(Session::ControlReceived{packet, ttl}); }
  void input(const Session::Input& in) {
    Session::Output out;
    session.on_input({now_, {}}, in, out);
    keep(out);
  }
  /// As a driver does: the session is called whenever it wants to be.
  void elapse(Duration duration) {
    const auto end = now_ + duration;
    int calls = 0;
    while (session.next_deadline() <= end && ++calls < 100000) {
      now_ = std::max(now_, session.next_deadline());
      Session::Output out;
      session.on_time({now_, {}}, out);
      keep(out);
    }
    EXPECT_LT(calls, 100000) << "the session never comes to rest";
    now_ = end;
  }
  /// This process does not run.
  void freeze(Duration duration) { now_ += duration; }

  /// Down, Init, Up by the handshake, the Poll Sequence answered, both ends at the default profile's pace. The peer does not
  /// return echo packets yet.
  void bring_up() {
    auto up = fast(State::kUp);
    up.required_min_echo_rx = Interval(0);
    elapse(0s);
    hear(from_peer(State::kDown));
    hear(fast(State::kInit));
    hear(with_final(up));
    // No answer to that Poll Sequence can be under way any more.
    for (int i = 0; i < 2; ++i) {
      elapse(500ms);
      hear(up);
    }
    ASSERT_EQ(session.state(), State::kUp);
    ASSERT_FALSE(session.polling());
    forget();
  }
  void forget() {
    sent.clear();
    changes.clear();
    echoes.clear();
  }
  /// The last packet sent, or none of any session.
  [[nodiscard]] ControlPacket last() const { return sent.empty() ? ControlPacket{} : sent.back().packet; }
  [[nodiscard]] Duration time() const { return now_ - kStart; }

  Session session;
  std::vector<Sent> sent;
  std::vector<Change> changes;
  std::vector<std::pair<Duration, EchoPacket>> echoes;
  bool echoes_leave = true;  ///< else there is no room for them, or no MAC address of the peer
  int never_returned = 0;
  int ended = 0;

 private:
  static constexpr SteadyPoint kStart{std::chrono::hours(1)};

  void keep(const Session::Output& out) {
    for (const auto& action : out) {
      if (const auto* control = std::get_if<Session::SendControl>(&action)) keep(control->packet);
      if (const auto* echo = std::get_if<Session::SendEcho>(&action)) {
        echoes_leave ? void(echoes.emplace_back(time(), echo->packet)) : session.not_sent(true);
      }
      if (const auto* changed = std::get_if<Session::Changed>(&action)) changes.push_back({time(), *changed});
      if (std::holds_alternative<Session::EchoNeverReturned>(action)) ++never_returned;
      if (std::holds_alternative<Session::Ended>(action)) ++ended;
    }
  }
  void keep(const ControlPacket& packet) {
    // RFC 5880, Section 6.5, and what every packet carries.
    EXPECT_FALSE(packet.poll && packet.final);
    EXPECT_FALSE(packet.demand || packet.control_plane_independent || packet.authenticated);
    EXPECT_EQ(packet.mine, kOurs);
    sent.push_back({time(), packet});
  }

  SteadyPoint now_ = kStart;
};

/// The distances of the packets sent, in milliseconds.
inline std::vector<double> gaps(const std::vector<OneSession::Sent>& sent) {
  std::vector<double> out;
  for (std::size_t i = 1; i < sent.size(); ++i) {
    out.push_back(std::chrono::duration<double, std::milli>(sent[i].at - sent[i - 1].at).count());
  }
  return out;
}

inline void expect_spread(const std::vector<double>& gaps, double least, double most) {
  ASSERT_GE(gaps.size(), 50U);
  const auto [lowest, highest] = std::minmax_element(gaps.begin(), gaps.end());
  EXPECT_GE(*lowest, least);
  EXPECT_LE(*highest, most);
  // It does vary, over most of the range.
  EXPECT_GT(*highest - *lowest, (most - least) * 0.8);
}

/// Keeps the peer speaking while time passes.
inline void listen(OneSession& one, const ControlPacket& packet, Duration duration, Duration interval) {
  for (Duration passed{}; passed < duration; passed += interval) {
    one.elapse(interval);
    one.hear(packet);
  }
}

}  // namespace metallb::bfd::test
