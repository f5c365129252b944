#include "io/packets/netlink_monitor.hpp"

#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include <utility>

#include "io/netlink/address_message.hpp"
#include "io/netlink/link_message.hpp"

namespace metallb::io {
namespace {

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
    const auto facts = parse_address(header);
    if (facts && facts->address.is_v6() && facts->address.is_link_local()) {
      if (type == RTM_NEWADDR) {
        // RFC 4862, Section 5.4: nothing may be sent from an address before it has proved unique. (RFC 4429's optimistic
        // addresses are tentative, too: they would forbid the Override flag that a take-over needs.)
        table.link_local(facts->index, facts->address, facts->unique);
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
