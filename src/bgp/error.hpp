// What can be wrong with a message, and what the RFCs want done about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace metallb::bgp {

/// RFC 4271, Section 4.5; RFC 7313; RFC 9687.
enum class ErrorCode : std::uint8_t {
  kMessageHeader = 1,
  kOpenMessage = 2,
  kUpdateMessage = 3,
  kHoldTimer = 4,
  kFiniteStateMachine = 5,
  kCease = 6,
  kRouteRefresh = 7,
  kSendHoldTimer = 8,
};

namespace header_error {
inline constexpr std::uint8_t kNotSynchronised = 1, kBadLength = 2, kBadType = 3;
}
namespace open_error {
inline constexpr std::uint8_t kUnspecific = 0, kUnsupportedVersion = 1, kBadPeerAs = 2, kBadIdentifier = 3,
                              kUnsupportedParameter = 4, kUnacceptableHoldTime = 6, kUnsupportedCapability = 7;
}
namespace update_error {
inline constexpr std::uint8_t kMalformedList = 1, kUnrecognisedWellKnown = 2, kMissingWellKnown = 3, kFlags = 4, kLength = 5,
                              kInvalidOrigin = 6, kInvalidNextHop = 8, kOptionalAttribute = 9, kInvalidNetwork = 10,
                              kMalformedAsPath = 11;
}
/// RFC 6608
namespace state_error {
inline constexpr std::uint8_t kInOpenSent = 1, kInOpenConfirm = 2, kInEstablished = 3;
}
/// RFC 4486, RFC 8538 (9), RFC 9384 (10)
namespace cease {
inline constexpr std::uint8_t kMaximumPrefixes = 1, kAdministrativeShutdown = 2, kPeerDeconfigured = 3,
                              kAdministrativeReset = 4, kConnectionRejected = 5, kOtherConfigurationChange = 6,
                              kCollision = 7, kOutOfResources = 8, kHardReset = 9, kBfdDown = 10;
}

///      0         1         2
///     +---------+---------+---------+
///     |  code   | subcode |  data … |   after the header of a NOTIFICATION message
///     +---------+---------+---------+
struct Notification {
  ErrorCode code = ErrorCode::kCease;  ///< from the wire: may be a value without a name
  std::uint8_t subcode = 0;
  Bytes data;
  friend bool operator==(const Notification&, const Notification&) = default;
};

/// "6/2 (Cease, administrative shutdown)", with a shutdown communication in quotes behind it. For logs and status: what a
/// peer sent has lost its control characters.
[[nodiscard]] std::string to_string(const Notification& notification);

/// A Cease of subcode 2 or 4 with text (RFC 9003), cut to 128 bytes at a character: receivers of RFC 8203 know no longer
/// ones.
[[nodiscard]] Notification shutdown(std::uint8_t subcode, std::string_view text);
/// The text of a Cease of subcode 2 or 4, also inside a hard reset; empty without one. Bytes that are not printable ASCII or
/// well-formed UTF-8 become '?'.
[[nodiscard]] std::string shutdown_text(const Notification& notification);
/// RFC 8538, Section 3: the reason wrapped, so that the peer keeps no stale routes.
[[nodiscard]] Notification hard_reset(const Notification& reason);

/// RFC 7606, Section 2, from the mildest to the strongest.
enum class Treatment : std::uint8_t { kDiscardAttribute, kTreatAsWithdraw, kResetSession };

struct Error {
  Treatment treatment = Treatment::kResetSession;
  Notification notification;  ///< to send when the session is reset
  std::string_view reason;    ///< for the log; a literal
  friend bool operator==(const Error&, const Error&) = default;
};

/// An error that ends the session.
[[nodiscard]] Error reset(ErrorCode code, std::uint8_t subcode, std::string_view reason, Bytes data = {});

}  // namespace metallb::bgp
