#include "base/bytes.hpp"

#include <gtest/gtest.h>

namespace metallb {
namespace {

TEST(ByteReader, ReadsInNetworkOrder) {
  const Bytes data{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0xAA, 0xBB};
  ByteReader in(data);
  EXPECT_EQ(in.u8(), 0x01);
  EXPECT_EQ(in.u16(), 0x0203);
  EXPECT_EQ(in.u32(), 0x04050607U);
  EXPECT_EQ(in.remaining(), 2U);
  EXPECT_EQ((in.array<2>()), (std::array<std::uint8_t, 2>{0xAA, 0xBB}));
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.remaining(), 0U);
}

TEST(ByteReader, StaysFailedAndYieldsZerosAfterReadingPastTheEnd) {
  const Bytes data{0xFF, 0xFF, 0xFF};
  ByteReader in(data);
  EXPECT_EQ(in.u32(), 0U);
  EXPECT_FALSE(in.ok());
  // Three bytes are left, but a failed reader gives out none of them.
  EXPECT_EQ(in.u8(), 0U);
  EXPECT_EQ(in.u16(), 0U);
  EXPECT_TRUE(in.take(1).empty());
  EXPECT_TRUE(in.take(0).empty());
  EXPECT_EQ(in.remaining(), 0U);
  EXPECT_FALSE(in.ok());
}

TEST(ByteReader, IsNotFooledByAHugeCount) {
  const Bytes data{1, 2};
  ByteReader in(data);
  in.skip(1);
  in.skip(static_cast<std::size_t>(-1));
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.position(), 1U);
}

TEST(ByteReader, CanBeFailedByItsCaller) {
  const Bytes data{1, 2};
  ByteReader in(data);
  in.fail();
  EXPECT_EQ(in.u8(), 0U);
  EXPECT_FALSE(in.ok());
}

TEST(ByteReader, TakesNothingFromNothing) {
  ByteReader in(ByteView{});
  EXPECT_TRUE(in.take(0).empty());
  EXPECT_TRUE(in.ok());
  in.u8();
  EXPECT_FALSE(in.ok());
}

TEST(ByteWriter, WritesInNetworkOrderAndPads) {
  Bytes out;
  ByteWriter(out).u8(0x01).u16(0x0203).u32(0x04050607).bytes(Bytes{0xAA}).pad_to(10);
  EXPECT_EQ(out, (Bytes{1, 2, 3, 4, 5, 6, 7, 0xAA, 0, 0}));
  ByteWriter(out).pad_to(4);
  EXPECT_EQ(out.size(), 10U);
}

}  // namespace
}  // namespace metallb
