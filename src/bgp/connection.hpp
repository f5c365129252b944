// One TCP connection of a session, with what has been agreed on it so far.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/time.hpp"
#include "bgp/message_stream.hpp"
#include "bgp/negotiation.hpp"
#include "bgp/next_hops.hpp"

namespace metallb::bgp {

// bgp spec 4.2
inline constexpr Duration kConnectRetry = std::chrono::seconds(30);
inline constexpr Duration kDialTimeout = std::chrono::seconds(10);
/// The driver tells that an attempt is over, since it knows more about why; so much later it is over in any case.
inline constexpr Duration kDialGrace = std::chrono::seconds(1);

enum class ConnectionState : std::uint8_t { kDialling, kOpenSent, kOpenConfirm, kEstablished };

struct Connection {
  ConnectionId id;
  bool dialled = false;  ///< we began it
  ConnectionState state = ConnectionState::kDialling;
  LocalAddresses addresses;
  MessageStream stream;
  Open sent;                            ///< what we announced on it
  Negotiated agreed;                    ///< from OpenConfirm on
  std::size_t queued = 0;               ///< bytes that the socket has not taken yet
  std::size_t queued_to_keepalive = 0;  ///< of these, up to the end of the last KEEPALIVE; 0: it has been taken

  SteadyPoint dial_until = kIdle;  ///< the limit of the Dial and kDialGrace
  SteadyPoint hold_until = kIdle;
  SteadyPoint keepalive_at = kIdle;
  SteadyPoint send_hold_until = kIdle;  ///< RFC 9687: while bytes wait

  [[nodiscard]] SteadyPoint next_deadline() const {
    return std::min({dial_until, hold_until, keepalive_at, send_hold_until});
  }
  /// The peer goes on using our routes while this process restarts (RFC 4724): it said that it knows of such restarts, and
  /// was told our families. Before its OPEN the latter has to do.
  [[nodiscard]] bool keeps_routes() const {
    const auto& restart = sent.capabilities.graceful_restart;
    if (state == ConnectionState::kDialling || !restart || restart->entries.empty()) return false;
    return state == ConnectionState::kOpenSent || agreed.graceful_restart;
  }
  [[nodiscard]] DecodeContext decode_context() const {
    return {agreed.four_octet_as, sent.capabilities.extended_message, agreed.enhanced_route_refresh, agreed.internal};
  }
};

}  // namespace metallb::bgp
