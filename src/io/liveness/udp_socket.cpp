#include "io/liveness/udp_socket.hpp"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

// After the headers of libc, which define what it uses.
#include <linux/errqueue.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/liveness/endpoint.hpp"
#include "io/sockets/descriptor.hpp"
#include "io/sockets/options.hpp"

namespace metallb::io {
namespace {

using boost::asio::posix::stream_descriptor;

/// gossip spec 3.9: the largest packet that UDP can carry.
constexpr std::size_t kPacketSize = 64 * 1024;
constexpr int kReceiveBuffer = 2 * 1024 * 1024;
constexpr int kSmallestReceiveBuffer = 64 * 1024;
/// Packets (and errors) handled per wake-up, so that timers and streams get their turn during a flood.
constexpr int kPacketsPerWakeUp = 64;
/// A pending error about another packet makes send() fail without sending: so often it is tried again.
constexpr int kSendAttempts = 4;

/// What is wrong here and now and says nothing about the destination: a full queue, a packet too large, a local filter.
bool is_local_trouble(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM || error == EMSGSIZE ||
         error == EPERM || error == EACCES;
}

/// Whether the network says that the destination, or its port, is not there.
bool says_unreachable(const sock_extended_err& error) {
  switch (error.ee_origin) {
    case SO_EE_ORIGIN_ICMP:
      // RFC 1191: "fragmentation needed" is about the packet's size.
      return error.ee_type == ICMP_DEST_UNREACH && error.ee_code != ICMP_FRAG_NEEDED;
    case SO_EE_ORIGIN_ICMP6:
      return error.ee_type == ICMP6_DST_UNREACH;
    case SO_EE_ORIGIN_LOCAL:
      return error.ee_errno == EHOSTUNREACH || error.ee_errno == ENETUNREACH;
    default:
      return false;
  }
}

/// The kernel's account of an error, from the message's ancillary data; null when there is none.
const sock_extended_err* find_error(msghdr& message) {
  for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    const bool v4 = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR;
    const bool v6 = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR;
    if (v4 || v6) return reinterpret_cast<const sock_extended_err*>(CMSG_DATA(part));
  }
  return nullptr;
}

SystemError failed(std::string operation, const gossip::Endpoint& own, int error) {
  return {std::move(operation), "UDP " + to_text(own), std::error_code(error, std::generic_category()), {}};
}

}  // namespace

UdpSocket::UdpSocket(boost::asio::io_context& loop, const gossip::Endpoint& own, Handlers handlers, Log log)
    : own_(own), handlers_(std::move(handlers)), log_(log), buffer_(kPacketSize), descriptor_(loop) {}

std::expected<std::unique_ptr<UdpSocket>, SystemError> UdpSocket::open(boost::asio::io_context& loop,
                                                                       const gossip::Endpoint& own, Handlers handlers,
                                                                       Log log) {
  std::unique_ptr<UdpSocket> socket(new UdpSocket(loop, own, std::move(handlers), log));
  if (auto done = socket->prepare(); !done) return std::unexpected(std::move(done.error()));
  socket->wait();
  return socket;
}

std::expected<void, SystemError> UdpSocket::prepare() {
  const auto address = to_socket_address(own_);
  Descriptor socket(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!socket) return std::unexpected(failed("open", own_, errno));
  boost::system::error_code refused;
  descriptor_.assign(socket.get(), refused);
  if (refused) return std::unexpected(failed("watch", own_, refused.value()));
  const int descriptor = socket.release();
  if (own_.address.is_v6()) {
    (void)set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    (void)set_option(descriptor, IPPROTO_IPV6, IPV6_RECVERR, 1);
  } else {
    (void)set_option(descriptor, IPPROTO_IP, IP_RECVERR, 1);
  }
  for (int size = kReceiveBuffer; size >= kSmallestReceiveBuffer; size /= 2) {
    if (set_option(descriptor, SOL_SOCKET, SO_RCVBUF, size)) break;
  }
  socklen_t length = sizeof(receive_buffer_);
  (void)::getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer_, &length);
  if (::bind(descriptor, address.get(), address.size) < 0) return std::unexpected(failed("bind", own_, errno));
  return {};
}

void UdpSocket::send(const gossip::Endpoint& to, ByteView packet) {
  const auto address = to_socket_address(to);
  int error = EAFNOSUPPORT;
  for (int attempt = 0; attempt < kSendAttempts && to.address.family() == own_.address.family(); ++attempt) {
    if (::sendto(descriptor_.native_handle(), packet.data(), packet.size(), MSG_DONTWAIT, address.get(), address.size) >=
        0) {
      ++counters_.sent;
      return;
    }
    error = errno;
    if (error == EINTR) continue;
    if (is_local_trouble(error)) {
      ++counters_.dropped;
      return;
    }
    // Most likely the error of an earlier packet, which stands in the queue: taking it out frees the socket.
    read_errors();
  }
  log_.debug({{"op", "sendPacket"},
              {"to", to_text(to)},
              {"error", std::error_code(error, std::generic_category()).message()},
              {"msg", "a packet of the membership could not be sent"}});
  unreachable(to);
}

void UdpSocket::wait() {
  descriptor_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& stopped) {
    if (stopped) return;
    receive();
    wait();
  });
}

void UdpSocket::receive() {
  read_errors();
  for (int count = 0; count < kPacketsPerWakeUp; ++count) {
    SocketAddress from;
    from.size = sizeof(from.storage);
    const auto size =
        ::recvfrom(descriptor_.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT, from.get(), &from.size);
    if (size < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      if (errno != EINTR) read_errors();
      continue;
    }
    const auto sender = to_endpoint(from);
    if (!sender) continue;
    ++counters_.received;
    handlers_.received(*sender, ByteView(buffer_.data(), static_cast<std::size_t>(size)));
  }
}

void UdpSocket::read_errors() {
  for (int count = 0; count < kPacketsPerWakeUp && read_error(); ++count) {
  }
}

bool UdpSocket::read_error() {
  // Room for the account of one error and the address of who sent it. The returned packet itself is of no use.
  alignas(cmsghdr) std::array<char, 512> ancillary{};
  std::array<char, 1> ignored{};
  SocketAddress to;
  iovec data{ignored.data(), ignored.size()};
  msghdr message{};
  message.msg_name = to.get();
  message.msg_namelen = sizeof(to.storage);
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  if (::recvmsg(descriptor_.native_handle(), &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return errno == EINTR;
  to.size = message.msg_namelen;
  const auto* error = find_error(message);
  const auto destination = to_endpoint(to);
  if (error != nullptr && destination && says_unreachable(*error)) unreachable(*destination);
  return true;
}

void UdpSocket::unreachable(const gossip::Endpoint& to) {
  ++counters_.unreachable;
  handlers_.unreachable(to);
}

}  // namespace metallb::io
