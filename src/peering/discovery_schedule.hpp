// When router advertisements and solicitations leave one interface (bgp spec 4.11). RFC 4861, Sections 6.2 and 6.3.7, with
// the times of FRR.
#pragma once

#include "base/backoff.hpp"
#include "base/time.hpp"

namespace metallb::peering {

class DiscoverySchedule {
 public:
  /// Asks at once, and advertises when the link has `settled`, however many ask before that.
  DiscoverySchedule(SteadyPoint now, SteadyPoint settled)
      : advertise_at_(settled), earliest_advertisement_(settled), solicit_at_(now) {}

  /// Somebody asked: an advertisement is due, at most one a second however many ask.
  void asked(SteadyPoint now);
  /// Ask again as at the start, though no sooner than the pace of the start allows.
  void search(SteadyPoint now);

  struct Due {
    bool advertise = false;
    bool solicit = false;
  };
  /// What is to be sent now, which counts as sent. Who is not searching asks nobody.
  [[nodiscard]] Due take(SteadyPoint now, bool searching);
  [[nodiscard]] SteadyPoint next_deadline(bool searching) const {
    return searching && solicit_at_ < advertise_at_ ? solicit_at_ : advertise_at_;
  }

 private:
  SteadyPoint advertise_at_;
  SteadyPoint earliest_advertisement_;
  int advertised_ = 0;  ///< of the first ones
  SteadyPoint solicit_at_;
  SteadyPoint earliest_solicitation_ = SteadyPoint::min();
  int solicited_ = 0;  ///< of the first ones
  Backoff solicit_pace_{std::chrono::seconds(8), std::chrono::minutes(1)};
};

}  // namespace metallb::peering
