#include "io/router_discovery/ndp_socket.hpp"

#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "io/sockets/address.hpp"
#include "io/sockets/ancillary.hpp"
#include "io/sockets/descriptor.hpp"
#include "io/sockets/options.hpp"

namespace metallb::io {
namespace {

using boost::asio::posix::stream_descriptor;

/// Messages handled per wake-up, so that timers and other sockets get their turn during a flood.
constexpr int kMessagesPerWakeUp = 64;
/// RFC 6980: they are not fragmented, so the largest frame holds them. What is cut off makes the message malformed.
constexpr std::size_t kMessageSize = 16 * 1024;
constexpr int kHopLimit = 255;
constexpr std::size_t kAncillarySize = CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int));

std::string name_of(InterfaceIndex interface) {
  std::array<char, IF_NAMESIZE> name{};
  const auto* known = ::if_indextoname(static_cast<unsigned>(interface.value()), name.data());
  return known != nullptr ? std::string(known) : std::to_string(interface.value());
}

SystemError failed(std::string operation, int error, std::string object = "ICMPv6 socket") {
  SystemError out{std::move(operation), std::move(object), std::error_code(error, std::generic_category()), {}};
  if (error == EPERM || error == EACCES) {
    out.detail = "grant the capability NET_RAW (securityContext.capabilities.add: [NET_RAW]), or run as root";
  }
  return out;
}

/// Where a message came in and how; nothing when the kernel did not say.
std::optional<peering::NdpReceived> arrival_of(msghdr& message, const sockaddr_in6& from) {
  std::optional<in6_pktinfo> place;
  std::optional<int> hop_limit;
  for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != IPPROTO_IPV6) continue;
    if (part->cmsg_type == IPV6_PKTINFO) place = content_of<in6_pktinfo>(*part);
    if (part->cmsg_type == IPV6_HOPLIMIT) hop_limit = content_of<int>(*part);
  }
  if (!place || !hop_limit) return std::nullopt;
  return peering::NdpReceived{.interface = InterfaceIndex(static_cast<std::int32_t>(place->ipi6_ifindex)),
                              .arrival = {.source = from_in6(from.sin6_addr),
                                          .destination = from_in6(place->ipi6_addr),
                                          .hop_limit = static_cast<std::uint8_t>(*hop_limit)},
                              .message = {}};
}

int change_group(int descriptor, int option, InterfaceIndex interface, const IpAddress& group) {
  ipv6_mreq request{};
  request.ipv6mr_multiaddr = to_in6(group);
  request.ipv6mr_interface = static_cast<unsigned>(interface.value());
  return set_option(descriptor, IPPROTO_IPV6, option, request) ? 0 : errno;
}

}  // namespace

NdpSocket::NdpSocket(boost::asio::io_context& loop, OnMessage on_message, OnError on_error)
    : on_message_(std::move(on_message)), on_error_(std::move(on_error)), buffer_(kMessageSize), descriptor_(loop) {}

std::expected<std::unique_ptr<NdpSocket>, SystemError> NdpSocket::open(boost::asio::io_context& loop, OnMessage on_message,
                                                                       OnError on_error) {
  std::unique_ptr<NdpSocket> socket(new NdpSocket(loop, std::move(on_message), std::move(on_error)));
  if (auto done = socket->prepare(); !done) return std::unexpected(std::move(done.error()));
  socket->wait();
  return socket;
}

std::expected<void, SystemError> NdpSocket::prepare() {
  Descriptor socket(::socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6));
  if (!socket) return std::unexpected(failed("open", errno));
  boost::system::error_code refused;
  descriptor_.assign(socket.get(), refused);
  if (refused) return std::unexpected(failed("watch", refused.value()));
  const int descriptor = socket.release();
  icmp6_filter filter;
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ND_ROUTER_SOLICIT, &filter);
  ICMP6_FILTER_SETPASS(ND_ROUTER_ADVERT, &filter);
  if (!set_option(descriptor, IPPROTO_ICMPV6, ICMP6_FILTER, filter)) return std::unexpected(failed("filter", errno));
  const auto set = [descriptor](int option, int value) { return set_option(descriptor, IPPROTO_IPV6, option, value); };
  const bool ready = set(IPV6_RECVPKTINFO, 1) && set(IPV6_RECVHOPLIMIT, 1) && set(IPV6_UNICAST_HOPS, kHopLimit) &&
                     set(IPV6_MULTICAST_HOPS, kHopLimit) && set(IPV6_MULTICAST_LOOP, 0);
  if (!ready) return std::unexpected(failed("set up", errno));
  return {};
}

std::expected<void, SystemError> NdpSocket::join(InterfaceIndex interface) {
  for (const auto& group : {peering::all_nodes(), peering::all_routers()}) {
    const int error = change_group(descriptor_.native_handle(), IPV6_JOIN_GROUP, interface, group);
    if (error != 0 && error != EADDRINUSE) {
      return std::unexpected(failed("join " + group.to_string() + " on", error, name_of(interface)));
    }
  }
  return {};
}

void NdpSocket::leave(InterfaceIndex interface) {
  for (const auto& group : {peering::all_nodes(), peering::all_routers()}) {
    (void)change_group(descriptor_.native_handle(), IPV6_LEAVE_GROUP, interface, group);
  }
}

std::expected<void, SystemError> NdpSocket::send(const peering::SendNdp& wanted) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_addr = to_in6(wanted.destination);
  to.sin6_scope_id = static_cast<std::uint32_t>(wanted.interface.value());
  iovec data{const_cast<std::uint8_t*>(wanted.message.data()), wanted.message.size()};
  Ancillary ancillary;
  ancillary.add(IPPROTO_IPV6, IPV6_PKTINFO,
                in6_pktinfo{to_in6(wanted.source), static_cast<unsigned>(wanted.interface.value())});
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = sizeof(to);
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  ancillary.attach_to(message);
  for (;;) {
    if (::sendmsg(descriptor_.native_handle(), &message, MSG_DONTWAIT) >= 0) return {};
    if (errno != EINTR) return std::unexpected(failed("send on", errno, name_of(wanted.interface)));
  }
}

void NdpSocket::wait() {
  descriptor_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& stopped) {
    if (!stopped && receive()) wait();
  });
}

bool NdpSocket::receive() {
  const std::weak_ptr<void> alive = alive_;
  for (int count = 0; count < kMessagesPerWakeUp; ++count) {
    sockaddr_in6 from{};
    iovec data{buffer_.data(), buffer_.size()};
    alignas(cmsghdr) std::array<char, kAncillarySize> ancillary{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof(from);
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = ancillary.data();
    message.msg_controllen = ancillary.size();
    const auto size = ::recvmsg(descriptor_.native_handle(), &message, MSG_DONTWAIT);
    if (size < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      if (errno != EINTR) on_error_(failed("read from", errno));
      continue;
    }
    auto received = arrival_of(message, from);
    if (!received) continue;
    received->message = ByteView(buffer_).first(static_cast<std::size_t>(size));
    on_message_(*received);
    if (alive.expired()) return false;
  }
  return true;
}

}  // namespace metallb::io
