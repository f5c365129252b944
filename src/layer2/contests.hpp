// How often a claim of one of our addresses by others is told, counted and opposed, so that neither a flood of claims nor
// two nodes that both take themselves for the owner can bury anybody; and which claims of strangers are to be believed.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
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
  /// A stranger's claim is to be opposed, after `pause` and not within kDefendInterval of the last time. One that comes
  /// within it is not forgotten, since it may be the last word that the LAN heard: its turn comes when the interval is over.
  /// What was claimed before that turn is opposed by it, too.
  void oppose(SteadyPoint now, const IpAddress& address, Duration pause);
  /// An address whose defence is due, and with this call done; nullopt when there is none.
  std::optional<IpAddress> take_defence(SteadyPoint now);
  /// When take_defence() will have something; kIdle if never.
  [[nodiscard]] SteadyPoint next_defence() const { return defences_.empty() ? kIdle : defences_.begin()->first; }
  /// What was to be defended no longer is, until the next claim.
  void drop_defences();
  /// We have just answered a member's claim: what it says now is news, however soon it comes.
  void listen(const IpAddress& address);
  void forget(const IpAddress& address);

 private:
  struct Suspect {
    MacAddress mac;
    SteadyPoint first;
    SteadyPoint last;
  };
  struct Contest {
    std::array<std::optional<SteadyPoint>, 3> noted;  ///< by party
    bool listening = false;
    std::optional<SteadyPoint> defended;  ///< the last time
    std::optional<SteadyPoint> planned;   ///< as in defences_
    std::vector<Suspect> suspects;        ///< at most kMostSuspects
  };
  std::map<IpAddress, Contest> contests_;  ///< of addresses that are answered here only
  std::set<std::pair<SteadyPoint, IpAddress>> defences_;
};

}  // namespace metallb::layer2
