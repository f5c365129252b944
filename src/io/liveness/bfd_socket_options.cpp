#include "io/liveness/bfd_socket_options.hpp"

#include <net/if.h>

#include <cerrno>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62  // Linux 5.0
#endif

namespace metallb::io {
namespace {

constexpr int kReceiveBuffer = 512 * 1024;
/// What a packet counts in the kernel at least, with its bookkeeping.
constexpr std::size_t kLeastCost = 512;

}  // namespace

std::size_t take_receive_buffer(int socket) {
  (void)set_option(socket, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  int granted = kReceiveBuffer;
  socklen_t size = sizeof(granted);
  (void)::getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &granted, &size);
  return static_cast<std::size_t>(granted) / kLeastCost + 1;
}

bool send_datagram(int socket, ByteView payload, const sockaddr* to, socklen_t to_size) {
  for (;;) {
    if (::sendto(socket, payload.data(), payload.size(), MSG_DONTWAIT, to, to_size) >= 0) return true;
    if (errno != EINTR) return false;
  }
}

std::expected<InterfaceIndex, SystemError> find_vrf(const std::string& name) {
  const auto index = ::if_nametoindex(name.c_str());
  if (index == 0) return std::unexpected(socket_error("find", "VRF " + name, ENODEV));
  return InterfaceIndex(static_cast<std::int32_t>(index));
}

std::expected<void, SystemError> bind_to_device(int socket, InterfaceIndex device, const std::string& object) {
  if (set_option(socket, SOL_SOCKET, SO_BINDTOIFINDEX, device.value())) return {};
  return std::unexpected(socket_error("bind to its device", object, errno));
}

SystemError socket_error(std::string operation, std::string object, int error) {
  SystemError out{std::move(operation), std::move(object), std::error_code(error, std::generic_category()), {}};
  switch (error) {
    case EPERM:
    case EACCES:
      out.detail = "grant the capability NET_RAW (securityContext.capabilities.add: [NET_RAW]), or run as root";
      break;
    case EADDRINUSE:
      out.detail = "another process has the port: stop the other BFD daemon (bfdd, bird) on this node";
      break;
    case EADDRNOTAVAIL:
      out.detail = "no interface of this node has the address, or not yet";
      break;
    case ENODEV:
      out.detail = "the interface does not exist on this node, or not yet";
      break;
    default:
      break;
  }
  return out;
}

}  // namespace metallb::io
