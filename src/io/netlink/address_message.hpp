// What the kernel's messages about addresses say, as values.
#pragma once

#include <optional>

#include "base/names.hpp"
#include "net/ip_range.hpp"

struct nlattr;
struct nlmsghdr;

namespace metallb::io {

/// An address of this node, from its newest message.
struct AddressFacts {
  InterfaceIndex index;
  IpAddress address;            ///< the own end of a point-to-point link
  int prefix_length = 0;        ///< of the subnet that the own address is in
  std::optional<IpPrefix> far;  ///< of a point-to-point link; the own address is in no subnet then
  bool secondary = false;       ///< others go before it as a source; so are temporary addresses (RFC 8981)
  bool unique = true;           ///< duplicate address detection is through, and found none (RFC 4862, Section 5.4)
  bool deprecated = false;
};

/// From RTM_NEWADDR or RTM_DELADDR.
[[nodiscard]] std::optional<AddressFacts> parse_address(nlmsghdr& header);

/// An attribute that holds an address of 4 or 16 bytes.
[[nodiscard]] std::optional<IpAddress> parse_ip(const nlattr* attribute);

}  // namespace metallb::io
