#include "gossip/packet.hpp"

#include <algorithm>
#include <boost/crc.hpp>
#include <limits>

#include "gossip/message_codec.hpp"

namespace metallb::gossip {
namespace {

constexpr std::size_t kMostParts = 255;
constexpr std::size_t kLongestPart = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t kCrcHeader = 5;

std::uint8_t byte(MessageType type) {
  return static_cast<std::uint8_t>(type);
}

std::uint32_t crc32(ByteView bytes) {
  boost::crc_32_type sum;
  sum.process_bytes(bytes.data(), bytes.size());
  return sum.checksum();
}

/// 07 | count:u8 | count x length:u16 | the messages back to back
Bytes compound(std::span<const Bytes> parts) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(byte(MessageType::kCompound)).u8(static_cast<std::uint8_t>(parts.size()));
  for (const auto& part : parts) writer.u16(static_cast<std::uint16_t>(part.size()));
  for (const auto& part : parts) writer.bytes(part);
  return out;
}

/// The content of the packets, before the layers that each of them gets.
std::vector<Bytes> assemble(std::span<const PacketMessage> messages) {
  std::vector<Bytes> out;
  std::vector<Bytes> parts;
  const auto flush = [&] {
    if (parts.size() == 1) out.push_back(std::move(parts.front()));
    if (parts.size() > 1) out.push_back(compound(parts));
    parts.clear();
  };
  for (const auto& message : messages) {
    auto part = encode(message);
    if (part.size() > kLongestPart) flush();
    const bool alone = part.size() > kLongestPart;
    parts.push_back(std::move(part));
    if (alone || parts.size() == kMostParts) flush();
  }
  flush();
  return out;
}

class Decoder {
 public:
  DecodedPacket result;

  /// What came out of the seal, or was never in one.
  void packet(ByteView content) {
    // gossip spec 3.5: the CRC wrapper stands outermost or not at all.
    if (content.empty() || content[0] != byte(MessageType::kCrc)) return message(content, 0);
    ByteReader in(content.subspan(1));
    const auto expected = in.u32();
    if (!in.ok() || crc32(content.subspan(kCrcHeader)) != expected) return fault(PacketFault::kBadChecksum);
    message(content.subspan(kCrcHeader), 0);
  }

 private:
  void fault(PacketFault reason) { result.faults.push_back(reason); }

  void message(ByteView content, int layers) {
    if (stopped_) return;
    const auto type = content.empty() ? std::nullopt : std::optional(static_cast<MessageType>(content[0]));
    const bool layer = type == MessageType::kCompound || type == MessageType::kCompress;
    if (++parts_ > kMaximumParts || (layer && layers == kMaximumLayers)) {
      stopped_ = true;
      return fault(PacketFault::kTooDeep);
    }
    if (type == MessageType::kCompound) return compound(content.subspan(1), layers + 1);
    if (type == MessageType::kCompress) return compressed(content.subspan(1), layers + 1);
    auto read = read_packet_message(content);
    if (read) {
      result.messages.push_back(std::move(*read));
    } else {
      fault(read.error() == MessageFault::kBadBody ? PacketFault::kBadMessage : PacketFault::kUnknownType);
    }
  }

  void compound(ByteView body, int layers) {
    ByteReader in(body);
    const auto count = in.u8();
    ByteReader lengths(in.take(count * std::size_t{2}));
    if (!in.ok() || count == 0) return fault(PacketFault::kBadCompound);
    for (std::size_t i = 0; i < count && !stopped_; ++i) {
      const auto part = in.take(lengths.u16());
      // gossip spec 3.3: this part and all that follow are lost, earlier ones are not.
      if (!in.ok()) return fault(PacketFault::kBadCompound);
      message(part, layers);
    }
  }

  void compressed(ByteView body, int layers) {
    const auto plain = read_compressed(body, decompression_left_);
    if (!plain) return fault(PacketFault::kBadCompression);
    decompression_left_ -= plain->size();
    message(*plain, layers);
  }

  std::size_t decompression_left_ = kMaximumDecompressedPacket;
  std::size_t parts_ = 0;
  bool stopped_ = false;
};

DecodedPacket decode_plain(ByteView content) {
  Decoder decoder;
  decoder.packet(content);
  return std::move(decoder.result);
}

/// gossip spec 3.8: version, nonce, ciphertext.
std::uint64_t nonce_of(ByteView sealed) {
  ByteReader in(sealed);
  in.skip(1);
  const auto high = std::uint64_t{in.u32()};
  return (high << 32) | in.u32();
}

}  // namespace

Bytes encode(const PacketMessage& message) {
  Bytes out;
  write_message(message, out);
  return out;
}

std::vector<Bytes> encode_packets(std::span<const PacketMessage> messages, const PacketOptions& options, const KeyRing& ring,
                                  const NonceSource& nonces) {
  auto packets = assemble(messages);
  for (auto& packet : packets) {
    if (options.compress) {
      Bytes shorter;
      write_compressed(packet, shorter);
      if (shorter.size() < packet.size()) packet = std::move(shorter);
    }
    if (options.crc) {
      Bytes wrapped;
      ByteWriter(wrapped).u8(byte(MessageType::kCrc)).u32(crc32(packet)).bytes(packet);
      packet = std::move(wrapped);
    }
  }
  if (!options.seal || !ring.enabled()) return packets;
  std::vector<Bytes> sealed;
  const auto copies = ring.seal_with_all ? ring.keys.size() : 1;
  for (const auto& packet : packets) {
    for (std::size_t copy = 0; copy < copies; ++copy) sealed.push_back(seal(ring.keys[copy], nonces(), packet, {}));
  }
  return sealed;
}

DecodedPacket decode_packet(ByteView packet, const KeyRing& ring, Plaintext plaintext) {
  // The label comes before the seal. Sealed packets begin with 00 or 01, so there is no doubt.
  if (!packet.empty() && packet[0] == byte(MessageType::kLabel)) return {{}, {PacketFault::kLabelled}, {}};
  if (!ring.enabled()) return decode_plain(packet);
  const auto opened = open(ring, packet, {});
  if (opened.plain) {
    auto decoded = decode_plain(*opened.plain);
    decoded.nonce = nonce_of(packet);
    return decoded;
  }
  // A plain ping begins with a byte that could be the version of a seal: only its body tells which of the two it is.
  const bool looks_sealed = opened.error == SealError::kWrongKey || opened.error == SealError::kPadding;
  const bool is_plain = !looks_sealed || read_packet_message(packet).has_value();
  if (!is_plain) return {{}, {PacketFault::kWrongKey}, {}};
  if (plaintext == Plaintext::kRefused) return {{}, {PacketFault::kNotSealed}, {}};
  return decode_plain(packet);
}

}  // namespace metallb::gossip
