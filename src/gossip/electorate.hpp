// Whom elections may count on: live members, and always this node; and when nothing new may be taken over (gossip spec 1.5,
// failover spec 4).
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/time.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "gossip/member_table.hpp"

namespace metallb::gossip {

class Electorate {
 public:
  /// `start_hold`: at most so long nothing is taken over after the start. `alone_hold`: so long after all others were lost
  /// at once.
  Electorate(std::string own_name, Duration start_hold, Duration alone_hold)
      : own_name_(std::move(own_name)), start_hold_(start_hold), alone_hold_(alone_hold) {}

  void start(SteadyPoint now) { starting_until_ = now + start_hold_; }
  /// The first Join has ended, whatever came of it.
  void joined() { starting_until_ = SteadyPoint::min(); }
  /// A member died. (One that left is no sign of a partition.) `unproved`: only its silence tells, which the ring would have
  /// judged if this node had heard anybody else.
  void lost(SteadyPoint now, bool unproved = false) {
    lost_.push_back(now);
    unproved_ = unproved;
  }
  /// This node goes: it takes nothing over any more.
  void leave() { leaving_ = true; }

  /// What to report now, if it differs from what was reported last. `changed`: members may have come or gone.
  std::optional<ElectorateChanged> update(SteadyPoint now, const MemberTable& table, bool changed);
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  [[nodiscard]] std::set<std::string> names_of(const MemberTable& table) const;
  [[nodiscard]] static std::set<std::string> left(const MemberTable& table);
  void judge_loneliness(SteadyPoint now, bool alone);

  std::string own_name_;
  Duration start_hold_;
  Duration alone_hold_;
  SteadyPoint starting_until_ = SteadyPoint::min();
  SteadyPoint alone_until_ = SteadyPoint::min();
  bool leaving_ = false;
  std::deque<SteadyPoint> lost_;  ///< deaths within alone_hold
  bool unproved_ = false;         ///< the latest one
  ElectorateChanged reported_;    ///< without members: nothing yet
};

}  // namespace metallb::gossip
