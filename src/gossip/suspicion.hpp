// How long a suspect has to prove that it lives: long at first, and shorter with every further member that suspects it too
// (gossip spec 7.4; Lifeguard's dynamic suspicion time-out).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "gossip/settings.hpp"

namespace metallb::gossip {

struct SuspicionTimes {
  Duration minimum{};
  Duration maximum{};
  std::int64_t confirmations = 0;  ///< wanted before `minimum` applies; 0: it applies at once
};
/// `members`: all entries of the table, the suspect and this node included.
[[nodiscard]] SuspicionTimes suspicion_times(const Settings& settings, std::size_t members);
/// From the start of the suspicion to the verdict, after so many confirmations.
[[nodiscard]] Duration suspicion_timeout(const SuspicionTimes& times, std::int64_t confirmed);

/// The suspicions under way.
class Suspicions {
 public:
  void start(SteadyPoint now, const std::string& name, const std::string& accuser, const SuspicionTimes& times);
  [[nodiscard]] bool contains(const std::string& name) const { return suspects_.contains(name); }
  /// True when `accuser` is new and another one was still wanted.
  bool confirm(const std::string& name, const std::string& accuser);
  void cancel(const std::string& name);
  void clear();

  /// Takes out the suspect whose time is up the longest, if there is one.
  std::optional<std::string> take_due(SteadyPoint now);
  [[nodiscard]] SteadyPoint next() const { return by_deadline_.empty() ? kIdle : by_deadline_.begin()->first; }

  /// This node did not run for `late`, until `now`: nobody could prove anything to it meanwhile. All deadlines move by as
  /// much, and whose time was up gets the minimum from now; but see kPause for a node that is late all the time.
  void paused(SteadyPoint now, Duration late);

 private:
  struct Suspicion {
    SteadyPoint start;
    SuspicionTimes times;
    std::set<std::string> accusers;  ///< at most one more than the confirmations wanted
    SteadyPoint deadline;
    int rearmed = 0;
  };
  void set_deadline(const std::string& name, Suspicion& suspicion, SteadyPoint deadline);
  std::map<std::string, Suspicion> suspects_;
  std::set<std::pair<SteadyPoint, std::string>> by_deadline_;
};

/// A call that comes later than this after its deadline ends a pause of the process. What was put off because of a pause is
/// put off again only by one of twice the length, so that a node that is late all the time comes to its verdicts too.
inline constexpr Duration kPause = std::chrono::milliseconds(100);

}  // namespace metallb::gossip
