#include "bfd/negotiation.hpp"

#include <algorithm>

namespace metallb::bfd {

void Negotiation::set(Intervals intervals) {
  named_ = wanted_ = in_effect_ = intervals;
  polling_ = false;
  not_before_ = SteadyPoint::min();
}

bool Negotiation::propose(SteadyPoint now, Intervals intervals) {
  wanted_ = intervals;
  return begin_if_due(now);
}

bool Negotiation::on_time(SteadyPoint now) {
  return begin_if_due(now);
}

bool Negotiation::begin_if_due(SteadyPoint now) {
  if (polling_ || wanted_ == named_ || now < not_before_) return false;
  named_ = wanted_;
  polling_ = true;
  // RFC 5880, Section 6.8.3: a longer transmit interval and a shorter receive interval wait for the end of the Poll
  // Sequence, the opposite changes do not.
  in_effect_.desired_min_tx = std::min(in_effect_.desired_min_tx, named_.desired_min_tx);
  in_effect_.required_min_rx = std::max(in_effect_.required_min_rx, named_.required_min_rx);
  return true;
}

void Negotiation::answered() {
  if (!polling_) return;
  polling_ = false;
  in_effect_ = named_;
  // Several packets asked, and each is answered: none of these answers may pass for one to the next Poll Sequence.
  not_before_ = asked_at_ == SteadyPoint::min() ? asked_at_ : asked_at_ + kLateAnswers;
}

SteadyPoint Negotiation::next_deadline() const {
  return polling_ || wanted_ == named_ ? kIdle : not_before_;
}

}  // namespace metallb::bfd
