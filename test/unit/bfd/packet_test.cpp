// The wire: bgp spec 4.13 (layout and order of the checks), 3.8 S14, 3.9 E17, section 6 rows 269 and 292; RFC 5880,
// Sections 4.1 and 6.8.6.
#include "bfd/packet.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "unit/hex.hpp"

namespace metallb::bfd {
namespace {

using namespace std::chrono_literals;
using metallb::test::from_hex;
using metallb::test::to_hex;

/// Discriminators 1 and 2, 300/300/3/50: the first packet of vector E17.
ControlPacket poll_in_up() {
  return {.state = State::kUp,
          .poll = true,
          .detect_mult = 3,
          .mine = Discriminator(1),
          .yours = Discriminator(2),
          .desired_min_tx = 300ms,
          .required_min_rx = 300ms,
          .required_min_echo_rx = 50ms};
}

TEST(ControlPacket, IsWrittenAndReadAsTheVectorsShow) {
  auto final = poll_in_up();
  final.poll = false;
  final.final = true;
  auto admin_down = poll_in_up();
  admin_down.poll = false;
  admin_down.state = State::kAdminDown;
  admin_down.diagnostic = Diagnostic::kAdministrativelyDown;
  admin_down.desired_min_tx = admin_down.required_min_rx = 1s;
  // S14: before the peer has answered, profile 60/70 ms, multiplier 5, echo 90 ms.
  const ControlPacket first{.detect_mult = 5,
                            .mine = Discriminator(0x11223344),
                            .desired_min_tx = 1s,
                            .required_min_rx = 1s,
                            .required_min_echo_rx = 90ms};
  struct Row {
    const char* hex;
    ControlPacket packet;
  };
  const Row rows[] = {
      {"20e003180000000100000002000493e0000493e00000c350", poll_in_up()},
      {"20d003180000000100000002000493e0000493e00000c350", final},
      {"270003180000000100000002000f4240000f42400000c350", admin_down},
      {"204005181122334400000000000f4240000f424000015f90", first},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(to_hex(encode_control(row.packet)), row.hex);
    EXPECT_EQ(decode_control(from_hex(row.hex)), row.packet) << row.hex;
  }
}

TEST(ControlPacket, IsReadWithEveryFlagInItsPlace) {
  const auto read = [](const char* hex) { return decode_control(from_hex(hex)).value(); };
  EXPECT_TRUE(read("20c803180000000100000002000493e0000493e00000c350").control_plane_independent);
  EXPECT_TRUE(read("20c203180000000100000002000493e0000493e00000c350").demand);
  const auto authenticated = read("20c4031a0000000100000002000493e0000493e00000c3500102");
  EXPECT_TRUE(authenticated.authenticated);
  EXPECT_FALSE(authenticated.poll || authenticated.final || authenticated.demand || authenticated.control_plane_independent);
  // A packet of a FRR that was removed: state Down, the neighbour signalled it.
  const auto removed = read("234003180000000100000002000f4240000f42400000c350");
  EXPECT_EQ(removed.diagnostic, Diagnostic::kNeighbourSignalledDown);
  EXPECT_EQ(removed.state, State::kDown);
  EXPECT_EQ(removed.desired_min_tx, Interval(1'000'000));
}

TEST(ControlPacket, IsDiscardedForTheFirstReasonThatHolds) {
  struct Row {
    const char* hex;
    Fault fault;
  };
  const Row rows[] = {
      {"", Fault::kTruncated},
      {"20e003", Fault::kTruncated},
      {"00e00000", Fault::kVersion},
      {"40e003180000000100000002000493e0000493e00000c350", Fault::kVersion},
      {"20e003170000000100000002000493e0000493e00000c350", Fault::kLength},
      {"20e403190000000100000002000493e0000493e00000c35000", Fault::kLength},
      {"20e003190000000100000002000493e0000493e00000c350", Fault::kTruncated},
      {"20e003180000000100000002000493e0000493e00000c3", Fault::kTruncated},
      {"20e100180000000000000000000493e0000493e00000c350", Fault::kDetectMult},
      {"20e103180000000000000000000493e0000493e00000c350", Fault::kMultipoint},
      {"20e003180000000000000000000493e0000493e00000c350", Fault::kMyDiscriminator},
      {"20e003180000000100000000000493e0000493e00000c350", Fault::kYourDiscriminator},
      {"208003180000000100000000000493e0000493e00000c350", Fault::kYourDiscriminator},
  };
  for (const auto& row : rows) {
    const auto packet = decode_control(from_hex(row.hex));
    ASSERT_FALSE(packet.has_value()) << row.hex;
    EXPECT_EQ(packet.error(), row.fault) << row.hex << ": " << to_string(packet.error());
  }
}

TEST(ControlPacket, NeedNotNameItsReceiverWhileItsSenderIsDown) {
  EXPECT_TRUE(decode_control(from_hex("204003180000000100000000000493e0000493e00000c350")));
  EXPECT_TRUE(decode_control(from_hex("270003180000000100000000000493e0000493e00000c350")));
}

TEST(ControlPacket, EndsWhereItsLengthSays) {
  EXPECT_EQ(decode_control(from_hex("20e003180000000100000002000493e0000493e00000c350ffff")), poll_in_up());
}

TEST(ControlPacket, SurvivesARoundTrip) {
  EXPECT_TRUE(rc::check([] {
    auto packet = poll_in_up();
    packet.diagnostic = static_cast<Diagnostic>(*rc::gen::inRange(0, 32));
    packet.state = static_cast<State>(*rc::gen::inRange(0, 4));
    packet.poll = *rc::gen::arbitrary<bool>();
    packet.final = *rc::gen::arbitrary<bool>();
    packet.control_plane_independent = *rc::gen::arbitrary<bool>();
    packet.demand = *rc::gen::arbitrary<bool>();
    packet.detect_mult = *rc::gen::inRange<std::uint8_t>(1, 255);
    packet.mine = Discriminator(*rc::gen::nonZero<std::uint32_t>());
    packet.yours = Discriminator(*rc::gen::nonZero<std::uint32_t>());
    packet.desired_min_tx = Interval(*rc::gen::arbitrary<std::uint32_t>());
    packet.required_min_rx = Interval(*rc::gen::arbitrary<std::uint32_t>());
    packet.required_min_echo_rx = Interval(*rc::gen::arbitrary<std::uint32_t>());
    const bool same = decode_control(encode_control(packet)) == packet;
    RC_ASSERT(same);
  }));
}

TEST(EchoPacket, SurvivesARoundTrip) {
  const EchoPacket packet{.discriminator = Discriminator(0x01020304), .secret = 0x0A0B0C0D, .sequence = 7};
  EXPECT_EQ(to_hex(encode_echo(packet)), "4d4c4245010203040a0b0c0d000000070000000000000000");
  EXPECT_EQ(decode_echo(encode_echo(packet)), packet);
}

TEST(EchoPacket, IsNotSeenInOtherBytes) {
  EXPECT_FALSE(decode_echo({}));
  EXPECT_FALSE(decode_echo(from_hex("4d4c4245010203040a0b0c0d0000000700000000000000")));
  EXPECT_FALSE(decode_echo(from_hex("4d4c4245010203040a0b0c0d000000070000000000000001")));
  EXPECT_FALSE(decode_echo(from_hex("4d4c4246010203040a0b0c0d000000070000000000000000")));
}

TEST(Fault, HasANameOfItsOwn) {
  for (std::size_t i = 0; i < kFaults; ++i) {
    EXPECT_FALSE(label(static_cast<Fault>(i)).empty());
    EXPECT_FALSE(to_string(static_cast<Fault>(i)).empty());
    for (std::size_t k = 0; k < i; ++k) EXPECT_NE(label(static_cast<Fault>(i)), label(static_cast<Fault>(k)));
  }
}

}  // namespace
}  // namespace metallb::bfd
