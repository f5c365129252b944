#include "gossip/stream.hpp"

#include <algorithm>
#include <utility>

#include "base/contract.hpp"
#include "gossip/message_codec.hpp"

namespace metallb::gossip {
namespace {

/// 0a | length of what was sealed:u32; with the seal it is the associated data (gossip spec 3.8).
constexpr std::size_t kFrameHeader = 5;

}  // namespace

Bytes encode_stream(const StreamMessage& message, const StreamOptions& options, const KeyRing& ring,
                    const NonceSource& nonces) {
  Bytes content;
  write_message(message, content);
  if (options.compress) {
    // gossip spec 3.7: even if it grows.
    Bytes compressed;
    write_compressed(content, compressed);
    content = std::move(compressed);
  }
  if (!options.seal || !ring.enabled()) return content;
  METALLB_CONTRACT(content.size() <= kMaximumStream - kSealOverhead, "no message of ours exceeds what a frame may have");
  Bytes out;
  ByteWriter frame(out);
  frame.u8(static_cast<std::uint8_t>(MessageType::kEncrypt)).u32(static_cast<std::uint32_t>(content.size() + kSealOverhead));
  const auto sealed = seal(ring.keys.front(), nonces(), content, out);
  frame.bytes(sealed);
  return out;
}

void StreamReader::receive(ByteView data, const KeyRing& ring) {
  if (done() || data.empty()) return;
  const auto room = kMaximumStream + kFrameHeader + 1 - buffer_.size();
  const auto taken = data.first(std::min(data.size(), room));
  buffer_.insert(buffer_.end(), taken.begin(), taken.end());
  advance(ring);
  if (!done() && taken.size() == room) fail("it is longer than 20 MiB", false);
  if (done()) buffer_ = {};
}

void StreamReader::finish() {
  if (done() || buffer_.empty()) return;
  fail("it ended in the middle", false);
  buffer_ = {};
}

void StreamReader::fail(std::string reason, bool answer) {
  fault_ = StreamFault{std::move(reason), answer};
}

void StreamReader::advance(const KeyRing& ring) {
  const auto type = static_cast<MessageType>(buffer_[0]);
  if (type == MessageType::kLabel) return fail("it is labelled, and no labels are used here", false);
  if (type == MessageType::kEncrypt) {
    if (ring.enabled()) return advance_sealed(ring);
    return fail("the remote state is encrypted, but encryption is not configured here", true);
  }
  if (ring.enabled() && plaintext_ == Plaintext::kRefused) {
    return fail("encryption is configured here, but the remote state is not encrypted", true);
  }
  take(body_.advance(buffer_), kGrowing);
}

void StreamReader::advance_sealed(const KeyRing& ring) {
  ByteReader in(buffer_);
  in.skip(1);
  const std::size_t length = in.u32();
  if (!in.ok()) return;
  if (length > kMaximumStream) return fail("its encrypted frame is longer than 20 MiB", true);
  const auto sealed = in.take(length);
  if (!in.ok()) return;
  Opened opened;
  for (key_ = 0; key_ < ring.keys.size(); ++key_) {
    opened = open({.keys = {ring.keys[key_]}}, sealed, ByteView(buffer_).first(kFrameHeader));
    if (opened.plain) return take(StreamBody().advance(*opened.plain), kWhole);
    if (opened.error != SealError::kWrongKey) break;
  }
  key_ = 0;  // what is answered to this goes out as everything does
  fail(opened.error == SealError::kWrongKey ? "it does not open with any key: the secrets differ"
                                            : "it is not sealed in a way that is known here",
       true);
}

void StreamReader::take(StreamBody::Outcome outcome, Extent extent) {
  if (const auto* layer = std::get_if<StreamBody::Compression>(&outcome)) return take_compressed(layer->body);
  if (auto* message = std::get_if<StreamMessage>(&outcome)) {
    message_ = std::move(*message);
  } else if (const auto* bad = std::get_if<StreamBody::Bad>(&outcome)) {
    fail(bad->reason, false);
  } else if (extent == kWhole) {
    fail("it is incomplete", false);
  }
}

void StreamReader::take_compressed(ByteView body) {
  const auto plain = read_compressed(body, kMaximumDecompressedStream);
  if (!plain || plain->empty()) return fail("its compressed content cannot be read", true);
  auto outcome = StreamBody().advance(*plain);
  if (std::holds_alternative<StreamBody::Compression>(outcome)) return fail("it is compressed twice", false);
  take(std::move(outcome), kWhole);
}

}  // namespace metallb::gossip
