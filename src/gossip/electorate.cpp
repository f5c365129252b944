#include "gossip/electorate.hpp"

#include <algorithm>

namespace metallb::gossip {
namespace {

/// So many members die at once only if this node has lost the network rather than the network them. With one there was a
/// witness (failover spec 4).
constexpr std::size_t kLostAtOnce = 2;

}  // namespace

std::optional<ElectorateChanged> Electorate::update(SteadyPoint now, const MemberTable& table, bool changed) {
  // Asked with every packet: the members are looked at only when they may differ.
  bool differs = false;
  if (changed || reported_.members.empty()) {
    auto members = names_of(table);
    judge_loneliness(now, members.size() == 1);
    differs = members != reported_.members;
    reported_.members = std::move(members);
    reported_.left = left(table);
  }
  const auto hold = leaving_ || now < std::max(starting_until_, alone_until_);
  if (!differs && hold == reported_.hold) return std::nullopt;
  reported_.hold = hold;
  return reported_;
}

std::set<std::string> Electorate::names_of(const MemberTable& table) const {
  std::set<std::string> names;
  for (const auto& [name, entry] : table.entries()) {
    if (entry.live()) names.insert(names.end(), name);
  }
  names.insert(own_name_);
  return names;
}

std::set<std::string> Electorate::left(const MemberTable& table) {
  std::set<std::string> names;
  for (const auto& [name, entry] : table.entries()) {
    if (entry.state == MemberState::kLeft) names.insert(names.end(), name);
  }
  return names;
}

void Electorate::judge_loneliness(SteadyPoint now, bool alone) {
  while (!lost_.empty() && now - lost_.front() > alone_hold_) lost_.pop_front();
  if (!alone) {
    alone_until_ = SteadyPoint::min();
  } else if (reported_.members.size() > 1 && (lost_.size() >= kLostAtOnce || unproved_)) {
    alone_until_ = now + alone_hold_;
  }
}

SteadyPoint Electorate::next_deadline() const {
  if (!reported_.hold || leaving_) return kIdle;
  return std::max(starting_until_, alone_until_);
}

}  // namespace metallb::gossip
