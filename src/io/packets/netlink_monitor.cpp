#include "io/packets/netlink_monitor.hpp"

#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace metallb::io {
namespace {

constexpr auto kDumpRetry = std::chrono::seconds(1);
/// The kernel fills at most 32 KiB at a time.
constexpr std::size_t kMessageBuffer = 64 * 1024;

SystemError netlink_error(std::string operation, int error) {
  return {std::move(operation), "netlink", std::error_code(), nl_geterror(error)};
}

/// The slave kind of IFLA_LINKINFO: the kind of the link's master, as far as the kernel knows one.
std::string_view slave_kind(nlattr* link_info) {
  if (link_info == nullptr) return {};
  std::array<nlattr*, IFLA_INFO_MAX + 1> info{};
  if (nla_parse_nested(info.data(), IFLA_INFO_MAX, link_info, nullptr) < 0) return {};
  if (info[IFLA_INFO_SLAVE_KIND] == nullptr) return {};
  return nla_get_string(info[IFLA_INFO_SLAVE_KIND]);
}

/// Nothing for messages that are not about a whole link.
std::optional<LinkFacts> parse_link(nlmsghdr* header) {
  std::array<nlattr*, IFLA_MAX + 1> attributes{};
  if (nlmsg_parse(header, sizeof(ifinfomsg), attributes.data(), IFLA_MAX, nullptr) < 0) return std::nullopt;
  const auto* link = static_cast<const ifinfomsg*>(nlmsg_data(header));
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
  facts.enslaved = attributes[IFLA_MASTER] != nullptr && nla_get_u32(attributes[IFLA_MASTER]) != 0 &&
                   slave_kind(attributes[IFLA_LINKINFO]) != "vrf";
  return facts;
}

struct AddressFacts {
  InterfaceIndex index;
  IpAddress address;
  bool usable = false;
};

/// Nothing unless it is an IPv6 link-local address.
std::optional<AddressFacts> parse_address(nlmsghdr* header) {
  std::array<nlattr*, IFA_MAX + 1> attributes{};
  if (nlmsg_parse(header, sizeof(ifaddrmsg), attributes.data(), IFA_MAX, nullptr) < 0) return std::nullopt;
  const auto* message = static_cast<const ifaddrmsg*>(nlmsg_data(header));
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

}  // namespace

void NetlinkMonitor::CloseSocket::operator()(nl_sock* socket) const {
  nl_socket_free(socket);
}

std::expected<std::unique_ptr<NetlinkMonitor>, SystemError> NetlinkMonitor::open(boost::asio::io_context& loop,
                                                                                 InterfaceTable& table, Changed changed,
                                                                                 Log log, int receive_buffer) {
  std::unique_ptr<NetlinkMonitor> monitor(new NetlinkMonitor(loop, table, std::move(changed), log));
  if (auto done = monitor->subscribe(receive_buffer); !done) return std::unexpected(std::move(done.error()));
  monitor->start_dump();
  monitor->wait();
  return monitor;
}

NetlinkMonitor::NetlinkMonitor(boost::asio::io_context& loop, InterfaceTable& table, Changed changed, Log log)
    : table_(table), changed_(std::move(changed)), log_(log), descriptor_(loop), retry_(loop) {}

NetlinkMonitor::~NetlinkMonitor() {
  if (descriptor_.is_open()) (void)descriptor_.release();  // libnl closes it
}

std::expected<void, SystemError> NetlinkMonitor::subscribe(int receive_buffer) {
  socket_.reset(nl_socket_alloc());
  if (!socket_) return std::unexpected(netlink_error("allocate", -NLE_NOMEM));
  // Events carry no sequence number of ours.
  nl_socket_disable_seq_check(socket_.get());
  // libnl would look at each message before it reads it. During a dump every look makes the kernel go on with the dump, and
  // where the buffer is full that fails with ENOBUFS for ever, because nothing is ever taken out.
  nl_socket_disable_msg_peek(socket_.get());
  if (const int error = nl_socket_set_msg_buf_size(socket_.get(), kMessageBuffer); error < 0) {
    return std::unexpected(netlink_error("set the message size of", error));
  }
  if (const int error = nl_connect(socket_.get(), NETLINK_ROUTE); error < 0) {
    return std::unexpected(netlink_error("connect", error));
  }
  if (const int error = nl_socket_set_buffer_size(socket_.get(), receive_buffer, 0); error < 0) {
    return std::unexpected(netlink_error("set the receive buffer of", error));
  }
  if (const int error = nl_socket_add_memberships(socket_.get(), RTNLGRP_LINK, RTNLGRP_IPV6_IFADDR, 0); error < 0) {
    return std::unexpected(netlink_error("subscribe to", error));
  }
  if (const int error = nl_socket_set_nonblocking(socket_.get()); error < 0) {
    return std::unexpected(netlink_error("unblock", error));
  }
  nl_socket_modify_cb(socket_.get(), NL_CB_VALID, NL_CB_CUSTOM, &NetlinkMonitor::on_message, this);
  nl_socket_modify_cb(socket_.get(), NL_CB_FINISH, NL_CB_CUSTOM, &NetlinkMonitor::on_dump_done, this);
  nl_socket_modify_cb(socket_.get(), NL_CB_DUMP_INTR, NL_CB_CUSTOM, &NetlinkMonitor::on_dump_torn, this);
  boost::system::error_code failed;
  descriptor_.assign(nl_socket_get_fd(socket_.get()), failed);
  if (failed) return std::unexpected(SystemError{"watch", "netlink", failed, {}});
  return {};
}

void NetlinkMonitor::wait() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& stopped) {
    if (stopped) return;
    receive();
    wait();
  });
}

void NetlinkMonitor::receive() {
  // Bounded, so that a storm of link events does not keep ARP waiting; the rest comes with the next wake-up.
  for (int round = 0; round < 16; ++round) {
    const int result = nl_recvmsgs_default(socket_.get());
    if (result == -NLE_AGAIN) break;
    if (result == -NLE_NOMEM) {  // libnl's word for ENOBUFS: events were dropped
      log_.warn({{"op", "watchInterfaces"}, {"msg", "interface events were lost, reading all interfaces again"}});
      if (dump_ == Dump::kNone) {
        start_dump();
      } else {
        dump_again_ = true;
      }
    } else if (result < 0 && result != -NLE_INTR) {
      retry_dump_later(result);
      break;
    }
  }
  changed_(std::exchange(complete_, false));
}

void NetlinkMonitor::start_dump() {
  dump_again_ = false;
  table_.begin_dump();
  (void)request(Dump::kLinks);
}

bool NetlinkMonitor::request(Dump what) {
  const bool links = what == Dump::kLinks;
  ifinfomsg link{};
  link.ifi_family = AF_UNSPEC;
  ifaddrmsg address{};
  address.ifa_family = AF_INET6;
  const int sent = links ? nl_send_simple(socket_.get(), RTM_GETLINK, NLM_F_DUMP, &link, sizeof(link))
                         : nl_send_simple(socket_.get(), RTM_GETADDR, NLM_F_DUMP, &address, sizeof(address));
  if (sent < 0) {
    retry_dump_later(sent);
    return false;
  }
  dump_ = what;
  return true;
}

void NetlinkMonitor::finish_dump() {
  if (dump_ == Dump::kLinks && !dump_again_) {
    (void)request(Dump::kAddresses);
    return;
  }
  const bool whole = dump_ == Dump::kAddresses && !dump_again_;
  dump_ = Dump::kNone;
  if (!whole) return start_dump();
  table_.end_dump();
  complete_ = true;
}

void NetlinkMonitor::retry_dump_later(int error) {
  log_.error(
      {{"op", "watchInterfaces"}, {"error", nl_geterror(error)}, {"msg", "cannot read the interfaces, trying again"}});
  dump_ = Dump::kNone;
  retry_.expires_after(kDumpRetry);
  retry_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && dump_ == Dump::kNone) start_dump();
  });
}

int NetlinkMonitor::on_message(nl_msg* message, void* self) {
  auto& table = static_cast<NetlinkMonitor*>(self)->table_;
  auto* header = nlmsg_hdr(message);
  const auto type = header->nlmsg_type;
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
  return NL_OK;
}

int NetlinkMonitor::on_dump_done(nl_msg* /*message*/, void* self) {
  static_cast<NetlinkMonitor*>(self)->finish_dump();
  return NL_OK;
}

int NetlinkMonitor::on_dump_torn(nl_msg* /*message*/, void* self) {
  static_cast<NetlinkMonitor*>(self)->dump_again_ = true;
  return NL_OK;
}

}  // namespace metallb::io
