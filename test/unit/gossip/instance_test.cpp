// One core among members that the test plays: dissemination (gossip spec 8), leave (7.7), refutation (7.6), keys, what live
// checks of the original showed (12.7), and what strangers may not do.
#include "gossip/instance.hpp"

#include <gtest/gtest.h>

#include "guest.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

const KeyRing kNone;
const KeyRing kOld{{key_of("old")}};
const KeyRing kNew{{key_of("new")}};
const KeyRing kBoth{{key_of("new"), key_of("old")}};

class OneNode : public testing::Test {
 protected:
  explicit OneNode(Settings settings = classical(), const KeyRing& ring = {}) : node(net.add("n1", settings, ring)) {}
  Guest& guest(int number, const KeyRing& ring = {}) {
    auto& added = *guests.emplace_back(std::make_unique<Guest>(net, "g" + std::to_string(number),
                                                               IpAddress::v4(10, 0, 1, static_cast<std::uint8_t>(number))));
    added.ring = ring;
    return added;
  }
  Guest& member(int number) {
    auto& added = guest(number);
    added.introduce(node);
    return added;
  }
  /// Until nothing is passed on any more.
  void settle() { net.run_for(5s); }

  VirtualNetwork net;
  VirtualNetwork::Node& node;
  std::vector<std::unique_ptr<Guest>> guests;
};

// ---- the start ----

TEST_F(OneNode, ReportsItselfAtItsStart) {
  ASSERT_EQ(node.electorates.size(), 1U);
  EXPECT_EQ(node.electorates[0].second, (ElectorateChanged{{"n1"}, true, {}}));
  ASSERT_EQ(node.seen.size(), 1U);
  EXPECT_EQ(node.seen[0].second, (MemberSeen{"n1", node.address, MemberState::kAlive}));
  const auto members = node.core->members();
  ASSERT_EQ(members.size(), 1U);
  EXPECT_EQ(members[0].incarnation, 1U);
  EXPECT_EQ(node.log.count("node event - forcing sync"), 1U);
}

TEST(Start, IsDueBeforeTheFirstCall) {
  Instance core({.node_name = "n1", .address = IpAddress::v4(10, 0, 0, 1), .nonces = counting_nonces()});
  EXPECT_LT(core.next_deadline(), VirtualNetwork::kStart);
}

TEST_F(OneNode, ReportsEveryChangeOfAMember) {
  auto& g = member(1);
  g.say(node, {Suspect{1, "g1", "x"}});
  g.say(node, {alive_message("g1", g.address, 2)});
  g.say(node, {Dead{2, "g1", "g1"}});
  std::vector<MemberState> states;
  for (const auto& [when, seen] : node.seen) {
    if (seen.node == "g1") states.push_back(seen.state);
  }
  EXPECT_EQ(states, (std::vector{MemberState::kAlive, MemberState::kSuspect, MemberState::kAlive, MemberState::kLeft}));
  EXPECT_EQ(node.log.count("node addr=10.0.1.1 node event=NodeJoin node name=g1"), 1U) << "suspicion is no event";
  EXPECT_EQ(node.log.count("node addr=10.0.1.1 node event=NodeLeave node name=g1"), 1U);
  EXPECT_EQ(node.core->counters().leaves, 1U);
  EXPECT_EQ(node.core->counters().deaths, 0U);
}

TEST_F(OneNode, BelievesAVerdictOfOthersInTheSameCall) {
  auto& g = member(1);
  member(2);
  g.say(node, {Dead{1, "g2", "g1"}});
  EXPECT_EQ(node.electorates.back().first, net.now());
  EXPECT_EQ(node.electorate(), (std::set<std::string>{"g1", "n1"}));
  EXPECT_EQ(node.core->counters().deaths, 1U);
}

// ---- dissemination ----

TEST_F(OneNode, PassesNewsOnAtTheTicksOfGossipAsOftenAsTheClusterNeeds) {
  settle();
  auto& a = guest(1);
  a.introduce(node);
  const auto arrived = net.now();
  net.run_for(10s);
  std::size_t transmissions = 0;
  for (const auto& [when, message] : a.all<Alive>()) {
    if (message.node == "g1") ++transmissions;
  }
  EXPECT_EQ(transmissions, 4U) << "two members: four times the number of digits";
  const auto first = a.all<Alive>().front().first - VirtualNetwork::kLatency;
  EXPECT_LE(first, arrived - VirtualNetwork::kStart + 200ms);
  EXPECT_EQ((first % Duration(200ms)).count(), 0) << "on the grid from the start";
}

TEST_F(OneNode, SendsGossipWithACheckSumToThoseThatKnowIt) {
  auto& g = member(1);
  net.run_for(300ms);
  ASSERT_FALSE(g.got.empty());
  EXPECT_EQ(g.got[0].packet[0], 12);
  EXPECT_EQ(g.count<Ping>(), 0U);

  VirtualNetwork other_net;
  auto& other = other_net.add("n1");
  Guest old(other_net, "g1", IpAddress::v4(10, 0, 1, 1));
  auto message = alive_message("g1", old.address, 1);
  message.versions = {1, 4, 2, 0, 0, 0};
  old.say(other, {message});
  other_net.run_for(300ms);
  ASSERT_FALSE(old.got.empty());
  EXPECT_NE(old.got[0].packet[0], 12);
}

TEST_F(OneNode, GossipsToThreeMembersAtATimeAndNeverToThoseThatLeft) {
  for (int i = 1; i <= 6; ++i) member(i);
  guests[0]->say(node, {Dead{1, "g1", "g1"}});
  const auto reached = [&] {
    return std::count_if(guests.begin(), guests.end(), [](const auto& g) { return !g->got.empty(); });
  };
  net.run_for(201ms);
  EXPECT_EQ(reached(), 3);
  net.run_for(5s);
  EXPECT_EQ(guests[0]->got.size(), 0U);
  EXPECT_EQ(reached(), 5);
}

TEST_F(OneNode, GossipsToTheDeadForHalfAMinuteSoThatTheyCanRefute) {
  settle();
  auto& dead = member(1);
  dead.say(node, {Dead{1, "g1", "x"}});
  net.run_for(1s);
  EXPECT_GE(dead.count<Dead>(), 1U);
  net.run_for(30s);
  member(2);
  const auto after = net.now();
  net.run_for(5s);
  EXPECT_EQ(dead.count<Alive>(after), 0U);
}

TEST_F(OneNode, CarriesNewsAlongWithAnAnswer) {
  member(1);
  settle();
  member(2);
  auto& stranger = guest(9);
  stranger.say(node, {Ping{5, "", {}}});
  net.run_for(1ms);
  ASSERT_EQ(stranger.got.size(), 1U);
  const auto messages = messages_of(stranger.got[0].packet);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<Ack>(messages[0])) << "what it is about comes first";
  EXPECT_EQ(std::get<Alive>(messages[1]).node, "g2");
  EXPECT_NE(stranger.got[0].packet[0], 12) << "answers go without a check sum";
}

TEST_F(OneNode, KeepsPacketsWithinTheirBudget) {
  for (int i = 1; i <= 200; ++i) member(i % 250 + 1);
  auto& stranger = guest(251);
  for (int i = 0; i < 20; ++i) stranger.say(node, {Ping{5, "", {}}});
  net.run_for(1s);
  ASSERT_EQ(stranger.count<Ack>(), 20U);
  for (const auto& g : guests) {
    for (const auto& sent : g->got) EXPECT_LE(sent.packet.size(), 1400U);
  }
  EXPECT_GT(stranger.count<Alive>(), 100U);
}

TEST(GossipSettings, WithABudgetOfZeroNothingIsPassedOn) {
  auto settings = classical();
  settings.udp_buffer_size = 0;
  VirtualNetwork net;
  auto& node = net.add("n1", settings);
  Guest g(net, "g1", IpAddress::v4(10, 0, 1, 1));
  g.introduce(node);
  net.run_for(10s);
  EXPECT_EQ(g.count<Alive>(), 0U);
  EXPECT_GT(g.count<Ping>(), 0U);
}

TEST(GossipSettings, WithNoNodesOrNoIntervalNewsAreOnlyCarriedAlong) {
  for (const bool nodes : {true, false}) {
    auto settings = classical();
    if (nodes) settings.gossip_nodes = 0;
    if (!nodes) settings.gossip_interval = 0s;
    VirtualNetwork net;
    auto& node = net.add("n1", settings);
    Guest g(net, "g1", IpAddress::v4(10, 0, 1, 1));
    g.introduce(node);
    net.run_for(10s);
    EXPECT_GT(g.count<Alive>(), 0U);
    for (const auto& sent : g.got) EXPECT_TRUE(find_message<Ping>(sent.packet));
  }
}

TEST_F(OneNode, SleepsWhenNothingIsToBeDone) {
  settle();
  member(1);
  settle();
  // One probe a second, which is answered: no call for a tick of gossip without news.
  std::size_t calls = 0;
  for (const auto end = net.now() + 10s; net.now() < end; ++calls) net.run_until(std::min(end, node.core->next_deadline()));
  EXPECT_LE(calls, 25U);
}

// ---- refutation ----

TEST_F(OneNode, AnswersAnAccusationDirectlyAndByGossip) {
  auto& accuser = member(1);
  member(2);
  settle();
  const auto accused = net.now();
  accuser.say(node, {Suspect{1, "n1", "g1"}});
  net.run_for(1ms);
  EXPECT_EQ(accuser.count<Alive>(accused), 1U) << "the accuser at once";
  EXPECT_EQ(accuser.all<Alive>().back().second.incarnation, 2U);
  EXPECT_EQ(guests[1]->count<Alive>(accused), 0U);
  net.run_for(400ms);
  EXPECT_GE(guests[1]->count<Alive>(accused), 1U) << "the others by gossip";
}

TEST_F(OneNode, AnswersAVerdictToEverybodyAtOnce) {
  for (int i = 1; i <= 5; ++i) member(i);
  settle();
  const auto accused = net.now();
  guests[0]->say(node, {Dead{1, "n1", "g1"}});
  net.run_for(1ms);
  for (const auto& g : guests) EXPECT_EQ(g->count<Alive>(accused), 1U) << g->name;
}

TEST_F(OneNode, RemindsWhoBelievesAnOldVerdict) {
  auto& g = member(1);
  g.say(node, {Dead{1, "n1", "g1"}});
  settle();
  const auto accused = net.now();
  g.say(node, {Dead{1, "n1", "g1"}});
  net.run_for(1ms);
  ASSERT_EQ(g.count<Alive>(accused), 1U);
  EXPECT_EQ(g.all<Alive>().back().second.incarnation, 2U) << "it is said again, not raised";
}

TEST_F(OneNode, IsNotDrivenIntoAStormByAFloodOfAccusations) {
  for (int i = 1; i <= 20; ++i) member(i);
  settle();
  const auto before = node.core->counters();
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    guests[0]->say(node, {Dead{i, "n1", "g1"}});
    net.run_for(1ms);
  }
  const auto after = node.core->counters();
  std::uint64_t sent = 0;
  for (std::size_t kind = 0; kind < kPacketKinds; ++kind) sent += after.sent[kind].packets - before.sent[kind].packets;
  EXPECT_LT(sent, 500U) << "in ten seconds: gossip, probes, and six answers to all twenty";
  EXPECT_EQ(node.log.count("refuting"), 1U);
}

// ---- leave ----

class Leaving : public OneNode {
 protected:
  Leaving() {
    for (int i = 1; i <= 3; ++i) member(i);
    settle();
    left = net.now();
    net.input(node, Leave{});
  }
  SteadyPoint left;
};

TEST_F(Leaving, TellsEveryMemberAtOnceAndAgain) {
  net.run_for(1ms);
  for (const auto& g : guests) {
    ASSERT_EQ(g->count<Dead>(left), 1U) << g->name;
    EXPECT_EQ(g->all<Dead>().back().second, (Dead{1, "n1", "n1"}));
  }
  net.run_for(155ms);
  for (const auto& g : guests) EXPECT_GE(g->count<Dead>(left), 3U) << g->name;
}

TEST_F(Leaving, EndsWhenTheNewsHaveBeenPassedOnAndAfterASecondAtTheLatest) {
  EXPECT_TRUE(node.left.empty());
  net.run_for(1s);
  ASSERT_EQ(node.left.size(), 1U);
  EXPECT_GE(node.left[0], left + 150ms);
  EXPECT_LE(node.left[0], left + 600ms) << "gossip spec 7.7";
  net.run_for(10s);
  EXPECT_EQ(node.left.size(), 1U);
}

TEST_F(Leaving, TakesNothingOverAndJudgesNobodyAnyMore) {
  EXPECT_TRUE(node.hold());
  EXPECT_EQ(node.electorate().size(), 4U);
  net.run_for(1ms);  // what was on its way
  const auto pinged = net.now();
  for (const auto& g : guests) g->answers = false;
  net.run_for(60s);
  for (const auto& g : guests) EXPECT_EQ(g->count<Ping>(pinged), 0U);
  EXPECT_EQ(node.core->counters().deaths, 0U);
}

TEST_F(Leaving, StillAnswersPings) {
  net.run_for(5s);
  guests[0]->say(node, {Ping{5, "n1", {}}});
  net.run_for(1ms);
  EXPECT_EQ(guests[0]->count<Ack>(), 1U);
}

TEST_F(Leaving, IsNotCalledBackByOthers) {
  guests[0]->say(node, {Suspect{1, "n1", "g1"}, Dead{1, "n1", "g1"}, alive_message("n1", node.address, 5)});
  net.run_for(2s);
  EXPECT_EQ(node.state_of("n1"), MemberState::kLeft);
  EXPECT_EQ(guests[0]->count<Alive>(left), 0U);
}

TEST_F(Leaving, ASecondTimeEndsAtOnce) {
  net.run_for(2s);
  net.input(node, Leave{});
  EXPECT_EQ(node.left.size(), 2U);
}

TEST_F(OneNode, LeavesAtOnceWhenThereIsNobodyToTell) {
  net.input(node, Leave{});
  ASSERT_EQ(node.left.size(), 1U);
  EXPECT_EQ(node.left[0], net.now());
}

TEST(LeaveSettings, WithoutGossipItEndsAfterASecond) {
  auto settings = classical();
  settings.gossip_interval = 0s;
  settings.probe_interval = 0s;
  VirtualNetwork net;
  auto& node = net.add("n1", settings);
  Guest g(net, "g1", IpAddress::v4(10, 0, 1, 1));
  g.introduce(node);
  net.input(node, Leave{});
  net.run_for(999ms);
  EXPECT_TRUE(node.left.empty());
  net.run_for(1ms);
  EXPECT_EQ(node.left.size(), 1U);
  EXPECT_EQ(g.count<Dead>(), 3U);
}

// ---- keys ----

class Sealed : public OneNode {
 protected:
  Sealed() : OneNode(classical(), kOld) {}
  std::size_t answered(Guest& g) {
    const auto before = g.got.size();
    g.say(node, {Ping{5, "", {}}});
    net.run_for(1ms);
    return g.got.size() - before;
  }
};

TEST_F(Sealed, IgnoresWhoHasAnotherKeyOrNone) {
  EXPECT_EQ(answered(guest(1, kOld)), 1U);
  EXPECT_EQ(answered(guest(2, kNew)), 0U);
  EXPECT_EQ(answered(guest(3, kNone)), 0U);
  EXPECT_EQ(node.core->counters().faults[static_cast<std::size_t>(PacketFault::kWrongKey)], 1U);
  EXPECT_EQ(node.core->counters().faults[static_cast<std::size_t>(PacketFault::kNotSealed)], 1U);
  EXPECT_EQ(node.core->counters().unusable.packets, 2U);
}

TEST_F(Sealed, ChangesItsKeysWhileItRuns) {
  net.input(node, KeysChanged{kBoth});
  auto& old = guest(1, kBoth);
  EXPECT_EQ(answered(old), 1U);
  EXPECT_EQ(find_message<Ack>(old.got[0].packet, kOld), std::nullopt) << "sealed with the first key";
  EXPECT_TRUE(find_message<Ack>(old.got[0].packet, kNew));
  EXPECT_EQ(answered(guest(2, kNew)), 1U);
  net.input(node, KeysChanged{kNew});
  EXPECT_EQ(answered(guest(3, kOld)), 0U);
}

TEST_F(Sealed, LogsANeighbourWithAnotherKeyOncePerMinuteWithItsNumber) {
  auto& wrong = guest(1, kNew);
  for (int i = 0; i < 600; ++i) {
    answered(wrong);
    net.run_for(100ms);
  }
  EXPECT_EQ(node.log.count("another secret"), 2U);
  EXPECT_GE(node.log.count("repeated=59"), 1U);
}

TEST(KeySettings, VerificationCanBeSwitchedOffEitherWay) {
  auto settings = classical();
  settings.gossip_verify_incoming = false;
  settings.gossip_verify_outgoing = false;
  VirtualNetwork net;
  auto& node = net.add("n1", settings, kOld);
  Guest g(net, "g1", IpAddress::v4(10, 0, 1, 1));
  g.introduce(node);
  EXPECT_EQ(node.electorate().size(), 2U);
  net.run_for(2s);
  EXPECT_GT(g.count<Ping>(), 0U) << "in plaintext";
}

// ---- gossip spec 12.7 ----

TEST_F(OneNode, SuspectsAndVerdictsAboutItselfItRefutesAtTheNextTick) {
  auto& g = member(1);
  settle();
  g.say(node, {Suspect{1, "n1", "g1"}});
  net.run_for(300ms);
  EXPECT_EQ(g.all<Alive>().back().second.incarnation, 2U);
  g.say(node, {Dead{7, "n1", "g1"}});
  net.run_for(300ms);
  EXPECT_EQ(g.all<Alive>().back().second.incarnation, 8U);
}

TEST_F(OneNode, IgnoresPacketsWithWrongCheckSumsLabelsAndUnknownTypes) {
  auto packet = encode_packets(std::vector<PacketMessage>{Ping{5, "", {}}}, {.crc = true}, {}, counting_nonces())[0];
  auto& g = guest(1);
  packet[1] ^= 1;
  net.raw_packet({g.address, 7946}, node, packet);
  net.raw_packet({g.address, 7946}, node, {0xf4, 4, 'b', 'l', 'u', 'e', 0, 0x80});
  net.raw_packet({g.address, 7946}, node, {99, 0x80});
  net.raw_packet({g.address, 7946}, node, {});
  net.run_for(1ms);
  EXPECT_TRUE(g.got.empty());
  EXPECT_GE(node.core->counters().unusable.packets, 3U);
}

TEST_F(OneNode, HasAMemberThatStopsAnsweringUnderSuspicionAfterOneProbe) {
  auto& g = member(1);
  net.run_for(1500ms);
  g.answers = false;
  const auto before = g.count<Ping>();
  ASSERT_TRUE(net.run_until_true(10s, [&] { return node.state_of("g1") == MemberState::kSuspect; }));
  EXPECT_EQ(g.count<Ping>(), before + 1);
}

// ---- strangers ----

TEST_F(OneNode, SurvivesForgedMembersInAnyNumber) {
  PushPull state;
  for (std::uint32_t i = 1; i <= 15'000; ++i) {
    state.entries.push_back(entry_of("f" + std::to_string(i), IpAddress::v4((172U << 24) + (16U << 16) + i), 1));
  }
  const auto stream = net.connect({IpAddress::v4(10, 0, 1, 1), 40000}, node);
  net.send(node, *stream, encode_stream(state, {}, {}, counting_nonces()));
  EXPECT_EQ(node.core->members().size(), MemberTable::kMostMembers);
  EXPECT_EQ(node.core->counters().dropped_names, 15'001U - MemberTable::kMostMembers);
  net.run_for(5s);
  EXPECT_LE(node.core->members().size(), MemberTable::kMostMembers);
  EXPECT_LT(node.core->counters().sent[5].packets, 100U) << "gossip: three packets each fifth of a second";
}

TEST_F(OneNode, IsNotHarmedByReplayedPackets) {
  auto& g = member(1);
  g.say(node, {Suspect{1, "g1", "x"}});
  g.say(node, {alive_message("g1", g.address, 2)});
  for (int i = 0; i < 10; ++i) {
    g.say(node, {Suspect{1, "g1", "x"}, Dead{1, "g1", "x"}, alive_message("g1", g.address, 1)});
  }
  EXPECT_EQ(node.state_of("g1"), MemberState::kAlive);
  EXPECT_EQ(node.core->counters().suspicions, 1U);
}

TEST_F(OneNode, CountsPacketsByTheirFirstMessage) {
  auto& g = guest(1);
  g.say(node, {Ping{5, "", {}}});
  g.say(node, {Ack{5, std::nullopt}, User{}});
  const auto& counters = node.core->counters();
  EXPECT_EQ(counters.received[0].packets, 1U);
  EXPECT_EQ(counters.received[2].packets, 1U);
  EXPECT_GT(counters.received[2].bytes, 5U);
  EXPECT_EQ(counters.messages_received[7], 1U);
  EXPECT_EQ(counters.sent[2].packets, 1U);
  EXPECT_GT(counters.sent[2].bytes, 5U);
}

}  // namespace
}  // namespace metallb::gossip
