// When to send gratuitous announcements of which address on which interface, after something happened.
//
// A take-over is made known by a burst: rounds at 0, 50, 150, 350 and 750 ms, so that a lost frame costs little (failover
// spec 6), and then at the original's times, 1.1 s apart while the 5 seconds after the start last (layer2 spec 3.6; some
// switches and clients ignore updates within a second of the last one). What goes on without end is in refresh_schedule.hpp.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "base/names.hpp"
#include "base/time.hpp"
#include "net/ip_address.hpp"

namespace metallb::layer2 {

struct Burst {
  std::span<const Duration> gaps;  ///< between two rounds; each above zero, the last one repeats; must outlive the schedule
  Duration length;                 ///< no round later than this after the start
};

inline constexpr std::array<Duration, 6> kTakeOverGaps{std::chrono::milliseconds(50),  std::chrono::milliseconds(100),
                                                       std::chrono::milliseconds(200), std::chrono::milliseconds(400),
                                                       std::chrono::milliseconds(350), std::chrono::milliseconds(1100)};
inline constexpr Burst kTakeOver{kTakeOverGaps, std::chrono::seconds(5)};
/// One round and no more.
inline constexpr Burst kOnce{kTakeOverGaps, Duration::zero()};

/// Announcements of one address on one interface at one time.
struct Round {
  IpAddress address;
  InterfaceIndex interface;
  friend auto operator<=>(const Round&, const Round&) = default;
};

class AnnouncementSchedule {
 public:
  /// Begins a burst with a round due at once. A burst that is running is extended instead, and keeps its rhythm; one
  /// that is only planned begins now.
  void start(SteadyPoint now, const Round& what, const Burst& burst = kTakeOver);
  /// Plans a burst whose first round is due at `at`. A burst that is running or planned goes on for its length after `at`.
  void start_at(SteadyPoint at, const Round& what, const Burst& burst = kTakeOver);
  /// Begins anew even if a burst is running: what was sent so far is wrong by now.
  void restart(SteadyPoint now, const Round& what, const Burst& burst = kTakeOver);
  /// One round at once; of a burst that is running or planned it is the next one.
  void once(SteadyPoint now, const Round& what);
  /// No further rounds.
  void stop(const Round& what);
  /// No further rounds of anything.
  void clear();

  /// A first round that is due, or one that was asked for at once; its next one is planned. They go before all repetitions,
  /// so that the early ones of a large take-over do not keep the late ones waiting.
  std::optional<Round> take_first(SteadyPoint now) { return take_from(first_, now); }
  /// The same, else the repetition that is due the longest. A round that comes late shifts the rest of its burst, so that
  /// two are never closer than their gap.
  std::optional<Round> take_due(SteadyPoint now);
  /// When take_due() will have something; kIdle if never.
  [[nodiscard]] SteadyPoint next() const;

 private:
  struct Plan {
    SteadyPoint due;
    SteadyPoint until;
    std::span<const Duration> gaps;
    std::size_t taken = 0;  ///< rounds so far
    bool first = true;      ///< in which of the queues
  };
  using Plans = std::map<Round, Plan>;
  using Queue = std::set<std::pair<SteadyPoint, Round>>;
  Queue& queue_of(const Plan& plan) { return plan.first ? first_ : repetitions_; }
  void hasten(SteadyPoint now, Plans::iterator plan);
  std::optional<Round> take_from(Queue& queue, SteadyPoint now);

  Plans plans_;
  Queue first_;  ///< the same rounds by time
  Queue repetitions_;
};

}  // namespace metallb::layer2
