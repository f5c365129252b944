#include "sim/bounds.hpp"

#include <algorithm>
#include <cmath>

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

constexpr double kRare = 1e-6;
/// A probe that fails takes up to four seconds, because the prober has failed before (gossip spec 6.1).
constexpr Duration kFailingProbe = 4s;
constexpr Duration kSpreading = 2s;
constexpr Duration kJoinInterval = 60s;
constexpr Duration kTcpTimeout = 10s;

/// Chance that fewer than `wanted` of `probers` have begun to probe one member `ticks` seconds after it died. A prober comes
/// back to the same member after 2 * (members - 1) seconds at the latest.
double too_few(std::size_t probers, std::size_t wanted, std::size_t members, double ticks) {
  const double reached = std::min(1.0, ticks / (2.0 * static_cast<double>(members - 1)));
  double sum = 0;
  double ways = 1;
  for (std::size_t i = 0; i < wanted; ++i) {
    sum += ways * std::pow(reached, static_cast<double>(i)) * std::pow(1 - reached, static_cast<double>(probers - i));
    ways = ways * static_cast<double>(probers - i) / static_cast<double>(i + 1);
  }
  return sum;
}

Duration seconds_of(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

Duration fast_bound(double loss) {
  return loss <= 0.05 ? Duration(350ms) : Duration(600ms);
}

Duration classical_bound(std::size_t members, std::size_t survivors) {
  members = std::max<std::size_t>(members, 2);
  survivors = std::clamp<std::size_t>(survivors, 1, members - 1);
  // Gossip spec 7.4.
  const double scale = std::max(1.0, std::log10(static_cast<double>(members)));
  const double least = 4 * scale;
  const double most = 6 * least;
  const std::size_t wanted = members < 4 ? 0 : 2;
  const std::size_t confirmed = std::min(wanted, survivors - 1);
  const double suspicion = wanted == 0 ? least
                                       : most - std::log(static_cast<double>(confirmed) + 1) /
                                                    std::log(static_cast<double>(wanted) + 1) * (most - least);
  double ticks = 1;
  const double last = 2.0 * static_cast<double>(members - 1);
  while (ticks < last && too_few(survivors, confirmed + 1, members, ticks) > kRare) ++ticks;
  return seconds_of(ticks + 1 + suspicion) + kFailingProbe + kSpreading;
}

Duration settling_bound(std::size_t members, std::size_t survivors, std::size_t unreachable) {
  return classical_bound(members, survivors) + kJoinInterval + kTcpTimeout * static_cast<int>(unreachable + 1);
}

}  // namespace metallb::sim
