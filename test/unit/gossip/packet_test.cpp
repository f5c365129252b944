// The layers around the messages of a packet, and the faults of what strangers send: gossip spec 3.3, 3.5 to 3.9.
#include "gossip/packet.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "any_message.hpp"
#include "gossip/message_codec.hpp"
#include "largest_allocation.hpp"
#include "wire.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

const KeyRing kRing{{counting_key()}};
const PacketOptions kBare{.compress = false};
const Bytes kNack = from_hex("0b81a55365714e6f08");
const std::vector<PacketMessage> kNackMessage{Nack{.seq_no = 8}};

/// One fault, and no message.
void expect_dropped(ByteView packet, const KeyRing& ring, PacketFault fault, Plaintext plaintext = Plaintext::kRefused) {
  const auto read = decode_packet(packet, ring, plaintext);
  EXPECT_TRUE(read.messages.empty()) << to_hex(packet);
  EXPECT_EQ(read.faults, std::vector{fault}) << to_hex(packet);
}

Bytes compound_of(const std::vector<Bytes>& parts) {
  Bytes out;
  ByteWriter w(out);
  w.u8(7).u8(static_cast<std::uint8_t>(parts.size()));
  for (const auto& part : parts) w.u16(static_cast<std::uint16_t>(part.size()));
  for (const auto& part : parts) w.bytes(part);
  return out;
}
Bytes compressed(ByteView message) {
  Bytes out;
  write_compressed(message, out);
  return out;
}
Bytes with_crc(std::string_view crc, ByteView message) {
  return joined({Bytes{12}, from_hex(crc), message});
}
Bytes sealed(ByteView content, const Key& key = counting_key()) {
  return seal(key, counting_nonce(), content, {});
}

TEST(PacketEncoding, OfNothingIsNothing) {
  EXPECT_TRUE(encode_packets({}, {}, kRing, no_nonces()).empty());
}

TEST(PacketEncoding, PutsAtMost255PartsIntoACompound) {
  for (const std::size_t count : {255, 256, 257, 600}) {
    std::vector<PacketMessage> messages;
    for (std::uint32_t i = 0; i < count; ++i) messages.push_back(Nack{.seq_no = i});
    const auto packets = encode_packets(messages, kBare, {}, no_nonces());
    ASSERT_EQ(packets.size(), (count + 254) / 255) << count;
    EXPECT_EQ(packets[0][0], 7);
    EXPECT_EQ(packets[0][1], 255);
    // A single message that is left over goes as it is.
    EXPECT_EQ(packets.back()[0], count == 256 ? 11 : 7);
    std::vector<PacketMessage> read;
    for (const auto& packet : packets) {
      const auto decoded = decode_packet(packet, {});
      EXPECT_TRUE(decoded.faults.empty());
      read.insert(read.end(), decoded.messages.begin(), decoded.messages.end());
    }
    EXPECT_EQ(read, messages);
  }
}

TEST(PacketEncoding, SendsAPartThatIsTooLongForACompoundByItself) {
  const std::vector<PacketMessage> messages{Nack{1}, User{Bytes(65535)}, Nack{2}, User{Bytes(65534)}, Nack{3}};
  const auto packets = encode_packets(messages, kBare, {}, no_nonces());
  ASSERT_EQ(packets.size(), 3U);
  EXPECT_EQ(packets[0], encode(messages[0]));
  EXPECT_EQ(packets[1], encode(messages[1]));
  EXPECT_EQ(decode_packet(packets[2], {}).messages, (std::vector<PacketMessage>{messages[2], messages[3], messages[4]}));
}

TEST(PacketEncoding, DoesNotCompressWhatStaysAsLong) {
  // gossip spec 3.7: only if the whole is strictly shorter.
  std::size_t equal = 0;
  for (std::size_t size = 1; size < 200; ++size) {
    const std::vector<PacketMessage> message{User{Bytes(size)}};
    const auto plain = encode(message[0]);
    const auto layer = compressed(plain);
    if (layer.size() == plain.size()) ++equal;
    const auto packets = encode_packets(message, {}, {}, no_nonces());
    EXPECT_EQ(packets, std::vector<Bytes>{layer.size() < plain.size() ? layer : plain}) << size;
  }
  EXPECT_GT(equal, 0U);
}

TEST(PacketEncoding, WrapsWithACrcOutsideTheCompressionAndInsideTheSeal) {
  const std::vector<PacketMessage> messages(10, the_alive());
  const auto plain = encode_packets(messages, {.crc = true}, {}, no_nonces());
  ASSERT_EQ(plain.size(), 1U);
  EXPECT_EQ(plain[0][0], 12);
  EXPECT_EQ(plain[0][5], 9);
  const auto secret = encode_packets(messages, {.crc = true}, kRing, always(counting_nonce()));
  EXPECT_EQ(secret, std::vector<Bytes>{sealed(plain[0])});
}

TEST(PacketEncoding, SealsWithTheFirstKey) {
  const auto packets = encode_packets(kNackMessage, {}, {{other_key(), counting_key()}}, always(counting_nonce()));
  EXPECT_EQ(packets, std::vector<Bytes>{sealed(kNack, other_key())});
}

TEST(PacketEncoding, LeavesThemPlainIfToldSo) {
  EXPECT_EQ(encode_packets(kNackMessage, {.seal = false}, kRing, no_nonces()), std::vector<Bytes>{kNack});
}

TEST(PacketDecoding, AcceptsEveryCombinationOfLayers) {
  const auto two = compound_of({kNack, kNack});
  const std::vector<PacketMessage> twice(2, Nack{8});
  EXPECT_EQ(decode_packet(two, {}).messages, twice);
  EXPECT_EQ(decode_packet(compressed(two), {}).messages, twice);
  EXPECT_EQ(decode_packet(compound_of({compressed(kNack), kNack}), {}).messages, twice);
  EXPECT_EQ(decode_packet(compound_of({compressed(two)}), {}).messages, twice);
  EXPECT_EQ(decode_packet(compound_of({two}), {}).messages, twice);
  EXPECT_EQ(decode_packet(sealed(compressed(two)), kRing).messages, twice);
}

TEST(PacketDecoding, OpensWithAnyKey) {
  const KeyRing both{{other_key(), counting_key()}};
  EXPECT_EQ(decode_packet(sealed(kNack, counting_key()), both).messages, kNackMessage);
  EXPECT_EQ(decode_packet(sealed(kNack, other_key()), both).messages, kNackMessage);
  expect_dropped(sealed(kNack, captured_key()), both, PacketFault::kWrongKey);
}

TEST(PacketDecoding, RefusesPlaintextWhereThereIsAKey) {
  for (const auto& vector : packet_vectors()) expect_dropped(from_hex(vector.hex), kRing, PacketFault::kNotSealed);
  expect_dropped(from_hex(kCompoundHex), kRing, PacketFault::kNotSealed);
  expect_dropped({}, kRing, PacketFault::kNotSealed);
}

TEST(PacketDecoding, AcceptsPlaintextWhereThatIsAllowed) {
  for (const auto& vector : packet_vectors()) {
    const auto read = decode_packet(from_hex(vector.hex), kRing, Plaintext::kAccepted);
    EXPECT_EQ(read.messages, std::vector{vector.message});
    EXPECT_TRUE(read.faults.empty());
  }
  // What is sealed is opened all the same, and what does not open is not taken for plaintext.
  EXPECT_EQ(decode_packet(sealed(kNack), kRing, Plaintext::kAccepted).messages, kNackMessage);
  expect_dropped(sealed(kNack, other_key()), kRing, PacketFault::kWrongKey, Plaintext::kAccepted);
  expect_dropped(from_hex("63"), kRing, PacketFault::kUnknownType, Plaintext::kAccepted);
}

TEST(PacketDecoding, RefusesSealedPacketsWhereThereIsNoKey) {
  // Without a key the version of the seal is taken for the type: that of an indirect ping.
  expect_dropped(sealed(kNack), {}, PacketFault::kBadMessage);
}

TEST(PacketDecoding, RefusesVersionsOfTheSealThatItDoesNotKnow) {
  auto packet = sealed(kNack);
  packet[0] = 2;
  expect_dropped(packet, kRing, PacketFault::kNotSealed);
}

TEST(PacketDecoding, RefusesLabels) {
  for (const auto label : {"f400", "f404626c7565", "f4"}) {
    for (const auto& ring : {KeyRing{}, kRing}) {
      expect_dropped(joined({from_hex(label), kNack}), ring, PacketFault::kLabelled);
      expect_dropped(joined({from_hex(label), kNack}), ring, PacketFault::kLabelled, Plaintext::kAccepted);
    }
  }
  // Inside the seal a label is out of place.
  expect_dropped(sealed(from_hex("f404626c7565")), kRing, PacketFault::kUnknownType);
}

TEST(PacketDecoding, ChecksTheCrcOutermostOnly) {
  EXPECT_EQ(decode_packet(
                from_hex("0c29956c5c0583a446726f6da7776f726b657232ab496e6361726e6174696f6e01a44e6f6465a7776f726b657232"), {})
                .messages,
            std::vector<PacketMessage>({Dead{.incarnation = 1, .node = "worker2", .from = "worker2"}}));
  expect_dropped(with_crc("00000000", kNack), {}, PacketFault::kBadChecksum);
  for (const auto shorter : {"0c", "0c00", "0c000000"}) expect_dropped(from_hex(shorter), {}, PacketFault::kBadChecksum);
  // The sum of nothing is 0, and nothing is no message.
  expect_dropped(with_crc("00000000", {}), {}, PacketFault::kBadMessage);
  const auto right = encode_packets(kNackMessage, {.crc = true}, {}, no_nonces())[0];
  EXPECT_EQ(decode_packet(right, {}).messages, kNackMessage);
  expect_dropped(compound_of({right}), {}, PacketFault::kUnknownType);
  expect_dropped(compressed(right), {}, PacketFault::kUnknownType);
}

TEST(PacketDecoding, NoticesEveryTruncationUnderACrc) {
  const auto whole = encode_packets(kNackMessage, {.crc = true}, {}, no_nonces())[0];
  for (std::size_t size = 1; size < whole.size(); ++size) {
    expect_dropped(ByteView(whole).first(size), {}, PacketFault::kBadChecksum);
  }
}

TEST(PacketDecoding, KeepsThePartsBeforeTheOneThatRunsPastTheEnd) {
  const auto whole = from_hex(kCompoundHex);
  const auto messages = compound_messages();
  const std::size_t heads = 2 + 2 * 2;
  const std::size_t first = heads + 0x47;
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const auto read = decode_packet(ByteView(whole).first(size), {});
    EXPECT_EQ(read.faults, std::vector{PacketFault::kBadCompound}) << size;
    EXPECT_EQ(read.messages.size(), size < first ? 0U : 1U) << size;
    if (!read.messages.empty()) EXPECT_EQ(read.messages[0], messages[0]);
  }
}

TEST(PacketDecoding, GoesOnAfterAPartThatItCannotRead) {
  const auto read = decode_packet(
      compound_of({kNack, from_hex("63"), {}, from_hex("0b07"), compressed(kNack), from_hex("0900"), kNack}), {});
  EXPECT_EQ(read.messages, std::vector<PacketMessage>(3, Nack{8}));
  EXPECT_EQ(read.faults, (std::vector{PacketFault::kUnknownType, PacketFault::kBadMessage, PacketFault::kBadMessage,
                                      PacketFault::kBadCompression}));
}

TEST(PacketDecoding, RefusesACompoundOfNothing) {
  expect_dropped(from_hex("0700"), {}, PacketFault::kBadCompound);
  expect_dropped(from_hex("07"), {}, PacketFault::kBadCompound);
}

TEST(PacketDecoding, RefusesTypesThatStandInStreamsOnly) {
  for (const auto packet : {"0d81a54572726f72a4626f6f6d", "0683a44a6f696ec3a54e6f64657301ac5573657253746174654c656e00",
                            "0a00000000", "0e80", "ff80", "f380"}) {
    expect_dropped(from_hex(packet), {}, PacketFault::kUnknownType);
  }
}

TEST(PacketDecoding, EndsAtLayersInsideEachOther) {
  auto compounds = kNack;
  auto compressions = kNack;
  for (int i = 0; i < kMaximumLayers; ++i) {
    compounds = compound_of({compounds});
    compressions = compressed(compressions);
  }
  EXPECT_EQ(decode_packet(compounds, {}).messages, kNackMessage);
  EXPECT_EQ(decode_packet(compressions, {}).messages, kNackMessage);
  expect_dropped(compound_of({compounds}), {}, PacketFault::kTooDeep);
  expect_dropped(compressed(compressions), {}, PacketFault::kTooDeep);
  for (int i = 0; i < 5000; ++i) compounds = compound_of({compounds});
  expect_dropped(compounds, {}, PacketFault::kTooDeep);
  // The rest of such a packet is not looked at.
  const auto read = decode_packet(compound_of({kNack, compounds, kNack}), {});
  EXPECT_EQ(read.messages, kNackMessage);
  EXPECT_EQ(read.faults, std::vector{PacketFault::kTooDeep});
}

TEST(PacketDecoding, EndsAtTooManyParts) {
  // 255 compounds of 255 parts without content: 65,025 faults, if each were reported.
  const auto inner = compound_of(std::vector<Bytes>(255));
  const auto read = decode_packet(compound_of(std::vector<Bytes>(100, inner)), {});
  EXPECT_TRUE(read.messages.empty());
  EXPECT_LE(read.faults.size(), kMaximumParts);
  EXPECT_EQ(read.faults.back(), PacketFault::kTooDeep);
  // What the original would send as four packets is still read from one.
  const auto full = compound_of(std::vector<Bytes>(255, kNack));
  EXPECT_EQ(decode_packet(compound_of({full, full, full}), {}).messages.size(), 765U);
}

TEST(PacketDecoding, EndsAtACompressionBomb) {
  if (!allocations_are_seen()) GTEST_SKIP() << "allocations are seen only under a sanitizer";
  forget_allocations();
  const auto bomb = compressed(joined({Bytes{8}, Bytes(4'000'000)}));
  ASSERT_LT(bomb.size(), 65507U);  // it would go through as one packet
  forget_allocations();
  expect_dropped(bomb, {}, PacketFault::kBadCompression);
  EXPECT_LE(largest_allocation(), 2 * kMaximumDecompressedPacket);
}

TEST(PacketDecoding, CountsAllCompressionLayersOfAPacketTogether) {
  const auto large = compressed(joined({Bytes{8}, Bytes(kMaximumDecompressedPacket / 2)}));
  const auto read = decode_packet(compound_of({large, large, kNack}), {});
  ASSERT_EQ(read.messages.size(), 2U);
  EXPECT_EQ(read.messages[1], kNackMessage[0]);
  EXPECT_EQ(read.faults, std::vector{PacketFault::kBadCompression});
}

TEST(PacketDecoding, AllocatesNothingForWhatIsOnlyPromised) {
  if (!allocations_are_seen()) GTEST_SKIP() << "allocations are seen only under a sanitizer";
  for (const auto hex :
       {"00dfffffffff", "0081a44e6f6465dbffffffff61", "0481a356736eddffffffff01", "0281a75061796c6f6164c6ffffffff",
        "0982a4416c676f00a3427566dbffffffff00", "0081a44e6f7065dfffffffff", "07ffffffffffff"}) {
    const auto packet = from_hex(hex);
    forget_allocations();
    const auto read = decode_packet(packet, {});
    EXPECT_TRUE(read.messages.empty()) << hex;
    EXPECT_EQ(read.faults.size(), 1U) << hex;
    EXPECT_LT(largest_allocation(), 1024U) << hex;
  }
}

RC_GTEST_PROP(Packets, ComeOutAsTheyWentInWithEverySetOfLayers, ()) {
  std::vector<PacketMessage> messages;
  for (auto left = *rc::gen::inRange(0, 12); left > 0; --left) messages.push_back(any_packet_message());
  const PacketOptions options{
      .compress = *rc::gen::arbitrary<bool>(), .crc = *rc::gen::arbitrary<bool>(), .seal = *rc::gen::arbitrary<bool>()};
  const auto ring = *rc::gen::arbitrary<bool>() ? kRing : KeyRing{};
  const auto packets = encode_packets(messages, options, ring, always(*rc::gen::arbitrary<Nonce>()));
  RC_ASSERT(packets.size() == (messages.empty() ? 0U : 1U));
  if (packets.empty()) return;
  const auto read = decode_packet(packets[0], ring, options.seal ? Plaintext::kRefused : Plaintext::kAccepted);
  RC_ASSERT(read.faults.empty());
  RC_ASSERT(read.messages == messages);
}

RC_GTEST_PROP(Packets, CutAnywhereGiveNoMessageThatWasNotSent, ()) {
  std::vector<PacketMessage> messages;
  for (auto left = *rc::gen::inRange(1, 6); left > 0; --left) messages.push_back(any_packet_message());
  const auto ring = *rc::gen::arbitrary<bool>() ? kRing : KeyRing{};
  const auto packet = encode_packets(messages, {}, ring, always(counting_nonce()))[0];
  RC_PRE(packet[0] != 8);  // user data may be cut
  const auto read = decode_packet(ByteView(packet).first(*rc::gen::inRange<std::size_t>(0, packet.size())), ring);
  RC_ASSERT(!read.faults.empty());
  RC_ASSERT(read.messages.size() < messages.size());
  RC_ASSERT(std::equal(read.messages.begin(), read.messages.end(), messages.begin()));
}

}  // namespace
}  // namespace metallb::gossip
