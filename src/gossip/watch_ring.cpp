#include "gossip/watch_ring.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace metallb::gossip {
namespace {

/// Values that would make it spin, or judge without a ping, are put right: the file's reader refuses them with a reason,
/// but the settings are plain values that anybody can make.
RingSettings sane(RingSettings settings) {
  constexpr Duration kShortest = std::chrono::milliseconds(1);
  settings.period = std::max(settings.period, kShortest);
  settings.burst_step = std::max(settings.burst_step, kShortest);
  settings.minimum_timeout = std::max(settings.minimum_timeout, kShortest);
  settings.minimum_burst = std::max<std::size_t>(settings.minimum_burst, 1);
  settings.maximum_burst = std::max(settings.maximum_burst, settings.minimum_burst);
  settings.minimum_loss = std::clamp(settings.minimum_loss, 1e-6, 0.9);
  settings.false_verdict = std::clamp(settings.false_verdict, 1e-300, 0.5);
  settings.false_accusation = std::clamp(settings.false_accusation, 1e-300, 0.5);
  return settings;
}

}  // namespace

WatchRing::WatchRing(std::string own_name, RingSettings settings, Random random, std::function<std::uint32_t()> next_seq_no,
                     Log log)
    : own_name_(std::move(own_name)),
      settings_(sane(settings)),
      random_(random),
      next_seq_no_(std::move(next_seq_no)),
      log_(log),
      patience_(settings.damping) {
  order_.insert(own_name_);
}

// ---- members ----

bool WatchRing::as_given_before(const std::vector<Peer>& peers) const {
  return std::ranges::equal(peers, given_, [](const Peer& peer, const Peers::value_type* row) {
    return peer.incarnation == row->second.incarnation && peer.endpoint == row->second.endpoint && peer.name == row->first;
  });
}

void WatchRing::set_peers(SteadyPoint now, const std::vector<Peer>& peers) {
  if (!settings_.enabled || as_given_before(peers)) return;
  ++tables_;
  given_.clear();
  given_.reserve(peers.size());
  bool reordered = false;
  for (const auto& peer : peers) {
    if (peer.name == own_name_) continue;
    const auto [it, added] = peers_.try_emplace(peer.name);
    auto& row = it->second;
    if (row.seen == tables_) continue;
    row.seen = tables_;
    if (added) {
      order_.insert(it->first);
      reordered = true;
    } else if (row.endpoint != peer.endpoint) {
      // What is known of the way to the old address does not hold for the new one.
      reordered = watches_.erase(peer.name) > 0 || reordered;
    } else if (peer.incarnation > row.incarnation) {
      incarnation_rose(now, peer.name, peer.incarnation);
    }
    row.endpoint = peer.endpoint;
    row.incarnation = peer.incarnation;
    if (const auto watch = watches_.find(peer.name); watch != watches_.end()) {
      watch->second.set_incarnation(peer.incarnation);
    }
    given_.push_back(&*it);
  }
  if (peers_.size() > given_.size()) {
    std::erase_if(peers_, [&](const auto& entry) {
      if (entry.second.seen == tables_) return false;
      remove(now, entry.first);
      return true;
    });
    reordered = true;
  }
  if (reordered) assign_watches(now);
}

void WatchRing::remove(SteadyPoint now, const std::string& name) {
  order_.erase(name);
  watches_.erase(name);
  suspicions_.erase(name);
  silence_.removed(now, name);
}

void WatchRing::incarnation_rose(SteadyPoint now, const std::string& name, std::uint32_t incarnation) {
  // Who suspects a member may know a newer incarnation of it than this table did: then the rise is no sign of life.
  const auto suspicion = suspicions_.find(name);
  if (suspicion != suspicions_.end() && suspicion->second.incarnation >= incarnation) return;
  if (suspicion != suspicions_.end()) suspicions_.erase(suspicion);
  silence_.heard(name);
  if (const auto watch = watches_.find(name); watch != watches_.end()) watch->second.proved_alive(now);
}

void WatchRing::assign_watches(SteadyPoint now) {
  const auto names = order_.predecessors(own_name_, settings_.watchers);
  std::erase_if(watches_, [&](const auto& entry) { return std::ranges::find(names, entry.first) == names.end(); });

  // The way to a member that was not watched so far is likely to be as good as the others'.
  const auto loss = mean_loss();
  for (const auto& name : names) {
    const auto& row = peers_.at(name);
    const auto phase = Duration(static_cast<Duration::rep>(random_.unit() * static_cast<double>(settings_.period.count())));
    auto& watch = watches_.try_emplace(name, settings_, row.endpoint, row.incarnation, loss, now + phase).first->second;
    auto fellows = order_.successors(name, settings_.watchers);
    std::erase(fellows, own_name_);
    if (fellows == watch.fellows()) continue;
    watch.set_fellows(std::move(fellows));
    // Whoever is new among them has not been told; and who is left may be the only judge now.
    if (watch.state() == Watch::State::kAccused) watch.burst()->accusations = 1;
    if (watch.burst()) judge_at_ = now;
  }
}

double WatchRing::mean_loss() const {
  double sum = 0;
  for (const auto& [name, watch] : watches_) sum += watch.loss();
  return std::max(sum / static_cast<double>(std::max<std::size_t>(watches_.size(), 1)), settings_.minimum_loss);
}

// ---- what is heard ----

bool WatchRing::heard(SteadyPoint now) {
  last_heard_ = now;
  const bool again = link_seems_down_;
  if (again) {
    // The own link was down, or all the others' were, and they come back one by one: as when most of the cluster is gone at
    // once (failover spec 4).
    link_seems_down_ = false;
    hold_until_ = std::max(hold_until_, now + settings_.mass_silence_hold);
    for (auto& [name, watch] : watches_) watch.start_over(now);
    log_.info({{"op", "watchRing"}, {"event", "linkHeardAgain"}, {"msg", "members are judged again after a pause"}});
  }
  for (auto& [name, watch] : watches_) {
    if (watch.vouch(now)) judge_at_ = now;
  }
  return again;
}

bool WatchRing::acknowledged(SteadyPoint now, std::uint32_t seq_no) {
  // How long an answer lay unread says nothing about the way to the member.
  catch_up(now);
  for (auto& [name, watch] : watches_) {
    if (watch.acknowledged(now, seq_no) == Watch::Answer::kNone) continue;
    suspicions_.erase(name);
    silence_.heard(name);
    heard(now);
    return true;
  }
  return false;
}

void WatchRing::suspected(SteadyPoint now, const Suspect& suspect, Output& out) {
  if (suspect.from == own_name_ || suspect.from == suspect.node) return;
  const auto row = peers_.find(suspect.node);
  if (row == peers_.end() || suspect.incarnation < row->second.incarnation) return;
  catch_up(now);

  auto& suspicion = suspicions_[suspect.node];
  suspicion.incarnation = std::max(suspicion.incarnation, suspect.incarnation);
  const auto watchers = order_.successors(suspect.node, settings_.watchers);
  const bool from_watcher = std::ranges::find(watchers, suspect.from) != watchers.end();
  // While the ring turns, members may become its watchers one after the other; not without bound.
  if (from_watcher && suspicion.watchers.size() < 2 * settings_.watchers) suspicion.watchers.insert(suspect.from);
  noted_silent(now, suspect.node);

  const auto watch = watches_.find(suspect.node);
  // The suspicion says no less than a question would have.
  if (watch != watches_.end() && !watch->second.burst()) begin_burst(now, watch->first, watch->second);
  advance(now, out);
}

void WatchRing::asked(SteadyPoint now, const std::string& accused, Output& out) {
  const auto watch = watches_.find(accused);
  if (watch == watches_.end()) return;
  catch_up(now);
  if (!watch->second.burst()) begin_burst(now, watch->first, watch->second);
  advance(now, out);
}

void WatchRing::unreachable(SteadyPoint now, const Endpoint& endpoint, Output& out) {
  catch_up(now);
  for (auto& [name, watch] : watches_) {
    if (watch.endpoint() == endpoint) watch.refused(now, last_heard_);
  }
  advance(now, out);
}

void WatchRing::refuted(SteadyPoint now, const std::string& name) {
  patience_.refuted(now, name);
  log_.info({{"op", "watchRing"}, {"event", "deathRefuted"}, {"node", name}, {"patience", patience_.factor(now, name)}});
}

void WatchRing::link(SteadyPoint now, bool carrier) {
  if (carrier == carrier_) return;
  carrier_ = carrier;
  if (!carrier) return;
  for (auto& [name, watch] : watches_) watch.start_over(now);
}

void WatchRing::witness(SteadyPoint now, std::uint64_t request, WitnessAnswer answer, Output& out) {
  const auto question = questions_.find(request);
  if (question == questions_.end()) return;
  const auto watch = watches_.find(question->second.accused);
  questions_.erase(question);
  catch_up(now);
  switch (answer) {
    case WitnessAnswer::kHeard:
      heard(now);
      break;
    case WitnessAnswer::kSilent:
      if (watch != watches_.end() && watch->second.burst() && judges_alone(watch->second) &&
          watch->second.lost() >= watch->second.burst()->alone) {
        withhold(Withheld::kWitnessSilent, watch->first, watch->second);
      }
      break;
    case WitnessAnswer::kNobodyToAsk:
      if (watch != watches_.end() && watch->second.burst()) watch->second.burst()->nobody_to_ask = true;
      break;
  }
  advance(now, out);
}

// ---- time ----

void WatchRing::on_time(SteadyPoint now, Output& out) {
  catch_up(now);
  advance(now, out);
}

SteadyPoint WatchRing::next_deadline() const {
  auto next = judge_at_;
  for (const auto& [name, watch] : watches_) next = std::min(next, watch.next_deadline());
  if (!repetitions_.empty()) next = std::min(next, repetitions_.front().due);
  return next;
}

std::vector<WatchRing::WatchedMember> WatchRing::watched() const {
  std::vector<WatchedMember> out;
  out.reserve(watches_.size());
  for (const auto& [name, watch] : watches_) out.push_back({name, watch.round_trip(), watch.loss(), watch.state()});
  return out;
}

std::vector<std::string> watchers_of(const std::string& name, const std::vector<std::string>& names, std::size_t count) {
  RingOrder order;
  const std::set<std::string> distinct(names.begin(), names.end());
  for (const auto& member : distinct) order.insert(member);
  return order.successors(name, count);
}

}  // namespace metallb::gossip
