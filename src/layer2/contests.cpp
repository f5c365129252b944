#include "layer2/contests.hpp"

#include <algorithm>
#include <utility>

#include "layer2/inputs_and_actions.hpp"

namespace metallb::layer2 {

bool Contests::note(SteadyPoint now, const IpAddress& address, Party party, bool repeats) {
  auto& contest = contests_[address];
  auto& noted = contest.noted.at(std::to_underlying(party));
  const bool recent = noted && now - *noted < kConflictInterval;
  const bool is_news = party == Party::kMember && contest.listening && !repeats;
  if (recent && !is_news) return false;
  if (party == Party::kMember) contest.listening = false;
  noted = now;
  return true;
}

void Contests::oppose(SteadyPoint now, const IpAddress& address, Duration pause) {
  auto& contest = contests_[address];
  if (contest.planned) return;
  const auto earliest = now + pause;
  contest.planned = contest.defended ? std::max(earliest, *contest.defended + kDefendInterval) : earliest;
  defences_.emplace(*contest.planned, address);
}

std::optional<IpAddress> Contests::take_defence(SteadyPoint now) {
  if (next_defence() > now) return std::nullopt;
  const auto address = defences_.begin()->second;
  defences_.erase(defences_.begin());
  auto& contest = contests_.at(address);
  contest.planned.reset();
  contest.defended = now;
  return address;
}

void Contests::drop_defences() {
  for (const auto& [when, address] : std::exchange(defences_, {})) contests_.at(address).planned.reset();
}

void Contests::forget(const IpAddress& address) {
  const auto it = contests_.find(address);
  if (it == contests_.end()) return;
  if (it->second.planned) defences_.erase({*it->second.planned, address});
  contests_.erase(it);
}

Contests::Standing Contests::judge(SteadyPoint now, const IpAddress& address, const MacAddress& stranger) {
  auto& suspects = contests_[address].suspects;
  std::erase_if(suspects, [&](const auto& suspect) { return now - suspect.last > kSuspicion; });
  const auto found = std::ranges::find(suspects, stranger, &Suspect::mac);
  if (found != suspects.end()) {
    found->last = now;
    return now - found->first < kProbation ? Standing::kOnProbation : Standing::kProven;
  }
  if (suspects.size() == kMostSuspects) return Standing::kProven;
  suspects.push_back({.mac = stranger, .first = now, .last = now});
  return Standing::kNew;
}

void Contests::listen(const IpAddress& address) {
  const auto it = contests_.find(address);
  if (it != contests_.end()) it->second.listening = true;
}

}  // namespace metallb::layer2
