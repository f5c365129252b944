// This node's place in the network as the kernel reports it: the interface that holds the own address, the default gateway,
// and the neighbours. Answers two questions: does the own link work, and who on it could be asked for a sign of life
// (failover spec 4).
//
// Links, addresses, neighbours and routes come separately and in any order; a dump marks and sweeps. No system call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "io/netlink/link_message.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::io {

/// One entry of the kernel's neighbour table.
struct NeighbourFacts {
  InterfaceIndex interface;
  IpAddress address;
  MacAddress mac;                         ///< of a station
  bool reachable = false;                 ///< the kernel holds it for confirmed at this moment
  std::optional<Duration> confirmed_ago;  ///< when it was last confirmed, if the kernel says so
};

/// The interface that holds the own address.
struct Uplink {
  InterfaceIndex index;
  std::string name;
  MacAddress mac;
  bool running = false;
  bool resolves = false;  ///< neighbours are found by ARP or neighbour discovery
  /// Sources for requests; the own address where the family fits.
  std::optional<IpAddress> source_v4;
  std::optional<IpAddress> source_v6;
  friend bool operator==(const Uplink&, const Uplink&) = default;
};

/// Somebody on the own link who can be asked, and how.
struct WitnessTarget {
  IpAddress address;
  std::optional<MacAddress> mac;  ///< when known
  friend bool operator==(const WitnessTarget&, const WitnessTarget&) = default;
};
struct WitnessChoice {
  std::vector<WitnessTarget> targets;     ///< any of them will do; empty: nobody is known
  std::optional<MacAddress> accused_mac;  ///< what comes from there is no sign of life of anybody else
};

/// A neighbour counts as alive for so long after it was last confirmed.
inline constexpr Duration kNeighbourMemory = std::chrono::minutes(1);

class NetworkTable {
 public:
  explicit NetworkTable(const IpAddress& own) : own_(own) {}

  void link(LinkFacts facts);
  void link_gone(InterfaceIndex index) { links_.erase(index); }
  void address(InterfaceIndex index, const IpAddress& address) { addresses_[{index, address}] = generation_; }
  void address_gone(InterfaceIndex index, const IpAddress& address) { addresses_.erase({index, address}); }
  void neighbour(SteadyPoint now, const NeighbourFacts& facts);
  void neighbour_gone(InterfaceIndex index, const IpAddress& address) { neighbours_.erase({index, address}); }
  /// One next hop of a default route. Only dumps tell: any event about default routes calls for a new one.
  void default_gateway(InterfaceIndex index, const IpAddress& gateway, std::uint32_t metric);

  /// What is told between the two is all there is: end_dump() forgets everything else.
  void begin_dump();
  void end_dump();

  /// Nothing while no interface holds the own address.
  [[nodiscard]] std::optional<Uplink> uplink() const;
  /// Of a neighbour on any link; `likely` is looked at first.
  [[nodiscard]] std::optional<MacAddress> mac_of(const IpAddress& neighbour, InterfaceIndex likely = InterfaceIndex()) const;
  /// Where a neighbour can be reached: on `bound`, or, where that is 0, on the first link that knows it.
  struct Station {
    InterfaceIndex interface;
    MacAddress mac;
  };
  [[nodiscard]] std::optional<Station> station(const IpAddress& neighbour, InterfaceIndex bound) const;
  /// The default gateway; another neighbour on the same link when there is none, or beside it when the kernel has not heard
  /// of the gateway for a while (it may be a name only). Never the accused, whatever address it goes by.
  [[nodiscard]] WitnessChoice witnesses(SteadyPoint now, const IpAddress& accused) const;

 private:
  using Place = std::pair<InterfaceIndex, IpAddress>;
  struct Link {
    LinkFacts facts;
    std::uint64_t seen = 0;
  };
  struct Neighbour {
    MacAddress mac;
    bool reachable = false;
    std::optional<SteadyPoint> confirmed;
    std::uint64_t seen = 0;
  };
  struct Gateway {
    InterfaceIndex interface;
    IpAddress address;
    std::uint32_t metric = 0;
  };
  [[nodiscard]] const Link* own_link() const;
  [[nodiscard]] const Neighbour* find_neighbour(InterfaceIndex index, const IpAddress& address) const;
  [[nodiscard]] static bool heard_lately(SteadyPoint now, const Neighbour& neighbour);
  [[nodiscard]] std::optional<IpAddress> source(InterfaceIndex index, IpFamily family) const;

  IpAddress own_;
  std::uint64_t generation_ = 0;
  std::map<InterfaceIndex, Link> links_;
  std::map<Place, std::uint64_t> addresses_;  ///< value: the generation that saw it last
  std::map<Place, Neighbour> neighbours_;
  std::vector<Gateway> gateways_;
  std::vector<Gateway> dumped_gateways_;
};

}  // namespace metallb::io
