#include "sim/soak.hpp"

#include "sim/invariants.hpp"

namespace metallb::sim {

using namespace std::chrono_literals;

Outcome soak(const SoakPlan& plan) {
  ClusterPlan with;
  with.members.assign(plan.members, MemberKind::kOurs);
  with.services.push_back({.endpoints = {0}});
  with.services.push_back({.v6 = true, .endpoints = {0}});
  with.quality.loss = plan.loss;
  // The sound of an idle network is the same with and without: half the time to simulate it.
  with.settings.enable_compression = false;
  Cluster cluster(plan.seed, with);
  cluster.start(1s);
  // Requests of the client prove nothing here, and would be most of the work.
  cluster.client().set_probing(false);
  const auto& invariants = cluster.invariants();
  const auto end = Timeline::kStart + plan.length;
  while (cluster.timeline().now() < end && invariants.violations().empty()) {
    cluster.timeline().run_until(std::min(end, cluster.timeline().now() + 1s));
    if (cluster.timeline().elapsed() > 1min && !invariants.quiet()) {
      cluster.invariants().violate("peace", "something changed although nothing was done");
    }
  }
  return {.violations = invariants.violations(),
          .statistics = invariants.statistics(),
          .virtual_time = cluster.timeline().elapsed(),
          .events = cluster.timeline().events(),
          .longest_client_silence = Duration::zero()};
}

}  // namespace metallb::sim
