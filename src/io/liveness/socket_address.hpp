// Addresses and ports as the kernel wants them.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/names.hpp"
#include "gossip/message.hpp"

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
[[nodiscard]] inline SocketAddress to_socket_address(const gossip::Endpoint& endpoint) {
  return to_socket_address(endpoint.address, endpoint.port);
}
/// Nothing unless it is a whole IPv4 or IPv6 address.
[[nodiscard]] std::optional<gossip::Endpoint> to_endpoint(const SocketAddress& address);
/// "192.0.2.1:7946" or "[2001:db8::1]:7946".
[[nodiscard]] std::string to_text(const gossip::Endpoint& endpoint);

}  // namespace metallb::io
