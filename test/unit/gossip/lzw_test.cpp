// Compression: gossip spec 3.7, the long vector of 12.2.
#include "gossip/lzw.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <rapidcheck/gtest.h>

#include "gossip/message_codec.hpp"
#include "wire.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

constexpr std::size_t kRoomy = 1 << 20;
constexpr std::uint32_t kClear = 256;
constexpr std::uint32_t kEnd = 257;

std::string sha256(ByteView bytes) {
  Bytes digest(32);
  EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr), 1);
  return to_hex(digest);
}

/// gossip spec 12.2: covers all widths and several resets of the dictionary.
Bytes long_input() {
  Bytes out;
  std::uint32_t x = 12345;
  for (int i = 0; i < 20000; ++i) {
    x = x * 1103515245U + 12345U;
    out.push_back(static_cast<std::uint8_t>((x >> 16) & 0x3f));
  }
  return out;
}

/// Packs codes by the decoder's rule for the width, for streams that no encoder of ours would write.
Bytes packed(const std::vector<std::uint32_t>& codes) {
  Bytes out;
  std::uint64_t bits = 0;
  unsigned count = 0;
  unsigned width = 9;
  std::uint32_t high = 257;
  for (const auto code : codes) {
    bits |= static_cast<std::uint64_t>(code) << count;
    count += width;
    for (; count >= 8; count -= 8, bits >>= 8) out.push_back(static_cast<std::uint8_t>(bits));
    if (code == kClear) {
      width = 9;
      high = 257;
    } else if (++high == 1U << width) {
      if (width == 12) {
        --high;
      } else {
        ++width;
      }
    }
  }
  if (count > 0) out.push_back(static_cast<std::uint8_t>(bits));
  return out;
}

TEST(Lzw, CompressesTheLongVectorOfTheSpecification) {
  const auto input = long_input();
  ASSERT_EQ(sha256(input), "df54d1d25b9c44dab8b821774296de06be931e1cdf2fe656c0c1f9558e52a322");
  EXPECT_EQ(lzw_compress(input).size(), 20929U);
  Bytes message;
  write_compressed(input, message);
  EXPECT_EQ(message.size(), 20944U);
  EXPECT_EQ(sha256(message), "636b2b5965c5091ea6d4c9c46b36c926e7d4e39b3ce06cf310d4953960ac054e");
}

TEST(Lzw, DecompressesTheLongVector) {
  const auto input = long_input();
  EXPECT_EQ(lzw_decompress(lzw_compress(input), input.size()), input);
}

TEST(Lzw, ReadsBackEveryLengthAroundAFullDictionary) {
  // The dictionary is full after 3838 codes; the end of the input may fall on every place around that.
  const auto input = long_input();
  for (std::size_t size = 3800; size < 4300; ++size) {
    const auto part = ByteView(input).first(size);
    const auto read = lzw_decompress(lzw_compress(part), size);
    ASSERT_TRUE(read.has_value()) << size;
    ASSERT_TRUE(std::equal(part.begin(), part.end(), read->begin(), read->end())) << size;
  }
}

TEST(Lzw, AcceptsAStreamThatDoesNotBeginWithAClearCode) {
  EXPECT_EQ(lzw_decompress(packed({'a', 'b', 258, kEnd}), kRoomy), bytes_of("abab"));
  EXPECT_EQ(lzw_decompress(packed({kEnd}), kRoomy), Bytes());
}

TEST(Lzw, KnowsTheCodeThatIsAboutToBeDefined) {
  EXPECT_EQ(lzw_decompress(packed({kClear, 'a', 258, 259, kEnd}), kRoomy), bytes_of("aaaaaa"));
  EXPECT_EQ(lzw_decompress(packed({kClear, 'a', 'b', 258, 260, kEnd}), kRoomy), bytes_of("abababa"));
}

TEST(Lzw, ForgetsEverythingAtAClearCode) {
  EXPECT_EQ(lzw_decompress(packed({kClear, 'a', 'b', kClear, kClear, 'c', 'd', 258, kEnd}), kRoomy), bytes_of("abcdcd"));
  EXPECT_EQ(lzw_decompress(packed({kClear, 'a', 'b', kClear, 258, kEnd}), kRoomy).error(), LzwError::kBadCode);
}

TEST(Lzw, KeepsAFullDictionaryUntilItIsCleared) {
  // No encoder of the original lets it come to this. Codes 258 + k stand for the bytes k and k + 1 of the literals.
  std::vector<std::uint32_t> codes{kClear};
  Bytes expected;
  for (std::uint32_t i = 0; i < 6000; ++i) {
    codes.push_back((i * i + i / 7) % 251);
    expected.push_back(static_cast<std::uint8_t>(codes.back()));
  }
  const auto literals = expected;
  for (const std::uint32_t code : {258U, 3000U, 4094U, 4095U}) {
    codes.push_back(code);
    expected.push_back(literals[code - 258]);
    expected.push_back(literals[code - 257]);
  }
  codes.push_back(kEnd);
  EXPECT_EQ(lzw_decompress(packed(codes), kRoomy), expected);
}

TEST(Lzw, RefusesCodesThatAreNotDefined) {
  for (const auto& codes : std::vector<std::vector<std::uint32_t>>{{kClear, 258, kEnd},
                                                                   {258, kEnd},
                                                                   {kClear, 'a', 259, kEnd},
                                                                   {kClear, 'a', 'b', 260, kEnd},
                                                                   {kClear, 'a', 511, kEnd}}) {
    EXPECT_EQ(lzw_decompress(packed(codes), kRoomy).error(), LzwError::kBadCode);
  }
}

TEST(Lzw, RefusesAStreamWithoutEndHoweverItIsCut) {
  const auto whole = lzw_compress(bytes_of("abcabcabcabcabcabc"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = lzw_decompress(ByteView(whole).first(size), kRoomy);
    ASSERT_FALSE(read.has_value()) << size;
    EXPECT_EQ(read.error(), LzwError::kTruncated) << size;
  }
}

TEST(Lzw, IgnoresBytesAfterTheEnd) {
  auto bytes = lzw_compress(bytes_of("abc"));
  bytes.insert(bytes.end(), {0xff, 0xff, 0xff});
  EXPECT_EQ(lzw_decompress(bytes, kRoomy), bytes_of("abc"));
}

TEST(Lzw, StopsAtTheCap) {
  const Bytes zeros(100'000);
  const auto bomb = lzw_compress(zeros);
  EXPECT_LT(bomb.size(), 1000U);
  EXPECT_EQ(lzw_decompress(bomb, zeros.size()), zeros);
  EXPECT_EQ(lzw_decompress(bomb, zeros.size() - 1).error(), LzwError::kTooLarge);
  EXPECT_EQ(lzw_decompress(bomb, 0).error(), LzwError::kTooLarge);
  EXPECT_EQ(lzw_decompress(lzw_compress({}), 0), Bytes());
}

RC_GTEST_PROP(Lzw, ReadsBackWhatItWrote, ()) {
  // Few different bytes make long strings, many make a full dictionary.
  const auto alphabet = *rc::gen::inRange(1, 257);
  const auto size = *rc::gen::inRange<std::size_t>(0, 12000);
  auto x = *rc::gen::arbitrary<std::uint32_t>();
  Bytes input;
  for (std::size_t i = 0; i < size; ++i) {
    x = x * 1664525U + 1013904223U;
    input.push_back(static_cast<std::uint8_t>((x >> 8) % static_cast<std::uint32_t>(alphabet)));
  }
  RC_ASSERT(lzw_decompress(lzw_compress(input), size).value() == input);
}

RC_GTEST_PROP(Lzw, NeverExceedsItsCapWhateverItIsFed, (Bytes input)) {
  const auto cap = *rc::gen::inRange<std::size_t>(0, 100);
  const auto read = lzw_decompress(input, cap);
  RC_ASSERT(!read || read->size() <= cap);
}

}  // namespace
}  // namespace metallb::gossip
