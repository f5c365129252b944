#include "layer2/contests.hpp"

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

bool Contests::oppose(SteadyPoint now, const IpAddress& address) {
  auto& opposed = contests_[address].opposed;
  if (opposed && now - *opposed < kDefendInterval) return false;
  opposed = now;
  return true;
}

void Contests::listen(const IpAddress& address) {
  const auto it = contests_.find(address);
  if (it != contests_.end()) it->second.listening = true;
}

}  // namespace metallb::layer2
