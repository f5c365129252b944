// Puts messages into packets and streams: what is carried along, how much of it, which layers around it, and what is
// counted (gossip spec 3.5, 3.9, 8).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gossip/counters.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "gossip/keys.hpp"
#include "gossip/membership.hpp"
#include "gossip/message.hpp"
#include "gossip/packet.hpp"
#include "gossip/settings.hpp"
#include "gossip/stream.hpp"

namespace metallb::gossip {

class Postman {
 public:
  Postman(Source own, const Settings& settings, KeyRing ring, NonceSource nonces, Membership& membership, Counters& counters)
      : own_(std::move(own)),
        settings_(settings),
        ring_(std::move(ring)),
        nonces_(std::move(nonces)),
        membership_(membership),
        counters_(counters) {}

  void use_keys(KeyRing ring) { ring_ = std::move(ring); }
  /// As it stands in our pings.
  [[nodiscard]] const Source& own() const { return own_; }

  /// The message, and behind it what there is to pass on.
  void send(const Endpoint& to, PacketMessage message, Output& out);
  /// These only. `crc`: the receiver understands it, and the original sends it on this path (gossip spec 3.5).
  void send_only(const Endpoint& to, std::span<const PacketMessage> messages, bool crc, Output& out);
  /// This only, the same packet to many.
  void send_to_each(std::span<const Endpoint> to, const PacketMessage& message, Output& out);
  /// What there is to pass on, if anything.
  void gossip(const Entry& to, Output& out);

  [[nodiscard]] DecodedPacket open(ByteView packet) const { return decode_packet(packet, ring_, plaintext()); }

  [[nodiscard]] Bytes stream(const StreamMessage& message) const;
  /// Sealed with the key that opened the question: whoever asked has that one.
  [[nodiscard]] Bytes answer(const StreamMessage& message, const StreamReader& question) const;
  /// For the one message of a connection's incoming direction.
  [[nodiscard]] StreamReader reader() const { return StreamReader(plaintext()); }
  void read(StreamReader& reader, ByteView data) const { reader.receive(data, ring_); }

 private:
  [[nodiscard]] std::size_t budget() const;
  [[nodiscard]] std::vector<PacketMessage> news(std::size_t budget);
  [[nodiscard]] Plaintext plaintext() const {
    return settings_.gossip_verify_incoming ? Plaintext::kRefused : Plaintext::kAccepted;
  }
  std::vector<Bytes> pack(std::span<const PacketMessage> messages, bool crc);
  void count(const PacketMessage& first, const Bytes& packet);

  Source own_;
  const Settings& settings_;
  KeyRing ring_;
  NonceSource nonces_;
  Membership& membership_;
  Counters& counters_;
};

}  // namespace metallb::gossip
