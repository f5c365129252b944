// The socket that one session sends its control packets from: source port of its own, TTL 255, TOS 0xC0, bound to local
// address, interface and VRF (bgp spec 4.13). It receives nothing.
#pragma once

#include <cstdint>
#include <expected>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "bfd/parameters.hpp"
#include "io/liveness/bfd_socket_options.hpp"
#include "io/sockets/address.hpp"

namespace metallb::io {

class BfdTransmitSocket {
 public:
  static std::expected<BfdTransmitSocket, SystemError> open(const bfd::SessionKey& key, std::uint16_t port);
  /// To the remote address of the session. False when it did not leave. Never blocks.
  [[nodiscard]] bool send(ByteView payload) const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// That it is bound to; 0: none.
  [[nodiscard]] InterfaceIndex device() const { return device_; }

 private:
  BfdTransmitSocket(Descriptor socket, const SocketAddress& to, std::uint16_t port, InterfaceIndex device)
      : socket_(std::move(socket)), to_(to), port_(port), device_(device) {}

  Descriptor socket_;
  SocketAddress to_;
  std::uint16_t port_;
  InterfaceIndex device_;
};

}  // namespace metallb::io
