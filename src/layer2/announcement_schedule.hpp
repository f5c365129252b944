// When to send gratuitous announcements of which address on which interface.
//
// A take-over is made known by a burst: one round at once, then one every 1.1 seconds while the 5 seconds after the start
// last, so at 0, 1.1, 2.2, 3.3 and 4.4 s (layer2 spec 3.6; some switches and clients ignore updates within a second of the
// last one). The burst is a value, so that other rhythms (a slow refresh without end) run on the same schedule.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/names.hpp"
#include "base/time.hpp"
#include "net/ip_address.hpp"

namespace metallb::layer2 {

struct Burst {
  Duration interval;  ///< between two rounds; above zero
  Duration length;    ///< no round later than this after the start
};

inline constexpr Burst kTakeOver{std::chrono::milliseconds(1100), std::chrono::seconds(5)};
/// One round and no more.
inline constexpr Burst kOnce{std::chrono::milliseconds(1), Duration::zero()};

class AnnouncementSchedule {
 public:
  struct Round {
    IpAddress address;
    InterfaceIndex interface;
    friend auto operator<=>(const Round&, const Round&) = default;
  };

  /// Begins a burst with a round due at once. A burst that is running is extended instead, and keeps its rhythm; one
  /// that is only planned begins now.
  void start(SteadyPoint now, const Round& what, const Burst& burst = kTakeOver);
  /// Plans a burst whose first round is due at `at`. A burst that is running or planned goes on for its length after `at`.
  void start_at(SteadyPoint at, const Round& what, const Burst& burst = kTakeOver);
  /// Begins anew even if a burst is running: what was sent so far is wrong by now.
  void restart(SteadyPoint now, const Round& what, const Burst& burst = kTakeOver);
  /// No further rounds.
  void stop(const Round& what);

  /// The round that is due the longest, if one is; its next one is planned. A round that comes late shifts the rest of
  /// its burst, so that two rounds are never closer than the interval.
  std::optional<Round> take_due(SteadyPoint now);
  /// When take_due() will have something; kIdle if never.
  [[nodiscard]] SteadyPoint next() const { return queue_.empty() ? kIdle : queue_.begin()->first; }

 private:
  struct Plan {
    SteadyPoint due;
    SteadyPoint until;
    Duration interval;
    bool begun = false;  ///< a round has been taken
  };
  std::map<Round, Plan> plans_;
  std::set<std::pair<SteadyPoint, Round>> queue_;  ///< the same rounds by time
};

}  // namespace metallb::layer2
