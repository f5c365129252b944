// Bodies of messages as a liberal receiver reads them (gossip spec 3.1, 3.2), and what it refuses.
#include "gossip/message_codec.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "any_message.hpp"
#include "gossip/packet.hpp"
#include "wire.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

/// Hexadecimal text in which a part in quotes stands for a raw value: "'Port'07" is a5 506f7274 07.
Bytes wire(std::string_view text) {
  std::string hex;
  while (!text.empty()) {
    if (text[0] == '\'') {
      const auto word = text.substr(1, text.find('\'', 1) - 1);
      hex += to_hex(Bytes{static_cast<std::uint8_t>(0xa0 + word.size())}) + to_hex(bytes_of(word));
      text.remove_prefix(word.size() + 2);
    } else {
      if (text[0] != ' ') hex += text[0];
      text.remove_prefix(1);
    }
  }
  return from_hex(hex);
}

void expect_read(std::string_view text, const PacketMessage& expected) {
  const auto message = read_packet_message(wire(text));
  ASSERT_TRUE(message.has_value()) << text;
  EXPECT_EQ(*message, expected) << text;
}
bool refused(std::string_view text) {
  const auto message = read_packet_message(wire(text));
  return !message && message.error() == MessageFault::kBadBody;
}

TEST(MessageCodec, AcceptsKeysInAnyOrder) {
  expect_read("05 83 'Node''b' 'From''a' 'Incarnation'07", Dead({.incarnation = 7, .node = "b", .from = "a"}));
}

TEST(MessageCodec, PassesOverUnknownKeysWhateverTheyHold) {
  expect_read("0b 82 'Other' 82 'x' 93 01 c3 'y' 'z' 90 'SeqNo' 09", Nack({.seq_no = 9}));
  expect_read("0b 82 'SeqNo' 09 'Other' cb4045000000000000", Nack({.seq_no = 9}));
  // Keys are case-sensitive.
  expect_read("0b 81 'seqno' 09", Nack());
}

TEST(MessageCodec, TakesMissingKeysForZero) {
  for (const auto& [text, zero] : std::vector<std::pair<std::string_view, PacketMessage>>{
           {"00 80", Ping()},
           {"01 80", IndirectPing()},
           {"02 80", Ack()},
           {"03 80", Suspect()},
           {"04 80", Alive()},
           {"05 80", Dead()},
           {"0b 80", Nack()},
       }) {
    expect_read(text, zero);
    // So it does for nil instead of the map.
    expect_read(std::string(text.substr(0, 3)) + "c0", zero);
  }
}

TEST(MessageCodec, TakesNilForTheZeroOfAnyField) {
  expect_read("04 86 'Addr'c0 'Incarnation'c0 'Meta'c0 'Node'c0 'Port'c0 'Vsn'c0", Alive());
  expect_read("01 85 'Nack'c0 'Node'c0 'Port'c0 'SeqNo'c0 'Target'c0", IndirectPing());
}

TEST(MessageCodec, AcceptsNewFormatsMapHeadsAndVersionsAsAnArray) {
  auto expected = the_alive();
  expected.meta = Bytes{0xff};
  expect_read(
      "04 de0006 'Vsn' 96 01 05 02 00 00 00 'Addr' c404 0a000001 'Meta' c50001ff 'Node' d907776f726b657231"
      "'Incarnation' d3 0000000000000001 'Port' d2 00001f0a",
      expected);
  expect_read(
      "04 df00000006 'Vsn' dc0006 01 05 cc02 d000 00 c0 'Addr' 94 0a 00 00 01 'Meta' 91 ccff"
      "'Node' c407776f726b657231 'Incarnation' cf0000000000000001 'Port' ce 00001f0a",
      expected);
}

TEST(MessageCodec, AcceptsNumbersForBooleans) {
  expect_read("01 81 'Nack' 01", IndirectPing({.nack = true}));
  expect_read("01 81 'Nack' 00", IndirectPing({.nack = false}));
}

TEST(MessageCodec, IgnoresBytesAfterTheMap) {
  expect_read("0b 81 'SeqNo' 08 ffffffff", Nack({.seq_no = 8}));
}

TEST(MessageCodec, TakesAUserMessageAsItIs) {
  expect_read("08 00ff", User({Bytes{0x00, 0xff}}));
  expect_read("08", User());
}

TEST(MessageCodec, RefusesWhatDoesNotFitItsField) {
  for (const auto text : {
           "0b 81 'SeqNo' ff",                  // negative
           "0b 81 'SeqNo' d3ffffffffffffffff",  // likewise
           "0b 81 'SeqNo' cf0000000100000000",  // beyond 32 bits
           "0b 81 'SeqNo' ca3f800000",          // floats
           "0b 81 'SeqNo' cb3ff0000000000000",  //
           "0b 81 'SeqNo' '1'",                 // a string
           "0b 81 'SeqNo' c3",                  // a boolean
           "04 81 'Port' ce00011170",           // 70000
           "01 81 'Nack' 02",                   // neither true nor false
           "01 81 'Nack' 'true'",               //
           "00 81 'Node' 05",                   // a number for a string
           "00 81 'Node' 9161",                 // an array for a string
           "04 81 'Vsn' 92 01 cd0100",          // 256 for a byte
           "04 81 'Vsn' 92 01 ff",              // -1 for a byte
           "04 81 'Vsn' 05",                    // a number for bytes
           "0b 82 'Other' c1 'SeqNo' 01",       // no value at all
           "0b 81 01 01",                       // a number for a key
       }) {
    EXPECT_TRUE(refused(text)) << text;
  }
}

TEST(MessageCodec, RefusesABodyThatIsNoMap) {
  for (const auto body : {"", "91 'SeqNo'", "07", "'SeqNo'", "c3", "c1"}) {
    for (const auto type : {"00", "01", "02", "03", "04", "05", "0b"}) {
      EXPECT_TRUE(refused(std::string(type) + body)) << type << " " << body;
    }
  }
  EXPECT_TRUE(refused(""));
}

TEST(MessageCodec, KnowsTheTypesThatStandInAPacketByThemselves) {
  const std::set<int> known{0, 1, 2, 3, 4, 5, 8, 11};
  for (int type = 0; type < 256; ++type) {
    const auto message = read_packet_message(Bytes{static_cast<std::uint8_t>(type), 0x80});
    EXPECT_EQ(message.has_value(), known.contains(type)) << type;
    if (!message) EXPECT_EQ(message.error(), MessageFault::kUnknownType) << type;
  }
}

TEST(MessageCodec, ReadsNoMessageOutOfAPartOfOne) {
  for (const auto& vector : packet_vectors()) {
    const auto whole = from_hex(vector.hex);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(read_packet_message(ByteView(whole).first(size)).has_value()) << vector.hex << " cut to " << size;
    }
  }
}

TEST(MessageCodec, KeepsTheStateOfARowOnlyIfItKnowsIt) {
  for (int state = 0; state < 4; ++state) {
    const auto row = read_push_pull_entry(wire("81 'State' 0" + std::to_string(state)));
    ASSERT_TRUE(row.has_value());
    EXPECT_TRUE(row->known_state);
    EXPECT_EQ(row->entry.state, static_cast<MemberState>(state));
  }
  for (const auto state : {"04", "ff", "d10100"}) {
    const auto row = read_push_pull_entry(wire(std::string("82 'State'") + state + "'Name''a'"));
    ASSERT_TRUE(row.has_value()) << state;
    EXPECT_FALSE(row->known_state) << state;
    EXPECT_EQ(row->entry.name, "a");
  }
}

TEST(MessageCodec, RefusesCompressionThatItDoesNotKnow) {
  constexpr std::size_t kCap = 1000;
  EXPECT_EQ(read_compressed(wire("82 'Algo' 00 'Buf' a3000302"), kCap), Bytes());
  EXPECT_EQ(read_compressed(wire("81 'Buf' a3000302"), kCap), Bytes());
  EXPECT_EQ(read_compressed(wire("82 'Algo' 01 'Buf' a3000302"), kCap), std::nullopt);
  EXPECT_EQ(read_compressed(wire("81 'Algo' 00"), kCap), std::nullopt);
  EXPECT_EQ(read_compressed(wire("82 'Algo' 00 'Buf' a0"), kCap), std::nullopt);
  EXPECT_EQ(read_compressed(wire("82 'Algo' 00 'Buf' a20003"), kCap), std::nullopt);
  EXPECT_EQ(read_compressed(wire("c0"), kCap), std::nullopt);
  EXPECT_EQ(read_compressed({}, kCap), std::nullopt);
}

RC_GTEST_PROP(MessageCodec, ReadsBackWhatItWrote, ()) {
  const auto message = any_packet_message();
  const auto read_again = read_packet_message(encode(message));
  RC_ASSERT(read_again.has_value());
  RC_ASSERT(*read_again == message);
}

RC_GTEST_PROP(MessageCodec, ReadsNoMessageOutOfAPartOfAnyOther, ()) {
  const auto message = any_packet_message();
  RC_PRE(!std::holds_alternative<User>(message));
  const auto whole = encode(message);
  const auto size = *rc::gen::inRange<std::size_t>(0, whole.size());
  RC_ASSERT(!read_packet_message(ByteView(whole).first(size)).has_value());
}

}  // namespace
}  // namespace metallb::gossip
