// The layers around the messages of one UDP packet (gossip spec 3.3, 3.5 to 3.9):
//
//   out:  messages -> [compound] -> [compress if shorter] -> [CRC if the receiver knows it] -> [seal]
//   in:   [label: refused] -> [unseal] -> [CRC] -> messages; compression and compounds nest
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "gossip/keys.hpp"
#include "gossip/message.hpp"

namespace metallb::gossip {

struct PacketOptions {
  bool compress = true;
  bool crc = false;  ///< wrap: only towards a member that understands protocol 5, and only where the original does (3.5)
  bool seal = true;  ///< false: plaintext although there is a key (gossip_verify_outgoing)
};

/// One message as it is, several as compounds. More than 255 parts make several compounds, hence several packets; so does a
/// part that is too long for a compound.
[[nodiscard]] std::vector<Bytes> encode_packets(std::span<const PacketMessage> messages, const PacketOptions& options,
                                                const KeyRing& ring, const NonceSource& nonces);
/// Bytes of one message including its type byte, as it counts against the budget of a packet (gossip spec 8).
[[nodiscard]] Bytes encode(const PacketMessage& message);

/// Why a packet, or a part of it, was dropped; each reason is counted.
enum class PacketFault : std::uint8_t {
  kLabelled,        ///< a label header, which we do not use
  kNotSealed,       ///< plaintext although there is a key, or nothing that could have been sealed
  kWrongKey,        ///< does not open with any key
  kBadChecksum,     ///< CRC
  kBadCompression,  ///< unknown algorithm, broken stream, or larger than the cap
  kBadCompound,     ///< lengths or parts run past the end
  kBadMessage,      ///< a body that does not decode
  kUnknownType,
  kTooDeep,   ///< more layers or parts than any sender makes; the rest of the packet is dropped
  kReplayed,  ///< sealed, and received before (replay_guard.hpp)
};

struct DecodedPacket {
  std::vector<PacketMessage> messages;  ///< in order; those before a fault are kept
  std::vector<PacketFault> faults;
  std::optional<std::uint64_t> nonce;  ///< its first 64 bits, when the packet was sealed and opened
};
/// What no sane sender exceeds, but hostile ones would: compression and compounds inside each other, all that comes out of
/// the compression layers of one packet (twice the largest UDP packet), and the parts of a packet (four full compounds).
inline constexpr int kMaximumLayers = 4;
inline constexpr std::size_t kMaximumDecompressedPacket = 128 * 1024;
inline constexpr std::size_t kMaximumParts = 1024;

/// Never fails as a whole: what is wrong is in `faults`. Bounded in time and memory by the limits above.
/// With Plaintext::kAccepted, what does not open with any key is taken for plaintext.
[[nodiscard]] DecodedPacket decode_packet(ByteView packet, const KeyRing& ring, Plaintext plaintext = Plaintext::kRefused);

}  // namespace metallb::gossip
