// What is to be told to everybody, and how often each piece of news still has to be passed on (gossip spec 8).
//
// At most one message per member: newer news about a member replaces older. So the queue is never longer than the table.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "gossip/message.hpp"

namespace metallb::gossip {

/// How often a message is passed on before it is dropped: grows with the logarithm of the cluster.
[[nodiscard]] std::uint64_t transmission_limit(std::int64_t retransmit_mult, std::size_t members);

class BroadcastQueue {
 public:
  /// `about`: the member's name.
  void put(const std::string& about, PacketMessage message);
  [[nodiscard]] bool contains(const std::string& about) const { return by_name_.contains(about); }
  [[nodiscard]] bool empty() const { return order_.empty(); }
  [[nodiscard]] std::size_t size() const { return order_.size(); }

  /// What fits into one packet: fewest transmissions first, then the longest that fits, then the newest. Each costs its
  /// length and two bytes. It counts as one transmission of each; those that reach `limit` are dropped.
  [[nodiscard]] std::vector<PacketMessage> take(std::size_t budget, std::uint64_t limit);

 private:
  struct Item {
    std::uint64_t transmissions = 0;
    std::size_t length = 0;
    std::uint64_t number = 0;
    std::string about;
    PacketMessage message;
  };
  /// The order of selection.
  struct Before {
    using is_transparent = void;
    using Rank = std::tuple<std::uint64_t, std::size_t, std::uint64_t>;
    static Rank rank(const Item& item) { return {item.transmissions, ~item.length, ~item.number}; }
    static Rank rank(const Rank& rank) { return rank; }
    bool operator()(const auto& a, const auto& b) const { return rank(a) < rank(b); }
  };
  using Order = std::set<Item, Before>;
  Order order_;
  std::map<std::string, Order::iterator> by_name_;
  std::uint64_t numbered_ = 0;
};

}  // namespace metallb::gossip
