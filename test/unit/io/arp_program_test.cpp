// The program in the kernel: frame by frame it answers what the responder would, and nothing that is more than a question.
#include "io/kernel_answers/arp_program.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "io/clock.hpp"
#include "layer2/arp_packet.hpp"
#include "layer2/instance.hpp"
#include "unit/layer2/frames.hpp"

namespace metallb::io::test {
namespace {

using layer2::test::Arp;
using layer2::test::arp_frame;
using layer2::test::kClientIp;
using layer2::test::kClientMac;
using layer2::test::kOurMac;
using layer2::test::kVip;

/// judge() works on it.
constexpr InterfaceIndex kLoopback{1};
const IpAddress kOurOther = IpAddress::v4(192, 168, 1, 241);

/// The program and the core, told the same.
/// Of the core, for which no time passes: nobody calls it when it wants to be called.
const Now kNow{.steady = SteadyPoint(std::chrono::hours(1)), .wall = {}};

struct Both {
  Both() {
    auto loaded = ArpProgram::load();
    if (!loaded) {
      refused = loaded.error().to_string();
      return;
    }
    program = std::move(*loaded);
    core.on_input(kNow, layer2::InterfaceState{.index = kLoopback, .name = "lan0", .mac = kOurMac, .arp = true}, actions);
    for (const auto& address : {kVip, kOurOther}) {
      core.on_input(kNow, layer2::Command(layer2::Announce{{"default", "web"}, address, {.all = true, .names = {}}}),
                    actions);
      EXPECT_TRUE(program->put(kLoopback, address, kOurMac));
    }
  }

  /// What goes back; nothing when the program leaves the frame to others.
  Bytes judge(const Bytes& frame) const {
    program->lease(io::now().steady + std::chrono::milliseconds(900));
    auto answer = program->judge(frame);
    EXPECT_TRUE(answer) << answer.error().to_string() << " for a frame of " << frame.size() << " bytes";
    return answer.value_or(Bytes());
  }
  /// What the core does about it.
  std::vector<layer2::Action> ask_core(const Bytes& frame) {
    actions.clear();
    core.on_input(kNow, layer2::FrameReceived{kLoopback, frame}, actions);
    return std::exchange(actions, {});
  }

  std::string refused;
  std::unique_ptr<ArpProgram> program;
  layer2::Instance core;
  std::vector<layer2::Action> actions;
};

#define NEEDS_THE_PROGRAM(both) \
  if (!(both).program) GTEST_SKIP() << (both).refused

/// Of `frame`, unless the core would do something else with it.
std::string difference(Both& both, const Bytes& frame, const Bytes& answer) {
  const auto done = both.ask_core(frame);
  if (done.size() != 1 || !std::holds_alternative<layer2::SendFrame>(done[0])) return "the core does something else";
  const auto& sent = std::get<layer2::SendFrame>(done[0]).frame;
  return sent == answer ? "" : layer2::test::to_hex(sent) + " and not " + layer2::test::to_hex(answer);
}

TEST(ArpProgram, AnswersAPlainRequestAsTheResponderDoes) {
  Both both;
  NEEDS_THE_PROGRAM(both);
  const std::vector<Arp> requests = {
      {},
      {.ethernet_destination = kOurMac},
      {.target_ip = kOurOther},
      {.hardware_type = 6},
      {.ethernet_source = MacAddress({0x02, 0, 0, 0, 0, 0x55})},
      {.size = 42},
      {.size = 300},
  };
  for (const auto& request : requests) {
    auto frame = arp_frame(request);
    std::fill(frame.begin() + 42, frame.end(), std::uint8_t{0xEE});
    const auto answer = both.judge(frame);
    ASSERT_FALSE(answer.empty()) << layer2::test::to_hex(frame);
    EXPECT_EQ(difference(both, frame, answer), "");
  }
}

TEST(ArpProgram, LeavesWhateverIsMoreThanAQuestion) {
  Both both;
  NEEDS_THE_PROGRAM(both);
  const auto none = IpAddress::v4(0, 0, 0, 0);
  const MacAddress group({0x01, 0, 0, 0, 0, 0x99});
  const std::vector<std::pair<const char*, Arp>> frames = {
      {"a reply", {.operation = 2}},
      {"an unknown operation", {.operation = 9}},
      {"a probe", {.sender_ip = none}},
      {"a stranger's announcement of our address", {.sender_ip = kVip}},
      {"a question by somebody with an address of ours", {.sender_ip = kOurOther}},
      {"another address", {.target_ip = kClientIp}},
      {"another host's frame", {.ethernet_destination = kClientMac}},
      {"to a multicast group", {.ethernet_destination = group}},
      {"our own frame", {.ethernet_source = kOurMac}},
      {"a sender that is a group", {.sender_mac = group}},
      {"a sender without a MAC", {.sender_mac = MacAddress()}},
      {"another protocol", {.protocol_type = 0x86DD}},
      {"a longer MAC", {.hardware_length = 8}},
      {"a longer address", {.protocol_length = 16}},
      {"another EtherType", {.ether_type = 0x0800}},
      {"truncated", {.size = 41}},
      {"nothing but a header", {.size = 14}},
  };
  for (const auto& [what, frame] : frames) EXPECT_TRUE(both.judge(arp_frame(frame)).empty()) << what;
  auto tagged = arp_frame({.size = 42});
  tagged.insert(tagged.begin() + 12, {0x81, 0x00, 0x00, 0x05});
  EXPECT_TRUE(both.judge(tagged).empty()) << "for a VLAN";
}

RC_GTEST_PROP(ArpProgram, NeverAnswersAnythingButWhatTheResponderWould, ()) {
  static Both both;
  if (!both.program) return;
  auto frame = arp_frame({.ethernet_destination = *rc::gen::element(MacAddress::broadcast(), kOurMac, kClientMac),
                          .sender_ip = *rc::gen::element(kClientIp, kVip, kOurOther),
                          .target_ip = *rc::gen::element(kVip, kOurOther, kClientIp),
                          .size = *rc::gen::inRange<std::size_t>(14, 70)});
  for (auto changes = *rc::gen::inRange(0, 3); changes > 0; --changes) {
    frame[*rc::gen::inRange<std::size_t>(0, std::min<std::size_t>(frame.size(), 42))] =
        *rc::gen::element<std::uint8_t>(0, 1, 2, 4, 6, 8, 192, 240, 255);
  }
  // The kernel's test run refuses what calls itself IP and has no room for its header.
  const bool is_ip = (frame[12] == 0x08 && frame[13] == 0x00) || (frame[12] == 0x86 && frame[13] == 0xdd);
  RC_PRE(!is_ip || frame.size() >= 14 + 40);
  const auto answer = both.judge(frame);
  if (!answer.empty()) RC_ASSERT(difference(both, frame, answer) == "");
}

TEST(ArpProgram, IsSilentWithoutALeaseAfterItAndWhenItsEndIsAbsurd) {
  Both both;
  NEEDS_THE_PROGRAM(both);
  const auto request = arp_frame({});
  ASSERT_FALSE(both.judge(request).empty());
  const auto now = io::now().steady;
  for (const auto until :
       {SteadyPoint(), now - std::chrono::milliseconds(1), now + std::chrono::hours(1), SteadyPoint::max()}) {
    both.program->lease(until);
    EXPECT_TRUE(both.program->judge(request).value().empty()) << until.time_since_epoch().count();
  }
}

TEST(ArpProgram, AnswersNoMoreForAnAddressThatWasErasedAndCountsEveryAnswerOnce) {
  Both both;
  NEEDS_THE_PROGRAM(both);
  using Counts = ArpProgram::Counts;
  const auto request = arp_frame({});
  const auto other = arp_frame({.target_ip = kOurOther});
  EXPECT_FALSE(both.program->has_counts());
  (void)both.judge(request);
  (void)both.judge(request);
  (void)both.judge(other);
  EXPECT_TRUE(both.program->has_counts());
  EXPECT_EQ(both.program->take_counts(), (Counts{{kVip, 2}, {kOurOther, 1}}));
  EXPECT_FALSE(both.program->has_counts());
  EXPECT_EQ(both.program->take_counts(), Counts());

  (void)both.judge(request);
  both.program->erase(kLoopback, kVip);
  EXPECT_TRUE(both.judge(request).empty());
  EXPECT_TRUE(both.program->has_counts());
  EXPECT_EQ(both.program->take_counts(), (Counts{{kVip, 1}})) << "also what it answered just before";

  const MacAddress renewed({0x02, 0, 0, 0, 0, 0x0A});
  EXPECT_TRUE(both.program->put(kLoopback, kOurOther, renewed));
  EXPECT_EQ(layer2::decode_arp(both.judge(other)).value().sender_mac, renewed);
  EXPECT_TRUE(both.program->put(InterfaceIndex(2), kVip, kOurMac));
  EXPECT_TRUE(both.judge(request).empty()) << "known on another interface only";
  EXPECT_EQ(both.program->take_counts(), (Counts{{kOurOther, 1}}));
}

TEST(ArpProgram, CountsWithThousandsOfAddresses) {
  Both both;
  NEEDS_THE_PROGRAM(both);
  for (std::uint32_t i = 0; i < 3000; ++i) ASSERT_TRUE(both.program->put(kLoopback, IpAddress::v4(0x0A000000 + i), kOurMac));
  ArpProgram::Counts expected;
  for (std::uint32_t i = 0; i < 3000; i += 7) {
    const auto address = IpAddress::v4(0x0A000000 + i);
    ASSERT_FALSE(both.judge(arp_frame({.target_ip = address})).empty());
    expected.emplace(address, 1);
  }
  EXPECT_EQ(both.program->take_counts(), expected);
}

TEST(ArpProgram, SaysWhenItsTableIsFullAndGoesOn) {
  Both both;
  NEEDS_THE_PROGRAM(both);
  bool room = true;
  for (std::uint32_t i = 0; room && i < 20000; ++i)
    room = both.program->put(kLoopback, IpAddress::v4(0x0A000000 + i), kOurMac);
  EXPECT_FALSE(room);
  EXPECT_FALSE(both.judge(arp_frame({})).empty());
  both.program->erase(kLoopback, kOurOther);
  EXPECT_TRUE(both.program->put(kLoopback, IpAddress::v4(0x0B000000), kOurMac));
}

}  // namespace
}  // namespace metallb::io::test
