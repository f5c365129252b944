#include "layer2/contests.hpp"

#include <utility>

#include "layer2/inputs_and_actions.hpp"

namespace metallb::layer2 {

bool Contests::note(SteadyPoint now, const IpAddress& address, Party party) {
  auto& noted = contests_[address].noted.at(std::to_underlying(party));
  if (noted && now - *noted < kConflictInterval) return false;
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
  if (it != contests_.end()) it->second.noted.at(std::to_underlying(Party::kMember)).reset();
}

}  // namespace metallb::layer2
