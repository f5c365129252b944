#include "sim/invariants.hpp"

#include <algorithm>
#include <utility>

#include "layer2/arp_packet.hpp"
#include "layer2/election.hpp"
#include "sim/neighbour_frames.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 20ms;
/// Everything in order for so long counts as settled.
constexpr Duration kSettled = 1s;
/// So long after something was done to a member, old rumours about it may still do the rounds.
constexpr Duration kRumours = 10s;
constexpr std::size_t kSpinning = 200;

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

void Invariants::disturb(const std::string& what, Severity severity, Duration extra) {
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
  if (all_ours && severity == Severity::kDeath && quiet_for(3s)) {
    // Two members without anybody else to ask: twice the patience (failover spec 4).
    silence = live <= 2 && !cluster_.plan().gateway ? 2 * fast : fast;
  } else if (all_ours && severity == Severity::kChange) {
    silence = fast + extra;
  }
  disturbances_.push_back({.what = what, .when = now, .severity = severity, .silence = silence});
  disturbed_ = now;
  ordered_since_.reset();
  quiet_since_.reset();
  const auto deadline = now + extra + settling_bound(members, survivors, members - live + 1);
  settled_by_ = settled_by_ == SteadyPoint::max() ? deadline : std::max(settled_by_, deadline);
  look();
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
  look();
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

std::set<int> Invariants::sides() const {
  std::set<int> out;
  for (const auto& node : cluster_.nodes()) {
    if (node->live(cluster_.lan())) out.insert(cluster_.lan().group(node->host->port()));
  }
  return out;
}

bool Invariants::on(const Node& node, int side) const {
  return node.live(cluster_.lan()) && cluster_.lan().group(node.host->port()) == side;
}

std::optional<ServiceKey> Invariants::service_of(const IpAddress& address, IpAddress& first) const {
  for (const auto& [key, service] : cluster_.api().of<kube::Service>().objects) {
    const auto& ingress = service->status.loadBalancer.ingress;
    for (const auto& entry : ingress) {
      if (IpAddress::parse(entry.ip) != address) continue;
      first = *IpAddress::parse(ingress.front().ip);
      return key;
    }
  }
  return std::nullopt;
}

std::set<std::string> Invariants::candidates(std::size_t address, int side) const {
  IpAddress first;
  const auto service = service_of(cluster_.addresses()[address], first);
  std::set<std::string> out;
  if (!service) return out;
  const ServicePlan* plan = nullptr;
  for (std::size_t i = 0; i < cluster_.services().size(); ++i) {
    if (Cluster::service_key(i) == *service) plan = &cluster_.services()[i];
  }
  if (plan == nullptr || plan->endpoints.empty()) return out;
  for (const auto& node : cluster_.nodes()) {
    if (!on(*node, side) || node->excluded) continue;
    if (plan->local && std::ranges::find(plan->endpoints, node->index) == plan->endpoints.end()) continue;
    out.insert(node->name());
  }
  return out;
}

std::vector<const Cluster::Node*> Invariants::owners(std::size_t address, int side) const {
  std::vector<const Node*> out;
  for (const auto& node : cluster_.nodes()) {
    const auto* process = node->process();
    if (process == nullptr || process->frozen() || !node->host->powered() || !cluster_.lan().carrier(node->host->port()))
      continue;
    if (cluster_.lan().group(node->host->port()) != side) continue;
    const auto found = answering_.find({node->index, address});
    if (found != answering_.end() && found->second.now) out.push_back(node.get());
  }
  return out;
}

// ---- silence ----

void Invariants::look_at_silence() {
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
    return process->ready() && !(process->electorate().hold && process->kind() == MemberKind::kOurs);
  });
  if (!anybody) {
    track = {};
    return;
  }
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
  if (disturbances_.size() == 1 && disturbances_.front().severity == Severity::kDeath) {
    statistics_.deaths.push_back(length);
  } else if (severity == Severity::kChange) {
    statistics_.changes.push_back(length);
  } else {
    statistics_.severe.push_back(length);
  }
}

// ---- agreement ----

bool Invariants::in_order() {
  for (const auto& node : cluster_.nodes()) {
    if (node->impaired && node->live(cluster_.lan())) return false;
  }
  return members_agree() && owners_are_right();
}

bool Invariants::members_agree() {
  for (const auto side : sides()) {
    std::set<std::string> live;
    for (const auto& node : cluster_.nodes()) {
      if (on(*node, side)) live.insert(node->name());
    }
    for (const auto& node : cluster_.nodes()) {
      if (on(*node, side) && node->process()->electorate().members != live) return false;
    }
  }
  return true;
}

bool Invariants::owners_are_right() {
  for (const auto side : sides()) {
    for (std::size_t address = 0; address < cluster_.addresses().size(); ++address) {
      const auto answering = owners(address, side);
      layer2::Candidates nominees;
      for (const auto& name : candidates(address, side)) nominees[name];
      if (nominees.empty()) {
        if (!answering.empty()) return false;
        continue;
      }
      IpAddress first;
      (void)service_of(cluster_.addresses()[address], first);
      if (answering.size() != 1 || answering.front()->name() != layer2::rank(first, nominees).front()) return false;
    }
  }
  return true;
}

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
  ++statistics_.false_verdicts;
  if (cluster_.worst_loss() > 0.05) return;
  violate("slander", who.name() + " takes " + seen.node + " for " +
                         (seen.state == gossip::MemberState::kDead ? "dead" : "gone") + ", which lives and is reachable");
}

// ---- doubles ----

void Invariants::frame_seen(SpeakerProcess& who, ByteView frame) {
  if (who.kind() != MemberKind::kOurs || frame.size() < 42) return;
  MacAddress mac;
  IpAddress address;
  if (frame[12] == 0x08 && frame[13] == 0x06) {
    address = IpAddress::v4(frame[28], frame[29], frame[30], frame[31]);
    const auto at = position(address);
    if (!at) return;
    const auto packet = layer2::decode_arp(frame);
    if (!packet) return;
    mac = packet->sender_mac;
  } else if (const auto seen = read_advertisement(frame)) {
    address = seen->target;
    mac = seen->mac;
  } else {
    return;
  }
  const auto at = position(address);
  auto* here = node_of(who);
  auto* there = node_with(mac);
  if (!at || here == nullptr || there == nullptr || here == there || there->kind != MemberKind::kOurs) return;
  if (here->impaired || there->impaired || !there->live(cluster_.lan()) || !here->live(cluster_.lan())) return;
  if (!cluster_.lan().both_ways(here->host->port(), there->host->port())) return;
  if (!answering_[{here->index, *at}].now || !answering_[{there->index, *at}].now) return;
  two_owners(*here, *there, *at);
}

/// Both answer for the address, and `who` has just seen a frame of `other` about it (failover spec 6).
void Invariants::two_owners(Node& who, Node& other, std::size_t address) {
  IpAddress first;
  if (!service_of(cluster_.addresses()[address], first)) return;
  const auto names = candidates(address, cluster_.lan().group(who.host->port()));
  // Who is no candidate by the API's newest word withdraws when it has heard of it.
  if (!names.contains(who.name()) || !names.contains(other.name())) return;
  const bool lower = layer2::rank(first, {{who.name(), {}}, {other.name(), {}}}).front() != who.name();
  auto& low = lower ? who : other;
  auto& high = lower ? other : who;
  const auto slowness = who.process()->slowness() + other.process()->slowness();
  if (lower) {
    check_withdrawal(low, high, address, kConflictBound + 2 * slowness, "it saw a frame of the other");
    return;
  }
  // The higher one must make itself heard; when that arrives, the rule above takes over.
  const auto seen = cluster_.timeline().now();
  const auto epoch_low = answering_[{low.index, address}].epoch;
  const auto epoch_high = answering_[{high.index, address}].epoch;
  const auto& quality = cluster_.lan().quality();
  if (quality.loss == 0 && quality.duplicate == 0) {
    const auto round_trip = 2 * (quality.latency + quality.jitter);
    check_withdrawal(low, high, address, round_trip + kConflictBound + 2 * slowness, "the other saw a frame of it");
  }
  cluster_.timeline().after(kConflictBound + 2 * slowness, [this, &low, &high, address, seen, epoch_low, epoch_high] {
    const auto& a = answering_[{low.index, address}];
    const auto& b = answering_[{high.index, address}];
    if (a.epoch != epoch_low || b.epoch != epoch_high || high.process() == nullptr || high.process()->frozen()) return;
    if (b.last_frame >= seen - kConflictBound - 10ms) return;
    violate("double", high.name() + " saw " + low.name() + " answer for " + cluster_.addresses()[address].to_string() +
                          ", which is its own, and did not make itself heard within 50 ms");
  });
}

void Invariants::check_withdrawal(Node& low, Node& high, std::size_t address, Duration within, const char* why) {
  const auto seen = cluster_.timeline().now();
  const auto epoch_low = answering_[{low.index, address}].epoch;
  const auto epoch_high = answering_[{high.index, address}].epoch;
  cluster_.timeline().after(within, [this, &low, &high, address, seen, epoch_low, epoch_high, why] {
    if (answering_[{low.index, address}].epoch != epoch_low || answering_[{high.index, address}].epoch != epoch_high) return;
    if (low.process() == nullptr || low.process()->frozen() || high.process() == nullptr || high.process()->frozen()) return;
    violate("double", low.name() + " and " + high.name() + " both answer for " + cluster_.addresses()[address].to_string() +
                          "; " + low.name() + " did not withdraw within " + short_seconds(cluster_.timeline().now() - seen) +
                          " after " + why);
  });
}

// ---- strangers, storms, stability ----

void Invariants::told(SpeakerProcess& who, const kube::EventNote& note) {
  if (cluster_.network().trace.events())
    cluster_.network().trace.say(who.name(), "event " + note.reason + ": " + note.message);
  if (note.reason != "AddressConflict") return;
  const auto now = cluster_.timeline().now();
  const auto& taken = cluster_.stranger().taken();
  if (taken && note.message.find(cluster_.stranger().host().mac().to_string()) != std::string::npos)
    stranger_reported_ = true;
  auto& last = conflict_events_[{&who, note.about.name + " " + note.message}];
  if (last != SteadyPoint() && now - last < 1min) {
    violate("stranger", who.name() + " reports the same conflict twice within a minute: " + note.message);
  }
  last = now;
}

void Invariants::check_stranger() {
  const auto now = cluster_.timeline().now();
  const auto& taken = cluster_.stranger().taken();
  if (!taken) {
    stranger_since_ = SteadyPoint::max();
    stranger_reported_ = false;
    return;
  }
  if (stranger_since_ == SteadyPoint::max()) stranger_since_ = now;
  if (stranger_reported_ || now - stranger_since_ < 5s || !quiet_since_) return;
  const auto at = position(*taken);
  if (!at) return;
  const auto answering = owners(*at, cluster_.lan().group(cluster_.stranger().host().port()));
  if (answering.empty() || answering.front()->kind != MemberKind::kOurs) return;
  stranger_reported_ = true;
  violate("stranger", "nobody reported the device that took " + taken->to_string());
}

void Invariants::second() {
  packets_before_.resize(cluster_.nodes().size());
  const auto limit = 1000 + 40 * cluster_.nodes().size();
  for (const auto& node : cluster_.nodes()) {
    const auto sent = cluster_.lan().counters(node->host->port()).packets_sent;
    const auto within = sent - std::exchange(packets_before_[node->index], sent);
    statistics_.busiest_second = std::max(statistics_.busiest_second, within);
    if (within > limit) violate("storm", node->name() + " sent " + std::to_string(within) + " packets within a second");
    if (const auto* process = node->process()) {
      const auto [membership, layer2, speaker] = process->busiest();
      if (std::max({membership, layer2, speaker}) <= kSpinning) continue;
      violate("storm", node->name() + " has a core that spins: wake-ups within a millisecond: membership " +
                           std::to_string(membership) + ", layer 2 " + std::to_string(layer2) + ", speaker " +
                           std::to_string(speaker));
    }
  }
  for (const auto& [key, service] : cluster_.api().of<kube::Service>().objects) {
    std::vector<std::string> shown;
    for (const auto& ingress : service->status.loadBalancer.ingress) shown.push_back(ingress.ip);
    auto& before = addresses_of_services_[key];
    if (!before.empty() && before != shown) violate("stability", key.name + " has other addresses than before");
    if (!shown.empty()) before = std::move(shown);
  }
  cluster_.timeline().after(1s, [this] { second(); });
}

}  // namespace metallb::sim
