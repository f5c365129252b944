// The announcements that never end: one per address and interface about every minute, because switches forget where a MAC
// is sooner than clients forget whose an address is (failover spec 6; layer2 spec 7, item 9).
//
// Phases are random, so that addresses taken over together are not refreshed together; and an interface gets at most 50 a
// second in all, so that 10,000 addresses, a late call, or many addresses hastened at once make no storm: with more than
// 3,000 addresses on an interface the minute becomes longer.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/random.hpp"
#include "base/time.hpp"
#include "layer2/announcement_schedule.hpp"

namespace metallb::layer2 {

/// Between two refreshes of one address on one interface: at least this, and up to a quarter more.
inline constexpr Duration kRefreshPeriod = std::chrono::seconds(54);
/// Between two refreshes on one interface.
inline constexpr Duration kRefreshGap = std::chrono::milliseconds(20);

class RefreshSchedule {
 public:
  /// `seed` of the generator for phases and jitter.
  explicit RefreshSchedule(std::uint64_t seed) : random_(seed) {}

  /// The first refresh comes after half a period to one and a half. Nothing if it is scheduled already.
  void add(SteadyPoint now, const Round& what);
  void remove(const Round& what);
  /// All are due now, as fast as the gap allows.
  void hasten(SteadyPoint now);

  /// A refresh that is due, and the next one of the same is planned.
  std::optional<Round> take_due(SteadyPoint now);
  /// When take_due() will have something; kIdle if never.
  [[nodiscard]] SteadyPoint next() const;

 private:
  struct Lane {
    std::set<std::pair<SteadyPoint, IpAddress>> queue;
    SteadyPoint free = SteadyPoint::min();  ///< the next one not before this
    [[nodiscard]] SteadyPoint next() const { return queue.empty() ? kIdle : std::max(queue.begin()->first, free); }
  };

  Random random_;
  std::map<InterfaceIndex, Lane> lanes_;
  std::map<Round, SteadyPoint> due_;  ///< the same by address, to find them
};

}  // namespace metallb::layer2
