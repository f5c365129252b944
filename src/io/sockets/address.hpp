// Addresses and ports as the kernel wants them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "base/names.hpp"
#include "net/ip_address.hpp"

namespace metallb::io {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] int family() const { return storage.ss_family; }
};

/// `scope`: the interface of a link-local IPv6 address; without meaning for others.
[[nodiscard]] SocketAddress to_socket_address(const IpAddress& address, std::uint16_t port, InterfaceIndex scope = {});
/// Nothing unless it is a whole IPv4 or IPv6 address.
[[nodiscard]] std::optional<IpAddress> host_of(const SocketAddress& address);
/// 0 unless it is such an address.
[[nodiscard]] std::uint16_t port_of(const SocketAddress& address);

/// Of an IPv6 address.
[[nodiscard]] in6_addr to_in6(const IpAddress& address);
[[nodiscard]] IpAddress from_in6(const in6_addr& address);

}  // namespace metallb::io
