// The two intervals that this end names to its peer, those that it acts on, and the Poll Sequence between them. RFC 5880,
// Sections 6.5 and 6.8.3.
//
// While a session is up, an interval that makes this end slower to send, or quicker to lose patience, is acted on only
// when the peer has confirmed that it knows: P is set in every packet until one with F comes back.
#pragma once

#include <optional>

#include "base/time.hpp"
#include "bfd/packet.hpp"

namespace metallb::bfd {

class Negotiation {
 public:
  /// Answers may be under way for so long; no path is that slow.
  static constexpr Duration kLateAnswers = std::chrono::seconds(1);

  struct Intervals {
    Interval desired_min_tx;
    Interval required_min_rx;
    friend bool operator==(const Intervals&, const Intervals&) = default;
  };
  explicit Negotiation(Intervals initial) : named_(initial), wanted_(initial), in_effect_(initial) {}

  /// While the session is not up: named and in effect at once.
  void set(Intervals intervals);
  /// While it is up: named by a Poll Sequence, at once or when the one under way and its late answers are over. True when
  /// one begins, so that a packet is to be sent.
  bool propose(SteadyPoint now, Intervals intervals);
  /// A packet with P has left.
  void asked(SteadyPoint now) { asked_at_ = now; }
  /// A packet with F has come.
  void answered();
  /// Begins the Poll Sequence that had to wait. True when one begins.
  bool on_time(SteadyPoint now);
  [[nodiscard]] SteadyPoint next_deadline() const;

  [[nodiscard]] bool polling() const { return polling_; }
  [[nodiscard]] const Intervals& named() const { return named_; }
  [[nodiscard]] const Intervals& in_effect() const { return in_effect_; }

 private:
  bool begin_if_due(SteadyPoint now);

  Intervals named_;      ///< in the packets; unchanged while polling
  Intervals wanted_;     ///< to be named next
  Intervals in_effect_;  ///< bounds of what this end does
  bool polling_ = false;
  SteadyPoint asked_at_ = SteadyPoint::min();
  SteadyPoint not_before_ = SteadyPoint::min();  ///< of the next Poll Sequence
};

}  // namespace metallb::bfd
