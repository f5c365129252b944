#include "io/liveness/socket_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

namespace metallb::io {

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
    const auto bytes = address.bytes16();
    std::memcpy(&in.sin6_addr, bytes.data(), bytes.size());
    if (address.is_link_local()) in.sin6_scope_id = static_cast<std::uint32_t>(scope.value());
    std::memcpy(&out.storage, &in, sizeof(in));
    out.size = sizeof(in);
  }
  return out;
}

std::optional<gossip::Endpoint> to_endpoint(const SocketAddress& address) {
  if (address.family() == AF_INET && address.size >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof(in));
    return gossip::Endpoint{IpAddress::v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  if (address.family() == AF_INET6 && address.size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof(in));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return gossip::Endpoint{IpAddress::v6(bytes), ntohs(in.sin6_port)};
  }
  return std::nullopt;
}

std::string to_text(const gossip::Endpoint& endpoint) {
  const auto address = endpoint.address.to_string();
  return (endpoint.address.is_v4() ? address : "[" + address + "]") + ":" + std::to_string(endpoint.port);
}

}  // namespace metallb::io
