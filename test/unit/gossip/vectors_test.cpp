// The vectors of gossip spec 12.1 to 12.3, in both directions.
#include <gtest/gtest.h>

#include "gossip/message_codec.hpp"
#include "gossip/packet.hpp"
#include "gossip/stream.hpp"
#include "wire.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

const PacketOptions kPlainPacket{.compress = false};

StreamReader read_stream(ByteView bytes, const KeyRing& ring) {
  StreamReader reader;
  reader.receive(bytes, ring);
  return reader;
}

TEST(Vectors, EachMessageHasTheBytesOfTheSpecification) {
  for (const auto& vector : packet_vectors()) EXPECT_EQ(to_hex(encode(vector.message)), vector.hex);
  EXPECT_EQ(to_hex(encode_stream(ErrorReply{"boom"}, {.compress = false}, {}, no_nonces())), kErrorHex);
}

TEST(Vectors, TheBytesOfTheSpecificationAreReadAsTheirMessage) {
  for (const auto& vector : packet_vectors()) {
    const auto packet = decode_packet(from_hex(vector.hex), {});
    EXPECT_TRUE(packet.faults.empty()) << vector.hex;
    ASSERT_EQ(packet.messages.size(), 1U) << vector.hex;
    EXPECT_EQ(packet.messages[0], vector.message) << vector.hex;
  }
  const auto error = read_stream(from_hex(kErrorHex), {});
  ASSERT_TRUE(error.message().has_value());
  EXPECT_EQ(*error.message(), StreamMessage(ErrorReply{"boom"}));
}

TEST(Vectors, SeveralMessagesBecomeOneCompound) {
  const auto packets = encode_packets(compound_messages(), kPlainPacket, {}, no_nonces());
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(to_hex(packets[0]), kCompoundHex);
  const auto read = decode_packet(packets[0], {});
  EXPECT_EQ(read.messages, compound_messages());
  EXPECT_TRUE(read.faults.empty());
}

TEST(Vectors, CompressionIsThatOfTheSpecification) {
  const struct {
    Bytes input;
    std::string_view hex;
  } rows[] = {
      {encode(the_alive()),
       "0982a4416c676f00a3427566da00470009182215840c1939a4140000106055123763c2c87113864e9a376e02906a52864e1860a49cbc2153e6d4"
       "9d3772d694911383141494749a7d5030caca1c37a6021410b0104040"},
      {bytes_of("abcabcababcabcababcabcababcabcab"), "0982a4416c676f00a3427566b100c388192390a09882080f0e4c98d06040"},
      {{}, "0982a4416c676f00a3427566a3000302"},
  };
  for (const auto& row : rows) {
    Bytes out;
    write_compressed(row.input, out);
    EXPECT_EQ(to_hex(out), row.hex);
    EXPECT_EQ(read_compressed(ByteView(out).subspan(1), kMaximumDecompressedPacket), row.input);
  }
}

TEST(Vectors, APacketIsCompressedOnlyIfThatMakesItShorter) {
  // gossip spec 12.2: 63 bytes would become longer.
  const std::vector<PacketMessage> one{the_alive()};
  EXPECT_EQ(encode_packets(one, {}, {}, no_nonces()), std::vector<Bytes>{encode(one[0])});
  const std::vector<PacketMessage> several(8, the_alive());
  const auto packets = encode_packets(several, {}, {}, no_nonces());
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0][0], 9);
  EXPECT_LT(packets[0].size(), encode_packets(several, kPlainPacket, {}, no_nonces())[0].size());
  EXPECT_EQ(decode_packet(packets[0], {}).messages, several);
}

TEST(Vectors, PacketsAreSealedAsSpecified) {
  const std::vector<PacketMessage> ack{the_ack()};
  const auto sealed = [&](const Key& key) {
    const auto packets = encode_packets(ack, {}, {{key}}, always(counting_nonce()));
    return packets.size() == 1 ? to_hex(packets[0]) : std::string("more than one packet");
  };
  EXPECT_EQ(sealed(counting_key()),
            "01000102030405060708090a0b4580714ba49cae74ec25572ee28c0923ecd1f95d4a825815d44b580072f1297a473c");
  EXPECT_EQ(sealed(captured_key()),
            "01000102030405060708090a0b9e09402411a6c3951de8c807fe8d71bf04d4a25d7832c5426cd6f53068a1dc0e6d17");
  EXPECT_EQ(to_hex(seal(counting_key(), counting_nonce(), encode(ack[0]), bytes_of("blue"))),
            "01000102030405060708090a0b4580714ba49cae74ec25572ee28c0923ecd11633e04fff1ba6e525b31edd0aa04348");
}

TEST(Vectors, SealedPacketsAreOpened) {
  const struct {
    Key key;
    std::string_view hex;
  } rows[] = {
      {counting_key(), "01000102030405060708090a0b4580714ba49cae74ec25572ee28c0923ecd1f95d4a825815d44b580072f1297a473c"},
      // Version 0, padded.
      {counting_key(),
       "00000102030405060708090a0b4580714ba49cae74ec25572ee28c0923ecd1893afe7551723669eb8b13670ebc107eae8c154b930db2ae929d32"
       "3f8336"},
      {captured_key(), "01000102030405060708090a0b9e09402411a6c3951de8c807fe8d71bf04d4a25d7832c5426cd6f53068a1dc0e6d17"},
  };
  for (const auto& row : rows) {
    const auto packet = decode_packet(from_hex(row.hex), {{row.key}});
    EXPECT_TRUE(packet.faults.empty()) << row.hex;
    EXPECT_EQ(packet.messages, std::vector<PacketMessage>{the_ack()}) << row.hex;
  }
  const auto labelled =
      from_hex("01000102030405060708090a0b4580714ba49cae74ec25572ee28c0923ecd11633e04fff1ba6e525b31edd0aa04348");
  EXPECT_EQ(open({{counting_key()}}, labelled, bytes_of("blue")).plain, encode(the_ack()));
  EXPECT_EQ(open({{counting_key()}}, labelled, {}).error, SealError::kWrongKey);
}

TEST(Vectors, StreamsAreWrittenAsSpecified) {
  for (const auto& vector : stream_vectors()) {
    EXPECT_EQ(to_hex(encode_stream(vector.message, {}, {}, no_nonces())), vector.plain);
    EXPECT_EQ(to_hex(encode_stream(vector.message, {}, {{captured_key()}}, always(counting_nonce()))), vector.sealed);
  }
}

TEST(Vectors, StreamsAreReadAsTheirMessage) {
  for (const auto& vector : stream_vectors()) {
    const auto plain = read_stream(from_hex(vector.plain), {});
    ASSERT_TRUE(plain.message().has_value()) << vector.plain;
    EXPECT_EQ(*plain.message(), vector.message);
    const auto sealed = read_stream(from_hex(vector.sealed), {{captured_key()}});
    ASSERT_TRUE(sealed.message().has_value()) << vector.sealed;
    EXPECT_EQ(*sealed.message(), vector.message);
  }
}

}  // namespace
}  // namespace metallb::gossip
