#include "io/liveness/endpoint.hpp"

namespace metallb::io {

std::optional<gossip::Endpoint> to_endpoint(const SocketAddress& address) {
  const auto host = host_of(address);
  return host ? std::optional(gossip::Endpoint{*host, port_of(address)}) : std::nullopt;
}

std::string to_text(const gossip::Endpoint& endpoint) {
  const auto address = endpoint.address.to_string();
  return (endpoint.address.is_v4() ? address : "[" + address + "]") + ":" + std::to_string(endpoint.port);
}

}  // namespace metallb::io
