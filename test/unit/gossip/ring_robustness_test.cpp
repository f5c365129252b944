// Whatever the members, the network and the driver do: the ring does not spin, does not grow, and stays usable.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "ring_world.hpp"

namespace metallb::gossip::test {
namespace {

std::string any_name() {
  return "n" + std::to_string(*rc::gen::inRange(0, 8));
}

RingSettings any_settings() {
  RingSettings settings;
  settings.watchers = *rc::gen::inRange<std::size_t>(0, 6);
  settings.period = *rc::gen::inRange(0, 200) * 1ms;
  settings.minimum_timeout = *rc::gen::inRange(0, 300) * 1ms;
  settings.burst_step = *rc::gen::inRange(0, 50) * 1ms;
  settings.minimum_burst = *rc::gen::inRange<std::size_t>(0, 10);
  settings.maximum_burst = *rc::gen::inRange<std::size_t>(0, 30);
  settings.shortest_burst = *rc::gen::inRange(0, 100) * 1ms;
  settings.false_verdict = *rc::gen::element(0.0, 1e-9, 1.0, 7.0);
  settings.false_accusation = *rc::gen::element(0.0, 1e-7, 1.0);
  settings.minimum_loss = *rc::gen::element(0.0, 0.01, 1.0, 2.0);
  return settings;
}

RC_GTEST_PROP(RingRobustness, AnyHistoryLeavesItWithABoundedDeadlineAndBoundedOutput, ()) {
  const auto settings = any_settings();
  std::uint32_t seq_no = 0;
  WatchRing ring("self", settings, Random(1), [&] { return ++seq_no; }, Log());
  SteadyPoint now{1s};
  std::uint64_t question = 0;
  const auto steps = *rc::gen::inRange(1, 150);
  for (int step = 0; step < steps; ++step) {
    WatchRing::Output out;
    const auto name = any_name();
    const auto incarnation = *rc::gen::inRange<std::uint32_t>(0, 4);
    switch (*rc::gen::inRange(0, 12)) {
      case 0: {
        std::vector<WatchRing::Peer> peers;
        const auto count = *rc::gen::inRange(0, 8);
        for (int i = 0; i < count; ++i) {
          peers.push_back({any_name(), RingWorld::endpoint(any_name()), *rc::gen::inRange<std::uint32_t>(0, 4)});
        }
        ring.set_peers(now, peers);
        break;
      }
      case 1:
        ring.heard(now);
        break;
      case 2:
        ring.acknowledged(now, *rc::gen::inRange<std::uint32_t>(0, seq_no + 2));
        break;
      case 3:
        ring.suspected(now, {incarnation, name, *rc::gen::element<std::string>("self", "n1", "n2", "other")}, out);
        break;
      case 4:
        ring.asked(now, name, out);
        break;
      case 5:
        ring.unreachable(now, RingWorld::endpoint(name), out);
        break;
      case 6:
        ring.refuted(now, name);
        break;
      case 7:
        ring.link(now, *rc::gen::arbitrary<bool>());
        break;
      case 8:
        ring.witness(now, *rc::gen::inRange<std::uint64_t>(0, question + 2),
                     *rc::gen::element(WitnessAnswer::kHeard, WitnessAnswer::kSilent, WitnessAnswer::kNobodyToAsk), out);
        break;
      case 9:
        now += *rc::gen::inRange(0, 3000) * 1ms;
        break;
      default:
        if (const auto next = ring.next_deadline(); next != kIdle) now = std::max(now, next);
        break;
    }
    for (int calls = 0; ring.next_deadline() <= now; ++calls) {
      RC_ASSERT(calls == 0);
      ring.on_time(now, out);
    }
    // A ping, an accusation and questions per member that is watched, and what is repeated: nothing else.
    RC_ASSERT(out.size() <= 200U);
    RC_ASSERT(ring.watched().size() <= settings.watchers);
    for (const auto& action : out) {
      if (const auto* need = std::get_if<WatchRing::NeedWitness>(&action)) question = need->request;
      const auto* ping = std::get_if<WatchRing::SendPing>(&action);
      if (ping != nullptr) RC_ASSERT(ping->to != "self");
      const auto* verdict = std::get_if<WatchRing::Declare>(&action);
      if (verdict != nullptr) RC_ASSERT(verdict->dead.node != "self");
    }
    if (ring.next_deadline() != kIdle) RC_ASSERT(ring.next_deadline() - now <= 2s);
  }
}

TEST(RingRobustness, AFloodOfSuspicionsAndQuestionsCostsOnePingEachAtMost) {
  RingWorld world({"a", "b", "c"});
  world.run(5s);
  const auto before = world.actions.size();
  for (int i = 0; i < 1000; ++i) {
    world.suspect("b", "a");
    world.ask("a");
    world.suspect("c", "stranger" + std::to_string(i));
    world.ask("stranger" + std::to_string(i));
  }
  EXPECT_LE(world.actions.size() - before, 5U);
  world.run(1s);
  EXPECT_FALSE(world.first<WatchRing::Declare>());
}

TEST(RingRobustness, AThousandMembersThatComeAndGoLeaveNothingBehind) {
  RingWorld world({});
  for (int round = 0; round < 5; ++round) {
    world.peers.clear();
    for (int i = 0; i < 1000; ++i) {
      const auto name = "r" + std::to_string(round) + "-" + std::to_string(i);
      world.peers.push_back({name, RingWorld::endpoint(name), 1});
    }
    world.set_peers();
    EXPECT_EQ(world.watched().size(), 3U);
    world.run(200ms);
  }
  world.peers.clear();
  world.set_peers();
  EXPECT_TRUE(world.watched().empty());
  EXPECT_EQ(world.ring->next_deadline(), kIdle);
}

}  // namespace
}  // namespace metallb::gossip::test
