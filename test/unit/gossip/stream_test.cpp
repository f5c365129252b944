// The layers around the message of a stream, in whatever pieces it comes: gossip spec 3.7, 3.8, 5, 12.7.
#include "gossip/stream.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "any_message.hpp"
#include "captures.hpp"
#include "gossip/message_codec.hpp"
#include "largest_allocation.hpp"
#include "wire.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

const KeyRing kRing{{captured_key()}};
const StreamOptions kBare{.compress = false};

/// The decompressed request of gossip spec 12.4.
constexpr std::string_view kRequestHex =
    "0683a44a6f696ec3a54e6f64657301ac5573657253746174654c656e0087a441646472a47f000002ab496e6361726e6174696f6e01a44d657461c0a"
    "44e61"
    "6d65a7776f726b657232a4506f7274cd461aa5537461746500a356736ea6010502000000";
PushPull the_request() {
  return {.join = true,
          .entries = {{.name = "worker2",
                       .address = {127, 0, 0, 2},
                       .port = 17946,
                       .incarnation = 1,
                       .versions = {kOwnVersions.begin(), kOwnVersions.end()}}}};
}

StreamReader read(ByteView bytes, const KeyRing& ring = {}, Plaintext plaintext = Plaintext::kRefused) {
  StreamReader reader(plaintext);
  reader.receive(bytes, ring);
  return reader;
}
StreamReader read(std::string_view hex, const KeyRing& ring = {}) {
  return read(from_hex(hex), ring);
}
void expect_fault(const StreamReader& reader, bool answer, std::string_view part_of_reason) {
  EXPECT_FALSE(reader.message().has_value());
  ASSERT_TRUE(reader.fault().has_value()) << part_of_reason;
  EXPECT_EQ(reader.fault()->answer, answer) << reader.fault()->reason;
  EXPECT_NE(reader.fault()->reason.find(part_of_reason), std::string::npos) << reader.fault()->reason;
  EXPECT_EQ(reader.held(), 0U);
}
void expect_message(const StreamReader& reader, const StreamMessage& message) {
  ASSERT_TRUE(reader.message().has_value()) << (reader.fault() ? reader.fault()->reason : "incomplete");
  EXPECT_EQ(*reader.message(), message);
  EXPECT_EQ(reader.held(), 0U);
}
Bytes compressed(ByteView message) {
  Bytes out;
  write_compressed(message, out);
  return out;
}
/// A frame that is sealed properly, whatever is in it.
Bytes framed(ByteView content) {
  Bytes out;
  ByteWriter w(out);
  w.u8(10).u32(static_cast<std::uint32_t>(content.size() + kSealOverhead));
  w.bytes(seal(captured_key(), counting_nonce(), content, Bytes(out)));
  return out;
}

TEST(StreamEncoding, WritesAPushPullAsSpecified) {
  EXPECT_EQ(to_hex(encode_stream(the_request(), kBare, {}, no_nonces())), kRequestHex);
  // Nodes and UserStateLen are signed: 200 takes 16 bits.
  PushPull many{.entries = std::vector<PushPullEntry>(200), .user_state = Bytes(200)};
  EXPECT_TRUE(to_hex(encode_stream(many, kBare, {}, no_nonces()))
                  .starts_with("0683a44a6f696ec2a54e6f646573d100c8ac5573657253746174654c656ed100c8"));
}

TEST(StreamEncoding, WritesTheLengthOfAUserMessage) {
  EXPECT_EQ(to_hex(encode_stream(User{{1, 2}}, kBare, {}, no_nonces())), "0881aa557365724d73674c656e020102");
}

TEST(StreamEncoding, CompressesAndSealsUnlessToldOtherwise) {
  EXPECT_EQ(to_hex(encode_stream(ErrorReply{"boom"}, {.compress = true, .seal = false}, kRing, no_nonces())),
            stream_vectors()[2].plain);
  EXPECT_EQ(encode_stream(ErrorReply{"boom"}, kBare, kRing, always(counting_nonce())), framed(from_hex(kErrorHex)));
}

TEST(StreamReading, AcceptsEveryMessagePlain) {
  expect_message(read(kRequestHex), the_request());
  expect_message(read(kErrorHex), ErrorReply{"boom"});
  expect_message(read("0282a75061796c6f6164c0a55365714e6f07"), the_ack());
  expect_message(read("0881aa557365724d73674c656e020102"), User{{1, 2}});
  expect_message(read(from_hex(packet_vectors()[0].hex)), the_ping());
}

TEST(StreamReading, AcceptsWhatIsSealedButNotCompressed) {
  expect_message(read(framed(from_hex(kRequestHex)), kRing), the_request());
}

TEST(StreamReading, TakesItsMessageInPiecesOfEverySize) {
  for (const auto& capture : kCaptures) {
    if (!capture.stream || capture.secrecy == Secrecy::kLabelled) continue;
    const auto ring = capture.secrecy == Secrecy::kSealed ? kRing : KeyRing{};
    const auto whole = from_hex(capture.hex);
    for (std::size_t piece = 1; piece <= whole.size(); ++piece) {
      StreamReader reader;
      EXPECT_TRUE(reader.untouched());
      for (std::size_t at = 0; at < whole.size(); at += piece) {
        ASSERT_FALSE(reader.done()) << at;
        reader.receive(ByteView(whole).subspan(at, std::min(piece, whole.size() - at)), ring);
        EXPECT_FALSE(reader.untouched());
      }
      ASSERT_TRUE(reader.message().has_value()) << capture.when << " in pieces of " << piece;
    }
  }
}

TEST(StreamReading, IsIncompleteWhereverItEndsEarly) {
  std::vector<std::pair<Bytes, KeyRing>> streams{{from_hex(kRequestHex), {}},
                                                 {from_hex("0881aa557365724d73674c656e020102"), {}}};
  for (const auto& vector : stream_vectors()) {
    streams.emplace_back(from_hex(vector.plain), KeyRing{});
    streams.emplace_back(from_hex(vector.sealed), kRing);
  }
  for (const auto& [whole, ring] : streams) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      auto reader = read(ByteView(whole).first(size), ring);
      EXPECT_FALSE(reader.done()) << size;
      reader.finish();
      expect_fault(reader, false, "ended");
    }
  }
}

TEST(StreamReading, HasNoFaultIfNothingCameAtAll) {
  StreamReader reader;
  reader.receive({}, {});
  reader.finish();
  EXPECT_FALSE(reader.done());
  EXPECT_TRUE(reader.untouched());
}

TEST(StreamReading, IgnoresWhatFollowsTheMessage) {
  auto reader = read(joined({from_hex(kErrorHex), Bytes(100, 0xff)}));
  expect_message(reader, ErrorReply{"boom"});
  reader.receive(from_hex(kRequestHex), {});
  reader.finish();
  expect_message(reader, ErrorReply{"boom"});
}

TEST(StreamReading, AnswersFaultsOfTheSeal) {
  expect_fault(read(stream_vectors()[0].sealed), true, "encryption is not configured");
  expect_fault(read(stream_vectors()[0].plain, kRing), true, "not encrypted");
  expect_fault(read(stream_vectors()[0].sealed, {{other_key()}}), true, "secrets differ");
  auto version_2 = from_hex(stream_vectors()[0].sealed);
  version_2[5] = 2;
  expect_fault(read(version_2, kRing), true, "sealed");
  // The length is a part of what is authenticated; too short a frame cannot have been sealed.
  expect_fault(read("0a0000000101", kRing), true, "sealed");
  expect_fault(read("0a00000000", kRing), true, "sealed");
}

TEST(StreamReading, AnswersFaultsOfTheCompression) {
  expect_fault(read("0982a4416c676f00a3427566a20003"), true, "compressed");
  expect_fault(read("0982a4416c676f01a3427566a3000302"), true, "compressed");
  expect_fault(read("09c0"), true, "compressed");
  // Nothing in it.
  expect_fault(read("0982a4416c676f00a3427566a3000302"), true, "compressed");
}

TEST(StreamReading, DoesNotAnswerOtherFaults) {
  expect_fault(read("0380"), false, "type 3");
  expect_fault(read("6380"), false, "type 99");
  expect_fault(read("0c00000000"), false, "type 12");
  expect_fault(read("f400"), false, "labelled");
  expect_fault(read("f404626c7565", kRing), false, "labelled");
  expect_fault(read("0007"), false, "cannot be read");
  expect_fault(read("00c1"), false, "cannot be read");
  expect_fault(read("0d81a54572726f7207"), false, "cannot be read");
  expect_fault(read(framed(from_hex("0380")), kRing), false, "type 3");
  expect_fault(read(framed(from_hex("0a00000000")), kRing), false, "type 10");
  expect_fault(read(compressed(from_hex("0380"))), false, "type 3");
  expect_fault(read(compressed(compressed(from_hex(kErrorHex)))), false, "twice");
}

TEST(StreamReading, DoesNotWaitForTheRestOfWhatWasSealedOrCompressedAsAWhole) {
  const auto torn = from_hex(kRequestHex.substr(0, kRequestHex.size() - 2));
  expect_fault(read(framed(torn), kRing), false, "incomplete");
  expect_fault(read(compressed(torn)), false, "incomplete");
  expect_fault(read(framed({}), kRing), false, "incomplete");
}

TEST(StreamReading, AcceptsPlaintextWhereThatIsAllowed) {
  expect_message(read(from_hex(stream_vectors()[0].plain), kRing, Plaintext::kAccepted), the_ping());
  expect_message(read(from_hex(stream_vectors()[0].sealed), kRing, Plaintext::kAccepted), the_ping());
  expect_fault(read(from_hex(stream_vectors()[0].sealed), {{other_key()}}, Plaintext::kAccepted), true, "secrets differ");
}

TEST(StreamReading, AcceptsAPushPullOfAStrangeDialect) {
  // gossip spec 12.7: declaration order, bin8, the versions as an array, an unknown key.
  expect_message(
      read("0684a54e6f64657301ac5573657253746174654c656e00a44a6f696ec3a54f74686572a178"
           "87a44e616d65d907776f726b657232a441646472c4047f000002a4506f7274cd461aa44d657461c0ab496e6361726e6174696f6e01"
           "a5537461746500a356736e96010502000000"),
      the_request());
}

TEST(StreamReading, LeavesOutRowsOfNoUse) {
  auto request = the_request();
  request.entries.push_back({.name = ""});
  auto bytes = encode_stream(request, kBare, {}, no_nonces());
  expect_message(read(bytes), the_request());
  // A state that the protocol does not know: 4.
  bytes = encode_stream(the_request(), kBare, {}, no_nonces());
  const auto state = bytes.size() - from_hex("00a356736ea6010502000000").size();
  ASSERT_EQ(bytes[state], 0);
  bytes[state] = 4;
  expect_message(read(bytes), PushPull{.join = true});
}

TEST(StreamReading, CarriesUserState) {
  PushPull message = the_request();
  message.user_state = bytes_of("whatever");
  const auto bytes = encode_stream(message, kBare, {}, no_nonces());
  expect_message(read(bytes), message);
  EXPECT_FALSE(read(ByteView(bytes).first(bytes.size() - 1)).done());
}

TEST(StreamReading, RefusesLengthsThatNobodyMeans) {
  const std::string head = "0683a44a6f696ec2a54e6f646573";
  const std::string user = "ac5573657253746174654c656e";
  expect_fault(read(head + "d200004e21" + user + "00"), false, "20001 members");
  expect_fault(read(head + "ff" + user + "00"), false, "-1 members");
  expect_fault(read(head + "d37fffffffffffffff" + user + "00"), false, "members");
  expect_fault(read(head + "00" + user + "ff"), false, "user state");
  expect_fault(read(head + "00" + user + "d201400001"), false, "user state");
  expect_fault(read("0881aa557365724d73674c656ed201400001"), false, "user message");
  expect_fault(read("0881aa557365724d73674c656eff"), false, "user message");
  expect_fault(read("0a01400001", kRing), true, "20 MiB");
  expect_fault(read("0affffffff", kRing), true, "20 MiB");
}

TEST(StreamReading, AllocatesNothingForWhatIsOnlyPromised) {
  if (!allocations_are_seen()) GTEST_SKIP() << "allocations are seen only under a sanitizer";
  const std::string head = "0683a44a6f696ec2a54e6f646573";
  const std::vector<std::pair<std::string, KeyRing>> rows{
      {"0a01400000"
       "01",
       kRing},
      {head + "d200004e20"
              "ac5573657253746174654c656ed201400000",
       {}},
      {"0881aa557365724d73674c656ed201400000", {}},
      {"0982a4416c676f00a3427566dbffffffff00", {}},
      {"00dfffffffff", {}},
  };
  for (const auto& [hex, ring] : rows) {
    const auto bytes = from_hex(hex);
    forget_allocations();
    const auto reader = read(bytes, ring);
    EXPECT_FALSE(reader.message().has_value()) << hex;
    EXPECT_LT(largest_allocation(), 1024U) << hex;
    EXPECT_EQ(reader.held(), bytes.size()) << hex;
  }
}

TEST(StreamReading, EndsAt20MebibytesOfPlainMessage) {
  auto reader = read("0081a44e6f6465dbffffffff");
  const Bytes piece(1 << 20);
  for (int i = 0; i < 19; ++i) reader.receive(piece, {});
  EXPECT_FALSE(reader.done());
  EXPECT_LE(reader.held(), kMaximumStream);
  for (int i = 0; i < 2; ++i) reader.receive(piece, {});
  expect_fault(reader, false, "20 MiB");
}

TEST(StreamReading, EndsAtACompressionBomb) {
  if (!allocations_are_seen()) GTEST_SKIP() << "allocations are seen only under a sanitizer";
  const auto bomb =
      compressed(joined({from_hex("0881aa557365724d73674c656ed201400000"), Bytes(kMaximumDecompressedStream)}));
  ASSERT_LT(bomb.size(), kMaximumStream);
  forget_allocations();
  expect_fault(read(bomb), true, "compressed");
  EXPECT_LE(largest_allocation(), 2 * kMaximumDecompressedStream);
}

TEST(StreamReading, LooksAtEveryByteOnceInWhateverPiecesItComes) {
  // 300,000 unknown values, byte by byte: quadratic work would take minutes.
  auto bytes = from_hex("0082a54f74686572dd000493e0");
  bytes.insert(bytes.end(), 300'000, 0xc0);
  const auto rest = from_hex("a55365714e6f07");
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  StreamReader reader;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    ASSERT_FALSE(reader.done());
    reader.receive(ByteView(bytes).subspan(i, 1), {});
  }
  expect_message(reader, Ping{.seq_no = 7});
}

RC_GTEST_PROP(Streams, ComeOutAsTheyWentInWithEverySetOfLayers, ()) {
  const auto message = any_stream_message();
  const StreamOptions options{.compress = *rc::gen::arbitrary<bool>(), .seal = *rc::gen::arbitrary<bool>()};
  const auto ring = *rc::gen::arbitrary<bool>() ? kRing : KeyRing{};
  const auto bytes = encode_stream(message, options, ring, always(*rc::gen::arbitrary<Nonce>()));
  StreamReader reader(options.seal ? Plaintext::kRefused : Plaintext::kAccepted);
  for (std::size_t at = 0; at < bytes.size();) {
    RC_ASSERT(!reader.done());
    const auto piece = std::min(*rc::gen::inRange<std::size_t>(1, 400), bytes.size() - at);
    reader.receive(ByteView(bytes).subspan(at, piece), ring);
    at += piece;
  }
  RC_ASSERT(reader.message().has_value());
  RC_ASSERT(*reader.message() == message);
}

}  // namespace
}  // namespace metallb::gossip
