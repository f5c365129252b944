#include "io/liveness/network_monitor.hpp"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "io/clock.hpp"

namespace metallb::io {
namespace {

/// An attribute that holds an address of 4 or 16 bytes.
std::optional<IpAddress> address_of(const nlattr* attribute) {
  if (attribute == nullptr) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  const auto size = static_cast<std::size_t>(nla_len(attribute));
  if (size != 4 && size != bytes.size()) return std::nullopt;
  std::memcpy(bytes.data(), nla_data(attribute), size);
  return size == 4 ? IpAddress::v4(bytes[0], bytes[1], bytes[2], bytes[3]) : IpAddress::v6(bytes);
}

/// The gateway of a next hop: of the route's own family, or of the other one (RTA_VIA, RFC 5549 next hops).
std::optional<IpAddress> gateway_of(std::span<nlattr* const> attributes) {
  if (attributes[RTA_GATEWAY] != nullptr) return address_of(attributes[RTA_GATEWAY]);
  auto* via = attributes[RTA_VIA];
  if (via == nullptr || nla_len(via) != 2 + 16) return std::nullopt;  // a family, then an IPv6 address
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), static_cast<const std::uint8_t*>(nla_data(via)) + 2, bytes.size());
  return IpAddress::v6(bytes);
}

Duration from_ticks(std::uint32_t ticks) {
  const auto per_second = ::sysconf(_SC_CLK_TCK);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(ticks) * 1'000'000'000 / (per_second > 0 ? per_second : 100));
}

/// Of events about routes only those about a default route pass; everything else, and every part of a dump, does. A router
/// with a million routes must not keep the liveness thread busy.
std::vector<sock_filter> only_default_routes() {
  // The header is in host order, the filter loads in network order.
  const std::uint32_t added = htons(RTM_NEWROUTE);
  const std::uint32_t removed = htons(RTM_DELROUTE);
  const std::uint32_t part_of_dump = htons(NLM_F_MULTI);
  constexpr std::uint32_t kTypeAt = offsetof(nlmsghdr, nlmsg_type);
  constexpr std::uint32_t kFlagsAt = offsetof(nlmsghdr, nlmsg_flags);
  constexpr std::uint32_t kPrefixLengthAt = sizeof(nlmsghdr) + offsetof(rtmsg, rtm_dst_len);
  constexpr std::uint32_t kAll = 0xFFFFFFFF;
  return {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kTypeAt),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, added, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, removed, 0, 4),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kFlagsAt),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, part_of_dump, 2, 0),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kPrefixLengthAt),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, kAll),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
}

}  // namespace

std::expected<std::unique_ptr<NetworkMonitor>, SystemError> NetworkMonitor::open(boost::asio::io_context& loop,
                                                                                 NetworkTable& table, Handlers handlers,
                                                                                 Log log, Routes routes) {
  std::unique_ptr<NetworkMonitor> monitor(new NetworkMonitor(table, std::move(handlers)));
  auto* self = monitor.get();
  NetlinkEvents::Options options{.op = "watchNeighbours",
                                 .what = "neighbours",
                                 .groups = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_NEIGH},
                                 .dumps = {{RTM_GETLINK, AF_UNSPEC}, {RTM_GETADDR, AF_UNSPEC}, {RTM_GETNEIGH, AF_UNSPEC}},
                                 .filter = only_default_routes()};
  if (routes == Routes::kDefault) {
    options.groups.insert(options.groups.end(), {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE});
    options.dumps.insert(options.dumps.end(), {{RTM_GETROUTE, AF_INET}, {RTM_GETROUTE, AF_INET6}});
  }
  auto events = NetlinkEvents::open(loop, std::move(options),
                                    {.begin_dump = [self] { self->table_.begin_dump(); },
                                     .message = [self](nlmsghdr& header) { self->take(header); },
                                     .end_dump = [self] { self->table_.end_dump(); },
                                     .changed = [self](bool complete) { self->changed(complete); }},
                                    log);
  if (!events) return std::unexpected(std::move(events.error()));
  monitor->events_ = std::move(*events);
  return monitor;
}

void NetworkMonitor::changed(bool complete) {
  complete_ = complete_ || complete;
  // A replaced route vanishes without a word, so whatever happens to a default route, they are read anew.
  if (std::exchange(routes_changed_, false)) events_->read_again();
  if (complete_) handlers_.changed();
}

void NetworkMonitor::take(nlmsghdr& header) {
  switch (header.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      if (auto facts = parse_link(header)) {
        if (header.nlmsg_type == RTM_NEWLINK) {
          table_.link(std::move(*facts));
        } else {
          table_.link_gone(facts->index);
        }
      }
      break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      take_address(header, header.nlmsg_type == RTM_DELADDR);
      break;
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      take_neighbour(header, header.nlmsg_type == RTM_DELNEIGH);
      break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      take_route(header);
      break;
    default:
      break;
  }
}

void NetworkMonitor::take_address(nlmsghdr& header, bool gone) {
  std::array<nlattr*, IFA_MAX + 1> attributes{};
  if (nlmsg_parse(&header, sizeof(ifaddrmsg), attributes.data(), IFA_MAX, nullptr) < 0) return;
  const auto* message = static_cast<const ifaddrmsg*>(nlmsg_data(&header));
  // IFA_LOCAL is the own end; where it is missing (IPv6), IFA_ADDRESS is.
  const auto address = address_of(attributes[IFA_LOCAL] != nullptr ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS]);
  if (!address) return;
  const InterfaceIndex index(static_cast<std::int32_t>(message->ifa_index));
  if (gone) {
    table_.address_gone(index, *address);
  } else {
    table_.address(index, *address);
  }
}

void NetworkMonitor::take_neighbour(nlmsghdr& header, bool gone) {
  std::array<nlattr*, NDA_MAX + 1> attributes{};
  if (nlmsg_parse(&header, sizeof(ndmsg), attributes.data(), NDA_MAX, nullptr) < 0) return;
  const auto* message = static_cast<const ndmsg*>(nlmsg_data(&header));
  if (message->ndm_family != AF_INET && message->ndm_family != AF_INET6) return;  // a bridge's forwarding table
  const auto address = address_of(attributes[NDA_DST]);
  if (!address) return;
  const InterfaceIndex index(message->ndm_ifindex);
  constexpr unsigned kUsable = NUD_PERMANENT | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;
  auto* mac = attributes[NDA_LLADDR];
  if (gone || (message->ndm_state & kUsable) == 0 || mac == nullptr || nla_len(mac) != 6) {
    return table_.neighbour_gone(index, *address);
  }
  NeighbourFacts facts{.interface = index, .address = *address, .mac = {}, .reachable = false, .confirmed_ago = {}};
  std::array<std::uint8_t, 6> bytes{};
  std::memcpy(bytes.data(), nla_data(mac), bytes.size());
  facts.mac = MacAddress(bytes);
  if (!facts.mac.is_station()) return table_.neighbour_gone(index, *address);
  facts.reachable = (message->ndm_state & NUD_REACHABLE) != 0;
  if (auto* cache = attributes[NDA_CACHEINFO];
      cache != nullptr && nla_len(cache) >= static_cast<int>(sizeof(nda_cacheinfo))) {
    nda_cacheinfo info{};
    std::memcpy(&info, nla_data(cache), sizeof(info));
    facts.confirmed_ago = from_ticks(info.ndm_confirmed);
  }
  table_.neighbour(now().steady, facts);
  handlers_.neighbour(facts.address, facts.mac);
}

void NetworkMonitor::take_route(nlmsghdr& header) {
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  if (nlmsg_parse(&header, sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) return;
  const auto* message = static_cast<const rtmsg*>(nlmsg_data(&header));
  const auto table = attributes[RTA_TABLE] != nullptr ? nla_get_u32(attributes[RTA_TABLE]) : message->rtm_table;
  if (message->rtm_dst_len != 0 || message->rtm_type != RTN_UNICAST || table != RT_TABLE_MAIN) return;
  if ((header.nlmsg_flags & NLM_F_MULTI) == 0) {
    routes_changed_ = true;
    return;
  }
  const auto metric = attributes[RTA_PRIORITY] != nullptr ? nla_get_u32(attributes[RTA_PRIORITY]) : 0;
  if (attributes[RTA_OIF] != nullptr) {
    if (const auto gateway = gateway_of(attributes)) {
      table_.default_gateway(InterfaceIndex(static_cast<std::int32_t>(nla_get_u32(attributes[RTA_OIF]))), *gateway, metric);
    }
  }
  if (auto* several = attributes[RTA_MULTIPATH]) take_next_hops(*several, metric);
}

void NetworkMonitor::take_next_hops(nlattr& several, std::uint32_t metric) {
  auto* bytes = static_cast<std::uint8_t*>(nla_data(&several));
  auto left = static_cast<std::size_t>(nla_len(&several));
  while (left >= sizeof(rtnexthop)) {
    rtnexthop hop{};
    std::memcpy(&hop, bytes, sizeof(hop));
    if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left) return;
    std::array<nlattr*, RTA_MAX + 1> attributes{};
    auto* inner = reinterpret_cast<nlattr*>(bytes + sizeof(hop));
    if (nla_parse(attributes.data(), RTA_MAX, inner, static_cast<int>(hop.rtnh_len - sizeof(hop)), nullptr) == 0) {
      if (const auto gateway = gateway_of(attributes)) {
        table_.default_gateway(InterfaceIndex(hop.rtnh_ifindex), *gateway, metric);
      }
    }
    const auto step = std::min<std::size_t>(RTNH_ALIGN(hop.rtnh_len), left);
    bytes += step;
    left -= step;
  }
}

}  // namespace metallb::io
