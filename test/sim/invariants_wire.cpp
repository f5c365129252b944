// What the members send: claims of one address by two, strangers, storms.
#include <algorithm>
#include <utility>

#include "layer2/arp_packet.hpp"
#include "layer2/election.hpp"
#include "sim/invariants.hpp"
#include "sim/neighbour_frames.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSpinning = 200;
/// Who has just taken an address over may hear the last words of its former owner: an original that has left goes on
/// announcing (gossip spec 1.5). It does not yield to those, but to what comes after them.
constexpr Duration kLastWords = 2s;

}  // namespace

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
  // Who is no candidate, or no longer the first, by the API's newest word withdraws when it has heard of it.
  if (views_differ() || !names.contains(who.name()) || !names.contains(other.name())) return;
  const bool lower = layer2::rank(first, {{who.name(), {}}, {other.name(), {}}}).front() != who.name();
  auto& low = lower ? who : other;
  auto& high = lower ? other : who;
  // A member that has just joined is a stranger to those whom gossip has not yet reached.
  if (!low.process()->knows(high.host->mac()) || !high.process()->knows(low.host->mac())) {
    ++statistics_.newcomers;
    return;
  }
  if (cluster_.timeline().now() - answering_[{low.index, address}].since <= kLastWords) {
    ++statistics_.doubts;
    return;
  }
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
    if (b.last_frame >= seen - kConflictBound - 10ms || views_differ()) return;
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
    if (views_differ()) return;
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
  for (const auto& node : cluster_.nodes()) {
    if (note.message.find(node->host->mac().to_string()) == std::string::npos) continue;
    // Failover spec 6: the member table tells who is one. Whom gossip has not yet reached does not know.
    if (!who.has_met(node->name())) {
      ++statistics_.newcomers;
      continue;
    }
    violate("stranger", who.name() + " takes " + node->name() + " for a stranger: " + note.message);
  }
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
