// gossip spec 6, 6.1, 12.6: one probe from its ping to the suspicion, the ticks, awareness.
#include "gossip/prober.hpp"

#include <gtest/gtest.h>

#include "guest.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

/// A node and members that the test plays; "t" does not answer, the others do.
class Probing : public testing::Test {
 protected:
  explicit Probing(Settings settings = classical()) : node(net.add("n1", settings)) {}
  Guest& guest(const std::string& name, std::uint8_t number, Versions versions = {1, 5, 2, 0, 0, 0}) {
    auto& added = *guests.emplace_back(std::make_unique<Guest>(net, name, IpAddress::v4(10, 0, 0, number)));
    auto message = alive_message(name, added.address, 1);
    message.versions = std::move(versions);
    added.say(node, {message});
    return added;
  }
  Guest& silent(Versions versions = {1, 5, 2, 0, 0, 0}) {
    auto& target = guest("t", 9, std::move(versions));
    target.answers = false;
    return target;
  }
  void helpers(int count) {
    for (int i = 0; i < count; ++i) guest("h" + std::to_string(i), static_cast<std::uint8_t>(20 + i));
  }
  /// Runs until the target has got its first ping; that ping, and when it was sent.
  std::pair<Duration, Ping> first_ping(const Guest& target) {
    EXPECT_TRUE(net.run_until_true(20s, [&] { return target.count<Ping>() > 0; }));
    auto [when, ping] = target.all<Ping>().front();
    return {when - VirtualNetwork::kLatency, ping};
  }
  [[nodiscard]] SteadyPoint at(Duration since_start) const { return VirtualNetwork::kStart + since_start; }
  [[nodiscard]] std::vector<std::pair<Duration, IndirectPing>> requests() const {
    std::vector<std::pair<Duration, IndirectPing>> found;
    for (const auto& guest : guests) {
      for (auto& one : guest->all<IndirectPing>()) found.push_back(one);
    }
    return found;
  }
  [[nodiscard]] std::int64_t awareness() const { return node.core->counters().awareness; }

  VirtualNetwork net;
  VirtualNetwork::Node& node;
  std::vector<std::unique_ptr<Guest>> guests;
};

TEST_F(Probing, BeginsOneIntervalAfterTheStartAndGoesOnEveryInterval) {
  auto& member = guest("m", 2);
  net.run_for(999ms);
  EXPECT_EQ(member.count<Ping>(), 0U);
  const auto [when, ping] = first_ping(member);
  EXPECT_EQ(when, 1s);
  EXPECT_EQ(ping.node, "m");
  EXPECT_EQ(ping.seq_no, 1U);
  EXPECT_EQ(ping.source.node, "n1");
  EXPECT_EQ(ping.source.port, 7946);
  EXPECT_EQ(ping.source.address, (WireAddress{10, 0, 0, 1}));
  net.run_for(20s);
  const auto pings = member.count<Ping>();
  EXPECT_GE(pings, 10U) << "with two members some ticks are empty";
  EXPECT_LE(pings, 21U);
  EXPECT_EQ(node.core->counters().probes_failed, 0U);
}

TEST_F(Probing, ReachesEveryMemberOncePerRound) {
  helpers(9);
  net.run_for(60s);
  for (const auto& guest : guests) {
    EXPECT_GE(guest->count<Ping>(), 5U) << guest->name;
    EXPECT_LE(guest->count<Ping>(), 8U) << guest->name;
  }
}

TEST_F(Probing, AsksThreeOthersAndTcpWhenNoAnswerComesInTime) {
  auto& target = silent();
  helpers(5);
  const auto [when, ping] = first_ping(target);
  net.run_until(at(when + 499ms));
  EXPECT_TRUE(requests().empty());
  EXPECT_TRUE(net.dialled.empty());
  net.run_until(at(when + 501ms));
  ASSERT_EQ(requests().size(), 3U);
  for (const auto& [asked, request] : requests()) {
    EXPECT_EQ(asked, when + 500ms + VirtualNetwork::kLatency);
    EXPECT_EQ(request.seq_no, ping.seq_no);
    EXPECT_EQ(request.node, "t");
    EXPECT_EQ(request.target, (WireAddress{10, 0, 0, 9}));
    EXPECT_EQ(request.port, 7946);
    EXPECT_TRUE(request.nack);
    EXPECT_EQ(request.source.node, "n1");
  }
  ASSERT_EQ(net.dialled.size(), 1U);
  EXPECT_EQ(net.dialled[0]->to, (Endpoint{target.address, 7946}));
  EXPECT_EQ(target.count<IndirectPing>(), 0U);
}

TEST_F(Probing, SuspectsAfterAWholeIntervalWithoutAnswer) {
  auto& target = silent();
  helpers(4);
  const auto when = first_ping(target).first;
  net.run_until(at(when + 1s) - 1ns);
  EXPECT_EQ(node.state_of("t"), MemberState::kAlive);
  net.run_until(at(when + 1s));
  EXPECT_EQ(node.state_of("t"), MemberState::kSuspect);
  EXPECT_TRUE(net.dialled[0]->closed);
  EXPECT_EQ(node.core->counters().probes_failed, 1U);
}

TEST_F(Probing, SucceedsByALateAnswerOrOneThatAnotherBrings) {
  auto& target = silent();
  helpers(4);
  const auto [when, ping] = first_ping(target);
  net.run_until(at(when + 900ms));
  guests[1]->say(node, {Ack{ping.seq_no, std::nullopt}});
  net.run_until(at(when + 1500ms));
  EXPECT_EQ(node.state_of("t"), MemberState::kAlive);
  EXPECT_TRUE(net.dialled[0]->closed);
}

TEST_F(Probing, TakesNoAnswerToAnotherPing) {
  auto& target = silent();
  const auto [when, ping] = first_ping(target);
  target.say(node, {Ack{ping.seq_no + 100, std::nullopt}});
  net.run_until(at(when + 1s));
  EXPECT_EQ(node.state_of("t"), MemberState::kSuspect);
}

TEST_F(Probing, DoesWithoutTheHelpOfSuspectsAndTheDead) {
  auto& target = silent();
  helpers(2);
  guests[1]->say(node, {Suspect{1, "h0", "x"}, Dead{1, "h1", "x"}});
  net.run_until(at(first_ping(target).first + 600ms));
  EXPECT_TRUE(requests().empty());
}

TEST_F(Probing, WantsNacksAndTcpOnlyOfThoseThatKnowThem) {
  auto& target = silent({1, 2, 2, 0, 0, 0});
  guest("old", 20, {1, 3, 2, 0, 0, 0});
  net.run_until(at(first_ping(target).first + 600ms));
  ASSERT_EQ(requests().size(), 1U);
  EXPECT_FALSE(requests()[0].second.nack);
  EXPECT_TRUE(net.dialled.empty());
}

TEST_F(Probing, SkipsTheWaitWhenTheHostSaysThatNobodyListens) {
  auto& target = silent();
  helpers(3);
  const auto when = first_ping(target).first;
  net.run_until(at(when + 10ms));
  net.input(node, Unreachable{{IpAddress::v4(10, 0, 0, 99), 7946}});
  EXPECT_TRUE(net.dialled.empty());
  net.input(node, Unreachable{{target.address, 7946}});
  EXPECT_EQ(net.dialled.size(), 1U);
  net.run_until(at(when + 20ms));
  EXPECT_EQ(requests().size(), 3U);
  EXPECT_EQ(node.state_of("t"), MemberState::kAlive) << "the interval goes on";
  net.run_until(at(when + 1s));
  EXPECT_EQ(node.state_of("t"), MemberState::kSuspect);
}

TEST_F(Probing, SendsPingAndSuspicionInOneCheckedPacketToASuspect) {
  auto& target = silent();
  helpers(3);
  target.say(node, {Suspect{1, "t", "h0"}});
  (void)first_ping(target);
  const auto& packet = std::find_if(target.got.begin(), target.got.end(), [](const auto& sent) {
                         return find_message<Ping>(sent.packet).has_value();
                       })->packet;
  EXPECT_EQ(packet[0], 12) << "the CRC wrapper";
  const auto messages = messages_of(packet);
  ASSERT_EQ(messages.size(), 2U) << "nothing else is carried along";
  EXPECT_TRUE(std::holds_alternative<Ping>(messages[0]));
  EXPECT_EQ(std::get<Suspect>(messages[1]), (Suspect{1, "t", "n1"}));
}

TEST_F(Probing, WithoutTcpWhenThatIsSwitchedOff) {
  auto settings = classical();
  settings.disable_tcp_pings = true;
  auto& other = net.add("n3", settings);
  Guest target(net, "t", IpAddress::v4(10, 0, 0, 9));
  target.answers = false;
  target.introduce(other);
  net.run_for(5s);
  EXPECT_TRUE(net.dialled.empty());
  EXPECT_EQ(other.state_of("t"), MemberState::kSuspect);
}

// ---- TCP ----

class TcpPing : public Probing {
 protected:
  TcpPing() : target(silent()) {
    std::tie(when, ping) = first_ping(target);
    net.run_until(at(when + 600ms));
    stream = net.dialled.at(0);
    net.input(node, StreamConnected{stream->stream});
  }
  void answer(const StreamMessage& message) {
    const auto bytes = encode_stream(message, {}, {}, counting_nonces());
    net.input(node, StreamReceived{stream->stream, bytes});
  }
  Guest& target;
  Duration when{};
  Ping ping;
  std::shared_ptr<VirtualNetwork::TestStream> stream;
};

TEST_F(TcpPing, IsTheSamePing) {
  StreamReader reader;
  reader.receive(stream->received, {});
  ASSERT_TRUE(reader.message());
  EXPECT_EQ(std::get<Ping>(*reader.message()), ping);
}

TEST_F(TcpPing, SavesTheMemberAndWarnsThatUdpIsBroken) {
  answer(Ack{ping.seq_no, std::nullopt});
  EXPECT_TRUE(stream->closed);
  EXPECT_EQ(node.log.count("UDP filtered"), 0U) << "alone it does not end the probe early";
  net.run_until(at(when + 1s));
  EXPECT_EQ(node.state_of("t"), MemberState::kAlive);
  EXPECT_EQ(node.log.count("UDP filtered"), 1U);
  EXPECT_EQ(node.core->counters().probes_failed, 0U);
}

TEST_F(TcpPing, CountsOnlyWithItsOwnNumber) {
  answer(Ack{ping.seq_no + 1, std::nullopt});
  net.run_until(at(when + 1s));
  EXPECT_EQ(node.state_of("t"), MemberState::kSuspect);
  EXPECT_EQ(node.log.count("ping over TCP failed"), 1U);
}

TEST_F(TcpPing, FailsWithAnErrorWhenTheConnectionBreaksLater) {
  net.input(node, StreamEnded{stream->stream, "reset"});
  EXPECT_EQ(node.log.count("ping over TCP failed"), 1U);
  net.run_until(at(when + 1s));
  EXPECT_EQ(node.state_of("t"), MemberState::kSuspect);
}

TEST_F(Probing, IsSilentAboutAHostThatDoesNotTakeTheConnection) {
  auto& target = silent();
  net.run_until(at(first_ping(target).first + 600ms));
  net.input(node, StreamEnded{net.dialled.at(0)->stream, "connection refused"});
  EXPECT_EQ(node.log.count("TCP"), 0U);
}

// ---- awareness ----

TEST_F(Probing, WithoutHelpersCostsOnePointOfAwareness) {
  auto& target = silent();
  net.run_until(at(first_ping(target).first + 1s));
  EXPECT_EQ(awareness(), 1);
}

TEST_F(Probing, CostsOnePointOfAwarenessForEachMissingNack) {
  auto& target = silent();
  helpers(3);
  const auto [when, ping] = first_ping(target);
  net.run_until(at(when + 700ms));
  guests[1]->say(node, {Nack{ping.seq_no}});
  guests[2]->say(node, {Nack{ping.seq_no + 1}});
  net.run_until(at(when + 1s));
  EXPECT_EQ(awareness(), 2);
}

TEST_F(Probing, CostsNothingWhenAllHelpersSayThatTheyTried) {
  auto& target = silent();
  helpers(3);
  const auto [when, ping] = first_ping(target);
  net.run_until(at(when + 700ms));
  for (int i = 1; i <= 3; ++i) guests[static_cast<std::size_t>(i)]->say(node, {Nack{ping.seq_no}});
  guests[1]->say(node, {Nack{ping.seq_no}});
  net.run_until(at(when + 1s));
  EXPECT_EQ(awareness(), 0);
  EXPECT_EQ(node.state_of("t"), MemberState::kSuspect);
}

TEST_F(Probing, LastsLongerTheLessHealthyTheNodeIsAndGetsHealthierBySuccess) {
  auto& target = silent();
  helpers(3);
  const auto when = first_ping(target).first;
  net.run_until(at(when + 1s));
  ASSERT_EQ(awareness(), 3) << "with LAN timing no nack can be in time";
  // The tick that came while the probe was under way is taken at once: somebody is pinged without a pause.
  const auto pinged = net.now();
  net.run_for(1ms);
  std::size_t pings = 0;
  for (const auto& guest : guests) pings += guest->count<Ping>(pinged);
  EXPECT_EQ(pings, 1U);
  EXPECT_TRUE(net.run_until_true(10s, [&] { return awareness() == 0; })) << "three members answer";
}

TEST_F(Probing, OfASuspectGoesOnSoThatItCanRefute) {
  auto& target = silent();
  helpers(3);
  const auto when = first_ping(target).first;
  net.run_until(at(when + 1s));
  ASSERT_EQ(node.state_of("t"), MemberState::kSuspect);
  EXPECT_TRUE(net.run_until_true(20s, [&] { return target.count<Ping>() >= 2; }));
  target.say(node, {alive_message("t", target.address, 2)});
  EXPECT_EQ(node.state_of("t"), MemberState::kAlive);
}

TEST(ProbeSettings, WithAnIntervalOfZeroNobodyIsProbed) {
  auto settings = classical();
  settings.probe_interval = 0s;
  VirtualNetwork net;
  auto& node = net.add("n1", settings);
  Guest member(net, "m", IpAddress::v4(10, 0, 0, 2));
  member.introduce(node);
  net.run_for(60s);
  EXPECT_EQ(member.count<Ping>(), 0U);
}

TEST(ProbeSettings, WithoutIndirectChecksAFailureCostsOnePoint) {
  auto settings = classical();
  settings.indirect_checks = 0;
  VirtualNetwork net;
  auto& node = net.add("n1", settings);
  Guest target(net, "t", IpAddress::v4(10, 0, 0, 9));
  Guest other(net, "o", IpAddress::v4(10, 0, 0, 8));
  target.answers = false;
  target.introduce(node);
  other.introduce(node);
  EXPECT_TRUE(net.run_until_true(10s, [&] { return node.state_of("t") == MemberState::kSuspect; }));
  EXPECT_EQ(other.count<IndirectPing>(), 0U);
  EXPECT_EQ(node.core->counters().awareness, 1);
}

// ---- pauses ----

TEST_F(Probing, StartsAnewAfterAPauseOfTheProcess) {
  auto& target = silent();
  const auto [when, ping] = first_ping(target);
  net.pause(node, 10s);
  net.run_for(10s);
  EXPECT_EQ(node.state_of("t"), MemberState::kAlive) << "nobody is accused for what was not read";
  EXPECT_EQ(node.core->counters().probes_void, 1U);
  target.answers = true;
  net.run_for(1s);
  EXPECT_EQ(node.state_of("t"), MemberState::kAlive);
  EXPECT_GT(target.all<Ping>().back().second.seq_no, ping.seq_no);
  EXPECT_EQ(awareness(), 0);
}

TEST_F(Probing, OfANodeThatIsLateAllTheTimeStillComesToAVerdict) {
  auto& target = silent();
  (void)first_ping(target);
  for (int i = 0; i < 40 && node.state_of("t") == MemberState::kAlive; ++i) {
    net.pause(node, std::max<Duration>(0ms, node.core->next_deadline() - net.now()) + 150ms);
    net.run_until(*node.paused_until);
  }
  EXPECT_EQ(node.state_of("t"), MemberState::kSuspect);
}

}  // namespace
}  // namespace metallb::gossip
