// How often a claim of one of our addresses by others is told, counted and opposed, so that neither a flood of claims nor
// two nodes that both take themselves for the owner can bury anybody.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/time.hpp"
#include "net/ip_address.hpp"

namespace metallb::layer2 {

/// RFC 5227, Section 2.4 (c), DEFEND_INTERVAL: between two announcements against strangers' claims of one address.
inline constexpr Duration kDefendInterval = std::chrono::seconds(10);

class Contests {
 public:
  enum class Party : std::uint8_t { kMember, kMembersKernel, kStranger };

  /// False when the same was noted within kConflictInterval. `repeats`: it only repeats what the frame before it said, as
  /// the second frame of a round of ARP announcements does.
  bool note(SteadyPoint now, const IpAddress& address, Party party, bool repeats);
  /// Whether a stranger's claim is to be opposed; from then on not again for kDefendInterval.
  bool oppose(SteadyPoint now, const IpAddress& address);
  /// We have just answered a member's claim: what it says now is news, however soon it comes.
  void listen(const IpAddress& address);
  void forget(const IpAddress& address) { contests_.erase(address); }

 private:
  struct Contest {
    std::array<std::optional<SteadyPoint>, 3> noted;  ///< by party
    bool listening = false;
    std::optional<SteadyPoint> opposed;
  };
  std::map<IpAddress, Contest> contests_;  ///< of addresses that are answered here only
};

}  // namespace metallb::layer2
