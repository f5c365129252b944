// The membership's endpoints as the kernel wants them, and as people read them.
#pragma once

#include <optional>
#include <string>

#include "gossip/message.hpp"
#include "io/sockets/address.hpp"

namespace metallb::io {

[[nodiscard]] inline SocketAddress to_socket_address(const gossip::Endpoint& endpoint) {
  return to_socket_address(endpoint.address, endpoint.port);
}
/// Nothing unless it is a whole IPv4 or IPv6 address.
[[nodiscard]] std::optional<gossip::Endpoint> to_endpoint(const SocketAddress& address);
/// "192.0.2.1:7946" or "[2001:db8::1]:7946".
[[nodiscard]] std::string to_text(const gossip::Endpoint& endpoint);

}  // namespace metallb::io
