#include "io/sockets/address.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace metallb::io {
namespace {

/// As far as it is one.
std::optional<sockaddr_in> as_v4(const SocketAddress& address) {
  if (address.family() != AF_INET || address.size < sizeof(sockaddr_in)) return std::nullopt;
  sockaddr_in out{};
  std::memcpy(&out, &address.storage, sizeof(out));
  return out;
}

std::optional<sockaddr_in6> as_v6(const SocketAddress& address) {
  if (address.family() != AF_INET6 || address.size < sizeof(sockaddr_in6)) return std::nullopt;
  sockaddr_in6 out{};
  std::memcpy(&out, &address.storage, sizeof(out));
  return out;
}

}  // namespace

SocketAddress to_socket_address(const IpAddress& address, std::uint16_t port, InterfaceIndex scope) {
  SocketAddress out;
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(address.number()));
    std::memcpy(&out.storage, &in, sizeof(in));
    out.size = sizeof(in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    in.sin6_addr = to_in6(address);
    if (address.is_link_local()) in.sin6_scope_id = static_cast<std::uint32_t>(scope.value());
    std::memcpy(&out.storage, &in, sizeof(in));
    out.size = sizeof(in);
  }
  return out;
}

std::optional<IpAddress> host_of(const SocketAddress& address) {
  if (const auto in = as_v4(address)) return IpAddress::v4(ntohl(in->sin_addr.s_addr));
  if (const auto in = as_v6(address)) return from_in6(in->sin6_addr);
  return std::nullopt;
}

std::uint16_t port_of(const SocketAddress& address) {
  if (const auto in = as_v4(address)) return ntohs(in->sin_port);
  if (const auto in = as_v6(address)) return ntohs(in->sin6_port);
  return 0;
}

in6_addr to_in6(const IpAddress& address) {
  in6_addr out{};
  const auto bytes = address.bytes16();
  std::memcpy(&out, bytes.data(), bytes.size());
  return out;
}

IpAddress from_in6(const in6_addr& address) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &address, bytes.size());
  return IpAddress::v6(bytes);
}

}  // namespace metallb::io
