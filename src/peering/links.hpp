// The interfaces of this node with their addresses, as far as peering needs them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "net/ip_range.hpp"
#include "net/mac_address.hpp"

namespace metallb::peering {

struct LinkAddress {
  IpAddress address;
  int prefix_length = 0;
  bool usable = true;                ///< neither tentative nor deprecated nor duplicate
  std::optional<IpPrefix> far = {};  ///< at the other end of a point-to-point link; then `prefix_length` is that of a host
  /// What is reached over the link from this address, without a router.
  [[nodiscard]] IpPrefix subnet() const { return far.value_or(IpPrefix(address, prefix_length)); }
  friend bool operator==(const LinkAddress&, const LinkAddress&) = default;
};

struct Link {
  InterfaceIndex index;
  std::string name;
  std::string vrf;       ///< the VRF device that it belongs to; empty: the default VRF
  bool is_vrf = false;   ///< it is a VRF device itself, and belongs to itself: its addresses are in that VRF
  bool running = false;  ///< up, with carrier
  MacAddress mac;
  std::vector<LinkAddress> addresses;
  friend bool operator==(const Link&, const Link&) = default;

  /// The usable link-local IPv6 address.
  [[nodiscard]] std::optional<IpAddress> link_local() const;
  /// One of its addresses, whatever state it is in.
  [[nodiscard]] bool has(const IpAddress& address) const;
};

/// By name.
using Links = std::map<std::string, Link>;

/// nullptr: no such link.
[[nodiscard]] const Link* find_link(const Links& links, const std::string& name);
[[nodiscard]] const Link* find_link(const Links& links, InterfaceIndex index);

/// Where an address of a connected subnet is: the link of `vrf`, and our own address there.
struct OnLink {
  const Link* link = nullptr;
  IpAddress own;
};
/// Nothing for an address that takes a router to reach, or is our own. Of several subnets the longest prefix counts. With
/// `interface` only subnets of that one do; link-local addresses are on every link, so they need it.
[[nodiscard]] std::optional<OnLink> on_link(const Links& links, const std::string& vrf, const IpAddress& address,
                                            const std::string& interface = {});

/// The two ends of a link that has room for two in IPv4.
struct PointToPoint {
  IpAddress own;
  IpAddress other;
};
/// Nothing unless the link has a usable IPv4 address in a subnet of 30 or 31 bits.
[[nodiscard]] std::optional<PointToPoint> point_to_point(const Link& link);

}  // namespace metallb::peering
