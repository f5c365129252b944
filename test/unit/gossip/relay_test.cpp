// gossip spec 4.1 to 4.3: pings, and pings for others.
#include "gossip/relay.hpp"

#include <gtest/gtest.h>

#include "guest.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

class Relaying : public testing::Test {
 protected:
  Relaying()
      : node(net.add("n1")), requester(net, "r", IpAddress::v4(10, 0, 0, 2)), target(net, "t", IpAddress::v4(10, 0, 0, 3)) {}
  IndirectPing request(bool nack) {
    return {77, "t", to_wire(target.address), 7946, nack, {to_wire(requester.address), 7946, "r"}};
  }
  VirtualNetwork net;
  VirtualNetwork::Node& node;
  Guest requester;
  Guest target;
};

TEST_F(Relaying, PassesTheAnswerOnUnderTheRequestersNumber) {
  requester.say(node, {request(true)});
  net.run_for(10ms);
  ASSERT_EQ(target.count<Ping>(), 1U);
  const auto ping = target.all<Ping>()[0].second;
  EXPECT_EQ(ping.node, "t");
  EXPECT_EQ(ping.source.node, "n1");
  EXPECT_NE(ping.seq_no, 77U) << "a number of its own";
  ASSERT_EQ(requester.count<Ack>(), 1U);
  EXPECT_EQ(requester.all<Ack>()[0].second.seq_no, 77U);
  net.run_for(5s);
  EXPECT_EQ(requester.count<Nack>(), 0U);
}

TEST_F(Relaying, SaysNackAfterTheProbeTimeoutIfThatIsWanted) {
  target.answers = false;
  requester.say(node, {request(true)});
  net.run_for(499ms);
  EXPECT_EQ(requester.count<Nack>(), 0U);
  net.run_for(10ms);
  ASSERT_EQ(requester.count<Nack>(), 1U);
  EXPECT_EQ(requester.all<Nack>()[0].second.seq_no, 77U);
  net.run_for(5s);
  EXPECT_EQ(requester.count<Nack>(), 1U);
}

TEST_F(Relaying, IsSilentWhenNoNackIsWanted) {
  target.answers = false;
  requester.say(node, {request(false)});
  net.run_for(5s);
  EXPECT_TRUE(requester.got.empty());
}

TEST_F(Relaying, PassesNoAnswerOnThatComesTooLate) {
  target.answers = false;
  requester.say(node, {request(false)});
  net.run_for(600ms);
  target.say(node, {Ack{target.all<Ping>()[0].second.seq_no, std::nullopt}});
  net.run_for(1s);
  EXPECT_EQ(requester.count<Ack>(), 0U);
}

TEST_F(Relaying, AnswersToWhereThePacketCameFromWithoutASource) {
  target.answers = false;
  auto bare = request(true);
  bare.source = {};
  requester.say(node, {bare});
  net.run_for(600ms);
  EXPECT_EQ(requester.count<Nack>(), 1U);
}

TEST_F(Relaying, TakesItsOwnPortForNone) {
  auto message = request(false);
  message.port = 0;
  requester.say(node, {message});
  net.run_for(1ms);
  ASSERT_EQ(target.got.size(), 1U);
  EXPECT_EQ(target.got[0].to.port, 7946);
}

TEST_F(Relaying, DoesNotShoutAtGroupsNorAtAddressesThatAreNone) {
  for (const auto& address : {Bytes{}, Bytes{1, 2, 3}, Bytes{224, 0, 0, 1}, Bytes{255, 255, 255, 255}, Bytes(16, 0xff)}) {
    auto message = request(true);
    message.target = address;
    requester.say(node, {message});
  }
  net.run_for(1s);
  EXPECT_EQ(node.core->counters().sent[0].packets, 0U);
  EXPECT_EQ(node.core->counters().bad_addresses, 5U);
}

TEST_F(Relaying, DoesNotSendNamesThatAreNone) {
  auto message = request(true);
  message.node = std::string(254, 'x');
  requester.say(node, {message});
  net.run_for(1s);
  EXPECT_TRUE(target.got.empty());
  EXPECT_EQ(node.core->counters().bad_names, 1U);
}

TEST_F(Relaying, IsBoundedInNumber) {
  target.answers = false;
  for (std::size_t i = 0; i < Relay::kMost + 100; ++i) requester.say(node, {request(false)});
  EXPECT_EQ(node.core->counters().relays_refused, 100U);
  net.run_for(1s);
  requester.say(node, {request(false)});
  EXPECT_EQ(node.core->counters().relays_refused, 100U) << "there is room again";
}

// ---- pings that are for us ----

TEST_F(Relaying, PingsForThisNodeOrForNobodyInParticularAreAnswered) {
  requester.say(node, {Ping{5, "n1", {to_wire(requester.address), 7946, "r"}}});
  requester.say(node, {Ping{6, "", {}}});
  net.run_for(1ms);
  ASSERT_EQ(requester.count<Ack>(), 2U);
  EXPECT_EQ(requester.all<Ack>()[0].second, (Ack{5, std::nullopt}));
  EXPECT_EQ(requester.all<Ack>()[1].second, (Ack{6, std::nullopt}));
}

TEST_F(Relaying, PingsForAnotherNodeAreNotAnswered) {
  requester.say(node, {Ping{5, "n2", {}}});
  net.run_for(1ms);
  EXPECT_EQ(requester.count<Ack>(), 0U);
  EXPECT_EQ(node.log.count("ping for another node"), 1U);
  EXPECT_EQ(node.core->counters().wrong_target, 1U);
}

TEST_F(Relaying, AnswersGoToTheSourceInThePing) {
  Guest elsewhere(net, "e", IpAddress::v4(10, 0, 0, 9));
  requester.say(node, {Ping{5, "n1", {to_wire(elsewhere.address), 8000, "e"}}});
  requester.say(node, {Ping{6, "n1", {to_wire(elsewhere.address), 0, "e"}}});
  requester.say(node, {Ping{7, "n1", {Bytes{1, 2, 3}, 8000, "e"}}});
  requester.say(node, {Ping{8, "n1", {Bytes{224, 0, 0, 1}, 8000, "e"}}});
  net.run_for(1ms);
  ASSERT_EQ(elsewhere.got.size(), 1U);
  EXPECT_EQ(elsewhere.got[0].to.port, 8000);
  EXPECT_EQ(requester.count<Ack>(), 3U) << "to the packet's source where the other is not whole, or no host";
}

}  // namespace
}  // namespace metallb::gossip
