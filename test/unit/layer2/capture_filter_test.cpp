// The capture filter, run by a small interpreter of the classic Berkeley packet filter that behaves as the kernel does:
// a load beyond the frame ends the program with nothing.
#include "layer2/capture_filter.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "frames.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

/// The kernel's own checks (bpf_check_classic): known codes, jumps inside the program, a return at the end.
testing::AssertionResult is_valid(const FilterProgram& program) {
  if (program.empty() || program.size() > BPF_MAXINSNS) return testing::AssertionFailure() << program.size();
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const auto& i = program[pc];
    switch (i.code) {
      case BPF_LD | BPF_B | BPF_ABS:
      case BPF_LD | BPF_H | BPF_ABS:
      case BPF_LD | BPF_W | BPF_ABS:
      case BPF_LD | BPF_W | BPF_LEN:
      case BPF_RET | BPF_K:
        break;
      case BPF_JMP | BPF_JA:
        if (i.k >= program.size() - pc - 1) return testing::AssertionFailure() << "jump out at " << pc;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
      case BPF_JMP | BPF_JGT | BPF_K:
      case BPF_JMP | BPF_JGE | BPF_K:
        if (pc + i.jump_true + 1 >= program.size() || pc + i.jump_false + 1 >= program.size()) {
          return testing::AssertionFailure() << "branch out at " << pc;
        }
        break;
      default:
        return testing::AssertionFailure() << "code " << i.code << " at " << pc;
    }
  }
  if (program.back().code != (BPF_RET | BPF_K)) return testing::AssertionFailure() << "does not end with a return";
  return testing::AssertionSuccess();
}

bool passes(const FilterProgram& program, ByteView frame) {
  std::uint32_t a = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const auto& i = program[pc];
    const auto load = [&](std::size_t width) {
      if (i.k + width > frame.size()) return false;
      a = 0;
      for (std::size_t n = 0; n < width; ++n) a = (a << 8) | frame[i.k + n];
      return true;
    };
    const auto branch = [&](bool taken) { pc += taken ? i.jump_true : i.jump_false; };
    switch (i.code) {
      case BPF_LD | BPF_B | BPF_ABS:
        if (!load(1)) return false;
        break;
      case BPF_LD | BPF_H | BPF_ABS:
        if (!load(2)) return false;
        break;
      case BPF_LD | BPF_W | BPF_ABS:
        if (!load(4)) return false;
        break;
      case BPF_LD | BPF_W | BPF_LEN:
        a = static_cast<std::uint32_t>(frame.size());
        break;
      case BPF_JMP | BPF_JA:
        pc += i.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        branch(a == i.k);
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        branch(a > i.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        branch(a >= i.k);
        break;
      case BPF_RET | BPF_K:
        return i.k >= frame.size();
      default:
        ADD_FAILURE() << "code " << i.code;
        return false;
    }
  }
  ADD_FAILURE() << "ran off the end";
  return false;
}

// Far from every address that the tests below capture, also in the low 32 bits.
const IpAddress kElsewhere = IpAddress::v4(85, 85, 85, 85);
const IpAddress kElsewhere6 = ip("fe80::5555:5555");

/// `frame` with another word at `at`; checksums do not matter to a filter.
bool passes_with(const FilterProgram& program, Bytes& frame, std::size_t at, std::uint32_t word) {
  for (int i = 0; i < 4; ++i) frame[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(word >> (24 - 8 * i));
  return passes(program, frame);
}

// Frames are the same but for the word that matters.
bool asks(const FilterProgram& program, std::uint32_t target) {
  static auto frame = arp_frame({.sender_ip = kElsewhere});
  return passes_with(program, frame, 38, target);
}
bool claims(const FilterProgram& program, std::uint32_t sender) {
  static auto frame = arp_frame({.target_ip = kElsewhere});
  return passes_with(program, frame, 28, sender);
}
bool answers(const FilterProgram& program, std::uint32_t sender) {
  static auto frame = arp_frame({.operation = 2, .target_ip = kElsewhere});
  return passes_with(program, frame, 28, sender);
}
bool solicits(const FilterProgram& program, std::uint32_t target) {
  static auto frame = solicitation_frame({.source = kElsewhere6});
  return passes_with(program, frame, 74, target);
}
bool solicits_from(const FilterProgram& program, std::uint32_t source) {
  static auto frame = solicitation_frame({.target = kElsewhere6});
  return passes_with(program, frame, 34, source);
}
bool advertises(const FilterProgram& program, std::uint32_t target) {
  static auto frame = advertisement_frame({});
  return passes_with(program, frame, 74, target);
}

/// Every second address, so that none can be merged with the next.
std::vector<IpAddress> scattered(std::uint32_t first, std::size_t count) {
  std::vector<IpAddress> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(IpAddress::v4(first + 2 * static_cast<std::uint32_t>(i)));
  return out;
}

TEST(CaptureFilter, WithoutAddressesLetsNothingPass) {
  const std::vector<IpAddress> only_v6{kVip6};
  const std::vector<IpAddress> only_v4{kVip};
  EXPECT_TRUE(is_valid(arp_capture_filter({})));
  EXPECT_FALSE(passes(arp_capture_filter({}), arp_frame({})));
  EXPECT_FALSE(passes(arp_capture_filter(only_v6), arp_frame({.target_ip = IpAddress::v4(0x240)})));
  EXPECT_FALSE(passes(ndp_capture_filter(only_v4), solicitation_frame({.target = ip("2001:db8::c0a8:1f0")})));
}

TEST(CaptureFilter, LetsRequestsForOurAddressPassAndClaimsOfItAndNoOtherArp) {
  const std::vector<IpAddress> addresses{kVip, kVip6};
  const auto program = arp_capture_filter(addresses);
  ASSERT_TRUE(is_valid(program));
  EXPECT_TRUE(passes(program, arp_frame({})));
  EXPECT_TRUE(passes(program, arp_frame({.size = 42})));
  EXPECT_TRUE(passes(program, arp_frame({.sender_ip = IpAddress()}))) << "a probe";
  EXPECT_TRUE(passes(program, arp_frame({.operation = 2, .sender_ip = kVip, .target_ip = kVip}))) << "announced";
  EXPECT_TRUE(passes(program, arp_frame({.operation = 2, .sender_ip = kVip, .target_ip = kClientIp}))) << "answered";
  EXPECT_TRUE(passes(program, arp_frame({.sender_ip = kVip, .target_ip = kClientIp}))) << "used";
  EXPECT_FALSE(passes(program, arp_frame({.operation = 2}))) << "an answer to us, from somewhere else";
  EXPECT_FALSE(passes(program, arp_frame({.ether_type = 0x0800})));
  EXPECT_FALSE(passes(program, arp_frame({.target_ip = ip("192.168.1.239")})));
  EXPECT_FALSE(passes(program, arp_frame({.target_ip = ip("192.168.1.241")})));
  EXPECT_FALSE(passes(program, arp_frame({.sender_ip = ip("192.168.1.241"), .target_ip = kClientIp})));
}

TEST(CaptureFilter, LetsTruncatedArpPassSoThatItIsCounted) {
  const std::vector<IpAddress> addresses{kVip};
  const auto program = arp_capture_filter(addresses);
  for (std::size_t size = 14; size < 42; ++size) {
    EXPECT_TRUE(passes(program, arp_frame({.target_ip = kClientIp, .size = size}))) << size;
    EXPECT_FALSE(passes(program, arp_frame({.ether_type = 0x0800, .size = size}))) << size;
  }
}

TEST(CaptureFilter, LetsMessagesAboutOurAddressPassAndNoOtherIpv6) {
  const std::vector<IpAddress> addresses{kVip, kVip6};
  const auto program = ndp_capture_filter(addresses);
  ASSERT_TRUE(is_valid(program));
  EXPECT_TRUE(passes(program, solicitation_frame({})));
  EXPECT_TRUE(passes(program, solicitation_frame({.source = ip("::"), .options = {}})));
  EXPECT_TRUE(passes(program, solicitation_frame({.type = 136}))) << "an advertisement of it";
  EXPECT_TRUE(passes(program, solicitation_frame({.source = kVip6, .target = ip("2001:db8::241")}))) << "used";
  EXPECT_FALSE(passes(program, solicitation_frame({.target = ip("2001:db8::241")})));
  EXPECT_FALSE(passes(program, solicitation_frame({.type = 136, .target = ip("2001:db8::241")})));
  EXPECT_FALSE(passes(program, solicitation_frame({.source = kVip6, .type = 136, .target = ip("2001:db8::241")})));
  EXPECT_FALSE(passes(program, solicitation_frame({.type = 128})));
  EXPECT_FALSE(passes(program, solicitation_frame({.source = kVip6, .type = 134})));
  EXPECT_FALSE(passes(program, solicitation_frame({.next_header = 17})));
  EXPECT_FALSE(passes(program, solicitation_frame({.ether_type = 0x0806})));
}

TEST(CaptureFilter, LetsTruncatedMessagesPassSoThatTheyAreCounted) {
  const std::vector<IpAddress> addresses{kVip6};
  const auto program = ndp_capture_filter(addresses);
  const auto other = solicitation_frame({.target = ip("2001:db8::241"), .options = {}});
  for (std::size_t size = 14; size < 78; ++size) EXPECT_TRUE(passes(program, ByteView(other).first(size))) << size;
  EXPECT_FALSE(passes(program, other));
  // Whole packets of other protocols can be as short as that.
  EXPECT_FALSE(passes(program, ByteView(solicitation_frame({.next_header = 17})).first(62)));
  EXPECT_FALSE(passes(program, ByteView(solicitation_frame({.type = 128})).first(62)));
}

TEST(CaptureFilter, TakesTheLowestAndTheHighestAddress) {
  const std::vector<IpAddress> addresses{IpAddress::v4(0), IpAddress::v4(0xFFFFFFFF)};
  const auto program = arp_capture_filter(addresses);
  ASSERT_TRUE(is_valid(program));
  EXPECT_TRUE(asks(program, 0));
  EXPECT_TRUE(asks(program, 0xFFFFFFFF));
  EXPECT_FALSE(asks(program, 1));
  EXPECT_FALSE(asks(program, 0xFFFFFFFE));
}

TEST(CaptureFilter, NeedsFewInstructionsForNeighbouringAddresses) {
  std::vector<IpAddress> addresses;
  for (std::uint32_t i = 0; i < 10000; ++i) addresses.push_back(IpAddress::v4(0x0A000000 + i));
  EXPECT_LE(arp_capture_filter(addresses).size(), 24U);
}

TEST(CaptureFilter, IsExactWhileItFits) {
  // Around the size of one block of the search, where near jumps turn into far ones, and at the limit.
  for (const std::size_t count : {2U, 119U, 120U, 121U, 240U, 241U, 500U, 950U}) {
    const auto program = arp_capture_filter(scattered(0xC0A80000, count));
    ASSERT_TRUE(is_valid(program)) << count;
    for (std::uint32_t i = 0; i <= 2 * count; ++i) {
      const auto ours = i % 2 == 0 && i / 2 < count;
      ASSERT_EQ(asks(program, 0xC0A80000 + i), ours) << count << " addresses, offset " << i;
      ASSERT_EQ(claims(program, 0xC0A80000 + i), ours) << count << " addresses, offset " << i;
    }
    EXPECT_FALSE(asks(program, 0xC0A7FFFF));
    EXPECT_FALSE(claims(program, 0xC0A7FFFF));
  }
}

TEST(CaptureFilter, ClosesTheSmallestGapsWhenThereAreTooManyAddresses) {
  auto addresses = scattered(0x0A000000, 5000);
  addresses.push_back(IpAddress::v4(0xC0000000));  // far away: the gap before it must stay
  for (const std::size_t limit : {32U, 100U, 1000U, 4096U}) {
    const auto program = arp_capture_filter(addresses, {.max_instructions = limit});
    ASSERT_TRUE(is_valid(program));
    EXPECT_LE(program.size(), limit);
    for (const auto& address : addresses) {
      ASSERT_TRUE(asks(program, static_cast<std::uint32_t>(address.number())));
      ASSERT_TRUE(answers(program, static_cast<std::uint32_t>(address.number())));
    }
    EXPECT_FALSE(asks(program, 0x09FFFFFF));
    EXPECT_FALSE(asks(program, 0x0B000000));
    EXPECT_FALSE(asks(program, 0xBFFFFFFF));
  }
}

TEST(CaptureFilter, UsesMostOfTheRoomBeforeItCoarsens) {
  const auto program = arp_capture_filter(scattered(0x0A000000, 5000));
  EXPECT_GT(program.size(), kMaximumInstructions * 9 / 10);
}

RC_GTEST_PROP(CaptureFilter, NeverMissesAnAddressAndIsExactWhileThereIsRoom, ()) {
  // A narrow space, so that neighbours, duplicates and gaps of all sizes come up.
  const auto offsets = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 600));
  const auto base = *rc::gen::element<std::uint32_t>(0, 0x0A000000, 0xC0A80000, 0xFFFFFDA7);
  const auto limit = *rc::gen::element<std::size_t>(32, 64, 4096);
  std::vector<IpAddress> v4;
  std::vector<IpAddress> v6;
  std::set<std::uint32_t> wanted;
  for (const auto offset : offsets) {
    wanted.insert(base + offset);
    v4.push_back(IpAddress::v4(base + offset));
    v6.push_back(IpAddress::from_number(IpFamily::kIpv6, (static_cast<Uint128>(0x20010DB8) << 96) | (base + offset)));
  }
  const auto arp = arp_capture_filter(v4, {.max_instructions = limit});
  const auto ndp = ndp_capture_filter(v6, {.max_instructions = limit});
  RC_ASSERT(is_valid(arp));
  RC_ASSERT(is_valid(ndp));
  RC_ASSERT(arp.size() <= limit && ndp.size() <= limit);
  for (std::uint32_t offset = 0; offset < 600; offset += 1) {
    const auto value = base + offset;
    const auto ours = wanted.contains(value);
    // As target of a question and as sender of a claim.
    const std::array passed{asks(arp, value),     claims(arp, value),        answers(arp, value),
                            solicits(ndp, value), solicits_from(ndp, value), advertises(ndp, value)};
    for (const auto each : passed) {
      RC_ASSERT(each || !ours);
      if (limit == kMaximumInstructions) RC_ASSERT(each == ours);
    }
  }
}

}  // namespace
}  // namespace metallb::layer2
