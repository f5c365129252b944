// Several cores together: leave, restart, partition, rotation of the secret, pauses; and the watch ring among them, also
// with members that do not know it.
#include <gtest/gtest.h>

#include <algorithm>

#include "virtual_network.hpp"

namespace metallb::gossip {
namespace {

using namespace test;
using Names = std::set<std::string>;

const KeyRing kOld{{key_of("old")}};
const KeyRing kNewAndOld{{key_of("new"), key_of("old")}};
const KeyRing kOldAndNew{{key_of("old"), key_of("new")}};
const KeyRing kNew{{key_of("new")}};

Names all_of(int count) {
  Names names;
  for (int i = 1; i <= count; ++i) names.insert("n" + std::to_string(i));
  return names;
}
bool everyone_has(VirtualNetwork& net, const Names& names) {
  return std::all_of(net.nodes().begin(), net.nodes().end(), [&](const auto& entry) {
    return !entry.second->core || !names.contains(entry.first) || entry.second->electorate() == names;
  });
}
std::uint64_t deaths(VirtualNetwork& net) {
  std::uint64_t sum = 0;
  for (const auto& [name, node] : net.nodes()) sum += node->core ? node->core->counters().deaths : 0;
  return sum;
}
IpAddress address(int number) {
  return IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(number));
}

// ---- leave ----

class LeavingCluster : public testing::TestWithParam<std::tuple<int, bool>> {};

TEST_P(LeavingCluster, IsKnownToEveryMemberAtOnce) {
  const auto [count, ring] = GetParam();
  auto settings = classical();
  settings.ring.enabled = ring;
  VirtualNetwork net;
  net.add_cluster(count, settings);
  const auto left = net.now();
  net.input(net.node("n2"), Leave{});
  auto others = all_of(count);
  others.erase("n2");
  net.run_for(1ms);
  for (const auto& name : others) EXPECT_EQ(net.node(name).electorate(), others) << name;
  net.run_for(1s);
  ASSERT_EQ(net.node("n2").left.size(), 1U);
  EXPECT_LE(net.node("n2").left[0] - left, 1s);
  for (const auto& name : others) {
    EXPECT_EQ(net.node(name).state_of("n2"), MemberState::kLeft) << name;
    EXPECT_FALSE(net.node(name).hold()) << name;
  }
  EXPECT_EQ(deaths(net), 0U);
  // The same node comes back, with incarnation 1.
  net.restart(net.node("n2"), settings);
  net.join(net.node("n2"), {address(1)});
  EXPECT_TRUE(net.run_until_true(2s, [&] { return everyone_has(net, all_of(count)); }));
}

INSTANTIATE_TEST_SUITE_P(Sizes, LeavingCluster, testing::Combine(testing::Values(2, 3, 10), testing::Bool()));

TEST(LeavingCluster, IsKnownToEveryMemberInSpiteOfLoss) {
  VirtualNetwork net(3);
  net.add_cluster(8);
  net.loss = 0.3;
  net.input(net.node("n2"), Leave{});
  auto others = all_of(8);
  others.erase("n2");
  EXPECT_TRUE(net.run_until_true(600ms, [&] { return everyone_has(net, others); }));
}

// ---- restart ----

TEST(RestartedNode, IsAdmittedAgainWithinARoundOfGossipThoughItsIncarnationIsOld) {
  VirtualNetwork net;
  net.add_cluster(4);
  auto& node = net.node("n3");
  net.kill(node);
  net.run_for(20s);
  ASSERT_EQ(net.node("n1").state_of("n3"), MemberState::kDead);
  net.restart(node);
  net.join(node, {address(1)});
  EXPECT_TRUE(net.run_until_true(400ms, [&] { return everyone_has(net, all_of(4)); }));
  EXPECT_EQ(net.node("n1").incarnation_of("n3"), 2U);
  EXPECT_FALSE(node.hold());
}

TEST(RestartedNode, ThatWasNotMissedYetStaysAMember) {
  VirtualNetwork net;
  net.add_cluster(4);
  auto& node = net.node("n3");
  net.kill(node);
  net.run_for(2500ms);
  net.restart(node);
  net.join(node, {address(1)});
  net.run_for(30s);
  EXPECT_TRUE(everyone_has(net, all_of(4)));
  EXPECT_EQ(deaths(net), 0U);
}

TEST(RestartedNode, WithAnotherAddressIsRefusedUntilItsNameIsForgotten) {
  VirtualNetwork net;
  net.add_cluster(3);
  auto& moved = net.node("n3");
  net.kill(moved);
  net.run_for(20s);
  net.move(moved, address(33));
  net.restart(moved);
  net.join(moved, {address(1)});
  net.run_for(5s);
  EXPECT_FALSE(net.node("n1").electorate().contains("n3"));
  EXPECT_GE(net.node("n1").core->counters().address_conflicts, 1U);
  net.run_for(40s);
  net.join(moved, {address(1)});
  net.run_for(5s);
  EXPECT_TRUE(net.node("n1").electorate().contains("n3"));
}

// ---- refutation ----

TEST(FalseVerdict, IsUndoneWithinARoundTrip) {
  VirtualNetwork net;
  net.add_cluster(6);
  // Somebody believes n3 to be dead and says so to all but n3.
  const auto lied = net.now();
  for (const auto& name : {"n1", "n2", "n4", "n5", "n6"})
    net.packet({address(99), 7946}, net.node(name), {Dead{1, "n3", "n6"}});
  EXPECT_FALSE(net.node("n1").electorate().contains("n3"));
  // It hears of it, as the accused always does from a watcher.
  net.packet({address(99), 7946}, net.node("n3"), {Dead{1, "n3", "n6"}});
  EXPECT_TRUE(net.run_until_true(1s, [&] { return everyone_has(net, all_of(6)); }));
  EXPECT_LE(net.now() - lied, 2 * VirtualNetwork::kLatency);
  EXPECT_EQ(net.node("n1").core->counters().returns, 1U);
}

TEST(FalseVerdict, AfterASuspicionIsUndoneAsSoon) {
  VirtualNetwork net;
  net.add_cluster(6);
  auto& accused = net.node("n3");
  net.packet({address(99), 7946}, accused, {Suspect{1, "n3", "n5"}});
  net.run_for(60ms);
  for (const auto& name : {"n1", "n2", "n4"}) net.packet({address(99), 7946}, net.node(name), {Dead{3, "n3", "n6"}});
  const auto lied = net.now();
  for (int copy = 0; copy < 3; ++copy) net.packet({address(99), 7946}, accused, {Dead{3, "n3", "n6"}});
  EXPECT_TRUE(net.run_until_true(1s, [&] { return everyone_has(net, all_of(6)); }));
  EXPECT_LE(net.now() - lied, 2 * VirtualNetwork::kLatency);
}

// ---- partition ----

TEST(Partition, LeavesEachSideItsOwnAndHealsByJoin) {
  VirtualNetwork net;
  net.add_cluster(5);
  for (const auto& name : {"n4", "n5"}) net.node(name).side = 1;
  net.run_for(60s);
  for (const auto& name : {"n1", "n2", "n3"}) EXPECT_EQ(net.node(name).electorate(), (Names{"n1", "n2", "n3"})) << name;
  for (const auto& name : {"n4", "n5"}) EXPECT_EQ(net.node(name).electorate(), (Names{"n4", "n5"})) << name;
  for (const auto& [name, node] : net.nodes()) node->side = 0;
  net.join(net.node("n4"), {address(1), address(2), address(3), address(5)});
  EXPECT_TRUE(net.run_until_true(2s, [&] { return everyone_has(net, all_of(5)); }));
}

TEST(Partition, ThatIsShorterThanTheReapTimeHealsByGossipToTheDead) {
  VirtualNetwork net;
  net.add_cluster(5);
  for (const auto& name : {"n4", "n5"}) net.node(name).side = 1;
  ASSERT_TRUE(net.run_until_true(30s, [&] { return net.node("n1").electorate().size() == 3; }));
  for (const auto& [name, node] : net.nodes()) node->side = 0;
  EXPECT_TRUE(net.run_until_true(60s, [&] { return everyone_has(net, all_of(5)); }));
}

// ---- keys ----

TEST(Rotation, OfTheSecretLosesNobody) {
  VirtualNetwork net;
  net.add_cluster(4, classical(), kOld);
  // First all can read the new one, then all seal with it, then the old one goes; one node after the other.
  for (const auto& ring : {kOldAndNew, kNewAndOld, kNew}) {
    for (const auto& [name, node] : net.nodes()) {
      net.input(*node, KeysChanged{ring});
      net.run_for(5s);
    }
  }
  net.run_for(60s);
  EXPECT_TRUE(everyone_has(net, all_of(4)));
  EXPECT_EQ(deaths(net), 0U);
  for (const auto& [name, node] : net.nodes()) EXPECT_EQ(node->core->counters().suspicions, 0U) << name;
}

TEST(Rotation, LosesWhoMissedIt) {
  VirtualNetwork net;
  net.add_cluster(3, classical(), kOld);
  for (const auto& name : {"n1", "n2"}) net.input(net.node(name), KeysChanged{kNew});
  net.run_for(20s);
  EXPECT_EQ(net.node("n1").electorate(), (Names{"n1", "n2"}));
  EXPECT_EQ(net.node("n3").electorate(), Names{"n3"});
  EXPECT_GE(net.node("n1").log.count("another secret"), 1U);
}

// ---- pauses ----

class PausedCluster : public testing::TestWithParam<bool> {
 protected:
  PausedCluster() { settings.ring.enabled = GetParam(); }
  Settings settings = classical();
};

TEST_P(PausedCluster, TakesTheNodeBackThatSleptTooLongAndIsNotAccusedByIt) {
  VirtualNetwork net(5);
  net.add_cluster(5, settings);
  auto& sleeper = net.node("n3");
  net.pause(sleeper, 10s);
  net.run_for(9s);
  EXPECT_EQ(net.node("n1").state_of("n3"), MemberState::kDead);
  const auto lost = deaths(net);
  net.run_until(*sleeper.paused_until);
  EXPECT_TRUE(net.run_until_true(500ms, [&] { return everyone_has(net, all_of(5)); }))
      << "it asks at once what was said of it";
  net.run_for(30s);
  EXPECT_EQ(sleeper.electorate(), all_of(5));
  EXPECT_EQ(sleeper.core->counters().deaths, 0U);
  EXPECT_EQ(deaths(net), lost) << "nobody dies of it later";
  EXPECT_GE(sleeper.core->counters().pauses, 1U);
}

TEST_P(PausedCluster, DoesNotLoseAMemberToASuspicionThatTheSleeperSleptOver) {
  VirtualNetwork net(5);
  net.add_cluster(3, settings);
  auto& sleeper = net.node("n3");
  const auto asleep = net.now();
  // It suspects n1, falls asleep, and n1's refutation is lost.
  net.packet({address(2), 7946}, sleeper, {Suspect{1, "n1", "n2"}});
  net.filter = [&](const VirtualNetwork::Sent& sent) { return sent.to.address != sleeper.address; };
  net.pause(sleeper, 10s);
  net.run_for(9999ms);
  net.filter = nullptr;
  net.run_for(20s);
  EXPECT_TRUE(sleeper.electorate().contains("n1"));
  EXPECT_FALSE(sleeper.lost("n1", asleep));
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutRing, PausedCluster, testing::Bool());

// ---- the ring among them ----

Settings with_ring() {
  return Settings{};
}

class RingCluster : public testing::TestWithParam<int> {};

TEST_P(RingCluster, KnowsOfADeathWithinAThirdOfASecond) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    VirtualNetwork net(seed);
    net.add_cluster(GetParam(), with_ring());
    for (const auto& [name, node] : net.nodes()) node->witness = WitnessAnswer::kHeard;
    const auto died = net.now();
    net.kill(net.node("n2"));
    net.run_for(1s);
    for (const auto& [name, node] : net.nodes()) {
      if (!node->core) continue;
      const auto lost = node->lost("n2", died);
      ASSERT_TRUE(lost) << name;
      EXPECT_LE(*lost - died, 330ms) << name;
      EXPECT_FALSE(node->hold());
    }
    EXPECT_EQ(deaths(net), static_cast<std::uint64_t>(GetParam()) - 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, RingCluster, testing::Values(2, 3, 4, 12));

TEST(RingCluster, FindsWhoDiesAgainAndAgainAsSoonEachTime) {
  VirtualNetwork net;
  net.add_cluster(4, with_ring());
  auto& mortal = net.node("n2");
  for (int times = 0; times < 5; ++times) {
    const auto died = net.now();
    net.kill(mortal);
    net.run_for(5s);
    for (const auto& name : {"n1", "n3", "n4"}) {
      const auto lost = net.node(name).lost("n2", died);
      ASSERT_TRUE(lost) << name;
      EXPECT_LE(*lost - died, 330ms) << name << ", death " << times + 1;
    }
    net.restart(mortal);
    net.join(mortal, {address(1)});
    ASSERT_TRUE(net.run_until_true(2s, [&] { return everyone_has(net, all_of(4)); }));
    net.run_for(10s);
  }
}

TEST(RingCluster, IsQuietWhenNothingHappens) {
  VirtualNetwork net;
  net.add_cluster(3, with_ring());
  net.loss = 0.01;
  net.run_for(2min);
  EXPECT_EQ(deaths(net), 0U);
  for (const auto& [name, node] : net.nodes()) EXPECT_EQ(node->core->counters().ring.accusations, 0U) << name;
}

TEST(MixedCluster, KnowsOfTheDeathOfAMemberWithoutARingAsSoon) {
  VirtualNetwork net;
  net.add_cluster(4, with_ring());
  auto& original = net.add("n5", classical());
  net.join(original, {address(1)});
  net.run_for(10s);
  ASSERT_TRUE(everyone_has(net, all_of(5)));
  const auto died = net.now();
  net.kill(original);
  net.run_for(1s);
  for (const auto& name : {"n1", "n2", "n3", "n4"}) {
    const auto lost = net.node(name).lost("n5", died);
    ASSERT_TRUE(lost) << name;
    EXPECT_LE(*lost - died, 330ms) << name;
  }
}

TEST(MixedCluster, TellsAMemberWithoutARingOfADeathAsSoon) {
  VirtualNetwork net;
  net.add_cluster(4, with_ring());
  auto& original = net.add("n5", classical());
  net.join(original, {address(1)});
  net.run_for(10s);
  const auto died = net.now();
  net.kill(net.node("n3"));
  net.run_for(1s);
  const auto lost = original.lost("n3", died);
  ASSERT_TRUE(lost);
  EXPECT_LE(*lost - died, 330ms);
}

TEST(MixedCluster, LivesInPeace) {
  VirtualNetwork net;
  net.add_cluster(3, with_ring(), kOld);
  for (const auto& name : {"n4", "n5", "n6"}) {
    auto& original = net.add(name, classical(), kOld);
    net.join(original, {address(1)});
  }
  net.run_for(3min);
  EXPECT_TRUE(everyone_has(net, all_of(6)));
  EXPECT_EQ(deaths(net), 0U);
  for (const auto& [name, node] : net.nodes()) {
    EXPECT_EQ(node->core->counters().suspicions, 0U) << name;
    EXPECT_EQ(node->core->counters().unusable.packets, 0U) << name;
  }
}

TEST(RingCluster, HoldsWhenItFindsItselfAloneAtOnce) {
  VirtualNetwork net;
  net.add_cluster(4, with_ring());
  auto& cut = net.node("n1");
  cut.witness = WitnessAnswer::kHeard;
  const auto when = net.now();
  cut.side = 1;
  ASSERT_TRUE(net.run_until_true(30s, [&] { return cut.electorate().size() == 1; }));
  EXPECT_TRUE(cut.hold()) << "after " << std::chrono::duration<double>(net.now() - when).count();
  net.run_for(1s);
  EXPECT_FALSE(cut.hold());
  EXPECT_EQ(cut.electorate(), Names{"n1"});
  // And is welcome again.
  cut.side = 0;
  net.join(cut, {address(2)});
  EXPECT_TRUE(net.run_until_true(3s, [&] { return everyone_has(net, all_of(4)); }));
}

TEST(RingCluster, SpreadsNewsAsFarAsOneWithoutARing) {
  VirtualNetwork net;
  net.add_cluster(20, with_ring());
  net.packet({address(99), 7946}, net.node("n1"), {alive_message("new", address(99), 1)});
  const auto known = [&] {
    return std::all_of(net.nodes().begin(), net.nodes().end(),
                       [](const auto& entry) { return entry.second->electorate().contains("new"); });
  };
  // Nobody answers for "new"; it is the news that count.
  EXPECT_TRUE(net.run_until_true(2s, known));
}

TEST(RingCluster, HasTrafficThatDoesNotGrowWithItsSize) {
  double small = 0;
  double large = 0;
  for (auto [count, rate] : {std::pair{5, &small}, std::pair{16, &large}}) {
    VirtualNetwork net;
    net.add_cluster(count, with_ring());
    std::size_t packets = 0;
    net.tap = [&](const VirtualNetwork::Sent&) { ++packets; };
    net.run_for(5s);
    *rate = static_cast<double>(packets) / 5 / count;
  }
  EXPECT_NEAR(small, large, 3);
  EXPECT_LE(large, 70) << "failover spec 2: about 60 packets a second, and the classical probes";
}

}  // namespace
}  // namespace metallb::gossip
