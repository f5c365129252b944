#include "gossip/postman.hpp"

#include <algorithm>
#include <utility>

namespace metallb::gossip {
namespace {

/// Type and count of a compound (gossip spec 3.3).
constexpr std::size_t kCompoundHeader = 2;

}  // namespace

void Postman::send(const Endpoint& to, PacketMessage message, Output& out) {
  std::vector<PacketMessage> messages;
  messages.push_back(std::move(message));
  if (!membership_.news().empty()) {
    const auto used = encode(messages.front()).size();
    for (auto& piece : news(budget() - std::min(budget(), used))) messages.push_back(std::move(piece));
  }
  send_only(to, messages, false, out);
}

void Postman::send_only(const Endpoint& to, std::span<const PacketMessage> messages, bool crc, Output& out) {
  for (const auto& message : messages) ++counters_.messages_sent[message.index()];
  for (auto& packet : pack(messages, crc)) {
    count(messages.front(), packet);
    out.emplace_back(SendPacket{to, std::move(packet)});
  }
}

void Postman::send_to_each(std::span<const Endpoint> to, const PacketMessage& message, Output& out) {
  if (to.empty()) return;
  // Sealed once: the same plaintext under the same nonce is the same packet, which tells nobody anything.
  const auto packets = pack({&message, 1}, false);
  counters_.messages_sent[message.index()] += to.size();
  for (const auto& endpoint : to) {
    for (const auto& packet : packets) {
      count(message, packet);
      out.emplace_back(SendPacket{endpoint, packet});
    }
  }
}

void Postman::gossip(const Entry& to, Output& out) {
  const auto messages = news(budget());
  if (!messages.empty()) send_only(to.endpoint, messages, to.understands(5), out);
}

Bytes Postman::stream(const StreamMessage& message) const {
  const StreamOptions options{.compress = settings_.enable_compression, .seal = settings_.gossip_verify_outgoing};
  return encode_stream(message, options, ring_, nonces_);
}

Bytes Postman::answer(const StreamMessage& message, const StreamReader& question) const {
  const StreamOptions options{.compress = settings_.enable_compression, .seal = settings_.gossip_verify_outgoing};
  if (question.key() == 0 || question.key() >= ring_.keys.size()) return encode_stream(message, options, ring_, nonces_);
  return encode_stream(message, options, {.keys = {ring_.keys[question.key()]}}, nonces_);
}

std::size_t Postman::budget() const {
  const auto all = static_cast<std::size_t>(std::clamp<std::int64_t>(settings_.udp_buffer_size, 0, 65'000));
  const auto used = kCompoundHeader + (ring_.enabled() && settings_.gossip_verify_outgoing ? kSealOverhead : 0);
  return all - std::min(all, used);
}

std::vector<PacketMessage> Postman::news(std::size_t budget) {
  const auto limit = transmission_limit(settings_.retransmit_mult, membership_.table().size());
  return membership_.news().take(budget, limit);
}

std::vector<Bytes> Postman::pack(std::span<const PacketMessage> messages, bool crc) {
  const PacketOptions options{
      .compress = settings_.enable_compression, .crc = crc, .seal = settings_.gossip_verify_outgoing};
  return encode_packets(messages, options, ring_, nonces_);
}

void Postman::count(const PacketMessage& first, const Bytes& packet) {
  auto& traffic = counters_.sent[first.index()];
  ++traffic.packets;
  traffic.bytes += packet.size();
}

}  // namespace metallb::gossip
