// One watched member: the pings to it, what their loss proves, and the burst that decides (failover spec 3).
//
//   quiet --a ping is lost, or another watcher asks--> burst --lost--> accused
//     ^                                                  |                |
//     +--------------- an answer, late or not -----------+----------------+
//
// A lost ping is credible when anything at all was heard while it was waited for, or in the step after: only then did the
// own link work (failover spec 4, "blame yourself first"). It is asked ping by ping, since at the end of an outage of the
// own link everybody is heard at once, and everything that was sent before is lost.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "gossip/message.hpp"
#include "gossip/ping_loss.hpp"
#include "gossip/round_trip_time.hpp"
#include "gossip/settings.hpp"

namespace metallb::gossip {

class Watch {
 public:
  enum class State : std::uint8_t { kQuiet, kBurst, kAccused };
  enum class Answer : std::uint8_t { kNone, kDirect, kRelayed };

  struct Burst {
    SteadyPoint began;
    std::size_t shared = 0;  ///< lost pings for a verdict that takes two watchers
    std::size_t alone = 0;   ///< for one without a second watcher
    std::size_t pings = 0;   ///< sent since it began
    std::size_t accusations = 0;
    std::size_t questions = 0;   ///< times that the other watchers were asked
    bool nobody_to_ask = false;  ///< no neighbour is known that could be the witness
    std::uint32_t withheld = 0;  ///< reasons that have been counted
  };

  /// `settings` must outlive it; `loss` is the share of lost pings to start from.
  Watch(const RingSettings& settings, Endpoint endpoint, std::uint32_t incarnation, double loss, SteadyPoint first_ping)
      : settings_(&settings), endpoint_(endpoint), incarnation_(incarnation), loss_(loss), next_ping_(first_ping) {}

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] std::uint32_t incarnation() const { return incarnation_; }
  void set_incarnation(std::uint32_t incarnation) { incarnation_ = incarnation; }
  /// The other watchers of the member.
  [[nodiscard]] const std::vector<std::string>& fellows() const { return fellows_; }
  void set_fellows(std::vector<std::string> fellows) { fellows_ = std::move(fellows); }

  // ---- pings ----
  void ping_sent(SteadyPoint now, std::uint32_t seq_no);
  /// Another watcher was asked to ping under this number.
  void relay_asked(SteadyPoint now, std::uint32_t seq_no);
  /// Either answer ends the burst. A member whose answers come relayed only is excused in the end.
  Answer acknowledged(SteadyPoint now, std::uint32_t seq_no);
  /// An ICMP error came for the oldest ping that is waited for. False when there is none.
  bool refused(SteadyPoint now, SteadyPoint last_heard);
  /// Counts the pings whose time is up as lost.
  void expire(SteadyPoint now, SteadyPoint last_heard);
  /// Something was heard: lost pings that it makes credible count from now on. True when there are any.
  bool vouch(SteadyPoint now);

  /// Lost in a row since the last answer, and the credible ones of them.
  [[nodiscard]] std::size_t lost() const { return lost_; }
  [[nodiscard]] std::size_t credible() const { return credible_; }
  [[nodiscard]] SteadyPoint last_ping() const { return last_ping_; }
  [[nodiscard]] SteadyPoint next_ping() const { return next_ping_; }
  void set_next_ping(SteadyPoint at) { next_ping_ = at; }
  [[nodiscard]] SteadyPoint next_deadline() const { return std::min(next_ping_, next_timeout_); }

  // ---- burst ----
  /// `patience` multiplies the lengths. The member is not excused any more.
  void begin_burst(SteadyPoint now, std::size_t patience);
  /// Null while there is none.
  [[nodiscard]] Burst* burst() { return burst_ ? &*burst_ : nullptr; }
  [[nodiscard]] const Burst* burst() const { return burst_ ? &*burst_ : nullptr; }
  /// Nothing that was lost so far counts any more; a burst begins anew.
  void start_over(SteadyPoint now);
  /// Likewise, and a burst ends.
  void stand_down(SteadyPoint now);
  /// The member has shown to others that it lives. If this node accused it, it is excused.
  void proved_alive(SteadyPoint now);
  /// It lives, but this node cannot hear it, and others can: no burst begins by itself until it answers. Each accusation
  /// would have to be refuted before everybody.
  [[nodiscard]] bool excused() const { return excused_; }

  [[nodiscard]] State state() const;
  [[nodiscard]] std::optional<Duration> round_trip() const { return round_trip_.smoothed(); }
  [[nodiscard]] double loss() const { return loss_.share(); }

  /// Numbers that are remembered for late answers.
  static constexpr std::size_t kMostRemembered = 64;
  /// Bursts in a row ended by relayed answers until the member is excused. One alone may be loss.
  static constexpr std::size_t kMostRelays = 3;

 private:
  enum class PingState : std::uint8_t {
    kWaiting,
    kDoubtful,  ///< lost, but nothing has been heard since it was sent
    kLost,
    kVoid,  ///< says nothing: this node was late
  };
  struct SentPing {
    std::uint32_t seq_no = 0;
    SteadyPoint sent;
    SteadyPoint timeout;
    PingState state = PingState::kWaiting;
    bool relayed = false;
  };

  void remember(const SentPing& ping);
  void lose(SentPing& ping, SteadyPoint last_heard);
  void end_burst(SteadyPoint evidence_from);
  void find_next_timeout();

  const RingSettings* settings_;
  Endpoint endpoint_;
  std::uint32_t incarnation_;
  std::vector<std::string> fellows_;
  RoundTripTime round_trip_;
  PingLoss loss_;

  std::deque<SentPing> pings_;                      ///< oldest first
  SteadyPoint evidence_from_ = SteadyPoint::min();  ///< the loss of older pings proves nothing
  std::size_t lost_ = 0;
  std::size_t credible_ = 0;
  std::size_t doubtful_ = 0;
  SteadyPoint last_ping_ = SteadyPoint::min();
  SteadyPoint next_ping_;
  SteadyPoint next_timeout_ = kIdle;

  std::optional<Burst> burst_;
  std::size_t relays_ = 0;  ///< bursts that a relayed answer ended, since the last direct one
  bool excused_ = false;
};

}  // namespace metallb::gossip
