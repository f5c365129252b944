// The messages of the membership protocol, as values (gossip spec sections 2 and 3.2). How they lie on the wire is the
// business of message_codec.hpp, packet.hpp and stream.hpp.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "net/ip_address.hpp"

namespace metallb::gossip {

/// An address as it lies on the wire: 4 or 16 bytes, kept in the length it came in, since peers compare bytes (gossip spec
/// 1.2). Empty: absent.
using WireAddress = Bytes;

/// Usable as a destination; a v4-mapped address of 16 bytes becomes the IPv4 address. Nothing for any other length.
[[nodiscard]] std::optional<IpAddress> to_ip_address(const WireAddress& address);
/// 4 bytes for IPv4, 16 for IPv6.
[[nodiscard]] WireAddress to_wire(const IpAddress& address);

/// Where packets go and streams lead.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// Protocol minimum, maximum, current; delegate minimum, maximum, current. Six bytes from everyone sane (gossip spec 3.4).
using Versions = Bytes;
inline constexpr std::array<std::uint8_t, 6> kOwnVersions{1, 5, 2, 0, 0, 0};

/// Where an answer is wanted; absent members are left out on the wire.
struct Source {
  WireAddress address;
  std::uint16_t port = 0;
  std::string node;
  friend bool operator==(const Source&, const Source&) = default;
};

struct Ping {
  std::uint32_t seq_no = 0;
  std::string node;  ///< the intended target; empty: whoever gets it
  Source source;
  friend bool operator==(const Ping&, const Ping&) = default;
};
struct IndirectPing {
  std::uint32_t seq_no = 0;  ///< the requester's
  std::string node;          ///< of the final target
  WireAddress target;
  std::uint16_t port = 0;  ///< of the final target
  bool nack = false;       ///< one is wanted
  Source source;           ///< the requester
  friend bool operator==(const IndirectPing&, const IndirectPing&) = default;
};
struct Ack {
  std::uint32_t seq_no = 0;
  std::optional<Bytes> payload;
  friend bool operator==(const Ack&, const Ack&) = default;
};
struct Nack {
  std::uint32_t seq_no = 0;
  friend bool operator==(const Nack&, const Nack&) = default;
};
struct Suspect {
  std::uint32_t incarnation = 0;
  std::string node;
  std::string from;
  friend bool operator==(const Suspect&, const Suspect&) = default;
};
/// A leave when `from` equals `node`.
struct Dead {
  std::uint32_t incarnation = 0;
  std::string node;
  std::string from;
  friend bool operator==(const Dead&, const Dead&) = default;
};
struct Alive {
  std::uint32_t incarnation = 0;
  std::string node;
  WireAddress address;
  std::uint16_t port = 0;
  std::optional<Bytes> meta;
  Versions versions;
  friend bool operator==(const Alive&, const Alive&) = default;
};
/// Opaque; never sent, ignored when received.
struct User {
  Bytes data;
  friend bool operator==(const User&, const User&) = default;
};
/// Streams only.
struct ErrorReply {
  std::string text;
  friend bool operator==(const ErrorReply&, const ErrorReply&) = default;
};

enum class MemberState : std::uint8_t { kAlive = 0, kSuspect = 1, kDead = 2, kLeft = 3 };

/// One row of a push/pull.
struct PushPullEntry {
  std::string name;
  WireAddress address;
  std::uint16_t port = 0;
  std::uint32_t incarnation = 0;
  std::optional<Bytes> meta;
  MemberState state = MemberState::kAlive;
  Versions versions;
  friend bool operator==(const PushPullEntry&, const PushPullEntry&) = default;
};
/// The sender's whole table. Streams only.
struct PushPull {
  bool join = false;
  std::vector<PushPullEntry> entries;
  Bytes user_state;
  friend bool operator==(const PushPull&, const PushPull&) = default;
};

/// What may stand in a packet. (Compound, compression, CRC, encryption and label are layers around these: packet.hpp.)
using PacketMessage = std::variant<Ping, IndirectPing, Ack, Nack, Suspect, Alive, Dead, User>;
/// What may stand in a stream.
using StreamMessage = std::variant<Ping, Ack, PushPull, User, ErrorReply>;

}  // namespace metallb::gossip
