// The socket of an outgoing BGP connection, with all that has to be set before it connects (bgp spec 4.12).
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "bgp/settings.hpp"
#include "io/sockets/address.hpp"

namespace metallb::io {

/// Why a connection could not be made.
struct DialError {
  enum class Kind : std::uint8_t {
    kOther,
    kNoDevice,  ///< the VRF or interface is missing; that may change
    kNoSource,  ///< the source address is missing; that may change
  };
  Kind kind = Kind::kOther;
  std::string text;  ///< in the words of bgp spec 7.4
};

/// A socket that is not connected yet.
struct BgpSocket {
  int descriptor = -1;  ///< not blocking; the caller's to close
  SocketAddress to;     ///< whom to connect to; with the scope of a link-local address
};

[[nodiscard]] std::expected<BgpSocket, DialError> open_bgp_socket(const bgp::Transport& transport);

/// What connect() says about a failure; `error` is an errno.
[[nodiscard]] std::string connect_error(int error);
/// Nobody answered in time. (bgp spec 7.4)
inline constexpr std::string_view kNoAnswer = "TCP timeout (no answer: wrong address, firewall, TTL or MD5)";

}  // namespace metallb::io
