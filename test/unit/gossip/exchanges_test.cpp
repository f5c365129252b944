// gossip spec 1.5 and 5: joins and periodic exchanges that this node begins.
#include "gossip/exchanges.hpp"

#include <gtest/gtest.h>

#include "guest.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

TEST(ScaledInterval, GrowsWithEveryDoublingBeyondThirtyTwoMembers) {
  for (const std::size_t n : {0U, 1U, 32U}) EXPECT_EQ(scaled_interval(30s, n), 30s) << n;
  for (const std::size_t n : {33U, 64U}) EXPECT_EQ(scaled_interval(30s, n), 60s) << n;
  for (const std::size_t n : {65U, 128U}) EXPECT_EQ(scaled_interval(30s, n), 90s) << n;
  for (const std::size_t n : {129U, 256U}) EXPECT_EQ(scaled_interval(30s, n), 120s) << n;
  EXPECT_EQ(scaled_interval(30s, 1000), 180s);
}

class Exchanging : public testing::Test {
 protected:
  Exchanging()
      : node(net.add("n1")), peer(net, "p", IpAddress::v4(10, 0, 0, 2)), other(net, "o", IpAddress::v4(10, 0, 0, 3)) {}
  using Stream = std::shared_ptr<VirtualNetwork::TestStream>;
  Stream connect() {
    auto stream = net.dialled.back();
    net.input(node, StreamConnected{stream->stream});
    return stream;
  }
  /// What the node sent there.
  static PushPull sent(const Stream& stream) {
    StreamReader reader;
    reader.receive(stream->received, {});
    EXPECT_TRUE(reader.message());
    return std::get<PushPull>(*reader.message());
  }
  void answer(const Stream& stream, const StreamMessage& message) {
    const auto bytes = encode_stream(message, {}, {}, counting_nonces());
    net.input(node, StreamReceived{stream->stream, bytes});
  }
  PushPull table() { return {.join = true, .entries = {entry_of("p", peer.address, 1)}}; }

  VirtualNetwork net;
  VirtualNetwork::Node& node;
  Guest peer;
  Guest other;
};

TEST_F(Exchanging, JoinSendsItsTableAndMergesTheAnswer) {
  net.join(node, {peer.address});
  ASSERT_EQ(net.dialled.size(), 1U);
  EXPECT_EQ(net.dialled[0]->to, (Endpoint{peer.address, 7946}));
  const auto stream = connect();
  const auto state = sent(stream);
  EXPECT_TRUE(state.join);
  ASSERT_EQ(state.entries.size(), 1U);
  EXPECT_EQ(state.entries[0], entry_of("n1", node.address, 1));
  EXPECT_FALSE(stream->ended) << "the answer comes on the same connection, and the original never closes half of it";
  answer(stream, table());
  EXPECT_TRUE(stream->closed);
  EXPECT_EQ(node.electorate(), (std::set<std::string>{"n1", "p"}));
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_EQ(node.joins[0].joined, 1U);
  EXPECT_EQ(node.joins[0].expected, 1U);
}

TEST_F(Exchanging, JoinTakesOneAfterTheOther) {
  net.join(node, {peer.address, other.address});
  EXPECT_EQ(net.dialled.size(), 1U);
  answer(connect(), table());
  ASSERT_EQ(net.dialled.size(), 2U);
  EXPECT_EQ(net.dialled[1]->to.address, other.address);
  EXPECT_TRUE(node.joins.empty());
  answer(connect(), PushPull{.join = true, .entries = {entry_of("o", other.address, 1)}});
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_EQ(node.joins[0].joined, 2U);
}

TEST_F(Exchanging, JoinLeavesOutWhoIsAMemberAlready) {
  peer.introduce(node);
  net.join(node, {peer.address, node.address});
  EXPECT_TRUE(net.dialled.empty());
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_EQ(node.joins[0].expected, 0U);
  EXPECT_EQ(node.joins[0].error, "");
}

TEST_F(Exchanging, JoinDialsWhoDiedOrLeft) {
  peer.introduce(node);
  peer.say(node, {Dead{1, "p", "x"}});
  net.join(node, {peer.address});
  EXPECT_EQ(net.dialled.size(), 1U);
}

TEST_F(Exchanging, JoinDoesNotDialAgainWhoBecameAMemberThroughAnother) {
  net.join(node, {peer.address, other.address, other.address});
  auto both = table();
  both.entries.push_back(entry_of("o", other.address, 1));
  answer(connect(), both);
  EXPECT_EQ(net.dialled.size(), 1U);
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_EQ(node.joins[0].joined, 2U);
  EXPECT_EQ(node.joins[0].expected, 2U);
}

TEST_F(Exchanging, JoinReportsWhatFailedAndGoesOn) {
  net.join(node, {peer.address, other.address});
  net.input(node, StreamEnded{net.dialled[0]->stream, "connection refused"});
  answer(connect(), PushPull{.join = true, .entries = {entry_of("o", other.address, 1)}});
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_EQ(node.joins[0].joined, 1U);
  EXPECT_EQ(node.joins[0].expected, 2U);
  EXPECT_EQ(node.joins[0].error, "10.0.0.2: connection refused");
}

TEST_F(Exchanging, JoinSpellsOutTheFirstTenFailuresOnly) {
  std::vector<std::unique_ptr<Guest>> silent;
  std::vector<IpAddress> addresses;
  for (std::uint8_t i = 100; i < 115; ++i) {
    addresses.push_back(IpAddress::v4(10, 0, 0, i));
    silent.push_back(std::make_unique<Guest>(net, "s", addresses.back()));
  }
  net.join(node, addresses);
  for (int i = 0; i < 15; ++i) net.input(node, StreamEnded{net.dialled.back()->stream, "connection refused"});
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_NE(node.joins[0].error.find("10.0.0.109: connection refused; and 5 more"), std::string::npos);
}

TEST_F(Exchanging, JoinGivesUpAfterTenSecondsForEachStep) {
  net.join(node, {peer.address});
  net.run_for(9999ms);
  EXPECT_TRUE(node.joins.empty());
  const auto stream = connect();
  net.run_for(9999ms);
  EXPECT_TRUE(node.joins.empty());
  net.run_for(1ms);
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_EQ(node.joins[0].error, "10.0.0.2: no answer in time");
  EXPECT_TRUE(stream->closed);
}

TEST_F(Exchanging, JoinsWaitForEachOtherAndEachEndsOnce) {
  net.join(node, {peer.address});
  net.join(node, {other.address});
  net.join(node, {});
  EXPECT_EQ(net.dialled.size(), 1U);
  EXPECT_TRUE(node.joins.empty());
  answer(connect(), table());
  ASSERT_EQ(node.joins.size(), 1U);
  net.input(node, StreamEnded{net.dialled.at(1)->stream, "no route"});
  ASSERT_EQ(node.joins.size(), 3U);
  EXPECT_EQ(node.joins[1].expected, 1U);
  EXPECT_EQ(node.joins[2].expected, 0U);
}

TEST_F(Exchanging, JoinFailsOnARefusalAndOnAnythingButATable) {
  net.join(node, {peer.address, other.address});
  answer(connect(), ErrorReply{"remote state is not encrypted" + std::string(1000, '!')});
  answer(connect(), Ack{1, std::nullopt});
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_EQ(node.joins[0].joined, 0U);
  EXPECT_NE(node.joins[0].error.find("remote state is not encrypted"), std::string::npos);
  EXPECT_NE(node.joins[0].error.find("no member table"), std::string::npos);
  EXPECT_LT(node.joins[0].error.size(), 500U) << "others do not decide how long our log lines are";
}

TEST_F(Exchanging, JoinFailsWhenTheAnswerCannotBeRead) {
  net.join(node, {peer.address});
  const auto stream = connect();
  // Sealed with some key, as that of a member with another secret is.
  const auto sealed = encode_stream(table(), {}, {.keys = {Key{1, 2, 3}}}, counting_nonces());
  net.input(node, StreamReceived{stream->stream, sealed});
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_EQ(node.joins[0].joined, 0U);
  EXPECT_EQ(node.joins[0].expected, 1U);
  EXPECT_NE(node.joins[0].error.find("encrypted"), std::string::npos) << node.joins[0].error;
}

TEST_F(Exchanging, JoinFailsWhenTheVersionsDoNotFit) {
  net.join(node, {peer.address});
  auto state = table();
  state.entries[0].versions = {3, 5, 4, 0, 0, 0};
  answer(connect(), state);
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_EQ(node.joins[0].joined, 0U);
  EXPECT_EQ(node.electorate(), std::set<std::string>{"n1"});
}

TEST_F(Exchanging, JoinFailsWhenTheOtherSideClosesWithoutAWholeAnswer) {
  net.join(node, {peer.address, other.address});
  net.input(node, StreamEnded{connect()->stream, {}});
  const auto stream = connect();
  auto bytes = encode_stream(table(), {}, {}, counting_nonces());
  bytes.pop_back();
  net.input(node, StreamReceived{stream->stream, bytes});
  net.input(node, StreamEnded{stream->stream, {}});
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_EQ(node.joins[0].joined, 0U);
}

TEST_F(Exchanging, JoinOfANodeThatLeavesEndsWithoutDoingAnything) {
  peer.introduce(node);
  net.join(node, {other.address});
  net.input(node, Leave{});
  ASSERT_EQ(node.joins.size(), 1U);
  EXPECT_TRUE(net.dialled[0]->closed);
  net.join(node, {other.address});
  EXPECT_EQ(node.joins.size(), 2U);
  EXPECT_EQ(net.dialled.size(), 1U);
}

TEST_F(Exchanging, HappensNowAndThenWithARandomMember) {
  peer.introduce(node);
  EXPECT_TRUE(net.run_until_true(61s, [&] { return !net.dialled.empty(); }));
  EXPECT_GE(net.elapsed(), 30s) << "a random part of an interval, and one interval";
  EXPECT_LE(net.elapsed(), 60s);
  const auto stream = connect();
  EXPECT_FALSE(sent(stream).join);
  answer(stream, table());
  EXPECT_TRUE(node.joins.empty());
  EXPECT_EQ(node.core->counters().exchanges, 1U);
  net.run_for(29'999ms);
  EXPECT_EQ(net.dialled.size(), 1U);
  net.run_for(2ms);
  EXPECT_EQ(net.dialled.size(), 2U);
}

TEST_F(Exchanging, WaitsForTheEndOfOneBeforeThePauseToTheNextBegins) {
  peer.introduce(node);
  ASSERT_TRUE(net.run_until_true(61s, [&] { return !net.dialled.empty(); }));
  net.run_for(10s);
  EXPECT_TRUE(net.dialled[0]->closed) << "no answer";
  EXPECT_EQ(node.log.count("exchange of member tables failed"), 1U);
  net.run_for(29s);
  EXPECT_EQ(net.dialled.size(), 1U);
  net.run_for(2s);
  EXPECT_EQ(net.dialled.size(), 2U);
}

TEST_F(Exchanging, HappensAtOnceAfterAPauseOfTheProcess) {
  peer.introduce(node);
  net.pause(node, 5s);
  net.run_for(5s);
  ASSERT_EQ(net.dialled.size(), 1U);
  EXPECT_EQ(net.dialled[0]->since, net.now());
  EXPECT_FALSE(sent(connect()).join);
}

TEST_F(Exchanging, IsRestrainedOnAHostThatPausesAllTheTime) {
  peer.introduce(node);
  std::size_t exchanges = 0;
  for (const auto end = net.now() + 30s; net.now() < end;) {
    net.pause(node, std::max<Duration>(0ms, node.core->next_deadline() - net.now()) + 150ms);
    net.run_until(*node.paused_until);
    for (const auto& stream : std::exchange(net.dialled, {})) {
      net.input(node, StreamEnded{stream->stream, "refused"});
      ++exchanges;
    }
  }
  EXPECT_GE(exchanges, 4U);
  EXPECT_LE(exchanges, 8U) << "at 0, 1, 3, 7, 15 seconds, and the periodic ones";
}

TEST(ExchangeSettings, WithAnIntervalOfZeroNoneHappens) {
  auto settings = classical();
  settings.push_pull_interval = 0s;
  VirtualNetwork net;
  auto& node = net.add("n1", settings);
  Guest peer(net, "p", IpAddress::v4(10, 0, 0, 2));
  peer.introduce(node);
  net.run_for(300s);
  EXPECT_TRUE(net.dialled.empty());
}

/// A node that, once it has met the peer, knows nobody but a suspect.
struct ExchangingWithASuspect : testing::Test {
  ExchangingWithASuspect() { peer.answers = false; }
  static Settings patient() {
    auto settings = classical();
    settings.disable_tcp_pings = true;
    settings.suspicion_mult = 10'000;
    return settings;
  }
  void meet_and_suspect() {
    peer.introduce(node);
    peer.say(node, {Suspect{1, "p", "x"}});
  }
  VirtualNetwork net;
  VirtualNetwork::Node& node = net.add("n1", patient());
  Guest peer{net, "p", IpAddress::v4(10, 0, 0, 2)};
};

TEST_F(ExchangingWithASuspect, NoneHappensNorAlone) {
  net.run_for(90s);
  meet_and_suspect();
  net.run_for(90s);
  EXPECT_EQ(node.state_of("p"), MemberState::kSuspect);
  EXPECT_TRUE(net.dialled.empty());
}

TEST_F(ExchangingWithASuspect, AfterAnOutageOneHappensSinceThereMayBeNobodyElse) {
  meet_and_suspect();
  net.run_for(5s);
  net.input(node, LinkChanged{false});
  net.run_for(5s);
  ASSERT_TRUE(net.dialled.empty());
  net.input(node, LinkChanged{true});
  EXPECT_EQ(net.dialled.size(), 1U);
}

}  // namespace
}  // namespace metallb::gossip
