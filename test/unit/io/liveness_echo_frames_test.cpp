// IPv4 echo packets on the wire, and the mailbox with the latest of each key.

#include "io/liveness/echo_frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "io/liveness/latest_of_each.hpp"
#include "unit/hex.hpp"

namespace metallb::io::test {
namespace {

using metallb::test::from_hex;
using testing::ElementsAre;

const IpAddress kOwn = IpAddress::v4(192, 0, 2, 1);
const Bytes kPayload{0xAA, 0xBB, 0xCC};

Bytes frame_of(const Bytes& payload) {
  return encode_echo_frame({.from = kOwn, .to = kOwn, .ttl = 255, .payload = payload});
}

/// RFC 1071, of a header of five words.
void mend_checksum(Bytes& packet) {
  packet[10] = packet[11] = 0;
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 20; i += 2) sum += static_cast<std::uint32_t>((packet[i] << 8) | packet[i + 1]);
  sum = (sum & 0xFFFFU) + (sum >> 16U);
  sum = ~((sum & 0xFFFFU) + (sum >> 16U));
  packet[10] = static_cast<std::uint8_t>(sum >> 8U);
  packet[11] = static_cast<std::uint8_t>(sum);
}

// RFC 791, RFC 768; the checksums were computed apart (RFC 1071).
TEST(EchoFrames, AreIpv4PacketsToOneselfOnPort3785) {
  EXPECT_EQ(frame_of(kPayload), from_hex("45c0001f00004000ff11f70a"
                                         "c0000201c0000201"
                                         "0ec90ec9000be786"
                                         "aabbcc"));
}

TEST(EchoFrames, AreReadAsTheyWereWritten) {
  const auto bytes = frame_of(kPayload);
  const auto frame = decode_echo_frame(bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->from, kOwn);
  EXPECT_EQ(frame->to, kOwn);
  EXPECT_EQ(frame->ttl, 255);
  EXPECT_THAT(frame->payload, ElementsAre(0xAA, 0xBB, 0xCC));
  auto padded = bytes;
  padded.resize(46);
  EXPECT_EQ(decode_echo_frame(padded)->payload.size(), 3U) << "the padding of a short Ethernet frame is none of it";
}

TEST(EchoFrames, AreReadOnlyWhenTheyAreWhole) {
  const auto whole = frame_of(kPayload);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_echo_frame(ByteView(whole).first(size))) << size;
  }
  // Version, header length, total length, fragment, protocol, port, UDP length below and beyond.
  for (const auto& [at, value] : std::vector<std::pair<std::size_t, int>>{
           {0, 0x65}, {0, 0x44}, {3, 0xFF}, {6, 0x60}, {9, 6}, {23, 0xC8}, {25, 7}, {25, 12}}) {
    auto changed = whole;
    changed[at] = static_cast<std::uint8_t>(value);
    mend_checksum(changed);
    EXPECT_FALSE(decode_echo_frame(changed)) << at;
  }
  auto changed = whole;
  changed[8] = 254;
  EXPECT_FALSE(decode_echo_frame(changed)) << "the header's checksum is wrong";
  mend_checksum(changed);
  EXPECT_EQ(decode_echo_frame(changed)->ttl, 254);
}

TEST(LatestOfEach, KeepsTheLatestOfEachKeyInTheOrderOfTheirAge) {
  LatestOfEach<std::string, int> box;
  EXPECT_TRUE(box.put("a", 1));
  EXPECT_FALSE(box.put("b", 2));
  EXPECT_FALSE(box.put("a", 3));
  EXPECT_FALSE(box.put("c", 4));
  const auto first = box.take(2);
  EXPECT_THAT(first.values, ElementsAre(2, 3));
  EXPECT_TRUE(first.more);
  const auto rest = box.take(2);
  EXPECT_THAT(rest.values, ElementsAre(4));
  EXPECT_FALSE(rest.more);
  EXPECT_TRUE(box.put("a", 5)) << "empty again: the reader has to be woken";
}

}  // namespace
}  // namespace metallb::io::test
