// The addresses of one pool: which belong to it, which are taken, which comes next.
//
// A pool is a list of spans (runs of consecutive addresses, in the order of the pool's definition). Each span keeps the
// taken addresses as disjoint intervals, and the pool keeps which spans have room, so that finding, taking and giving back
// an address cost O(log n) of the taken ones, whatever the size of the pool: a /8 and an IPv6 /64 are alike.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/ip_range.hpp"

namespace metallb::ipam {

/// A pool as it is defined. Prefixes are disjoint, within a pool and over all of them.
struct PoolSpec {
  std::string name;
  std::vector<IpPrefix> prefixes;  ///< searched in this order
  bool avoid_buggy_ips = false;    ///< IPv4 addresses ending in .0 and .255 do not count
  friend bool operator==(const PoolSpec&, const PoolSpec&) = default;
};

/// Numbers of addresses; all saturate at 2^63-1 (controller spec 4.12).
struct Counts {
  std::int64_t v4 = 0;
  std::int64_t v6 = 0;
  [[nodiscard]] std::int64_t total() const;
  friend bool operator==(const Counts&, const Counts&) = default;
};

class Pool {
 public:
  explicit Pool(PoolSpec spec);

  [[nodiscard]] const PoolSpec& spec() const { return spec_; }
  [[nodiscard]] bool contains(const IpAddress& address) const { return find(address).has_value(); }
  /// The first address of that family, in the order of the pool, that is not taken.
  [[nodiscard]] std::optional<IpAddress> first_free(IpFamily family) const;
  [[nodiscard]] bool has_free(IpFamily family) const { return !open_[index(family)].empty(); }
  /// Which of two addresses of the pool comes first in its order. Both must belong to it.
  [[nodiscard]] bool before(const IpAddress& a, const IpAddress& b) const;

  /// `address` must belong to the pool and not be taken.
  void take(const IpAddress& address);
  /// `address` must be taken.
  void give_back(const IpAddress& address);

  /// The runs of consecutive addresses that the pool is made of, excluded addresses included.
  [[nodiscard]] std::vector<IpRange> ranges() const;
  [[nodiscard]] const Counts& capacity() const { return capacity_; }
  [[nodiscard]] const Counts& in_use() const { return in_use_; }

 private:
  using Number = Uint128;
  struct Span {
    IpFamily family = IpFamily::kIpv4;
    Number first = 0;
    Number last = 0;
    std::map<Number, Number> taken;  ///< first -> last; excluded addresses may be part of it beside taken ones
  };

  static constexpr std::size_t index(IpFamily family) { return family == IpFamily::kIpv4 ? 0 : 1; }
  [[nodiscard]] bool excluded(IpFamily family, Number number) const;
  [[nodiscard]] std::optional<Number> first_free(const Span& span) const;
  /// The span that `address` is in, unless the address is excluded.
  [[nodiscard]] std::optional<std::size_t> find(const IpAddress& address) const;
  void update_open(std::size_t span);

  PoolSpec spec_;
  std::vector<Span> spans_;                    ///< in the order of the pool
  std::map<IpAddress, std::size_t> by_first_;  ///< first address -> span
  std::set<std::size_t> open_[2];              ///< spans with a free address, per family
  Counts capacity_;
  Counts in_use_;
};

/// How many addresses a prefix offers; 2^63-1 from 62 host bits on.
[[nodiscard]] std::int64_t capacity(const IpPrefix& prefix, bool avoid_buggy_ips);

}  // namespace metallb::ipam
