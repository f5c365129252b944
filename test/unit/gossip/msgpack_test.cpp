// The MessagePack dialect: gossip spec 3.1.
#include "gossip/msgpack.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "largest_allocation.hpp"
#include "wire.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

template <class Write>
std::string written(Write write) {
  Bytes out;
  MsgpackWriter writer(out);
  write(writer);
  return to_hex(out);
}
std::string unsigned_hex(std::uint64_t value) {
  return written([&](MsgpackWriter& w) { w.unsigned_number(value); });
}
std::string signed_hex(std::int64_t value) {
  return written([&](MsgpackWriter& w) { w.signed_number(value); });
}
/// The head of a raw value of so many bytes.
std::string raw_head(std::size_t size) {
  const auto all = written([&](MsgpackWriter& w) { w.raw(Bytes(size)); });
  return all.substr(0, all.size() - 2 * size);
}

/// Reads one value; nothing unless it is read well and to its last byte.
template <class Read>
auto read(std::string_view hex, Read read_one) -> std::optional<decltype(read_one(std::declval<MsgpackReader&>()))> {
  const auto bytes = from_hex(hex);
  MsgpackReader in(bytes);
  auto value = read_one(in);
  if (!in.ok() || in.position() != bytes.size()) return std::nullopt;
  return value;
}
std::optional<std::uint64_t> read_unsigned(std::string_view hex,
                                           std::uint64_t maximum = std::numeric_limits<std::uint64_t>::max()) {
  return read(hex, [&](MsgpackReader& in) { return in.unsigned_number(maximum); });
}
std::optional<std::int64_t> read_signed(std::string_view hex) {
  return read(hex, [](MsgpackReader& in) { return in.signed_number(); });
}
std::optional<bool> read_boolean(std::string_view hex) {
  return read(hex, [](MsgpackReader& in) { return in.boolean(); });
}
std::optional<std::string> read_string(std::string_view hex) {
  return read(hex, [](MsgpackReader& in) { return in.string(); });
}
std::optional<std::optional<Bytes>> read_bytes(std::string_view hex) {
  return read(hex, [](MsgpackReader& in) { return in.bytes(); });
}

TEST(MsgpackWriter, GivesUnsignedNumbersTheSmallestUnsignedForm) {
  EXPECT_EQ(unsigned_hex(0), "00");
  EXPECT_EQ(unsigned_hex(127), "7f");
  EXPECT_EQ(unsigned_hex(128), "cc80");
  EXPECT_EQ(unsigned_hex(255), "ccff");
  EXPECT_EQ(unsigned_hex(256), "cd0100");
  EXPECT_EQ(unsigned_hex(65535), "cdffff");
  EXPECT_EQ(unsigned_hex(65536), "ce00010000");
  EXPECT_EQ(unsigned_hex(0xffff'ffff), "ceffffffff");
  EXPECT_EQ(unsigned_hex(0x1'0000'0000), "cf0000000100000000");
}

TEST(MsgpackWriter, GivesSignedNumbersSignedFormsOfSixteenBitsAndMore) {
  EXPECT_EQ(signed_hex(0), "00");
  EXPECT_EQ(signed_hex(127), "7f");
  EXPECT_EQ(signed_hex(128), "d10080");
  EXPECT_EQ(signed_hex(255), "d100ff");
  EXPECT_EQ(signed_hex(32767), "d17fff");
  EXPECT_EQ(signed_hex(32768), "d200008000");
  EXPECT_EQ(signed_hex(0x7fff'ffff), "d27fffffff");
  EXPECT_EQ(signed_hex(0x8000'0000), "d30000000080000000");
}

TEST(MsgpackWriter, GivesNegativeNumbersTheirStandardForms) {
  EXPECT_EQ(signed_hex(-1), "ff");
  EXPECT_EQ(signed_hex(-32), "e0");
  EXPECT_EQ(signed_hex(-33), "d0df");
  EXPECT_EQ(signed_hex(-128), "d080");
  EXPECT_EQ(signed_hex(-129), "d1ff7f");
  EXPECT_EQ(signed_hex(-32768), "d18000");
  EXPECT_EQ(signed_hex(-32769), "d2ffff7fff");
  EXPECT_EQ(signed_hex(std::numeric_limits<std::int64_t>::min()), "d38000000000000000");
}

TEST(MsgpackWriter, KnowsOnlyTheRawFormsOfTheOldFormat) {
  EXPECT_EQ(raw_head(0), "a0");
  EXPECT_EQ(raw_head(31), "bf");
  EXPECT_EQ(raw_head(32), "da0020");
  EXPECT_EQ(raw_head(65535), "daffff");
  EXPECT_EQ(raw_head(65536), "db00010000");
}

TEST(MsgpackWriter, TellsNilFromEmptyAndTrueFromFalse) {
  EXPECT_EQ(written([](MsgpackWriter& w) { w.nil(); }), "c0");
  EXPECT_EQ(written([](MsgpackWriter& w) { w.string(""); }), "a0");
  EXPECT_EQ(written([](MsgpackWriter& w) { w.boolean(false); }), "c2");
  EXPECT_EQ(written([](MsgpackWriter& w) { w.boolean(true); }), "c3");
  EXPECT_EQ(written([](MsgpackWriter& w) { w.map(8); }), "88");
}

TEST(MsgpackReader, TakesNonNegativeIntegersInAnyForm) {
  for (const auto hex :
       {"07", "cc07", "cd0007", "ce00000007", "cf0000000000000007", "d007", "d10007", "d200000007", "d30000000000000007"}) {
    EXPECT_EQ(read_unsigned(hex), 7U) << hex;
    EXPECT_EQ(read_signed(hex), 7) << hex;
  }
  EXPECT_EQ(read_unsigned("cfffffffffffffffff"), std::numeric_limits<std::uint64_t>::max());
}

TEST(MsgpackReader, TakesNegativeIntegersForSignedFieldsOnly) {
  for (const auto hex : {"ff", "d0ff", "d1ffff", "d2ffffffff", "d3ffffffffffffffff"}) {
    EXPECT_EQ(read_signed(hex), -1) << hex;
    EXPECT_EQ(read_unsigned(hex), std::nullopt) << hex;
  }
  EXPECT_EQ(read_signed("cfffffffffffffffff"), std::nullopt);
}

TEST(MsgpackReader, RefusesNumbersAboveTheirField) {
  EXPECT_EQ(read_unsigned("cdffff", 65535), 65535U);
  EXPECT_EQ(read_unsigned("ce00010000", 65535), std::nullopt);
  EXPECT_EQ(read_unsigned("ce00011170", 65535), std::nullopt);
}

TEST(MsgpackReader, RefusesOtherTypesForNumbers) {
  // Strings, byte arrays, booleans, floats of both sizes, maps, arrays, extensions.
  for (const auto hex : {"a137", "c40137", "c2", "c3", "ca40e00000", "cb401c000000000000", "80", "90", "d40107", "c1"}) {
    EXPECT_EQ(read_unsigned(hex), std::nullopt) << hex;
    EXPECT_EQ(read_signed(hex), std::nullopt) << hex;
  }
}

TEST(MsgpackReader, TakesZeroAndOneForBooleans) {
  EXPECT_EQ(read_boolean("c3"), true);
  EXPECT_EQ(read_boolean("c2"), false);
  EXPECT_EQ(read_boolean("01"), true);
  EXPECT_EQ(read_boolean("00"), false);
  for (const auto hex : {"02", "ff", "a3796573", "cb3ff0000000000000"}) EXPECT_EQ(read_boolean(hex), std::nullopt) << hex;
}

TEST(MsgpackReader, TakesAllFormsOfStringsAndByteArraysForBoth) {
  for (const auto hex : {"a26869", "d9026869", "da00026869", "db000000026869", "c4026869", "c500026869", "c6000000026869"}) {
    EXPECT_EQ(read_string(hex), "hi") << hex;
    EXPECT_EQ(read_bytes(hex), bytes_of("hi")) << hex;
  }
}

TEST(MsgpackReader, TakesAnArrayOfSmallIntegersForBytes) {
  const Bytes versions{1, 5, 2, 0, 0, 200};
  for (const auto hex : {"9601050200 00ccc8", "dc0006010502d1000000cd00c8", "dd000000060105020000ccc8"}) {
    std::string digits(hex);
    std::erase(digits, ' ');
    EXPECT_EQ(read_bytes(digits), versions) << hex;
  }
  EXPECT_EQ(read_bytes("90"), Bytes());
  EXPECT_EQ(read_bytes("9101"), Bytes{1});
  for (const auto hex : {"91cd0100", "91ff", "91a131", "91", "dc0002 01", "ddffffffff01"}) {
    std::string digits(hex);
    std::erase(digits, ' ');
    EXPECT_EQ(read_bytes(digits), std::nullopt) << hex;
  }
  EXPECT_EQ(read_string("9168"), std::nullopt);
}

TEST(MsgpackReader, TakesNilForTheZeroOfEverything) {
  EXPECT_EQ(read_unsigned("c0"), 0U);
  EXPECT_EQ(read_signed("c0"), 0);
  EXPECT_EQ(read_boolean("c0"), false);
  EXPECT_EQ(read_string("c0"), "");
  const auto nothing = read_bytes("c0");
  ASSERT_TRUE(nothing.has_value());
  EXPECT_FALSE(nothing->has_value());
  EXPECT_EQ(read("c0", [](MsgpackReader& in) { return in.map(); }), 0U);
}

TEST(MsgpackReader, TakesMapsInAnyForm) {
  for (const auto hex : {"82", "de0002", "df00000002"}) {
    EXPECT_EQ(read(hex, [](MsgpackReader& in) { return in.map(); }), 2U) << hex;
  }
  for (const auto hex : {"92", "02", "a0", "c2", ""}) {
    EXPECT_EQ(read(hex, [](MsgpackReader& in) { return in.map(); }), std::nullopt) << hex;
  }
}

TEST(MsgpackReader, PassesOverValuesOfEveryKind) {
  for (const auto hex : {"00",
                         "7f",
                         "ff",
                         "e0",
                         "c0",
                         "c2",
                         "c3",
                         "cc01",
                         "cd0102",
                         "ce01020304",
                         "cf0102030405060708",
                         "d001",
                         "d10102",
                         "d201020304",
                         "d30102030405060708",
                         "ca01020304",
                         "cb0102030405060708",
                         "a0",
                         "a161",
                         "d90161",
                         "da000161",
                         "db0000000161",
                         "c40161",
                         "c5000161",
                         "c60000000161",
                         "90",
                         "9101",
                         "dc000101",
                         "dd0000000101",
                         "80",
                         "81a16101",
                         "de0001a16101",
                         "df00000001a16101",
                         "d401ff",
                         "d501ffff",
                         "d601ffffffff",
                         "d701ffffffffffffffff",
                         "d801ffffffffffffffffffffffffffffffff",
                         "c70101ff",
                         "c8000101ff",
                         "c90000000101ff",
                         "82a16192c081a0c3a162a0"}) {
    const auto bytes = from_hex(hex);
    MsgpackReader in(bytes);
    in.skip();
    EXPECT_TRUE(in.ok()) << hex;
    EXPECT_EQ(in.position(), bytes.size()) << hex;
    // And over nothing that is incomplete.
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      MsgpackReader torn(ByteView(bytes).first(size));
      torn.skip();
      EXPECT_FALSE(torn.ok()) << hex << " cut to " << size;
    }
  }
  const Bytes unused{0xc1};
  MsgpackReader never(unused);
  never.skip();
  EXPECT_FALSE(never.ok());
}

TEST(MsgpackReader, PassesOverAnyDepth) {
  // A million arrays inside each other: no recursion, hence no stack to exhaust.
  Bytes deep(1'000'000, 0x91);
  MsgpackReader torn(deep);
  torn.skip();
  EXPECT_FALSE(torn.ok());
  deep.push_back(0xc0);
  MsgpackReader in(deep);
  in.skip();
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.position(), deep.size());
}

TEST(MsgpackReader, AllocatesNothingForWhatIsOnlyPromised) {
  if (!allocations_are_seen()) GTEST_SKIP() << "allocations are seen only under a sanitizer";
  for (const auto hex : {"dbffffffff61", "c6ffffffff61", "d9ff61", "ddffffffff01", "dcffff01"}) {
    const auto bytes = from_hex(hex);
    forget_allocations();
    MsgpackReader as_bytes(bytes);
    EXPECT_EQ(as_bytes.bytes(), std::nullopt);
    EXPECT_FALSE(as_bytes.ok());
    MsgpackReader as_string(bytes);
    EXPECT_EQ(as_string.string(), "");
    EXPECT_FALSE(as_string.ok());
    MsgpackReader passed(bytes);
    passed.skip();
    EXPECT_FALSE(passed.ok());
    EXPECT_LT(largest_allocation(), 64U) << hex;
  }
}

TEST(MsgpackReader, StaysFailedAndYieldsZeros) {
  const auto bytes = from_hex("a161070707");
  MsgpackReader in(bytes);
  EXPECT_EQ(in.unsigned_number(255), 0U);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.unsigned_number(255), 0U);
  EXPECT_EQ(in.string(), "");
  EXPECT_EQ(in.bytes(), std::nullopt);
  EXPECT_EQ(in.map(), 0U);
  EXPECT_FALSE(in.boolean());
  in.skip();
  EXPECT_FALSE(in.ok());
}

/// One value of any kind, at most `depth` containers deep.
Bytes any_value(int depth) {
  Bytes out;
  ByteWriter w(out);
  const auto fill = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) w.u8(*rc::gen::arbitrary<std::uint8_t>());
  };
  const auto nested = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) w.bytes(any_value(depth - 1));
  };
  const auto count = *rc::gen::inRange<std::uint8_t>(0, 4);
  switch (*rc::gen::inRange(0, depth > 0 ? 12 : 8)) {
    case 0:
      w.u8(*rc::gen::inRange<std::uint8_t>(0, 0x80));
      break;
    case 1:
      w.u8(0xcb);
      fill(8);
      break;
    case 2:
      w.u8(0xcd);
      fill(2);
      break;
    case 3:
      w.u8(static_cast<std::uint8_t>(0xa0 | count));
      fill(count);
      break;
    case 4:
      w.u8(0xc4).u8(count);
      fill(count);
      break;
    case 5:
      w.u8(0xda).u16(count);
      fill(count);
      break;
    case 6:
      w.u8(0xc7).u8(count).u8(1);
      fill(count);
      break;
    case 7:
      w.u8(0xc0);
      break;
    case 8:
      w.u8(static_cast<std::uint8_t>(0x90 | count));
      nested(count);
      break;
    case 9:
      w.u8(0xdd).u32(count);
      nested(count);
      break;
    case 10:
      w.u8(static_cast<std::uint8_t>(0x80 | count));
      nested(2U * count);
      break;
    default:
      w.u8(0xde).u16(count);
      nested(2U * count);
      break;
  }
  return out;
}

RC_GTEST_PROP(MsgpackScanner, FindsTheEndInWhateverPiecesTheBytesCome, ()) {
  const auto value = any_value(3);
  const auto all = joined({value, *rc::gen::arbitrary<Bytes>()});
  MsgpackScanner scanner;
  for (std::size_t size = 0; size < value.size(); size += *rc::gen::inRange<std::size_t>(1, 9)) {
    RC_ASSERT(scanner.advance(ByteView(all).first(size)) == MsgpackScanner::State::kMore);
  }
  RC_ASSERT(scanner.advance(all) == MsgpackScanner::State::kEnd);
  RC_ASSERT(scanner.end() == value.size());
}

RC_GTEST_PROP(Msgpack, ReadsBackNumbers, (std::int64_t number)) {
  // Shifted, so that all sizes occur.
  number >>= *rc::gen::inRange(0, 64);
  RC_ASSERT(read_signed(signed_hex(number)) == number);
  const auto unsigned_value = static_cast<std::uint64_t>(number) >> *rc::gen::inRange(0, 64);
  RC_ASSERT(read_unsigned(unsigned_hex(unsigned_value)) == unsigned_value);
}

TEST(Msgpack, ReadsBackStringsOfEveryForm) {
  for (const std::size_t size : {0, 1, 31, 32, 255, 256, 65535, 65536, 70000}) {
    const Bytes content(size, 'x');
    const auto hex = written([&](MsgpackWriter& w) { w.raw(content); });
    EXPECT_EQ(read_bytes(hex), content);
    EXPECT_EQ(read_string(hex), std::string(content.begin(), content.end()));
  }
}

}  // namespace
}  // namespace metallb::gossip
