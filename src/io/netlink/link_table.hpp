// The interfaces of this network namespace with their addresses, as the kernel's messages tell of them, joined into the form
// that peering wants.
//
// Links, addresses and VRF devices come separately and in any order; a dump marks and sweeps. No system call.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "io/netlink/address_message.hpp"
#include "io/netlink/link_message.hpp"
#include "peering/links.hpp"

namespace metallb::io {

class LinkTable {
 public:
  void link(LinkFacts facts);
  void link_gone(InterfaceIndex index);
  void address(const AddressFacts& facts);
  void address_gone(const AddressFacts& facts);

  /// What is told between the two is all there is: end_dump() forgets everything else.
  void begin_dump() { ++generation_; }
  void end_dump();

  /// Addresses of a link: primary ones first, else in the order in which they came.
  [[nodiscard]] peering::Links links() const;

 private:
  struct Address {
    AddressFacts facts;
    std::uint64_t seen = 0;
  };
  struct Row {
    std::optional<LinkFacts> facts;  ///< nothing: only addresses were told yet
    std::uint64_t seen = 0;
    std::vector<Address> addresses;
  };
  [[nodiscard]] std::string vrf_of(const LinkFacts& facts) const;

  std::uint64_t generation_ = 0;
  std::map<InterfaceIndex, Row> rows_;
};

}  // namespace metallb::io
