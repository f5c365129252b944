// Which MAC address belongs to which member of the cluster (failover spec 6): the members' addresses, as the membership
// tells them, joined with the kernel's neighbour table.
//
// It remembers: a member that died or left, and a neighbour entry that the kernel dropped, are still known for what they
// were, since that is when somebody asks. Bounded. No system call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "gossip/inputs_and_actions.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::io {

class NeighbourNames {
 public:
  /// `own_name` is never told: the own MAC addresses are no neighbour's.
  explicit NeighbourNames(std::string own_name, std::size_t limit = 4096) : own_name_(std::move(own_name)), limit_(limit) {}

  /// `mac`: of its address, when the kernel knows it at present.
  void member(const gossip::MemberSeen& seen, const std::optional<MacAddress>& mac);
  void neighbour(const IpAddress& address, const MacAddress& mac);

  [[nodiscard]] bool changed() const { return changed_; }
  /// The table when it changed since the last call; the first time always.
  [[nodiscard]] std::optional<std::map<MacAddress, std::string>> take_changed();

 private:
  struct Named {
    std::string node;
    std::uint64_t used = 0;  ///< when, by clock_
  };
  void learn(const MacAddress& mac, const std::string& node);

  std::string own_name_;
  std::size_t limit_;
  std::map<IpAddress, Named> members_;
  std::map<MacAddress, Named> names_;
  std::uint64_t clock_ = 0;  ///< counts uses
  bool changed_ = true;      ///< that nobody is known yet is told, too
};

}  // namespace metallb::io
