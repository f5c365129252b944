#include "sim/host.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "layer2/arp_packet.hpp"
#include "sim/network.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

struct Process final : StreamSockets {
  void on_datagram(const std::shared_ptr<const Datagram>& datagram) override { datagrams.push_back(datagram->payload); }
  void on_unreachable(const gossip::Endpoint& to) override { unreachable.push_back(to); }
  void on_frame(const Frame& frame) override { frames.push_back(*frame); }
  void on_carrier(bool up) override { carrier = up; }
  void on_neighbour(const IpAddress& /*address*/, const MacAddress& mac) override { neighbours.push_back(mac); }
  void on_stream(StreamNews news) override { streams.push_back(std::move(news)); }
  [[nodiscard]] Bytes received(gossip::StreamId stream) const {
    Bytes all;
    for (const auto& news : streams) {
      if (news.what == StreamNews::What::kReceived && news.stream == stream)
        all.insert(all.end(), news.data.begin(), news.data.end());
    }
    return all;
  }
  [[nodiscard]] const StreamNews* last(StreamNews::What what) const {
    const StreamNews* found = nullptr;
    for (const auto& news : streams) {
      if (news.what == what) found = &news;
    }
    return found;
  }
  std::vector<Bytes> datagrams;
  std::vector<gossip::Endpoint> unreachable;
  std::vector<Bytes> frames;
  std::vector<StreamNews> streams;
  std::vector<MacAddress> neighbours;
  bool carrier = true;
};

Host::Addresses addresses(std::uint8_t number) {
  std::array<std::uint8_t, 16> link_local{0xFE, 0x80};
  link_local[15] = number;
  return {.node = IpAddress::v4(10, 1, 0, number),
          .link_local = IpAddress::v6(link_local),
          .mac = MacAddress({2, 0, 0, 0, 0, number})};
}

struct TwoHosts : testing::Test {
  TwoHosts() {
    a.bind(&at_a, 7946);
    b.bind(&at_b, 7946);
  }
  void run(Duration duration) { network.timeline.run_for(duration); }
  static gossip::Endpoint member(const Host& host) { return {.address = host.address(), .port = 7946}; }
  Network network{1};
  Host a{network, "a", addresses(1)};
  Host b{network, "b", addresses(2)};
  Process at_a;
  Process at_b;
};

TEST_F(TwoHosts, ADatagramArrivesOnce) {
  a.send_datagram(member(b), {1, 2, 3});
  run(1ms);
  EXPECT_EQ(at_b.datagrams, std::vector<Bytes>({{1, 2, 3}}));
  EXPECT_EQ(at_b.neighbours, std::vector{a.mac()});
  EXPECT_TRUE(at_a.unreachable.empty());
}

TEST_F(TwoHosts, ADuplicatingNetworkDeliversSomeTwice) {
  network.lan.set_quality({.duplicate = 0.5});
  for (int i = 0; i < 100; ++i) a.send_datagram(member(b), {1});
  run(1ms);
  EXPECT_GT(at_b.datagrams.size(), 120U);
  EXPECT_LT(at_b.datagrams.size(), 180U);
}

TEST_F(TwoHosts, AHostWithoutTheProcessAnswersWithAnErrorAsOftenAsLinuxDoes) {
  b.bind(nullptr, 0);
  for (int i = 0; i < 20; ++i) a.send_datagram(member(b), {1});
  run(1ms);
  EXPECT_EQ(at_a.unreachable, std::vector<gossip::Endpoint>(6, member(b)));
  run(1s);
  a.send_datagram(member(b), {1});
  run(1ms);
  EXPECT_EQ(at_a.unreachable.size(), 7U);
}

TEST_F(TwoHosts, ADeadHostSaysNothingUntilTheKernelGivesItUp) {
  b.set_power(false);
  for (int i = 0; i < 120; ++i) {
    a.send_datagram(member(b), {1});
    run(100ms);
  }
  EXPECT_TRUE(at_a.unreachable.empty());
  for (int i = 0; i < 40; ++i) {
    a.send_datagram(member(b), {1});
    run(100ms);
  }
  EXPECT_FALSE(at_a.unreachable.empty());
  EXPECT_LE(at_a.unreachable.size(), 4U);
}

TEST_F(TwoHosts, TheKernelAnswersForTheAddressOfItsHost) {
  a.send_frame(layer2::encode_arp({.ethernet_destination = MacAddress::broadcast(),
                                   .ethernet_source = a.mac(),
                                   .sender_mac = a.mac(),
                                   .sender_ip = a.address(),
                                   .target_ip = b.address()}));
  run(1ms);
  ASSERT_EQ(at_a.frames.size(), 1U);
  const auto reply = layer2::decode_arp(at_a.frames.front());
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->operation, layer2::ArpOperation::kReply);
  EXPECT_EQ(reply->sender_mac, b.mac());
}

TEST_F(TwoHosts, ANeighbourThatAnswersIsAWitnessAndTheAccusedIsNone) {
  std::vector<std::optional<bool>> answers;
  const auto note = [&](std::optional<bool> answer) { answers.push_back(answer); };
  a.ask_witness(b.address(), note);
  EXPECT_EQ(answers, std::vector{std::optional<bool>()});  // nobody else is known
  network.gateway = b.address();
  a.ask_witness(IpAddress::v4(10, 1, 0, 9), note);
  run(100ms);
  EXPECT_EQ(answers.back(), true);
  b.set_power(false);
  a.ask_witness(IpAddress::v4(10, 1, 0, 9), note);
  run(100ms);
  EXPECT_EQ(answers.back(), false);
}

TEST_F(TwoHosts, EachHostHasAClockOfItsOwnAndTheWallClockCanBeSet) {
  EXPECT_NE(a.now().steady, b.now().steady);
  EXPECT_EQ(a.to_simulation(a.now().steady), network.timeline.now());
  EXPECT_EQ(a.to_simulation(SteadyPoint::min()), SteadyPoint());
  EXPECT_EQ(a.to_simulation(kIdle), kIdle);
  const auto before = a.now();
  a.step_wall_clock(1h);
  EXPECT_EQ(a.now().wall - before.wall, 1h);
  EXPECT_EQ(a.now().steady, before.steady);
}

// ---- streams ----

TEST_F(TwoHosts, AStreamCarriesItsBytesInOrderOverALossyNetwork) {
  network.lan.set_quality({.loss = 0.2});
  Bytes sent;
  for (int i = 0; i < 50000; ++i) sent.push_back(static_cast<std::uint8_t>(i * 7));
  network.streams.dial(a, at_a, gossip::StreamId(1), member(b));
  run(20s);
  ASSERT_NE(at_a.last(StreamNews::What::kConnected), nullptr);
  network.streams.send(at_a, gossip::StreamId(1), sent, true);
  run(5min);
  const auto stream = at_b.last(StreamNews::What::kAccepted)->stream;
  EXPECT_EQ(at_b.received(stream), sent);
  ASSERT_NE(at_b.last(StreamNews::What::kEnded), nullptr);
  EXPECT_EQ(at_b.last(StreamNews::What::kEnded)->error, "");
}

TEST_F(TwoHosts, AClosedPortRefusesAndADeadHostSaysNothing) {
  b.bind(nullptr, 0);
  network.streams.dial(a, at_a, gossip::StreamId(1), member(b));
  run(1s);
  ASSERT_NE(at_a.last(StreamNews::What::kEnded), nullptr);
  EXPECT_EQ(at_a.last(StreamNews::What::kEnded)->error, "connection refused");
  at_a.streams.clear();
  b.set_power(false);
  network.streams.dial(a, at_a, gossip::StreamId(2), member(b));
  run(30s);
  EXPECT_TRUE(at_a.streams.empty());
}

TEST_F(TwoHosts, AProcessThatEndsResetsItsStreamsAndAHostThatDiesDoesNot) {
  network.streams.dial(a, at_a, gossip::StreamId(1), member(b));
  run(10ms);
  network.streams.abandon(at_b);
  b.bind(nullptr, 0);
  run(10ms);
  ASSERT_NE(at_a.last(StreamNews::What::kEnded), nullptr);
  EXPECT_EQ(at_a.last(StreamNews::What::kEnded)->error, "connection reset by peer");

  at_a.streams.clear();
  b.bind(&at_b, 7946);
  network.streams.dial(a, at_a, gossip::StreamId(2), member(b));
  run(10ms);
  b.set_power(false);
  network.streams.abandon(at_b);
  run(30s);
  EXPECT_EQ(at_a.last(StreamNews::What::kEnded), nullptr);
}

TEST_F(TwoHosts, AClosedStreamSaysNoMoreToWhoClosedIt) {
  network.streams.dial(a, at_a, gossip::StreamId(1), member(b));
  run(10ms);
  const auto other = at_b.last(StreamNews::What::kAccepted)->stream;
  network.streams.send(at_b, other, {1, 2, 3}, false);
  network.streams.close(at_a, gossip::StreamId(1));
  at_a.streams.clear();
  run(1s);
  EXPECT_TRUE(at_a.streams.empty());
  EXPECT_NE(at_b.last(StreamNews::What::kEnded), nullptr);
  EXPECT_EQ(network.streams.open(), 0U);
}

}  // namespace
}  // namespace metallb::sim
