// Which Service holds which address (controller spec 4.1 to 4.5, 4.12).
//
// In:   pools, and the wishes of Services as keys, addresses and claims.
// Out:  addresses, refusals with their reason, counters, and what was touched since the last look, so that the caller can
//       try again those who wait.
// Thread: main. It knows neither Kubernetes nor configuration: which pool may serve which Service is the caller's rule.
//
// A Service's addresses are *held*, or *leaving*: no longer wanted, but still to be seen in its status, which is the
// persistent record. A leaving address is kept from others until settle(), whatever becomes of its pool, so that no address
// comes into a status while another one still shows it, even if the process dies between two writes.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <cstdint>
#include <expected>
#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/names.hpp"
#include "ipam/claim.hpp"
#include "ipam/pool.hpp"

namespace metallb::ipam {

struct Assignment {
  std::string pool;
  std::vector<IpAddress> addresses;  ///< one, or one of each family, in the order in which they are shown
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

/// An address whose users or whose terms changed: whoever waits for it may try again.
struct Touched {
  std::string pool;
  IpAddress address;
  bool freed = false;       ///< nobody uses it any more
  std::string sharing_key;  ///< under which it can be shared now; may be empty
};

/// Why a Service may not have an address.
struct Refusal {
  enum class Reason : std::uint8_t {
    kNoPool,  ///< no pool has all of the addresses
    kShown,   ///< nobody may have it, but the status of another Service shows it still
    kTerms,   ///< in use, and the terms of sharing do not agree
    kPort,    ///< in use under the same terms, one of the ports included
  };
  Reason reason = Reason::kNoPool;
  std::string text;  ///< what is wrong, not how to mend it: that depends on how the address was asked for
};

class Allocator {
 public:
  /// Replaces the pools. Held addresses stay where a pool still has all of a Service's addresses, under that pool's name;
  /// otherwise they are leaving (controller spec 4.11). Leaving addresses stay reserved, also those in no pool: a later pool
  /// that has them has them as taken.
  void set_pools(std::vector<PoolSpec> pools);

  /// The pool that has every one of `addresses`; empty when there is none (controller spec 4.3).
  [[nodiscard]] std::string owner(std::span<const IpAddress> addresses) const;
  [[nodiscard]] bool has_pool(const std::string& pool) const { return pools_.contains(pool); }

  /// May the Service have the address under these terms? (controller spec 4.4)
  [[nodiscard]] std::expected<void, Refusal> check(const ServiceKey& service, const IpAddress& address,
                                                   const Claim& claim) const;
  /// The lowest address of that family in `pool`, in its order, that is free or can be shared (controller spec 4.5).
  /// Cost: O(log n), plus the number of addresses already shared under the same key.
  [[nodiscard]] std::optional<IpAddress> first_available(const std::string& pool, IpFamily family, const ServiceKey& service,
                                                         const Claim& claim) const;
  [[nodiscard]] bool has_free(const std::string& pool, IpFamily family) const;

  /// Makes these addresses what the Service holds; what it held before is leaving. Refuses, without changing anything, when
  /// no pool has them all or check() fails.
  [[nodiscard]] std::expected<void, Refusal> assign(const ServiceKey& service, std::vector<IpAddress> addresses,
                                                    const Claim& claim);
  /// The Service's status shows the address, which it may not keep, or not as it is: kept from others until settle(), as if
  /// leaving. The address may be in no pool. Whoever uses it already is not disturbed.
  void reserve(const ServiceKey& service, const IpAddress& address, const Claim& claim);
  /// What it held is leaving.
  void vacate(const ServiceKey& service);
  /// Its status shows exactly what it holds: leaving addresses are free.
  void settle(const ServiceKey& service);
  /// The Service is gone, and all it had is free.
  void release(const ServiceKey& service);

  /// Null when it holds nothing.
  [[nodiscard]] const Assignment* find(const ServiceKey& service) const;
  /// Has the Service anything here, held or leaving?
  [[nodiscard]] bool knows(const ServiceKey& service) const { return entries_.contains(service); }

  /// What was touched since the last call.
  [[nodiscard]] std::vector<Touched> take_touched();

  struct Statistics {
    Counts capacity;
    Counts in_use;  ///< distinct addresses; a shared one counts once
    /// Capacity minus in use.
    [[nodiscard]] Counts available() const;
    friend bool operator==(const Statistics&, const Statistics&) = default;
  };
  /// Zeros for an unknown pool.
  [[nodiscard]] Statistics statistics(const std::string& pool) const;
  /// Names of the pools, in order.
  [[nodiscard]] std::vector<std::string> pools() const;

 private:
  struct Entry {
    Assignment held;  ///< no addresses: nothing held
    std::vector<IpAddress> leaving;
  };
  /// All users of one address share its keys.
  struct Holding {
    std::string pool;  ///< empty: in no pool
    std::string sharing_key;
    std::string backend_key;
    boost::container::flat_map<ServiceKey, Ports> users;  ///< rarely more than one
    boost::container::flat_set<ServiceKey> shown_by;      ///< Services that show it beside the users, without their terms
    [[nodiscard]] bool unused() const { return users.empty() && shown_by.empty(); }
  };
  using Group = std::pair<std::string, std::string>;  ///< sharing key and backend key, the former never empty

  void join(const ServiceKey& service, const IpAddress& address, const std::string& pool, const Claim& claim);
  void leave(const ServiceKey& service, const IpAddress& address);
  void regroup(const IpAddress& address, Holding& holding, const Claim& claim);
  void drop_if_empty(const ServiceKey& service);
  void touch(const IpAddress& address, const Holding& holding);

  std::map<std::string, Pool> pools_;
  std::map<IpAddress, std::string> owners_;  ///< first address of each run of addresses -> pool
  std::unordered_map<ServiceKey, Entry> entries_;
  std::unordered_map<IpAddress, Holding> holdings_;
  std::map<Group, std::map<std::string, std::set<IpAddress>>> groups_;  ///< group -> pool -> addresses
  std::vector<Touched> touched_;
};

}  // namespace metallb::ipam
