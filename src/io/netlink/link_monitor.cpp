#include "io/netlink/link_monitor.hpp"

#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include <utility>

namespace metallb::io {

std::expected<std::unique_ptr<LinkMonitor>, SystemError> LinkMonitor::open(boost::asio::io_context& loop, Changed changed,
                                                                           Log log, int receive_buffer) {
  std::unique_ptr<LinkMonitor> monitor(new LinkMonitor(std::move(changed)));
  auto* self = monitor.get();
  auto events = NetlinkEvents::open(loop,
                                    {.op = "watchLinks",
                                     .what = "links",
                                     .groups = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR},
                                     .dumps = {{RTM_GETLINK, AF_UNSPEC}, {RTM_GETADDR, AF_UNSPEC}},
                                     .receive_buffer = receive_buffer},
                                    {.begin_dump = [self] { self->table_.begin_dump(); },
                                     .message = [self](nlmsghdr& header) { self->take(header); },
                                     .end_dump = [self] { self->table_.end_dump(); },
                                     .changed = [self](bool complete) { self->tell(complete); }},
                                    log);
  if (!events) return std::unexpected(std::move(events.error()));
  monitor->events_ = std::move(*events);
  return monitor;
}

void LinkMonitor::take(nlmsghdr& header) {
  const auto type = header.nlmsg_type;
  if (type == RTM_NEWLINK || type == RTM_DELLINK) {
    auto facts = parse_link(header);
    if (!facts) return;
    if (type == RTM_NEWLINK) {
      table_.link(std::move(*facts));
    } else {
      table_.link_gone(facts->index);
    }
  } else if (type == RTM_NEWADDR || type == RTM_DELADDR) {
    const auto facts = parse_address(header);
    if (!facts) return;
    if (type == RTM_NEWADDR) {
      table_.address(*facts);
    } else {
      table_.address_gone(*facts);
    }
  }
}

/// Lifetimes and statistics make messages, too: only what peering sees counts.
void LinkMonitor::tell(bool complete) {
  const bool first = complete && !std::exchange(complete_, complete_ || complete);
  if (!complete_) return;
  auto links = table_.links();
  if (!first && links == told_) return;
  told_ = std::move(links);
  changed_(told_);
}

}  // namespace metallb::io
