#include "io/packets/packet_socket.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "layer2/capture_filter.hpp"

namespace metallb::io {
namespace {

using boost::asio::posix::stream_descriptor;

/// Frames handled per wake-up, so that commands and link events get their turn during a storm.
constexpr int kFramesPerWakeUp = 64;
/// ARP and neighbour solicitations are far smaller; what is cut off makes the frame malformed.
constexpr std::size_t kFrameSize = 2048;
/// Some hundred requests waiting, no more: older ones would be answered too late anyway.
constexpr int kReceiveBuffer = 256 * 1024;
constexpr std::size_t kSmallestFilter = 32;

std::uint16_t protocol_of(CaptureKind kind) {
  return kind == CaptureKind::kArp ? ETH_P_ARP : ETH_P_IPV6;
}

SystemError error_of(std::string operation, std::string object, int error) {
  SystemError out{std::move(operation), std::move(object), std::error_code(error, std::generic_category()), {}};
  if (error == EPERM || error == EACCES) {
    out.detail = "grant the capability NET_RAW (securityContext.capabilities.add: [NET_RAW]), or run as root";
  }
  return out;
}

int open_unbound() {
  return ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

}  // namespace

std::expected<void, SystemError> check_packet_permission() {
  const int descriptor = open_unbound();
  if (descriptor < 0) return std::unexpected(error_of("open", "packet socket", errno));
  ::close(descriptor);
  return {};
}

PacketSocket::PacketSocket(boost::asio::io_context& loop, InterfaceIndex interface, CaptureKind kind, OnFrame on_frame,
                           OnError on_error)
    : interface_(interface),
      kind_(kind),
      on_frame_(std::move(on_frame)),
      on_error_(std::move(on_error)),
      descriptor_(loop) {}

std::expected<std::unique_ptr<PacketSocket>, SystemError> PacketSocket::open(boost::asio::io_context& loop,
                                                                             InterfaceIndex interface, CaptureKind kind,
                                                                             std::span<const IpAddress> addresses,
                                                                             OnFrame on_frame, OnError on_error) {
  std::unique_ptr<PacketSocket> socket(new PacketSocket(loop, interface, kind, std::move(on_frame), std::move(on_error)));
  const int descriptor = open_unbound();
  if (descriptor < 0) return std::unexpected(socket->failed("open", errno));
  boost::system::error_code refused;
  socket->descriptor_.assign(descriptor, refused);
  if (refused) {
    ::close(descriptor);
    return std::unexpected(socket->failed("watch", refused.value()));
  }
  (void)::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
  if (auto done = socket->capture(addresses); !done) return std::unexpected(std::move(done.error()));
  if (auto done = socket->bind(protocol_of(kind)); !done) return std::unexpected(std::move(done.error()));
  socket->wait();
  return socket;
}

std::expected<void, SystemError> PacketSocket::bind(std::uint16_t protocol) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  address.sll_ifindex = interface_.value();
  if (::bind(descriptor_.native_handle(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0) {
    return std::unexpected(failed("bind", errno));
  }
  return {};
}

std::expected<void, SystemError> PacketSocket::capture(std::span<const IpAddress> addresses) {
  int error = attach(addresses, layer2::kMaximumInstructions);
  if (error == ENOMEM) {
    // The kernel counts the program that is being replaced towards net.core.optmem_max, too. The shortest one makes room and
    // misses nothing; if there is no room even for that, none at all: for a moment the core drops what is foreign.
    if (attach(addresses, kSmallestFilter) != 0) {
      const int unused = 0;
      (void)::setsockopt(descriptor_.native_handle(), SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
    }
    // A long program may not fit by itself either: a coarser one lets some foreign requests pass, which the core drops.
    for (auto size = layer2::kMaximumInstructions; error == ENOMEM && size >= kSmallestFilter; size /= 2) {
      error = attach(addresses, size);
    }
  }
  if (error != 0) return std::unexpected(failed("attach a filter to", error));
  return {};
}

int PacketSocket::attach(std::span<const IpAddress> addresses, std::size_t max_instructions) {
  const layer2::FilterOptions options{.max_instructions = max_instructions};
  const auto program = kind_ == CaptureKind::kArp ? layer2::arp_capture_filter(addresses, options)
                                                  : layer2::ndp_capture_filter(addresses, options);
  // The kernel copies the program; the layout is the same (asserted where the program is built).
  const sock_fprog filter{static_cast<unsigned short>(program.size()),
                          reinterpret_cast<sock_filter*>(const_cast<layer2::FilterInstruction*>(program.data()))};
  const int result = ::setsockopt(descriptor_.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
  return result == 0 ? 0 : errno;
}

std::expected<void, SystemError> PacketSocket::take_all_multicast() {
  packet_mreq request{};
  request.mr_ifindex = interface_.value();
  request.mr_type = PACKET_MR_ALLMULTI;
  if (::setsockopt(descriptor_.native_handle(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)) < 0) {
    return std::unexpected(failed("receive all multicast on", errno));
  }
  return {};
}

std::expected<void, SystemError> PacketSocket::send(ByteView frame) {
  for (;;) {
    if (::send(descriptor_.native_handle(), frame.data(), frame.size(), MSG_DONTWAIT) >= 0) return {};
    if (errno != EINTR) return std::unexpected(failed("send on", errno));
  }
}

void PacketSocket::wait() {
  descriptor_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& stopped) {
    if (stopped) return;
    receive();
    wait();
  });
}

void PacketSocket::receive() {
  std::array<std::uint8_t, kFrameSize> buffer;
  for (int count = 0; count < kFramesPerWakeUp; ++count) {
    sockaddr_ll from{};
    socklen_t from_size = sizeof(from);
    const auto size = ::recvfrom(descriptor_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      // The interface went down or away. The kernel delivers again when it comes up; netlink tells when to close.
      if (errno != EINTR && errno != ENETDOWN) on_error_(failed("read from", errno));
      continue;
    }
    // Our own frames, and those for other hosts: another MAC in promiscuous mode, or a VLAN that has no interface here.
    if (from.sll_pkttype == PACKET_OUTGOING || from.sll_pkttype == PACKET_OTHERHOST) continue;
    on_frame_(ByteView(buffer.data(), static_cast<std::size_t>(size)));
  }
}

SystemError PacketSocket::failed(std::string_view operation, int error) const {
  std::array<char, IF_NAMESIZE> name{};
  const auto* known = ::if_indextoname(static_cast<unsigned>(interface_.value()), name.data());
  return error_of(std::string(operation),
                  std::string(kind_ == CaptureKind::kArp ? "ARP" : "NDP") + " packet socket of interface " +
                      (known != nullptr ? std::string(known) : std::to_string(interface_.value())),
                  error);
}

}  // namespace metallb::io
