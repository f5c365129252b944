#include "io/liveness/echo_socket.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/liveness/bfd_socket_options.hpp"
#include "io/liveness/echo_frames.hpp"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23  // Linux 4.20
#endif

namespace metallb::io {
namespace {

using boost::asio::posix::stream_descriptor;

SystemError failed(std::string operation, int error) {
  return socket_error(std::move(operation), "packet socket for BFD echo", error);
}

}  // namespace

std::expected<std::unique_ptr<EchoSocket>, SystemError> EchoSocket::open(boost::asio::io_context& loop, Received received) {
  std::unique_ptr<EchoSocket> socket(new EchoSocket(loop, std::move(received)));
  if (auto done = socket->prepare(); !done) return std::unexpected(std::move(done.error()));
  socket->wait();
  return socket;
}

std::expected<void, SystemError> EchoSocket::prepare() {
  // Without a protocol nothing comes before the filter is there.
  Descriptor socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return std::unexpected(failed("open", errno));
  auto program = echo_filter();
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) != 0) {
    return std::unexpected(failed("attach a filter to", errno));
  }
  (void)set_option(socket.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  room_ = take_receive_buffer(socket.get());
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_IP);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
    return std::unexpected(failed("bind", errno));
  }
  boost::system::error_code refused;
  descriptor_.assign(socket.get(), refused);
  if (refused) return std::unexpected(failed("watch", refused.value()));
  socket.release();
  return {};
}

bool EchoSocket::send(const NetworkTable::Station& to, ByteView packet) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_IP);
  address.sll_ifindex = to.interface.value();
  const auto& mac = to.mac.bytes();
  address.sll_halen = static_cast<unsigned char>(mac.size());
  std::memcpy(address.sll_addr, mac.data(), mac.size());
  return send_datagram(descriptor_.native_handle(), packet, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

void EchoSocket::wait() {
  descriptor_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& stopped) {
    if (stopped) return;
    for (int count = 0; count < kPacketsPerWakeUp && read(received_); ++count) {
    }
    wait();
  });
}

void EchoSocket::read_waiting(const Received& received) {
  for (std::size_t count = 0; count < room_ && read(received); ++count) {
  }
}

bool EchoSocket::read(const Received& received) {
  std::array<std::uint8_t, 2048> buffer;
  sockaddr_ll from{};
  socklen_t from_size = sizeof(from);
  const auto size = ::recvfrom(descriptor_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                               reinterpret_cast<sockaddr*>(&from), &from_size);
  if (size < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
  // What this node sends itself, and what is for another station, is no answer.
  if (from.sll_pkttype != PACKET_HOST) return true;
  const auto frame = decode_echo_frame(ByteView(buffer.data(), static_cast<std::size_t>(size)));
  if (!frame) return true;
  received(
      {.vrf = {}, .interface = InterfaceIndex(from.sll_ifindex), .from = frame->from, .to = frame->to, .ttl = frame->ttl},
      frame->payload);
  return true;
}

}  // namespace metallb::io
