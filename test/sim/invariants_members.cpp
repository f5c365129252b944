// What the simulated processes tell of themselves, and what they say of each other.
#include <algorithm>
#include <utility>

#include "sim/invariants.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

/// So long after something was done to a member, old rumours about it may still do the rounds.
constexpr Duration kRumours = 10s;

}  // namespace

// ---- what processes tell ----

Cluster::Node* Invariants::node_of(const SpeakerProcess& who) const {
  for (const auto& node : cluster_.nodes()) {
    if (node->host.get() == &who.host()) return node.get();
  }
  return nullptr;
}

Cluster::Node* Invariants::node_with(const MacAddress& mac) const {
  for (const auto& node : cluster_.nodes()) {
    if (node->host->mac() == mac) return node.get();
  }
  return nullptr;
}

std::optional<std::size_t> Invariants::position(const IpAddress& address) const {
  const auto found = std::ranges::find(cluster_.addresses(), address);
  if (found == cluster_.addresses().end()) return std::nullopt;
  return static_cast<std::size_t>(found - cluster_.addresses().begin());
}

void Invariants::answers_changed(SpeakerProcess& who, const IpAddress& address, bool answers) {
  const auto at = position(address);
  const auto* node = node_of(who);
  if (!at || node == nullptr) return;
  auto& answering = answering_[{node->index, *at}];
  answering.now = answers;
  ++answering.epoch;
  answering.since = cluster_.timeline().now();
  dirty_ = true;
  if (cluster_.network().trace.events()) {
    cluster_.network().trace.say(who.name(), (answers ? "answers for " : "answers no more for ") + address.to_string());
  }
  look();
}

void Invariants::frame_sent(SpeakerProcess& who, const IpAddress& address) {
  const auto at = position(address);
  const auto* node = node_of(who);
  if (at && node != nullptr) answering_[{node->index, *at}].last_frame = cluster_.timeline().now();
}

void Invariants::electorate_changed(SpeakerProcess& who, const gossip::ElectorateChanged& electorate) {
  dirty_ = true;
  if (!cluster_.network().trace.events()) return;
  std::string text = "counts on";
  for (const auto& member : electorate.members) text += " " + member;
  cluster_.network().trace.say(who.name(), text + (electorate.hold ? ", and takes nothing over" : ""));
}

void Invariants::exited(SpeakerProcess& who) {
  if (cluster_.network().trace.events()) cluster_.network().trace.say(who.name(), "has come to its end");
  dirty_ = true;
  look();
}

// ---- slander ----

void Invariants::member_seen(SpeakerProcess& who, const gossip::MemberSeen& seen) {
  if (cluster_.network().trace.events()) {
    static constexpr std::array kStates{"alive", "suspect", "dead", "gone"};
    cluster_.network().trace.say(who.name(), "sees " + seen.node + " " + kStates.at(static_cast<std::size_t>(seen.state)));
  }
  note_refutation(seen);
  if (seen.state != gossip::MemberState::kDead && seen.state != gossip::MemberState::kLeft) return;
  const auto found = std::ranges::find_if(cluster_.nodes(), [&](const auto& node) { return node->name() == seen.node; });
  const auto* accuser = node_of(who);
  if (found == cluster_.nodes().end() || accuser == nullptr || accuser == found->get()) return;
  const auto& accused = **found;
  const auto& lan = cluster_.lan();
  const auto now = cluster_.timeline().now();
  const auto well = [&](const Node& node) {
    return node.live(lan) && !node.impaired && now - node.changed > kRumours && node.process()->slowness() <= 30ms;
  };
  if (!well(accused) || !well(*accuser)) return;
  const auto reach = [&](const Node& a, const Node& b) { return lan.both_ways(a.host->port(), b.host->port()); };
  const bool reachable = reach(accused, *accuser) || std::ranges::any_of(cluster_.nodes(), [&](const auto& other) {
                           return well(*other) && reach(accused, *other) && reach(*other, *accuser);
                         });
  if (!reachable) return;
  // What somebody else says who was cut off until lately. It is refuted, but had better not be said.
  if (now - disturbed_ <= kRumours) {
    ++statistics_.bystanders;
    return;
  }
  ++statistics_.false_verdicts;
  if (cluster_.worst_loss() > 0.05) return;
  violate("slander", who.name() + " takes " + seen.node + " for " +
                         (seen.state == gossip::MemberState::kDead ? "dead" : "gone") + ", which lives and is reachable");
}

/// Failover spec 3, rule 8: a member that came back from the dead is watched with more patience for ten minutes. On the wire
/// a process that was started again looks like one that lived: it refutes its death, too (gossip spec 7).
void Invariants::note_refutation(const gossip::MemberSeen& seen) {
  const auto found = std::ranges::find_if(cluster_.nodes(), [&](const auto& node) { return node->name() == seen.node; });
  if (found == cluster_.nodes().end()) return;
  auto& history = histories_[(*found)->index];
  if (seen.state == gossip::MemberState::kDead) {
    history.dead = true;
  } else if (seen.state == gossip::MemberState::kAlive && std::exchange(history.dead, false)) {
    history.refutations.push_back(cluster_.timeline().now());
  }
}

int Invariants::patience_with(const Node& node) const {
  const auto found = histories_.find(node.index);
  if (found == histories_.end()) return 1;
  const auto recent =
      std::ranges::count_if(found->second.refutations, [&](auto when) { return cluster_.timeline().now() - when < 10min; });
  return 1 << std::min<std::ptrdiff_t>(recent, 4);
}

}  // namespace metallb::sim
