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

}  // namespace metallb::sim
