// The invariants must be able to fail: every one of them catches a member that is broken in its way, and none complains of a
// sound cluster.
#include "sim/invariants.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

#include "sim/cluster.hpp"
#include "sim/scenario.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

ClusterPlan plan(std::size_t members) {
  ClusterPlan out;
  out.members.assign(members, MemberKind::kOurs);
  out.services = {
      {.endpoints = {0}}, {.endpoints = {0}}, {.v6 = true, .endpoints = {0}}, {.v4 = false, .v6 = true, .endpoints = {0}}};
  return out;
}

/// Runs until all is quiet, or something is broken.
void settle(Cluster& cluster) {
  while (!cluster.invariants().quiet_for(3s) && cluster.invariants().violations().empty()) cluster.run_for(100ms);
}

std::set<std::string> broken(Cluster& cluster) {
  std::set<std::string> rules;
  for (const auto& violation : cluster.invariants().violations()) rules.insert(violation.rule);
  return rules;
}

std::size_t owner(Cluster& cluster, const IpAddress& address) {
  for (const auto& node : cluster.nodes()) {
    if (node->process() != nullptr && node->process()->answers(address)) return node->index;
  }
  return cluster.nodes().size();
}

TEST(Invariants, HoldInASoundClusterThroughDeathFreezeStopAndPartition) {
  Cluster cluster(1, plan(5));
  cluster.start(1s);
  settle(cluster);
  ASSERT_EQ(cluster.addresses().size(), 5U);
  const auto after = [&](const std::function<void()>& happens) {
    happens();
    cluster.run_for(2s);
    settle(cluster);
    EXPECT_EQ(broken(cluster), std::set<std::string>());
  };
  after([&] { cluster.kill_speaker(0); });
  after([&] { cluster.start_speaker(0); });
  after([&] { cluster.freeze(1); });
  after([&] { cluster.go_on(1); });
  after([&] { cluster.stop_speaker(2); });
  after([&] { cluster.start_speaker(2); });
  after([&] { cluster.partition({3, 4}); });
  after([&] { cluster.heal(); });
}

TEST(Invariants, TheClientIsAnsweredByTheNewOwnerWithinTheBoundOfADeath) {
  Cluster cluster(2, plan(4));
  cluster.start(1s);
  settle(cluster);
  const auto address = cluster.addresses().front();
  const auto first = owner(cluster, address);
  SteadyPoint answered = SteadyPoint::min();
  const auto dead = cluster.node(first).host->mac();
  cluster.client().on_answer = [&](const IpAddress& about, const MacAddress& by) {
    if (about == address && by != dead && answered == SteadyPoint::min()) answered = cluster.timeline().now();
  };
  const auto died = cluster.timeline().now();
  cluster.power_off(first);
  cluster.run_for(2s);
  ASSERT_NE(answered, SteadyPoint::min());
  EXPECT_LE(answered - died, 350ms + Client::kProbeInterval);
  EXPECT_EQ(cluster.client().cache().at(address).mac, cluster.node(owner(cluster, address)).host->mac());
}

TEST(Invariants, CatchAMemberThatNeverWithdraws) {
  auto with = plan(3);
  with.defects.assign(3, {.never_withdraws = true});
  Cluster cluster(3, with);
  cluster.start(1s);
  for (int i = 0; i < 300 && cluster.invariants().violations().empty(); ++i) cluster.run_for(1s);
  EXPECT_FALSE(broken(cluster).empty());
  EXPECT_TRUE(broken(cluster).contains("double") || broken(cluster).contains("agreement"));
}

TEST(Invariants, CatchAMemberThatNeverAnnounces) {
  auto with = plan(3);
  with.defects.assign(3, {.never_announces = true});
  Cluster cluster(4, with);
  cluster.start(1s);
  for (int i = 0; i < 300 && cluster.invariants().violations().empty(); ++i) cluster.run_for(1s);
  EXPECT_TRUE(broken(cluster).contains("silence"));
}

TEST(Invariants, CatchAMemberThatCallsOthersDead) {
  auto with = plan(4);
  with.defects = {{.slanders = true}};
  Cluster cluster(5, with);
  cluster.start(1s);
  // It breaks other rules, too: whoever is called dead loses its addresses.
  for (int i = 0; i < 300 && !broken(cluster).contains("slander"); ++i) cluster.run_for(1s);
  EXPECT_TRUE(broken(cluster).contains("slander"));
}

TEST(Invariants, CatchAMemberThatFloodsTheNetwork) {
  auto with = plan(3);
  with.defects = {{.floods = true}};
  Cluster cluster(6, with);
  cluster.start(1s);
  for (int i = 0; i < 30 && cluster.invariants().violations().empty(); ++i) cluster.run_for(1s);
  EXPECT_TRUE(broken(cluster).contains("storm"));
}

TEST(Invariants, CatchOwnersThatDoNotMindEachOtherAfterAPartition) {
  auto with = plan(4);
  with.defects.assign(4, {.ignores_conflicts = true});
  Cluster cluster(7, with);
  cluster.start(1s);
  settle(cluster);
  cluster.partition({0, 1});
  cluster.run_for(40s);
  // Both halves announce as soon as they hear each other, while they still take each other for dead.
  for (std::size_t i = 0; i < 4; ++i) cluster.unplug(i);
  cluster.run_for(10ms);
  cluster.heal();
  for (std::size_t i = 0; i < 4; ++i) cluster.plug(i);
  for (int i = 0; i < 100 && cluster.invariants().violations().empty(); ++i) cluster.run_for(100ms);
  EXPECT_TRUE(broken(cluster).contains("double"));
}

TEST(Invariants, CatchThatNobodyReportsAStranger) {
  auto with = plan(3);
  with.defects.assign(3, {.ignores_conflicts = true});
  Cluster cluster(8, with);
  cluster.start(1s);
  settle(cluster);
  cluster.stranger_takes(cluster.addresses().front());
  cluster.run_for(10s);
  EXPECT_TRUE(broken(cluster).contains("stranger"));
}

TEST(Invariants, CatchAServiceThatLosesItsAddress) {
  Cluster cluster(9, plan(2));
  cluster.start(1s);
  settle(cluster);
  cluster.run_for(2s);
  cluster.api().edit<kube::Service>(Cluster::service_key(0), [](kube::Service& service) {
    service.status.loadBalancer.ingress = {{"192.168.1.199", ""}};
  });
  cluster.run_for(3s);
  EXPECT_TRUE(broken(cluster).contains("stability"));
}

}  // namespace
}  // namespace metallb::sim
