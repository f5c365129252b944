#include "speaker/conflicts.hpp"

#include <algorithm>

namespace metallb::speaker {
namespace {

constexpr std::size_t kDefences = 6;
constexpr Duration kDefenceWindow = std::chrono::seconds(10);
/// A round trip and what the two speakers need, and no more.
constexpr Duration kInsistence = std::chrono::milliseconds(100);
constexpr Duration kShortestYield = std::chrono::seconds(1);
constexpr Duration kLongestYield = std::chrono::seconds(8);
/// After such a time of peace the next yield is a short one again.
constexpr Duration kPeace = std::chrono::minutes(1);
constexpr Duration kReportInterval = std::chrono::minutes(1);

}  // namespace

bool Conflicts::may_defend(SteadyPoint now, const IpAddress& address) {
  clean_up(now);
  auto& defence = defences_.try_emplace(address, Defence{.since = now, .last = now, .count = 0}).first->second;
  if (now - defence.since >= kDefenceWindow) defence = {.since = now, .last = now, .count = 0};
  if (defence.count == kDefences) return false;
  ++defence.count;
  defence.last = now;
  return true;
}

bool Conflicts::insists(SteadyPoint now, const IpAddress& address) const {
  const auto found = defences_.find(address);
  return found != defences_.end() && now - found->second.last <= kInsistence;
}

Duration Conflicts::yield(SteadyPoint now, const ServiceKey& service, const std::string& other) {
  clean_up(now);
  auto& yield = yields_.try_emplace(service, Yield{.to = other, .until = now, .pause = Duration::zero()}).first->second;
  const bool peace = yield.pause == Duration::zero() || now - yield.until > kPeace;
  yield.to = other;
  yield.pause = peace ? kShortestYield : std::min(yield.pause * 2, kLongestYield);
  yield.until = now + yield.pause;
  return yield.pause;
}

std::optional<std::string> Conflicts::yielded_to(SteadyPoint now, const ServiceKey& service) const {
  const auto found = yields_.find(service);
  if (found == yields_.end() || now >= found->second.until) return std::nullopt;
  return found->second.to;
}

bool Conflicts::knows(SteadyPoint now, const ServiceKey& service, const std::string& other) const {
  const auto found = yields_.find(service);
  return found != yields_.end() && found->second.to == other && now - found->second.until <= kPeace;
}

bool Conflicts::may_report(SteadyPoint now, const IpAddress& address) {
  clean_up(now);
  const auto [report, is_new] = reports_.try_emplace(address, now);
  if (!is_new && now - report->second < kReportInterval) return false;
  report->second = now;
  return true;
}

/// Whatever is old enough to make no difference any more.
void Conflicts::clean_up(SteadyPoint now) {
  if (now < clean_after_) return;
  clean_after_ = now + kPeace;
  std::erase_if(defences_, [&](const auto& d) { return now - d.second.since >= kDefenceWindow; });
  std::erase_if(yields_, [&](const auto& y) { return now - y.second.until > kPeace; });
  std::erase_if(reports_, [&](const auto& r) { return now - r.second >= kReportInterval; });
}

}  // namespace metallb::speaker
