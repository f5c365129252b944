#include "io/netlink/link_message.hpp"

#include <net/if.h>  // before the kernel's headers, which then leave out what it defines

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <cstring>
#include <string_view>

namespace metallb::io {
namespace {

/// What IFLA_LINKINFO says about the kind of the link (IFLA_INFO_KIND), or of its master (IFLA_INFO_SLAVE_KIND), as far as
/// the kernel knows one.
std::string_view kind_in(nlattr* link_info, int attribute) {
  if (link_info == nullptr) return {};
  std::array<nlattr*, IFLA_INFO_MAX + 1> info{};
  if (nla_parse_nested(info.data(), IFLA_INFO_MAX, link_info, nullptr) < 0) return {};
  auto* kind = info[static_cast<std::size_t>(attribute)];
  return kind == nullptr ? std::string_view() : nla_get_string(kind);
}

}  // namespace

std::optional<LinkFacts> parse_link(nlmsghdr& header) {
  std::array<nlattr*, IFLA_MAX + 1> attributes{};
  if (nlmsg_parse(&header, sizeof(ifinfomsg), attributes.data(), IFLA_MAX, nullptr) < 0) return std::nullopt;
  const auto* link = static_cast<const ifinfomsg*>(nlmsg_data(&header));
  // The bridge speaks of its ports on the same channel (RTM_DELLINK means "left the bridge"), and wireless drivers send
  // scraps without the link's other attributes.
  if (link->ifi_family == AF_BRIDGE || attributes[IFLA_WIRELESS] != nullptr) return std::nullopt;
  LinkFacts facts;
  facts.index = InterfaceIndex(link->ifi_index);
  if (attributes[IFLA_IFNAME] != nullptr) facts.name = nla_get_string(attributes[IFLA_IFNAME]);
  if (auto* address = attributes[IFLA_ADDRESS];
      address != nullptr && link->ifi_type == ARPHRD_ETHER && nla_len(address) == 6) {
    std::array<std::uint8_t, 6> bytes{};
    std::memcpy(bytes.data(), nla_data(address), bytes.size());
    facts.mac = MacAddress(bytes);
    facts.ethernet = true;
  }
  facts.up = (link->ifi_flags & IFF_UP) != 0;
  facts.running = (link->ifi_flags & IFF_RUNNING) != 0;
  facts.broadcast = (link->ifi_flags & IFF_BROADCAST) != 0;
  facts.no_arp = (link->ifi_flags & IFF_NOARP) != 0;
  // deviation: a VRF member keeps its own frames, and the VRF device itself has no ARP, so the member is the one to use
  // (layer2 spec 7, weakness 12).
  if (attributes[IFLA_MASTER] != nullptr) {
    facts.master = InterfaceIndex(static_cast<std::int32_t>(nla_get_u32(attributes[IFLA_MASTER])));
  }
  facts.enslaved = facts.master != InterfaceIndex() && kind_in(attributes[IFLA_LINKINFO], IFLA_INFO_SLAVE_KIND) != "vrf";
  facts.is_vrf = kind_in(attributes[IFLA_LINKINFO], IFLA_INFO_KIND) == "vrf";
  return facts;
}

}  // namespace metallb::io
