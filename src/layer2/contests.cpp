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

std::optional<SteadyPoint> Contests::oppose(SteadyPoint now, const IpAddress& address, Duration pause) {
  auto& opposed = contests_[address].opposed;
  if (opposed && *opposed > now) return std::nullopt;
  opposed = opposed ? std::max(now + pause, *opposed + kDefendInterval) : now + pause;
  return opposed;
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
