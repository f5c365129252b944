#include "sim/lan.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "layer2/ethernet.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

struct Ear final : Lan::Station {
  void frame_arrived(const Frame& frame) override { heard.push_back((*frame)[14]); }
  void carrier_changed(bool up) override { carrier = up; }
  std::vector<int> heard;
  bool carrier = true;
};

MacAddress mac(std::uint8_t number) {
  return MacAddress({2, 0, 0, 0, 0, number});
}

Bytes frame(const MacAddress& to, const MacAddress& from, std::uint8_t mark) {
  Bytes bytes;
  ByteWriter out(bytes);
  layer2::write_ethernet(out, {to, from, 0x88B5});
  out.u8(mark).pad_to(60);
  return bytes;
}

struct FourPorts : testing::Test {
  FourPorts() : lan(timeline, Random(7)) {
    for (std::uint8_t i = 0; i < 4; ++i) ports.push_back(lan.attach(mac(i), ears[i]));
  }
  /// Of so many packets from a to b, how many arrive.
  int arriving(Lan::Port a, Lan::Port b, int packets) {
    int count = 0;
    for (int i = 0; i < packets; ++i) count += lan.carry(a, b, 100).has_value() ? 1 : 0;
    return count;
  }
  Timeline timeline;
  Lan lan;
  Ear ears[4];
  std::vector<Lan::Port> ports;
};

TEST_F(FourPorts, AnIdealNetworkDeliversEveryPacketInOrderWithinItsLatencyAndJitter) {
  SteadyPoint last = SteadyPoint::min();
  for (int i = 0; i < 1000; ++i) {
    const auto delay = lan.carry(ports[0], ports[1], 100);
    ASSERT_TRUE(delay);
    EXPECT_LE(*delay, lan.quality().latency + lan.quality().jitter);
    EXPECT_GE(timeline.now() + *delay, last);
    last = timeline.now() + *delay;
    timeline.run_for(10us);
  }
  EXPECT_EQ(lan.counters(ports[0]).packets_sent, 1000U);
  EXPECT_EQ(lan.counters(ports[0]).lost, 0U);
}

TEST_F(FourPorts, LosesTheShareThatItIsToldTo) {
  lan.set_quality({.loss = 0.2});
  EXPECT_NEAR(arriving(0, 1, 20000), 16000, 300);
  lan.set_port_loss(1, 0.5);
  EXPECT_NEAR(arriving(0, 1, 20000), 8000, 300);
  EXPECT_NEAR(arriving(1, 2, 20000), 8000, 300);
  EXPECT_NEAR(arriving(0, 2, 20000), 16000, 300);
}

TEST_F(FourPorts, ReorderedPacketsOvertakeOthersAndOnlyThose) {
  lan.set_quality({.reorder = 0.1, .latency = 100us, .jitter = 2ms});
  int overtaken = 0;
  SteadyPoint last = SteadyPoint::min();
  for (int i = 0; i < 1000; ++i) {
    const auto arrival = timeline.now() + *lan.carry(0, 1, 100);
    if (arrival < last) ++overtaken;
    last = std::max(last, arrival);
    timeline.run_for(10us);
  }
  EXPECT_GT(overtaken, 20);
  EXPECT_LE(overtaken, 150);
}

TEST_F(FourPorts, APartitionSeparatesItsSidesAndNobodyElse) {
  lan.set_group(2, 1);
  lan.set_group(3, 1);
  EXPECT_EQ(arriving(0, 2, 10), 0);
  EXPECT_EQ(arriving(3, 1, 10), 0);
  EXPECT_EQ(arriving(0, 1, 10), 10);
  EXPECT_EQ(arriving(2, 3, 10), 10);
  lan.set_group(2, 0);
  EXPECT_EQ(arriving(0, 2, 10), 10);
}

TEST_F(FourPorts, ADeafPortIsHeardAndAMuteOneHears) {
  lan.set_deaf(1, true);
  EXPECT_EQ(arriving(0, 1, 10), 0);
  EXPECT_EQ(arriving(1, 0, 10), 10);
  EXPECT_FALSE(lan.both_ways(0, 1));
  lan.set_deaf(1, false);
  lan.set_mute(1, true);
  EXPECT_EQ(arriving(0, 1, 10), 10);
  EXPECT_EQ(arriving(1, 0, 10), 0);
}

TEST_F(FourPorts, ABlockedWayConcernsOneDirectionOfOnePair) {
  lan.block(0, 1, true);
  EXPECT_EQ(arriving(0, 1, 10), 0);
  EXPECT_EQ(arriving(1, 0, 10), 10);
  EXPECT_EQ(arriving(0, 2, 10), 10);
  lan.block(0, 1, false);
  EXPECT_EQ(arriving(0, 1, 10), 10);
}

TEST_F(FourPorts, AStoppedSwitchCarriesNothingUntilItGoesOn) {
  lan.stop_switch_until(timeline.now() + 50ms);
  EXPECT_EQ(arriving(0, 1, 10), 0);
  timeline.run_for(50ms);
  EXPECT_EQ(arriving(0, 1, 10), 10);
}

TEST_F(FourPorts, APulledCableIsNoticedAtItsPortAndCarriesNothing) {
  lan.set_carrier(1, false);
  EXPECT_FALSE(ears[1].carrier);
  EXPECT_TRUE(ears[0].carrier);
  EXPECT_EQ(arriving(0, 1, 10), 0);
  EXPECT_EQ(arriving(1, 0, 10), 0);
}

TEST_F(FourPorts, ABroadcastReachesEverybodyButItsSender) {
  lan.send_frame(0, frame(MacAddress::broadcast(), mac(0), 1));
  timeline.run_for(1ms);
  EXPECT_TRUE(ears[0].heard.empty());
  for (int i = 1; i < 4; ++i) EXPECT_EQ(ears[i].heard, std::vector{1});
}

TEST_F(FourPorts, AFrameToALearnedAddressGoesToItsPortOnly) {
  lan.send_frame(2, frame(mac(0), mac(2), 1));  // unknown yet: flooded
  timeline.run_for(1ms);
  EXPECT_EQ(ears[1].heard, std::vector{1});
  lan.send_frame(0, frame(mac(2), mac(0), 2));
  timeline.run_for(1ms);
  EXPECT_EQ(ears[2].heard, std::vector{2});
  EXPECT_EQ(ears[1].heard, std::vector{1});
}

TEST_F(FourPorts, AFrameOnItsWayDoesNotReachAPortWhoseCableWasPulledMeanwhile) {
  lan.send_frame(0, frame(MacAddress::broadcast(), mac(0), 1));
  lan.set_carrier(1, false);
  timeline.run_for(1ms);
  EXPECT_TRUE(ears[1].heard.empty());
  EXPECT_EQ(ears[2].heard, std::vector{1});
}

}  // namespace
}  // namespace metallb::sim
