// What the kernel's messages about links say, as values.
#pragma once

#include <optional>
#include <string>

#include "base/names.hpp"
#include "net/mac_address.hpp"

struct nlmsghdr;

namespace metallb::io {

/// One link, from its newest message.
struct LinkFacts {
  InterfaceIndex index;
  std::string name;
  MacAddress mac;         ///< all zero unless `ethernet`
  bool ethernet = false;  ///< frames carry an Ethernet header with 48-bit addresses
  bool up = false;        ///< administratively; the carrier does not matter
  bool running = false;   ///< up, with carrier, and through with any log-in to the network (RFC 2863: operational)
  bool broadcast = false;
  bool no_arp = false;
  InterfaceIndex master;  ///< bridge, bond, VRF device ... that it belongs to; 0: none
  bool is_vrf = false;    ///< it is a VRF device itself
  bool enslaved = false;  ///< its frames go to a master (bridge, bond, team, Open vSwitch); a VRF does not count
};

/// From RTM_NEWLINK or RTM_DELLINK. Nothing for messages that are not about a whole link.
[[nodiscard]] std::optional<LinkFacts> parse_link(nlmsghdr& header);

}  // namespace metallb::io
