#include "io/liveness/bfd_receive_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "io/liveness/bfd_socket_options.hpp"
#include "io/sockets/address.hpp"
#include "io/sockets/ancillary.hpp"

namespace metallb::io {
namespace {

using boost::asio::posix::stream_descriptor;

/// More than any BFD packet: the core notices what is too large.
constexpr std::size_t kPacketSize = 2048;

/// Nothing unless the kernel told all that was asked for.
std::optional<bfd::Arrival> arrival_of(msghdr& message, const SocketAddress& from) {
  const auto sender = host_of(from);
  std::optional<int> ttl;
  bool addressed = false;
  bfd::Arrival out;
  for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TTL) {
      ttl = content_of<int>(*part);
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_HOPLIMIT) {
      ttl = content_of<int>(*part);
    } else if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      const auto info = content_of<in_pktinfo>(*part);
      out.interface = InterfaceIndex(info.ipi_ifindex);
      out.to = IpAddress::v4(ntohl(info.ipi_addr.s_addr));
      addressed = true;
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      const auto info = content_of<in6_pktinfo>(*part);
      out.interface = InterfaceIndex(static_cast<std::int32_t>(info.ipi6_ifindex));
      out.to = from_in6(info.ipi6_addr);
      addressed = true;
    }
  }
  if (!sender || !ttl || !addressed) return std::nullopt;
  out.from = *sender;
  out.ttl = static_cast<std::uint8_t>(*ttl);
  return out;
}

}  // namespace

BfdReceiveSocket::BfdReceiveSocket(boost::asio::io_context& loop, Place place, Received received)
    : place_(std::move(place)), received_(std::move(received)), descriptor_(loop) {}

std::expected<std::unique_ptr<BfdReceiveSocket>, SystemError> BfdReceiveSocket::open(boost::asio::io_context& loop,
                                                                                     Place place, Received received) {
  std::unique_ptr<BfdReceiveSocket> socket(new BfdReceiveSocket(loop, std::move(place), std::move(received)));
  if (auto done = socket->prepare(); !done) return std::unexpected(std::move(done.error()));
  socket->wait();
  return socket;
}

std::string BfdReceiveSocket::name() const {
  return "UDP port " + std::to_string(std::to_underlying(place_.port)) + " for BFD over " +
         std::string(to_string(place_.family)) + (place_.vrf.empty() ? std::string() : " in VRF " + place_.vrf);
}

std::expected<void, SystemError> BfdReceiveSocket::prepare() {
  const bool v6 = place_.family == IpFamily::kIpv6;
  Descriptor socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!socket) return std::unexpected(socket_error("open", name(), errno));
  if (!place_.vrf.empty()) {
    const auto device = find_vrf(place_.vrf);
    if (!device) return std::unexpected(device.error());
    device_ = *device;
    if (auto bound = bind_to_device(socket.get(), device_, name()); !bound) return bound;
  }
  if (!ask_for_arrival(socket.get())) return std::unexpected(socket_error("set options of", name(), errno));
  room_ = take_receive_buffer(socket.get());
  const auto any = v6 ? IpAddress::v6(std::array<std::uint8_t, 16>{}) : IpAddress::v4(0, 0, 0, 0);
  const auto address = to_socket_address(any, std::to_underlying(place_.port));
  if (::bind(socket.get(), address.get(), address.size) < 0) return std::unexpected(socket_error("bind", name(), errno));
  boost::system::error_code refused;
  descriptor_.assign(socket.get(), refused);
  if (refused) return std::unexpected(socket_error("watch", name(), refused.value()));
  socket.release();
  return {};
}

bool BfdReceiveSocket::ask_for_arrival(int socket) const {
  if (place_.family == IpFamily::kIpv6) {
    return set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set_option(socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) &&
           set_option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           set_option(socket, IPPROTO_IPV6, IPV6_TCLASS, kInternetworkControl);
  }
  return set_option(socket, IPPROTO_IP, IP_RECVTTL, 1) && set_option(socket, IPPROTO_IP, IP_PKTINFO, 1) &&
         set_option(socket, IPPROTO_IP, IP_TOS, kInternetworkControl);
}

void BfdReceiveSocket::wait() {
  descriptor_.async_wait(stream_descriptor::wait_read,
                         [this, alive = std::weak_ptr<void>(alive_)](const boost::system::error_code& stopped) {
                           if (stopped || alive.expired()) return;
                           for (int count = 0; count < kPacketsPerWakeUp && read(received_); ++count) {
                           }
                           wait();
                         });
}

void BfdReceiveSocket::read_waiting(const Received& received) {
  for (std::size_t count = 0; count < room_ && read(received); ++count) {
  }
}

bool BfdReceiveSocket::read(const Received& received) {
  std::array<std::uint8_t, kPacketSize> buffer;
  alignas(cmsghdr) std::array<char, 128> ancillary;
  SocketAddress from;
  iovec data{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = from.get();
  message.msg_namelen = sizeof(from.storage);
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  const auto size = ::recvmsg(descriptor_.native_handle(), &message, MSG_DONTWAIT);
  if (size < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
  from.size = message.msg_namelen;
  auto arrival = arrival_of(message, from);
  if (!arrival) return true;
  arrival->vrf = place_.vrf;
  const ByteView payload(buffer.data(), static_cast<std::size_t>(size));
  if (place_.port == BfdPort::kEcho) {
    received(bfd::EchoReceived{std::move(*arrival), payload});
  } else {
    const auto hops = place_.port == BfdPort::kMultihop ? bfd::Hops::kMultiple : bfd::Hops::kSingle;
    received(bfd::ControlReceived{std::move(*arrival), hops, payload});
  }
  return true;
}

bool BfdReceiveSocket::send(const IpAddress& from, InterfaceIndex interface, const IpAddress& to, std::uint8_t ttl,
                            ByteView payload) {
  auto address = to_socket_address(to, std::to_underlying(place_.port), interface);
  Ancillary ancillary;
  if (from.is_v6()) {
    ancillary.add(IPPROTO_IPV6, IPV6_PKTINFO, in6_pktinfo{to_in6(from), static_cast<unsigned>(interface.value())});
    ancillary.add(IPPROTO_IPV6, IPV6_HOPLIMIT, static_cast<int>(ttl));
  } else {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(static_cast<std::uint32_t>(from.number()));
    info.ipi_ifindex = interface.value();
    ancillary.add(IPPROTO_IP, IP_PKTINFO, info);
    ancillary.add(IPPROTO_IP, IP_TTL, static_cast<int>(ttl));
  }
  iovec data{const_cast<std::uint8_t*>(payload.data()), payload.size()};
  msghdr message{};
  message.msg_name = address.get();
  message.msg_namelen = address.size;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  ancillary.attach_to(message);
  for (;;) {
    if (::sendmsg(descriptor_.native_handle(), &message, MSG_DONTWAIT) >= 0) return true;
    if (errno != EINTR) return false;
  }
}

}  // namespace metallb::io
