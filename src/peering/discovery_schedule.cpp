#include "peering/discovery_schedule.hpp"

#include <algorithm>

namespace metallb::peering {
namespace {

using std::chrono::seconds;

constexpr int kFirstAdvertisements = 5;
constexpr Duration kFirstPace = seconds(1);
constexpr Duration kPace = seconds(10);
/// RFC 4861, Section 10: MAX_RTR_SOLICITATIONS and RTR_SOLICITATION_INTERVAL.
constexpr int kFirstSolicitations = 3;
constexpr Duration kSolicitationPace = seconds(4);

}  // namespace

void DiscoverySchedule::asked(SteadyPoint now) {
  advertise_at_ = std::min(advertise_at_, std::max(now, earliest_advertisement_));
}

void DiscoverySchedule::search(SteadyPoint now) {
  solicited_ = 0;
  solicit_pace_.reset();
  solicit_at_ = std::max(now, earliest_solicitation_);
}

DiscoverySchedule::Due DiscoverySchedule::take(SteadyPoint now, bool searching) {
  const Due due{.advertise = advertise_at_ <= now, .solicit = searching && solicit_at_ <= now};
  if (due.advertise) {
    if (advertised_ < kFirstAdvertisements) ++advertised_;
    advertise_at_ = now + (advertised_ < kFirstAdvertisements ? kFirstPace : kPace);
    earliest_advertisement_ = now + kFirstPace;
  }
  if (due.solicit) {
    if (solicited_ < kFirstSolicitations) ++solicited_;
    solicit_at_ = now + (solicited_ < kFirstSolicitations ? kSolicitationPace : solicit_pace_.next());
    earliest_solicitation_ = now + kSolicitationPace;
  }
  return due;
}

}  // namespace metallb::peering
