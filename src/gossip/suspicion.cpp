#include "gossip/suspicion.hpp"

#include <algorithm>
#include <cmath>

#include "base/contract.hpp"

namespace metallb::gossip {
namespace {

/// Multipliers come from a file: whatever stands there, no product may run over.
constexpr std::int64_t kGreatestMultiplier = 10'000;
constexpr Duration kLongest = std::chrono::hours(24 * 365);

Duration product(Duration base, std::int64_t factor) {
  __extension__ using Wide = __int128;
  const auto value = static_cast<Wide>(base.count()) * factor;
  return Duration(static_cast<Duration::rep>(std::clamp<Wide>(value, 0, kLongest.count())));
}

}  // namespace

SuspicionTimes suspicion_times(const Settings& settings, std::size_t members) {
  const auto multiplier = std::clamp<std::int64_t>(settings.suspicion_mult, 0, kGreatestMultiplier);
  const auto stretch = std::clamp<std::int64_t>(settings.suspicion_max_timeout_mult, 0, kGreatestMultiplier);
  // gossip spec 7.4: log10 has to be exact for powers of ten, and the C library's is.
  const auto scale = std::max(1.0, std::log10(static_cast<double>(std::max<std::size_t>(1, members))));
  const auto interval = std::clamp(settings.probe_interval, Duration::zero(), kLongest);
  SuspicionTimes times;
  times.minimum = product(interval, multiplier * static_cast<std::int64_t>(std::floor(scale * 1000))) / 1000;
  times.maximum = product(times.minimum, stretch);
  times.confirmations = std::max<std::int64_t>(0, multiplier - 2);
  if (static_cast<std::int64_t>(members) - 2 < times.confirmations) times.confirmations = 0;
  return times;
}

Duration suspicion_timeout(const SuspicionTimes& times, std::int64_t confirmed) {
  if (times.confirmations < 1) return times.minimum;
  // gossip spec 1.4: it starts at the maximum, even where a stretch of 0 makes that less than the minimum.
  if (confirmed == 0) return times.maximum;
  const auto share = std::log(static_cast<double>(confirmed) + 1) / std::log(static_cast<double>(times.confirmations) + 1);
  using Seconds = std::chrono::duration<double>;
  const auto exact = Seconds(times.maximum) - share * Seconds(times.maximum - times.minimum);
  return std::max<Duration>(times.minimum, std::chrono::floor<std::chrono::milliseconds>(exact));
}

void Suspicions::start(SteadyPoint now, const std::string& name, const std::string& accuser, const SuspicionTimes& times) {
  const auto deadline = now + suspicion_timeout(times, 0);
  const auto [it, added] = suspects_.try_emplace(name, Suspicion{now, times, {accuser}, deadline});
  METALLB_CONTRACT(added, "a suspicion is started once");
  by_deadline_.emplace(deadline, name);
}

bool Suspicions::confirm(const std::string& name, const std::string& accuser) {
  auto& suspicion = suspects_.at(name);
  const auto confirmed = static_cast<std::int64_t>(suspicion.accusers.size()) - 1;
  if (confirmed >= suspicion.times.confirmations) return false;
  if (!suspicion.accusers.insert(accuser).second) return false;
  const auto deadline = suspicion.start + suspicion_timeout(suspicion.times, confirmed + 1);
  set_deadline(name, suspicion, std::min(suspicion.deadline, deadline));
  return true;
}

void Suspicions::cancel(const std::string& name) {
  const auto it = suspects_.find(name);
  if (it == suspects_.end()) return;
  by_deadline_.erase({it->second.deadline, name});
  suspects_.erase(it);
}

void Suspicions::clear() {
  suspects_.clear();
  by_deadline_.clear();
}

std::optional<std::string> Suspicions::take_due(SteadyPoint now) {
  if (next() > now) return std::nullopt;
  auto name = by_deadline_.begin()->second;
  cancel(name);
  return name;
}

void Suspicions::paused(SteadyPoint now, Duration late) {
  for (auto& [name, suspicion] : suspects_) {
    if (late <= kPause * (1 << std::min(suspicion.rearmed, 16))) continue;
    auto deadline = suspicion.deadline + late;
    if (suspicion.deadline <= now) {
      ++suspicion.rearmed;
      suspicion.start = now;
      deadline = std::max(deadline, now + suspicion.times.minimum);
    } else {
      suspicion.start += late;
    }
    set_deadline(name, suspicion, deadline);
  }
}

void Suspicions::set_deadline(const std::string& name, Suspicion& suspicion, SteadyPoint deadline) {
  by_deadline_.erase({suspicion.deadline, name});
  suspicion.deadline = deadline;
  by_deadline_.emplace(deadline, name);
}

}  // namespace metallb::gossip
