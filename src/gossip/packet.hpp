// The layers around the messages of one UDP packet (gossip spec 3.3, 3.5 to 3.9):
//
//   out:  messages -> [compound] -> [compress if shorter] -> [CRC if the receiver knows it] -> [seal]
//   in:   [label: refused] -> [unseal] -> [CRC] -> messages; compression and compounds nest
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "gossip/keys.hpp"
#include "gossip/message.hpp"

namespace metallb::gossip {

struct PacketOptions {
  bool compress = true;
  bool crc = false;  ///< wrap: only towards a member that understands protocol 5, and only where the original does (3.5)
};

/// One message as it is, several as compounds (more than 255 parts make several compounds, hence several packets).
[[nodiscard]] std::vector<Bytes> encode_packets(std::span<const PacketMessage> messages, const PacketOptions& options,
                                                const KeyRing& ring, const NonceSource& nonces);
/// Bytes of one message including its type byte, as it counts against the budget of a packet (gossip spec 8).
[[nodiscard]] Bytes encode(const PacketMessage& message);

/// Why a packet, or a part of it, was dropped; each reason is counted.
enum class PacketFault : std::uint8_t {
  kLabelled,        ///< a label header, which we do not use
  kNotSealed,       ///< too short, or no known version: plaintext although there is a key
  kWrongKey,        ///< does not open with any key
  kBadChecksum,     ///< CRC
  kBadCompression,  ///< unknown algorithm, broken stream, or larger than the cap
  kBadCompound,     ///< lengths or parts run past the end
  kBadMessage,      ///< a body that does not decode
  kUnknownType,
  kTooDeep,  ///< layers nested beyond what any sender makes
};

struct DecodedPacket {
  std::vector<PacketMessage> messages;  ///< in order; those before a fault are kept
  std::vector<PacketFault> faults;
};
/// Never fails as a whole: what is wrong is in `faults`. Bounded in time and memory by the size of the packet (and the cap
/// of the decompression).
[[nodiscard]] DecodedPacket decode_packet(ByteView packet, const KeyRing& ring);

}  // namespace metallb::gossip
