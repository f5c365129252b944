#include "gossip/key_rotation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gossip/packet.hpp"
#include "gossip/stream.hpp"

namespace metallb::gossip {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

Key key(const std::string& secret) {
  return derive_key(Bytes(secret.begin(), secret.end()));
}

/// A node whose file is looked at every five seconds.
struct Node {
  explicit Node(const std::string& secret = "old") : rotation(secret, Log(log)) {}
  void read(std::expected<std::string, std::string> secret) { rotation.on_input(now(), {std::move(secret)}, told); }
  void pass(Duration time) {
    const auto end = at + time;
    while (rotation.next_deadline() <= end) {
      at = rotation.next_deadline();
      rotation.on_time(now(), told);
    }
    at = end;
  }
  [[nodiscard]] Now now() const { return {.steady = at, .wall = {}}; }
  [[nodiscard]] const std::vector<Key>& keys() const { return rotation.ring().keys; }

  struct Counting final : LogSink {
    [[nodiscard]] bool enabled(LogLevel) const override { return true; }
    void write(const LogRecord& record) override { (record.level == LogLevel::kError ? errors : others) += 1; }
    int errors = 0;
    int others = 0;
  } log;
  SteadyPoint at{1h};
  KeyRotation rotation;
  KeyRotation::Output told;
};

TEST(KeyRotation, UsesOneKeyAsLongAsTheSecretStays) {
  Node node;
  node.read("old");
  node.pass(24h);
  EXPECT_THAT(node.told, IsEmpty());
  EXPECT_THAT(node.keys(), ElementsAre(key("old")));
  EXPECT_FALSE(node.rotation.ring().seal_with_all);
  EXPECT_EQ(node.rotation.next_deadline(), kIdle);
}

TEST(KeyRotation, SendsWithBothKeysForTenMinutesAndDialsWithTheOldOneForThree) {
  Node node;
  node.read("new");
  ASSERT_THAT(node.told, SizeIs(1));
  EXPECT_THAT(node.told.back().keys, ElementsAre(key("old"), key("new")));
  EXPECT_TRUE(node.told.back().seal_with_all);
  node.read("new");
  node.pass(179s);
  EXPECT_THAT(node.told, SizeIs(1));
  node.pass(1s);
  ASSERT_THAT(node.told, SizeIs(2));
  EXPECT_THAT(node.told.back().keys, ElementsAre(key("new"), key("old")));
  EXPECT_TRUE(node.told.back().seal_with_all);
  node.pass(7min - 1s);
  EXPECT_THAT(node.told, SizeIs(2));
  node.pass(1s);
  ASSERT_THAT(node.told, SizeIs(3));
  EXPECT_THAT(node.told.back().keys, ElementsAre(key("new")));
  EXPECT_FALSE(node.told.back().seal_with_all);
  EXPECT_EQ(node.log.errors, 0);
}

TEST(KeyRotation, KeepsTheLastGoodSecretAndSaysSoOncePerCause) {
  Node node;
  node.read("");
  node.read("");
  EXPECT_EQ(node.log.errors, 1);
  node.read(std::unexpected("no such file"));
  node.read(std::unexpected("no such file"));
  EXPECT_EQ(node.log.errors, 2);
  node.read("old");
  node.read("");
  EXPECT_EQ(node.log.errors, 3);
  EXPECT_THAT(node.told, IsEmpty());
  EXPECT_THAT(node.keys(), ElementsAre(key("old")));
}

TEST(KeyRotation, StaysInPlaintextUntilARestart) {
  Node node("");
  EXPECT_THAT(node.keys(), IsEmpty());
  node.read("new");
  EXPECT_THAT(node.told, IsEmpty());
  EXPECT_EQ(node.log.errors, 1);
}

TEST(KeyRotation, BeginsAnewWhenTheSecretChangesAgainAndKeepsTheKeysThatAreInUse) {
  Node node;
  node.read("second");
  node.pass(1min);
  node.read("third");
  EXPECT_THAT(node.keys(), ElementsAre(key("old"), key("second"), key("third")));
  node.pass(1min);
  node.read("fourth");
  EXPECT_THAT(node.keys(), ElementsAre(key("old"), key("third"), key("fourth"))) << "bounded";
  node.pass(3min);
  EXPECT_THAT(node.keys(), ElementsAre(key("fourth"), key("old"), key("third")));
  node.pass(7min);
  EXPECT_THAT(node.keys(), ElementsAre(key("fourth")));
}

TEST(KeyRotation, GoesBackWhenTheChangeIsTakenBack) {
  Node node;
  node.read("new");
  node.pass(1min);
  node.read("old");
  EXPECT_THAT(node.keys(), ElementsAre(key("old"), key("new")));
  node.pass(10min);
  EXPECT_THAT(node.keys(), ElementsAre(key("old")));
}

/// What one of `from` sends is opened by `to`.
bool hears(const KeyRing& to, const KeyRing& from) {
  Nonce nonce{};
  const auto nonces = [&nonce] {
    ++nonce[0];
    return nonce;
  };
  const PacketMessage ping = Ping{.seq_no = 1};
  bool heard = false;
  for (const auto& packet : encode_packets({&ping, 1}, {}, from, nonces)) {
    heard = heard || decode_packet(packet, to).messages == std::vector{ping};
  }
  return heard;
}

// The kubelets bring the secret within two minutes or so; ten are allowed for.
TEST(KeyRotation, NeverSeparatesTwoNodesWhateverTheMomentsInWhichTheySeeTheChange) {
  for (const auto later : {0s, 1s, 60s, 150s, 300s, 599s}) {
    Node early;
    Node late;
    early.read("new");
    for (Duration passed{}; passed <= 25min; passed += 1s) {
      if (passed == later) late.read("new");
      ASSERT_TRUE(hears(late.rotation.ring(), early.rotation.ring())) << later.count() << ' ' << passed.count();
      ASSERT_TRUE(hears(early.rotation.ring(), late.rotation.ring())) << later.count() << ' ' << passed.count();
      early.pass(1s);
      late.pass(1s);
    }
  }
}

TEST(KeyRotation, LetsWhoStartsWithTheNewSecretTalkToWhoHasBoth) {
  Node node;
  const Node fresh("new");
  node.read("new");
  for (Duration passed{}; passed <= 11min; passed += 1s) {
    ASSERT_TRUE(hears(fresh.rotation.ring(), node.rotation.ring()));
    ASSERT_TRUE(hears(node.rotation.ring(), fresh.rotation.ring()));
    node.pass(1s);
  }
}

TEST(StreamReader, TellsWithWhichKeyTheQuestionWasSealedSoThatTheAnswerCanBe) {
  const KeyRing both{.keys = {key("old"), key("new")}};
  const auto nonces = [] { return Nonce{}; };
  for (const std::string secret : {"old", "new"}) {
    StreamReader reader;
    reader.receive(encode_stream(Ping{.seq_no = 7}, {}, {.keys = {key(secret)}}, nonces), both);
    ASSERT_TRUE(reader.message());
    EXPECT_EQ(both.keys[reader.key()], key(secret));
  }
  StreamReader foreign;
  foreign.receive(encode_stream(Ping{.seq_no = 7}, {}, {.keys = {key("other")}}, nonces), both);
  EXPECT_TRUE(foreign.fault());
  EXPECT_EQ(foreign.key(), 0U);
}

}  // namespace
}  // namespace metallb::gossip
