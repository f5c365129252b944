// gossip spec 5, 12.7: connections of others; and what strangers may not do with them.
#include "gossip/served_streams.hpp"

#include <gtest/gtest.h>

#include "guest.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

const Endpoint kStranger{IpAddress::v4(10, 0, 0, 77), 40001};

class Serving : public testing::Test {
 protected:
  explicit Serving(const KeyRing& its_ring = {}) : ring(its_ring), node(net.add("n1", classical(), ring)) {}
  using Stream = std::shared_ptr<VirtualNetwork::TestStream>;
  Stream connect() { return net.connect(kStranger, node); }
  void send(const Stream& stream, const StreamMessage& message, const KeyRing& with, bool compress = true) {
    net.send(node, *stream, encode_stream(message, {.compress = compress}, with, nonces));
  }
  void send(const Stream& stream, const StreamMessage& message) { send(stream, message, ring); }
  /// What the node answered.
  [[nodiscard]] std::optional<StreamMessage> answer(const Stream& stream) const {
    StreamReader reader;
    reader.receive(stream->received, ring);
    return reader.message();
  }
  static PushPull table() { return {.join = true, .entries = {entry_of("x", IpAddress::v4(10, 0, 0, 2), 3)}}; }

  KeyRing ring;
  NonceSource nonces = counting_nonces(0xee000000);
  VirtualNetwork net;
  VirtualNetwork::Node& node;
};

TEST_F(Serving, AnswersAPushPullWithItsTableOfBeforeTheMerge) {
  const auto stream = connect();
  send(stream, table());
  const auto state = answer(stream);
  ASSERT_TRUE(state);
  const auto& reply = std::get<PushPull>(*state);
  EXPECT_TRUE(reply.join) << "the flag comes back as it came";
  ASSERT_EQ(reply.entries.size(), 1U);
  EXPECT_EQ(reply.entries[0].name, "n1");
  EXPECT_TRUE(stream->ended);
  EXPECT_FALSE(stream->closed) << "the other side closes";
  EXPECT_EQ(node.state_of("x"), MemberState::kAlive);
  EXPECT_EQ(node.electorate(), (std::set<std::string>{"n1", "x"}));
}

TEST_F(Serving, AnswersInPiecesAsWell) {
  const auto stream = connect();
  for (const auto byte : encode_stream(table(), {}, ring, nonces)) net.send(node, *stream, {byte});
  EXPECT_TRUE(answer(stream));
}

TEST_F(Serving, EchoesTheJoinFlag) {
  const auto stream = connect();
  auto state = table();
  state.join = false;
  send(stream, state);
  EXPECT_FALSE(std::get<PushPull>(*answer(stream)).join);
}

TEST_F(Serving, AcceptsUncompressedTablesAndAnswersCompressed) {
  const auto stream = connect();
  send(stream, table(), ring, false);
  ASSERT_TRUE(answer(stream));
  EXPECT_EQ(stream->received[0], 9);
}

TEST_F(Serving, AnswersATableThatItThenRefuses) {
  const auto stream = connect();
  auto state = table();
  state.entries[0].versions.clear();
  send(stream, state);
  EXPECT_TRUE(answer(stream));
  EXPECT_EQ(node.state_of("x"), std::nullopt);
  EXPECT_EQ(node.log.count("member table refused"), 1U);
  EXPECT_EQ(node.core->counters().bad_versions, 1U);
}

TEST_F(Serving, AnswersAPing) {
  const auto stream = connect();
  send(stream, Ping{9, "n1", {}});
  ASSERT_TRUE(answer(stream));
  EXPECT_EQ(std::get<Ack>(*answer(stream)), (Ack{9, std::nullopt}));
}

TEST_F(Serving, ClosesOnAPingForAnotherOrOnWhatNobodyAskedFor) {
  for (const StreamMessage& message : {StreamMessage(Ping{9, "n2", {}}), StreamMessage(Ack{1, std::nullopt}),
                                       StreamMessage(User{{1, 2}}), StreamMessage(ErrorReply{"x"})}) {
    const auto stream = connect();
    send(stream, message);
    EXPECT_TRUE(stream->received.empty()) << message.index();
    EXPECT_TRUE(stream->closed) << message.index();
  }
}

TEST_F(Serving, ClosesOnUnknownTypesAndLabelsWithoutAnAnswer) {
  for (const Bytes& bytes : {Bytes{99}, Bytes{0xf4, 4, 'b', 'l', 'u', 'e'}, Bytes{0xf4, 0}}) {
    const auto stream = connect();
    net.send(node, *stream, bytes);
    EXPECT_TRUE(stream->received.empty());
    EXPECT_TRUE(stream->closed);
  }
}

TEST_F(Serving, TellsWhoEncryptsWithoutNeed) {
  const auto stream = connect();
  send(stream, table(), KeyRing{{key_of("secret")}});
  ASSERT_TRUE(answer(stream));
  EXPECT_TRUE(std::holds_alternative<ErrorReply>(*answer(stream)));
  EXPECT_TRUE(stream->ended);
}

class ServingEncrypted : public Serving {
 protected:
  ServingEncrypted() : Serving(KeyRing{{key_of("secret")}}) {}
};

TEST_F(ServingEncrypted, AnswersWhatIsEncrypted) {
  const auto stream = connect();
  send(stream, table());
  ASSERT_TRUE(answer(stream));
  EXPECT_EQ(stream->received[0], 10);
  EXPECT_EQ(node.state_of("x"), MemberState::kAlive);
}

TEST_F(ServingEncrypted, TellsWhoDoesNotEncryptEncrypted) {
  const auto stream = connect();
  send(stream, table(), KeyRing{});
  ASSERT_TRUE(answer(stream));
  EXPECT_TRUE(std::holds_alternative<ErrorReply>(*answer(stream)));
  EXPECT_EQ(stream->received[0], 10);
  EXPECT_EQ(node.state_of("x"), std::nullopt);
}

TEST_F(ServingEncrypted, LogsAWrongKeyOncePerSourceAndMinute) {
  for (int i = 0; i < 50; ++i) send(connect(), table(), KeyRing{{key_of("other")}});
  EXPECT_EQ(node.log.count("connection of another node dropped"), 1U);
  EXPECT_EQ(node.core->counters().streams_failed, 50U);
}

TEST_F(Serving, ClosesTheHundredAndTwentyEighthAtOnce) {
  std::vector<Stream> streams;
  for (std::size_t i = 0; i < ServedStreams::kMost; ++i) streams.push_back(connect());
  const auto refused = connect();
  EXPECT_TRUE(refused->closed);
  EXPECT_EQ(node.core->counters().streams_refused, 1U);
  EXPECT_FALSE(streams.back()->closed);
  net.input(node, StreamEnded{streams[0]->stream, {}});
  EXPECT_FALSE(connect()->closed) << "there is room again";
}

TEST_F(Serving, ClosesAfterTenSecondsHoweverTheBytesTrickle) {
  const auto stream = connect();
  const auto bytes = encode_stream(table(), {}, ring, nonces);
  for (std::size_t i = 0; i < 9; ++i) {
    net.run_for(1s);
    net.send(node, *stream, {bytes[i]});
  }
  EXPECT_FALSE(stream->closed);
  net.run_for(1s);
  EXPECT_TRUE(stream->closed);
}

TEST_F(Serving, ClosesTenSecondsAfterTheAnswerIfTheOtherSideDoesNot) {
  const auto stream = connect();
  net.run_for(5s);
  send(stream, table());
  net.run_for(9s);
  EXPECT_FALSE(stream->closed);
  net.run_for(1s);
  EXPECT_TRUE(stream->closed);
  EXPECT_EQ(node.core->counters().streams_failed, 0U);
}

TEST_F(Serving, IsSilentAboutConnectionsThatBringNothing) {
  const auto stream = connect();
  net.input(node, StreamEnded{stream->stream, {}});
  EXPECT_EQ(node.log.count("connection"), 0U);
  EXPECT_EQ(node.core->counters().streams_failed, 0U);
}

TEST_F(Serving, CountsConnectionsThatEndHalfWay) {
  const auto stream = connect();
  net.send(node, *stream, {6});
  net.input(node, StreamEnded{stream->stream, {}});
  EXPECT_EQ(node.core->counters().streams_failed, 1U);
}

TEST_F(Serving, IgnoresWhatComesAfterTheMessageAndOnStreamsItForgot) {
  const auto stream = connect();
  send(stream, table());
  const auto answered = stream->received.size();
  send(stream, table());
  EXPECT_EQ(stream->received.size(), answered);
  net.run_for(11s);
  send(stream, table());
  net.input(node, StreamEnded{stream->stream, {}});
  EXPECT_EQ(stream->received.size(), answered);
}

TEST_F(ServingEncrypted, HoldsABoundedNumberOfBytesForAllStrangersTogether) {
  // Frames that promise twenty mebibytes each, and never end.
  const Bytes chunk(std::size_t{1} << 20, 7);
  std::size_t sent = 0;
  bool closed = false;
  for (int i = 0; i < 8 && !closed; ++i) {
    const auto stream = connect();
    net.send(node, *stream, {10, 0x01, 0x40, 0, 0});
    for (int j = 0; j < 19 && !closed; ++j) {
      net.send(node, *stream, chunk);
      sent += chunk.size();
      closed = stream->closed;
    }
  }
  EXPECT_TRUE(closed);
  EXPECT_LE(sent, ServedStreams::kMostHeld + chunk.size());
  EXPECT_GT(sent, ServedStreams::kMostHeld - chunk.size());
  EXPECT_EQ(node.core->counters().streams_refused, 1U);
  // The others time out, and there is room again.
  net.run_for(11s);
  const auto stream = connect();
  send(stream, table());
  EXPECT_TRUE(answer(stream));
}

}  // namespace
}  // namespace metallb::gossip
