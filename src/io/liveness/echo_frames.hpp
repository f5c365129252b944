// BFD echo packets over IPv4, as they leave and arrive: addressed to their own sender, whom the kernel would neither send
// them for nor hand them to (RFC 5881, Section 4). Pure. For IPv6 there is nothing special: the peer is asked by UDP.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "net/ip_address.hpp"

namespace metallb::io {

inline constexpr std::uint16_t kEchoPort = 3785;

struct EchoFrame {
  IpAddress from;
  IpAddress to;
  std::uint8_t ttl = 255;
  ByteView payload;
};

/// An IPv4 packet, without a link header, from and to UDP port 3785. Payload: 1472 bytes at most.
[[nodiscard]] Bytes encode_echo_frame(const EchoFrame& frame);
/// Nothing unless it is a whole IPv4 packet to UDP port 3785 with a sound header. The payload's own checksum is not looked
/// at: on a virtual cable it may never have been computed, and the payload is its sender's to recognize.
[[nodiscard]] std::optional<EchoFrame> decode_echo_frame(ByteView packet);
/// Lets IPv4 packets to UDP port 3785 pass whose source and destination are the same. For sockets that see no link header.
[[nodiscard]] std::vector<sock_filter> echo_filter();

}  // namespace metallb::io
