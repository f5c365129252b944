// How often a claim of one of our addresses by others is told, counted and opposed, so that neither a flood of claims nor
// two nodes that both take themselves for the owner can bury anybody; and which claims of strangers are to be believed.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::layer2 {

/// RFC 5227, Section 2.4 (c), DEFEND_INTERVAL: between two announcements against strangers' claims of one address.
inline constexpr Duration kDefendInterval = std::chrono::seconds(10);

/// A member whose MAC is not known looks like a stranger. But when an address changes its owner, the claims of the former or
/// of the next one end long before this.
inline constexpr Duration kProbation = std::chrono::seconds(2);
/// Claims of one stranger that lie further apart have nothing to do with each other. Some devices announce once a minute.
inline constexpr Duration kSuspicion = std::chrono::seconds(90);
/// Strangers on probation per address. Where there are more of them something is wrong in any case.
inline constexpr std::size_t kMostSuspects = 4;

class Contests {
 public:
  enum class Party : std::uint8_t { kMember, kMembersKernel, kStranger };
  enum class Standing : std::uint8_t { kNew, kOnProbation, kProven };

  /// False when the same was noted within kConflictInterval. `repeats`: it only repeats what the frame before it said, as
  /// the second frame of a round of ARP announcements does.
  bool note(SteadyPoint now, const IpAddress& address, Party party, bool repeats);
  /// What to think of a stranger's claim. kNew: its first; it is to be probed. kProven: it claims the address for longer
  /// than kProbation.
  Standing judge(SteadyPoint now, const IpAddress& address, const MacAddress& stranger);
  /// When a stranger's claim is to be opposed: after `pause`, but not within kDefendInterval of the last time. A claim that
  /// comes within it is not forgotten: it may have been the last word that the LAN heard. nullopt: that time is set already.
  std::optional<SteadyPoint> oppose(SteadyPoint now, const IpAddress& address, Duration pause);
  /// We have just answered a member's claim: what it says now is news, however soon it comes.
  void listen(const IpAddress& address);
  void forget(const IpAddress& address) { contests_.erase(address); }

 private:
  struct Suspect {
    MacAddress mac;
    SteadyPoint first;
    SteadyPoint last;
  };
  struct Contest {
    std::array<std::optional<SteadyPoint>, 3> noted;  ///< by party
    bool listening = false;
    std::optional<SteadyPoint> opposed;  ///< when it was last, or will be next
    std::vector<Suspect> suspects;  ///< at most kMostSuspects
  };
  std::map<IpAddress, Contest> contests_;  ///< of addresses that are answered here only
};

}  // namespace metallb::layer2
