// Who is known, in which state: the member table of gossip spec 7.1, with the shuffled order in which members are probed.
//
// It keeps what it is told; what may be told is decided in membership.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "base/time.hpp"
#include "gossip/message.hpp"
#include "gossip/versions.hpp"

namespace metallb::gossip {

struct Entry {
  std::string name;
  WireAddress address;  ///< in the length it came in
  Endpoint endpoint;    ///< the same, to send to
  std::uint32_t incarnation = 0;
  std::optional<Bytes> meta;
  Versions versions;  ///< six bytes, or none
  MemberState state = MemberState::kDead;
  SteadyPoint since;                               ///< the state's last change
  SteadyPoint carried_along = SteadyPoint::min();  ///< when an answer to it last had others' news on board
  /// Alive or suspect: suspects are members until proven dead (gossip spec 1.5).
  [[nodiscard]] bool live() const { return state == MemberState::kAlive || state == MemberState::kSuspect; }
  /// The greatest protocol version it understands is at least this.
  [[nodiscard]] bool understands(std::uint8_t version) const {
    return versions.size() == kVersionBytes && versions[1] >= version;
  }
};

class MemberTable {
 public:
  /// More members than any cluster has, and few enough for memory: whoever can forge alive messages stops here.
  static constexpr std::size_t kMostMembers = 10'000;

  [[nodiscard]] const Entry* find(std::string_view name) const;
  [[nodiscard]] Entry* find(std::string_view name);
  /// `name` is new. It is dead, with incarnation 0, and somewhere in the order of probes.
  Entry& add(SteadyPoint now, std::string name, Random& random);
  void set_state(SteadyPoint now, Entry& entry, MemberState state);

  /// Of any state: the N of the specification.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// Alive and suspect ones.
  [[nodiscard]] std::size_t live() const { return live_; }
  /// By name.
  [[nodiscard]] const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  /// Whether a live member has this address.
  [[nodiscard]] bool holds(const IpAddress& address) const;

  // ---- the walk of the probes, gossip spec 6 ----
  [[nodiscard]] bool walk_ended() const { return index_ >= order_.size(); }
  /// The walk has not ended.
  Entry& walk() { return *order_[index_++]; }
  /// Forgets who has been dead or left for longer than `age`, and begins a new walk in a new order.
  void wrap(SteadyPoint now, Duration age, Random& random);

  /// Up to `count` different entries that are wanted, at random.
  template <class Wanted>
  [[nodiscard]] std::vector<const Entry*> pick(std::size_t count, Random& random, Wanted wanted) const {
    std::vector<const Entry*> candidates;
    if (order_.size() > kManyEntries && count < kManyEntries / 4) {
      // In a large table nearly every draw finds one; looking at all of them for each packet is too much.
      for (std::size_t draw = 0; draw < 3 * order_.size() && candidates.size() < count; ++draw) {
        const auto* entry = order_[random.below(order_.size())];
        const auto known = std::find(candidates.begin(), candidates.end(), entry) != candidates.end();
        if (!known && wanted(*entry)) candidates.push_back(entry);
      }
      return candidates;
    }
    for (const auto* entry : order_) {
      if (wanted(*entry)) candidates.push_back(entry);
    }
    for (std::size_t i = 0; i < candidates.size() && i < count; ++i) {
      std::swap(candidates[i], candidates[i + random.below(candidates.size() - i)]);
    }
    if (candidates.size() > count) candidates.resize(count);
    return candidates;
  }

 private:
  static constexpr std::size_t kManyEntries = 64;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<Entry*> order_;
  std::size_t index_ = 0;
  std::size_t live_ = 0;
};

}  // namespace metallb::gossip
