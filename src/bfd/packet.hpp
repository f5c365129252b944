// BFD packets: the control packet, and our own echo packet. RFC 5880 (Bidirectional Forwarding Detection), Sections 4.1
// and 5. Without authentication, as in BFDProfile.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/strong.hpp"
#include "bfd/error.hpp"

namespace metallb::bfd {

/// Names a session to one of its ends. 0 is none.
using Discriminator = Strong<std::uint32_t, struct DiscriminatorTag>;
inline constexpr Discriminator kNoDiscriminator{};

/// An interval as the wire has it: microseconds, up to 71 minutes.
using Interval = std::chrono::duration<std::uint32_t, std::micro>;

enum class State : std::uint8_t { kAdminDown, kDown, kInit, kUp };
/// "admin down", "down", "init", "up".
[[nodiscard]] std::string_view to_string(State state);

/// Why a session went down last. From the wire it may be a value without a name, up to 31.
enum class Diagnostic : std::uint8_t {
  kNone,
  kDetectionTimeExpired,
  kEchoFailed,
  kNeighbourSignalledDown,
  kForwardingPlaneReset,
  kPathDown,
  kConcatenatedPathDown,
  kAdministrativelyDown,
  kReverseConcatenatedPathDown,
};
[[nodiscard]] std::string_view to_string(Diagnostic diagnostic);

///      0        1               2             3        4         8           12          16           20           24
///     +--------+---------------+-------------+--------+---------+-----------+-----------+------------+------------+
///     |vers 3  |sta 2 P F C A  | detect mult | length | my      | your      | desired   | required   | required   |
///     |diag 5  |      D M       |             |        | discr   | discr     | min TX    | min RX     | min echo RX|
///     +--------+---------------+-------------+--------+---------+-----------+-----------+------------+------------+
struct ControlPacket {
  Diagnostic diagnostic = Diagnostic::kNone;
  State state = State::kDown;
  bool poll = false;
  bool final = false;
  bool control_plane_independent = false;
  bool authenticated = false;  ///< an authentication section follows; it is not read
  bool demand = false;
  std::uint8_t detect_mult = 3;
  Discriminator mine;   ///< the sender's
  Discriminator yours;  ///< the receiver's, as far as the sender knows it
  Interval desired_min_tx{};
  Interval required_min_rx{};
  Interval required_min_echo_rx{};  ///< 0: returns no echo packets
  friend bool operator==(const ControlPacket&, const ControlPacket&) = default;
};

inline constexpr std::size_t kControlLength = 24;
/// RFC 5881, Section 5: the time to live of what comes straight from its sender.
inline constexpr std::uint8_t kTtlOfNeighbour = 255;
using ControlBytes = std::array<std::uint8_t, kControlLength>;

/// The payload of a UDP datagram. Applies the checks of RFC 5880, Section 6.8.6 that need no session; bytes beyond the
/// packet's own length are ignored.
[[nodiscard]] std::expected<ControlPacket, Fault> decode_control(ByteView payload);

/// The packet must be one that decode_control() accepts, and without authentication.
[[nodiscard]] ControlBytes encode_control(const ControlPacket& packet);

/// What we send to ourselves by way of the peer. RFC 5880, Section 5 leaves the content to the sender. The secret keeps
/// others from answering in the peer's place without having seen an echo packet.
///
///      0         4         8         12         16        24
///     +---------+---------+---------+----------+---------+
///     | "MLBE"  | discr   | secret  | sequence | zeros   |
///     +---------+---------+---------+----------+---------+
struct EchoPacket {
  Discriminator discriminator;  ///< ours
  std::uint32_t secret = 0;
  std::uint32_t sequence = 0;
  friend bool operator==(const EchoPacket&, const EchoPacket&) = default;
};

/// As long as a control packet: peers that return echo packets themselves may drop what is shorter than their own.
inline constexpr std::size_t kEchoLength = 24;
using EchoBytes = std::array<std::uint8_t, kEchoLength>;

/// Nothing when the payload is none of this shape: it may be a peer's.
[[nodiscard]] std::optional<EchoPacket> decode_echo(ByteView payload);
[[nodiscard]] EchoBytes encode_echo(const EchoPacket& packet);

}  // namespace metallb::bfd
