#include "sim/scenario.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;
using Kind = Episode::Kind;

constexpr std::array kNames{"kill",
                            "kill and restart",
                            "power off",
                            "unplug",
                            "flap",
                            "freeze",
                            "slow",
                            "stop",
                            "rolling restart",
                            "kill two",
                            "kill most",
                            "switch stops",
                            "partition",
                            "bad cable",
                            "deaf",
                            "mute",
                            "one way",
                            "loss",
                            "clock",
                            "api outage",
                            "start in api outage",
                            "stale watch",
                            "services",
                            "endpoints",
                            "exclude",
                            "add node",
                            "controller",
                            "stranger"};
static_assert(kNames.size() == Episode::kKinds);

/// Draws with words.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed + 1) {
    // Seeds that differ by one give streams that begin alike.
    for (int i = 0; i < 8; ++i) (void)random_.below(1U << 20);
  }
  std::size_t number(std::size_t from, std::size_t to) { return from + random_.below(to - from + 1); }
  bool chance(double share) { return random_.unit() < share; }
  Duration between(Duration from, Duration to) {
    return from + Duration(static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>((to - from).count()) + 1)));
  }
  template <class T, std::size_t N>
  T one_of(const std::array<T, N>& values) {
    return values[random_.below(N)];
  }
  /// `count` different numbers below `bound`.
  std::vector<std::size_t> some(std::size_t count, std::size_t bound) {
    std::vector<std::size_t> all(bound);
    for (std::size_t i = 0; i < bound; ++i) all[i] = i;
    std::vector<std::size_t> out;
    while (out.size() < count && !all.empty()) {
      const auto at = random_.below(all.size());
      out.push_back(all[at]);
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
    }
    std::ranges::sort(out);
    return out;
  }

 private:
  Random random_;
};

std::size_t draw_size(Dice& dice) {
  if (dice.chance(0.15)) return 2;
  if (dice.chance(0.15)) return 3;
  if (dice.chance(0.9)) return dice.number(4, 8);
  return dice.number(9, 16);
}

ServicePlan draw_service(Dice& dice, std::size_t nodes) {
  ServicePlan plan;
  const auto families = dice.number(0, 9);
  plan.v4 = families < 8;
  plan.v6 = families >= 6;
  plan.local = dice.chance(0.2);
  plan.endpoints = dice.some(plan.local ? dice.number(1, nodes) : 1, nodes);
  return plan;
}

ClusterPlan draw_plan(Dice& dice) {
  ClusterPlan plan;
  const auto size = draw_size(dice);
  const auto mix = dice.number(0, 9);
  for (std::size_t i = 0; i < size; ++i) {
    auto kind = MemberKind::kOurs;
    if (mix >= 7 && dice.chance(0.5)) kind = MemberKind::kClassic;
    if (mix >= 9 && dice.chance(0.3)) kind = MemberKind::kMinimal;
    plan.members.push_back(kind);
  }
  const auto services = dice.number(1, 4);
  for (std::size_t i = 0; i < services; ++i) plan.services.push_back(draw_service(dice, size));
  plan.quality.loss = dice.one_of(std::array{0.0, 0.0, 0.001, 0.01, 0.02, 0.05, 0.05, 0.1, 0.2});
  plan.quality.latency = dice.between(50us, dice.chance(0.2) ? Duration(3ms) : Duration(400us));
  plan.quality.jitter = dice.between(10us, dice.chance(0.2) ? Duration(4ms) : Duration(300us));
  if (dice.chance(0.2)) plan.quality.duplicate = 0.02;
  if (dice.chance(0.2)) plan.quality.reorder = 0.05;
  plan.encrypted = dice.chance(0.3);
  plan.settings.enable_compression = dice.chance(0.7);
  plan.v6_nodes = dice.chance(0.1);
  plan.gateway = dice.chance(0.9);
  plan.api.delay = dice.between(1ms, 30ms);
  plan.api.jitter = dice.between(1ms, dice.chance(0.2) ? Duration(400ms) : Duration(50ms));
  if (dice.chance(0.1)) plan.api.stale = dice.number(1, 2);
  return plan;
}

Episode draw_episode(Dice& dice, std::size_t nodes) {
  Episode episode;
  // Deaths are what the program is for: every second time.
  static constexpr std::array kDeaths{Kind::kKill, Kind::kPowerOff, Kind::kUnplug, Kind::kFreeze};
  episode.kind = dice.chance(0.4) ? dice.one_of(kDeaths) : static_cast<Kind>(dice.number(0, Episode::kKinds - 1));
  episode.pause = dice.between(3s, 6s);
  episode.hold = dice.chance(0.15) ? dice.between(10s, 60s) : dice.between(500ms, 12s);
  episode.nodes = dice.some(1, nodes);
  switch (episode.kind) {
    case Kind::kKillAndRestart:
      episode.hold = dice.between(20ms, 2s);
      break;
    case Kind::kFlap:
      episode.hold = dice.between(50ms, 3s);
      break;
    case Kind::kFreeze:
      episode.hold = dice.between(50ms, 20s);
      break;
    case Kind::kSlow:
      episode.amount = dice.one_of(std::array{0.005, 0.02, 0.03, 0.1, 0.3, 1.0});
      break;
    case Kind::kKillTwo:
      episode.nodes = dice.some(2, nodes);
      break;
    case Kind::kKillMost:
      episode.nodes = dice.some(nodes - dice.number(1, std::max<std::size_t>(1, nodes / 2)), nodes);
      break;
    case Kind::kSwitchStops:
      episode.hold = dice.chance(0.7) ? dice.between(20ms, 1s) : dice.between(1s, 5s);
      break;
    case Kind::kPartition:
      episode.nodes = dice.some(dice.number(1, nodes - 1), nodes);
      break;
    case Kind::kBadCable:
      episode.amount = dice.one_of(std::array{0.1, 0.3, 0.6});
      break;
    case Kind::kOneWay:
      episode.nodes = dice.some(2, nodes);
      break;
    case Kind::kLoss:
      episode.amount = dice.one_of(std::array{0.0, 0.02, 0.05, 0.1, 0.2});
      break;
    case Kind::kClock:
      episode.amount = dice.one_of(std::array{-3600.0, -5.0, 5.0, 86400.0});
      break;
    default:
      break;
  }
  return episode;
}

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

const char* to_string(Episode::Kind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

Scenario draw(std::uint64_t seed) {
  Dice dice(seed);
  Scenario scenario;
  scenario.seed = seed;
  scenario.plan = draw_plan(dice);
  scenario.spread = dice.between(0s, 2s);
  const auto episodes = dice.number(1, 3);
  for (std::size_t i = 0; i < episodes; ++i) scenario.episodes.push_back(draw_episode(dice, scenario.plan.members.size()));
  return scenario;
}

std::string describe(const Scenario& scenario) {
  const auto& plan = scenario.plan;
  std::ostringstream out;
  out << "seed " << scenario.seed << ": " << plan.members.size() << " members (";
  for (std::size_t i = 0; i < plan.members.size(); ++i) out << (i > 0 ? " " : "") << to_string(plan.members[i]);
  out << "), " << plan.services.size() << " Services, loss " << plan.quality.loss << " each way, latency "
      << short_seconds(plan.quality.latency) << " + " << short_seconds(plan.quality.jitter)
      << (plan.encrypted ? ", encrypted" : "") << (plan.v6_nodes ? ", IPv6 nodes" : "")
      << (plan.gateway ? "" : ", no gateway") << "\n";
  for (const auto& episode : scenario.episodes) {
    out << "  " << to_string(episode.kind) << " (";
    for (std::size_t i = 0; i < episode.nodes.size(); ++i) out << (i > 0 ? " " : "") << "node-" << episode.nodes[i];
    out << ", " << short_seconds(episode.hold) << ", " << episode.amount << ")\n";
  }
  return out.str();
}

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
