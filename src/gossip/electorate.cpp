#include "gossip/electorate.hpp"

#include <algorithm>

namespace metallb::gossip {
namespace {

/// So many members die at once only if this node has lost the network rather than the network them. With one there was a
/// witness (failover spec 4).
constexpr std::size_t kLostAtOnce = 2;

}  // namespace

std::optional<ElectorateChanged> Electorate::update(SteadyPoint now, const MemberTable& table, bool changed) {
  auto next = reported_;
  if (changed || next.members.empty()) {
    next.members = {own_name_};
    for (const auto& [name, entry] : table.entries()) {
      if (entry.live()) next.members.insert(name);
    }
    while (!lost_.empty() && now - lost_.front() > alone_hold_) lost_.pop_front();
    const auto alone = next.members.size() == 1;
    const auto was_alone = reported_.members.size() <= 1;
    if (alone && !was_alone && lost_.size() >= kLostAtOnce) alone_until_ = now + alone_hold_;
    if (!alone) alone_until_ = SteadyPoint::min();
  }
  next.hold = leaving_ || now < std::max(starting_until_, alone_until_);
  if (next == reported_) return std::nullopt;
  reported_ = next;
  return next;
}

SteadyPoint Electorate::next_deadline() const {
  if (!reported_.hold || leaving_) return kIdle;
  return std::max(starting_until_, alone_until_);
}

}  // namespace metallb::gossip
