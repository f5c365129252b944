// Recorded conversations of the original (gossip spec 12.4 to 12.6): each is read to its stated meaning, and what was read
// gives the same bytes again.
#include <gtest/gtest.h>

#include <algorithm>

#include "captures.hpp"
#include "gossip/packet.hpp"
#include "gossip/stream.hpp"
#include "wire.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

constexpr std::string_view kLabelHeader = "f404626c7565";
const Bytes kLabel = bytes_of("blue");

std::string text(const WireAddress& address) {
  const auto ip = to_ip_address(address);
  return ip ? ip->to_string() : "(" + to_hex(address) + ")";
}
std::string text(const std::optional<Bytes>& bytes) {
  return bytes ? to_hex(*bytes) : "nil";
}
std::string text(std::uint32_t number) {
  return std::to_string(number);
}
std::string text(const Source& s) {
  return "SourceAddr=" + text(s.address) + " SourceNode=" + s.node + " SourcePort=" + text(s.port);
}

std::string text(const Ping& m) {
  return "ping Node=" + m.node + " SeqNo=" + text(m.seq_no) + " " + text(m.source);
}
std::string text(const IndirectPing& m) {
  return std::string("indirectPing Nack=") + (m.nack ? "True" : "False") + " Node=" + m.node + " Port=" + text(m.port) +
         " SeqNo=" + text(m.seq_no) + " " + text(m.source) + " Target=" + text(m.target);
}
std::string text(const Ack& m) {
  return "ack Payload=" + text(m.payload) + " SeqNo=" + text(m.seq_no);
}
std::string text(const Nack& m) {
  return "nack SeqNo=" + text(m.seq_no);
}
std::string text(const Suspect& m) {
  return "suspect From=" + m.from + " Incarnation=" + text(m.incarnation) + " Node=" + m.node;
}
std::string text(const Dead& m) {
  return "dead From=" + m.from + " Incarnation=" + text(m.incarnation) + " Node=" + m.node;
}
std::string text(const Alive& m) {
  return "alive Addr=" + text(m.address) + " Incarnation=" + text(m.incarnation) + " Meta=" + text(m.meta) +
         " Node=" + m.node + " Port=" + text(m.port) + " Vsn=" + to_hex(m.versions);
}
std::string text(const User&) {
  return "user";
}
std::string text(const ErrorReply& m) {
  return "error " + m.text;
}
std::string text(const PushPull& m) {
  auto out = std::string("push/pull Join=") + (m.join ? "True" : "False") + " Nodes=" + std::to_string(m.entries.size()) +
             " UserStateLen=" + std::to_string(m.user_state.size());
  for (const auto& e : m.entries) {
    out += " {Addr=" + text(e.address) + " Incarnation=" + text(e.incarnation) + " Meta=" + text(e.meta) +
           " Name=" + e.name + " Port=" + text(e.port) + " State=" + std::to_string(static_cast<int>(e.state)) +
           " Vsn=" + to_hex(e.versions) + "}";
  }
  return out;
}
template <class... M>
std::string text(const std::variant<M...>& message) {
  return std::visit([](const auto& m) { return text(m); }, message);
}
std::string text(const std::vector<PacketMessage>& messages) {
  if (messages.size() == 1) return text(messages[0]);
  std::string out;
  for (const auto& m : messages) out += (out.empty() ? "compound[ " : " ; ") + text(m);
  return out + " ]";
}

bool has(const Capture& capture, std::string_view layer) {
  return capture.meaning.find(layer) != std::string_view::npos;
}
/// The meaning without its layers of compression and CRC, which only the bytes show.
std::string innermost(const Capture& capture) {
  std::string meaning(capture.meaning);
  for (const std::string_view layer : {"crc( ", "compress( "}) {
    const auto at = meaning.find(layer);
    if (at == std::string::npos) continue;
    meaning.erase(at, layer.size());
    meaning.erase(meaning.rfind(" )"), 2);
  }
  return meaning;
}

KeyRing ring_of(const Capture& capture) {
  return capture.secrecy == Secrecy::kPlain ? KeyRing{} : KeyRing{{captured_key()}};
}
/// `at`: where the sealed bytes begin.
Nonce nonce_of(ByteView bytes, std::size_t at) {
  Nonce nonce{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1, nonce.size(), nonce.begin());
  return nonce;
}

template <class Check>
void for_each(bool stream, bool labelled, Check check) {
  std::size_t count = 0;
  for (const auto& capture : kCaptures) {
    if (capture.stream != stream || (capture.secrecy == Secrecy::kLabelled) != labelled) continue;
    SCOPED_TRACE(capture.when);
    check(capture, from_hex(capture.hex));
    ++count;
  }
  EXPECT_GT(count, 0U);
}

TEST(Captures, EveryPacketHasItsMeaningAndIsMadeAgainAsItWas) {
  for_each(false, false, [](const Capture& capture, const Bytes& bytes) {
    const auto ring = ring_of(capture);
    const auto packet = decode_packet(bytes, ring);
    EXPECT_TRUE(packet.faults.empty());
    EXPECT_EQ(text(packet.messages), innermost(capture));
    const auto nonces = capture.secrecy == Secrecy::kPlain ? no_nonces() : always(nonce_of(bytes, 0));
    const auto again = encode_packets(packet.messages, {.crc = has(capture, "crc( ")}, ring, nonces);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(to_hex(again[0]), capture.hex);
    // That the stated layers are the ones in the bytes follows from their first byte, where it is not sealed.
    if (capture.secrecy == Secrecy::kPlain) {
      EXPECT_EQ(bytes[0] == 12, has(capture, "crc( "));
      EXPECT_EQ(bytes[has(capture, "crc( ") ? 5 : 0] == 9, has(capture, "compress( "));
    }
  });
}

TEST(Captures, EveryStreamHasItsMeaningAndIsMadeAgainAsItWas) {
  for_each(true, false, [](const Capture& capture, const Bytes& bytes) {
    const auto ring = ring_of(capture);
    StreamReader reader;
    reader.receive(bytes, ring);
    ASSERT_TRUE(reader.message().has_value()) << (reader.fault() ? reader.fault()->reason : "incomplete");
    EXPECT_EQ(text(*reader.message()), innermost(capture));
    EXPECT_TRUE(has(capture, "compress( "));
    const auto nonces = capture.secrecy == Secrecy::kPlain ? no_nonces() : always(nonce_of(bytes, 5));
    EXPECT_EQ(to_hex(encode_stream(*reader.message(), {}, ring, nonces)), capture.hex);
  });
}

TEST(Captures, LabelledPacketsAreRefusedAlthoughTheirKeyIsKnown) {
  for_each(false, true, [](const Capture& capture, const Bytes& bytes) {
    ASSERT_TRUE(capture.hex.starts_with(kLabelHeader));
    const auto packet = decode_packet(bytes, ring_of(capture));
    EXPECT_TRUE(packet.messages.empty());
    EXPECT_EQ(packet.faults, std::vector{PacketFault::kLabelled});
    // Nor do they pass without their label, which is part of what was authenticated.
    const auto sealed = ByteView(bytes).subspan(kLabelHeader.size() / 2);
    EXPECT_EQ(decode_packet(sealed, ring_of(capture)).faults, std::vector{PacketFault::kWrongKey});
    // With the label they have the stated meaning.
    const auto opened = open(ring_of(capture), sealed, kLabel);
    ASSERT_TRUE(opened.plain.has_value());
    const auto read = decode_packet(*opened.plain, {});
    EXPECT_EQ(text(read.messages), innermost(capture));
    const auto plain = encode_packets(read.messages, {.crc = has(capture, "crc( ")}, {}, no_nonces());
    ASSERT_EQ(plain.size(), 1U);
    EXPECT_EQ(to_hex(seal(captured_key(), nonce_of(sealed, 0), plain[0], kLabel)), to_hex(sealed));
  });
}

TEST(Captures, LabelledStreamsAreRefusedWithoutAnAnswer) {
  for_each(true, true, [](const Capture& capture, const Bytes& bytes) {
    const auto ring = ring_of(capture);
    StreamReader labelled;
    labelled.receive(from_hex(kLabelHeader), ring);
    ASSERT_TRUE(labelled.fault().has_value());
    EXPECT_FALSE(labelled.fault()->answer);
    // Without the header that went before it, the frame does not open.
    StreamReader reader;
    reader.receive(bytes, ring);
    ASSERT_TRUE(reader.fault().has_value());
    EXPECT_TRUE(reader.fault()->answer);
    // With the label as a part of what was authenticated it does.
    const auto header = ByteView(bytes).first(5);
    const auto sealed = ByteView(bytes).subspan(5);
    const auto opened = open(ring, sealed, joined({header, kLabel}));
    ASSERT_TRUE(opened.plain.has_value());
    StreamReader inner;
    inner.receive(*opened.plain, {});
    ASSERT_TRUE(inner.message().has_value());
    EXPECT_EQ(text(*inner.message()), innermost(capture));
  });
}

}  // namespace
}  // namespace metallb::gossip
