#include "sim/invariants.hpp"

#include <algorithm>
#include <utility>

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 20ms;
/// Everything in order for so long counts as settled.
constexpr Duration kSettled = 1s;

}  // namespace

Invariants::Invariants(Cluster& cluster) : cluster_(cluster) {}

void Invariants::start() {
  tick();
  second();
}

void Invariants::violate(const std::string& rule, const std::string& text) {
  violations_.push_back({.when = cluster_.timeline().elapsed(), .rule = rule, .text = text});
  cluster_.network().trace.say("!", "VIOLATION of " + rule + ": " + text);
}

// ---- disturbances ----

void Invariants::disturb(const std::string& what, Severity severity, Duration extra, const Cluster::Node* victim) {
  dirty_ = true;
  if (severity == Severity::kNone) return;
  const auto now = cluster_.timeline().now();
  std::size_t live = 0;
  for (const auto& node : cluster_.nodes()) live += node->live(cluster_.lan()) ? 1 : 0;
  const auto members = cluster_.nodes().size();
  const bool all_ours = cluster_.plan().all_ours();
  const auto fast = fast_bound(cluster_.worst_loss());
  const auto survivors = std::max<std::size_t>(live, 2) - 1;
  const auto classical = classical_bound(members, survivors) + extra;
  auto silence = classical;
  const bool quick = all_ours && severity == Severity::kDeath && quiet_for(3s);
  if (quick) {
    // Two members without anybody else to ask: twice the patience (failover spec 4).
    silence = live <= 2 && !cluster_.plan().gateway ? 2 * fast : fast;
    if (live <= 2 && loss_is_unknown()) silence = std::max(silence, fast_bound(1));
    if (victim != nullptr) silence *= patience_with(*victim);
  } else if (all_ours && severity == Severity::kChange) {
    silence = fast + extra;
  }
  disturbances_.push_back({.what = what, .when = now, .severity = severity, .silence = silence, .quick = quick});
  disturbed_ = now;
  ordered_since_.reset();
  quiet_since_.reset();
  const auto deadline = now + extra + settling_bound(members, survivors, members - live + 1);
  settled_by_ = settled_by_ == SteadyPoint::max() ? deadline : std::max(settled_by_, deadline);
  // At this very moment, but after it has been done.
  cluster_.timeline().after(Duration::zero(), [this] {
    dirty_ = true;
    look();
  });
}

/// Failover spec 3: the share of lost pings is that of the last 200, ten a second. Before, and where nobody confirms the
/// verdict, more of them have to be lost.
bool Invariants::loss_is_unknown() const {
  const auto now = cluster_.timeline().now();
  return std::ranges::any_of(cluster_.nodes(), [&](const auto& node) { return now - node->changed < 20s; });
}

void Invariants::api_news(Duration how_long) {
  views_differ_until_ = std::max(views_differ_until_, cluster_.timeline().now() + how_long);
}

bool Invariants::views_differ() const {
  return cluster_.timeline().now() < views_differ_until_ || !cluster_.api().available();
}

bool Invariants::quiet_for(Duration duration) const {
  return quiet_since_ && cluster_.network().timeline.now() - *quiet_since_ >= duration;
}

Duration Invariants::allowed_silence() const {
  auto allowed = fast_bound(cluster_.worst_loss());
  for (const auto& disturbance : disturbances_) allowed = std::max(allowed, disturbance.silence);
  return allowed;
}

std::string Invariants::last_disturbance() const {
  return disturbances_.empty() ? "nothing in particular" : disturbances_.back().what;
}

// ---- looking ----

void Invariants::tick() {
  // In a quiet cluster nothing changes without word of it.
  if (dirty_ || !quiet_since_ || silent_ > 0 || cluster_.stranger().taken()) look();
  cluster_.timeline().after(kTick, [this] { tick(); });
}

void Invariants::look() {
  const auto now = cluster_.timeline().now();
  look_at_silence();
  if (dirty_) {
    dirty_ = false;
    if (!in_order()) {
      ordered_since_.reset();
      if (quiet_since_) {
        quiet_since_.reset();
        settled_by_ = std::max(settled_by_, now + settling_bound(cluster_.nodes().size(), 1, 1));
      }
    } else if (!ordered_since_) {
      ordered_since_ = now;
      if (!disturbances_.empty()) statistics_.settling.push_back(now - disturbed_);
    }
  }
  if (ordered_since_ && !quiet_since_ && now - *ordered_since_ >= kSettled) {
    quiet_since_ = now;
    disturbances_.clear();
    settled_by_ = SteadyPoint::max();
    if (cluster_.network().trace.events()) cluster_.network().trace.say("*", "all is in order");
  }
  if (!quiet_since_ && now > settled_by_) {
    settled_by_ = SteadyPoint::max();
    std::string views;
    for (const auto& node : cluster_.nodes()) {
      if (!node->live(cluster_.lan())) continue;
      views += "; " + node->name() + (node->process()->ready() ? "" : " (not ready)") + " knows";
      for (const auto& member : node->process()->electorate().members) views += " " + member;
    }
    violate("agreement", "not all is in order " + short_seconds(now - disturbed_) + " after " + last_disturbance() + views);
  }
  check_stranger();
}

// ---- silence ----

void Invariants::look_at_silence() {
  silent_ = 0;
  for (const auto side : sides()) {
    for (std::size_t address = 0; address < cluster_.addresses().size(); ++address) look_at(address, side);
  }
}

void Invariants::look_at(std::size_t address, int side) {
  auto& track = tracks_[{address, side}];
  const auto now = cluster_.timeline().now();
  if (!owners(address, side).empty()) return end_of_silence(track);
  // Only who could answer for it counts: runs unimpaired, knows the objects, has joined.
  const auto names = candidates(address, side);
  const bool anybody = std::ranges::any_of(cluster_.nodes(), [&](const auto& node) {
    if (!names.contains(node->name()) || node->impaired) return false;
    const auto* process = node->process();
    return process->ready() && !process->holds();
  });
  if (!anybody) {
    track = {};
    return;
  }
  ++silent_;
  if (!track.silent) track.silent = now;
  const auto since = std::max(*track.silent, disturbances_.empty() ? SteadyPoint::min() : disturbed_);
  const auto allowed = allowed_silence();
  if (now - since <= allowed || track.reported) return;
  track.reported = true;
  std::string who;
  for (const auto& name : names) who += (who.empty() ? "" : ", ") + name;
  violate("silence", "nobody answers for " + cluster_.addresses()[address].to_string() + " since " +
                         short_seconds(now - *track.silent) + ", while " + who + " could; " + short_seconds(allowed) +
                         " are allowed after " + last_disturbance());
}

void Invariants::end_of_silence(Track& track) {
  if (!track.silent) return;
  const auto length = cluster_.timeline().now() - *track.silent;
  track = {};
  auto severity = Severity::kChange;
  for (const auto& disturbance : disturbances_) severity = std::max(severity, disturbance.severity);
  if (disturbances_.size() == 1 && disturbances_.front().quick) {
    statistics_.deaths.push_back(length);
  } else if (severity == Severity::kChange) {
    statistics_.changes.push_back(length);
  } else {
    statistics_.severe.push_back(length);
  }
}

}  // namespace metallb::sim
