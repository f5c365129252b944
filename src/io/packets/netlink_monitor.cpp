#include "io/packets/netlink_monitor.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "io/netlink/link_message.hpp"

namespace metallb::io {
namespace {

struct AddressFacts {
  InterfaceIndex index;
  IpAddress address;
  bool usable = false;
};

/// Nothing unless it is an IPv6 link-local address.
std::optional<AddressFacts> parse_address(nlmsghdr& header) {
  std::array<nlattr*, IFA_MAX + 1> attributes{};
  if (nlmsg_parse(&header, sizeof(ifaddrmsg), attributes.data(), IFA_MAX, nullptr) < 0) return std::nullopt;
  const auto* message = static_cast<const ifaddrmsg*>(nlmsg_data(&header));
  // IFA_LOCAL is there only on point-to-point links, where IFA_ADDRESS is the other end's.
  auto* own = attributes[IFA_LOCAL] != nullptr ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
  if (message->ifa_family != AF_INET6 || own == nullptr || nla_len(own) != 16) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), nla_data(own), bytes.size());
  const auto address = IpAddress::v6(bytes);
  if (!address.is_link_local() || address.is_v4()) return std::nullopt;
  const std::uint32_t flags = attributes[IFA_FLAGS] != nullptr ? nla_get_u32(attributes[IFA_FLAGS]) : message->ifa_flags;
  // RFC 4862, Section 5.4: nothing may be sent from an address before it has proved unique. (RFC 4429's optimistic addresses
  // are tentative, too: they would forbid the Override flag that a take-over needs.)
  const bool usable = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
  return AddressFacts{InterfaceIndex(static_cast<std::int32_t>(message->ifa_index)), address, usable};
}

void enter(InterfaceTable& table, nlmsghdr& header) {
  const auto type = header.nlmsg_type;
  if (type == RTM_NEWLINK || type == RTM_DELLINK) {
    if (auto facts = parse_link(header)) {
      if (type == RTM_NEWLINK) {
        table.link(std::move(*facts));
      } else {
        table.link_gone(facts->index);
      }
    }
  } else if (type == RTM_NEWADDR || type == RTM_DELADDR) {
    if (const auto facts = parse_address(header)) {
      if (type == RTM_NEWADDR) {
        table.link_local(facts->index, facts->address, facts->usable);
      } else {
        table.link_local_gone(facts->index, facts->address);
      }
    }
  }
}

}  // namespace

std::expected<std::unique_ptr<NetlinkMonitor>, SystemError> NetlinkMonitor::open(boost::asio::io_context& loop,
                                                                                 InterfaceTable& table, Changed changed,
                                                                                 Log log, int receive_buffer) {
  auto events = NetlinkEvents::open(loop,
                                    {.op = "watchInterfaces",
                                     .what = "interfaces",
                                     .groups = {RTNLGRP_LINK, RTNLGRP_IPV6_IFADDR},
                                     .dumps = {{RTM_GETLINK, AF_UNSPEC}, {RTM_GETADDR, AF_INET6}},
                                     .receive_buffer = receive_buffer},
                                    {.begin_dump = [&table] { table.begin_dump(); },
                                     .message = [&table](nlmsghdr& header) { enter(table, header); },
                                     .end_dump = [&table] { table.end_dump(); },
                                     .changed = std::move(changed)},
                                    log);
  if (!events) return std::unexpected(std::move(events.error()));
  return std::unique_ptr<NetlinkMonitor>(new NetlinkMonitor(std::move(*events)));
}

}  // namespace metallb::io
