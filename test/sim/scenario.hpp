// A scenario: a cluster and what happens to it, drawn from a seed. The same seed is always the same scenario.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "sim/cluster.hpp"
#include "sim/invariants.hpp"

namespace metallb::sim {

/// One thing that happens, and is undone again where it can be.
struct Episode {
  enum class Kind : std::uint8_t {
    kKill,            ///< SIGKILL; started again later
    kKillAndRestart,  ///< started again at once: its incarnation is lost
    kPowerOff,
    kUnplug,
    kFlap,  ///< the cable is pulled and put back several times
    kFreeze,
    kSlow,
    kStop,  ///< SIGTERM; started again later
    kRollingRestart,
    kKillTwo,
    kKillMost,
    kSwitchStops,
    kPartition,
    kBadCable,
    kDeaf,
    kMute,
    kOneWay,
    kLoss,  ///< the whole network gets worse, or better
    kClock,
    kApiOutage,  ///< in which a speaker is killed
    kStartInApiOutage,
    kStaleWatch,
    kServices,  ///< one is created, another deleted
    kEndpoints,
    kExclude,
    kAddNode,
    kController,
    kStranger,
  };
  static constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::kStranger) + 1;

  Kind kind = Kind::kKill;
  std::vector<std::size_t> nodes;
  Duration hold{0};   ///< how long it lasts
  Duration pause{0};  ///< before it, once all is quiet
  double amount = 0;  ///< loss, or share
};
[[nodiscard]] const char* to_string(Episode::Kind kind);

struct Scenario {
  std::uint64_t seed = 0;
  ClusterPlan plan;
  Duration spread{0};  ///< in which the speakers start
  std::vector<Episode> episodes;
};

[[nodiscard]] Scenario draw(std::uint64_t seed);
/// What it is about, in a few lines.
[[nodiscard]] std::string describe(const Scenario& scenario);

struct Outcome {
  std::vector<Violation> violations;
  Invariants::Statistics statistics;
  Duration virtual_time{0};
  std::uint64_t events = 0;
  Duration longest_client_silence{0};
};
/// Ends with the first violation. `trace` may be null.
[[nodiscard]] Outcome run(const Scenario& scenario, std::ostream* trace, Trace::Detail detail = Trace::Detail::kEvents);

}  // namespace metallb::sim
