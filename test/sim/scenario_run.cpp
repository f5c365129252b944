// A cluster living through its scenario.
#include <algorithm>
#include <utility>

#include "sim/scenario.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;
using Kind = Episode::Kind;

/// One cluster living through its scenario.
class Runner {
 public:
  Runner(const Scenario& scenario, Cluster& cluster) : scenario_(scenario), cluster_(cluster) {}

  void go() {
    cluster_.start(scenario_.spread);
    wait_for_quiet();
    for (const auto& episode : scenario_.episodes) {
      if (failed()) return;
      run_for(episode.pause);
      happen(episode);
      wait_for_quiet();
    }
    run_for(2s);
  }

 private:
  [[nodiscard]] bool failed() const { return !cluster_.invariants().violations().empty(); }
  void run_for(Duration duration) {
    const auto end = cluster_.timeline().now() + duration;
    while (!failed() && cluster_.timeline().step(end)) {
    }
    if (!failed()) cluster_.timeline().run_until(end);
  }
  void wait_for_quiet() {
    while (!failed() && !cluster_.invariants().quiet()) run_for(100ms);
  }
  void back(std::size_t node) {
    cluster_.power_on(node);
    cluster_.plug(node);
    cluster_.start_speaker(node);
  }

  void happen(const Episode& episode) {
    const auto node = episode.nodes.front();
    switch (episode.kind) {
      case Kind::kKill:
        cluster_.kill_speaker(node);
        run_for(episode.hold);
        cluster_.start_speaker(node);
        break;
      case Kind::kKillAndRestart:
        cluster_.kill_speaker(node);
        run_for(episode.hold);
        cluster_.start_speaker(node);
        break;
      case Kind::kPowerOff:
        cluster_.power_off(node);
        run_for(episode.hold);
        cluster_.power_on(node);
        cluster_.start_speaker(node);
        break;
      case Kind::kUnplug:
        cluster_.unplug(node);
        run_for(episode.hold);
        cluster_.plug(node);
        break;
      case Kind::kFlap:
        for (int i = 0; i < 3 && !failed(); ++i) {
          cluster_.unplug(node);
          run_for(episode.hold);
          cluster_.plug(node);
          run_for(episode.hold);
        }
        break;
      case Kind::kFreeze:
        cluster_.freeze(node);
        run_for(episode.hold);
        cluster_.go_on(node);
        break;
      case Kind::kSlow:
        cluster_.slow_down(node, std::chrono::duration_cast<Duration>(std::chrono::duration<double>(episode.amount)));
        run_for(episode.hold);
        cluster_.slow_down(node, Duration::zero());
        break;
      case Kind::kStop:
        cluster_.stop_speaker(node);
        run_for(std::max<Duration>(episode.hold, 2s));
        cluster_.start_speaker(node);
        break;
      case Kind::kRollingRestart:
        for (std::size_t i = 0; i < cluster_.nodes().size() && !failed(); ++i) {
          cluster_.stop_speaker(i);
          run_for(2s);
          cluster_.start_speaker(i);
          run_for(2s);
        }
        break;
      case Kind::kKillTwo:
      case Kind::kKillMost:
        for (const auto victim : episode.nodes) cluster_.kill_speaker(victim);
        run_for(episode.hold);
        for (const auto victim : episode.nodes) cluster_.start_speaker(victim);
        break;
      case Kind::kSwitchStops:
        cluster_.stop_switch(episode.hold);
        run_for(episode.hold);
        break;
      case Kind::kPartition:
        cluster_.partition(episode.nodes);
        run_for(episode.hold);
        cluster_.heal();
        break;
      case Kind::kBadCable:
        cluster_.worsen_cable(node, episode.amount);
        run_for(episode.hold);
        cluster_.worsen_cable(node, 0);
        break;
      case Kind::kDeaf:
        cluster_.make_deaf(node, true);
        run_for(episode.hold);
        cluster_.make_deaf(node, false);
        break;
      case Kind::kMute:
        cluster_.make_mute(node, true);
        run_for(episode.hold);
        cluster_.make_mute(node, false);
        break;
      case Kind::kOneWay:
        cluster_.block(node, episode.nodes.back(), true);
        run_for(episode.hold);
        cluster_.block(node, episode.nodes.back(), false);
        break;
      default:
        happen_around(episode);
    }
  }

  /// What concerns the network as a whole, the API, and the user's wishes.
  void happen_around(const Episode& episode) {
    const auto node = episode.nodes.front();
    switch (episode.kind) {
      case Kind::kLoss: {
        auto quality = cluster_.plan().quality;
        quality.loss = episode.amount;
        cluster_.set_quality(quality);
        run_for(episode.hold);
        break;
      }
      case Kind::kClock:
        cluster_.step_wall_clock(node, std::chrono::duration_cast<Duration>(std::chrono::duration<double>(episode.amount)));
        run_for(episode.hold);
        break;
      case Kind::kApiOutage:
        cluster_.set_api_available(false);
        run_for(2s);
        cluster_.kill_speaker(node);
        run_for(episode.hold);
        cluster_.set_api_available(true);
        cluster_.start_speaker(node);
        break;
      case Kind::kStartInApiOutage:
        cluster_.set_api_available(false);
        cluster_.kill_speaker(node);
        run_for(2s);
        cluster_.start_speaker(node);
        run_for(episode.hold);
        cluster_.set_api_available(true);
        break;
      case Kind::kStaleWatch:
        cluster_.stick_watches(node, episode.hold);
        cluster_.move_endpoints(0, episode.nodes);
        run_for(episode.hold);
        break;
      case Kind::kServices:
        cluster_.add_service({.endpoints = episode.nodes});
        run_for(episode.hold);
        cluster_.remove_service(0);
        break;
      case Kind::kEndpoints:
        cluster_.move_endpoints(0, episode.nodes);
        run_for(episode.hold);
        break;
      case Kind::kExclude:
        cluster_.exclude(node, true);
        run_for(episode.hold);
        cluster_.exclude(node, false);
        break;
      case Kind::kAddNode:
        cluster_.add_node(cluster_.nodes()[node]->kind);
        break;
      case Kind::kController:
        cluster_.restart_controller();
        run_for(episode.hold);
        break;
      case Kind::kStranger:
        if (cluster_.addresses().empty()) break;
        cluster_.stranger_takes(cluster_.addresses().front());
        run_for(std::max<Duration>(episode.hold, 6s));
        cluster_.stranger_leaves();
        break;
      default:
        break;
    }
  }

  const Scenario& scenario_;
  Cluster& cluster_;
};

}  // namespace

Outcome run(const Scenario& scenario, std::ostream* trace, Trace::Detail detail) {
  Cluster cluster(scenario.seed + 1, scenario.plan);
  if (trace != nullptr) cluster.network().trace.write_to(*trace, detail);
  Runner(scenario, cluster).go();
  Outcome outcome;
  outcome.violations = cluster.invariants().violations();
  outcome.statistics = cluster.invariants().statistics();
  outcome.virtual_time = cluster.timeline().elapsed();
  outcome.events = cluster.timeline().events();
  for (const auto& [address, entry] : cluster.client().cache()) {
    outcome.longest_client_silence = std::max(outcome.longest_client_silence, entry.longest_silence);
  }
  return outcome;
}

}  // namespace metallb::sim
