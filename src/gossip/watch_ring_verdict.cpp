// The part of the watch ring that runs by the clock: pings, bursts, and what their loss leads to.

#include <algorithm>
#include <chrono>
#include <cmath>

#include "gossip/watch_ring.hpp"

namespace metallb::gossip {
namespace {

/// A verdict that takes two is repeated while the second one is missing, so that a lost packet does not delay it.
constexpr std::size_t kMostAccusations = 100;
/// After the first: so many that hardly a member loses them all and has to wait for gossip.
constexpr std::size_t kFewestRepetitions = 2;
constexpr std::size_t kMostRepetitions = 6;
constexpr double kAllLost = 1e-4;
/// The other watchers are asked at the second miss, and again at every second one after it, since packets get lost.
constexpr std::size_t kMostAsked = 3;

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// A member counts as silent for this node from here on: before, it may well be mere loss.
std::size_t silent_from(const Watch::Burst& burst) {
  return std::max<std::size_t>(burst.shared / 2, 2);
}

}  // namespace

void WatchRing::catch_up(SteadyPoint now) {
  const auto promised = next_deadline();
  if (promised == kIdle || now <= promised + settings_.late_loop) return;
  bool judging = false;
  for (auto& [name, watch] : watches_) {
    judging = judging || watch.burst() != nullptr;
    watch.start_over(now);
  }
  judge_at_ = kIdle;
  if (!judging) return;
  ++counters_.withheld_late_loop;
  log_.info({{"op", "watchRing"},
             {"event", "lateLoop"},
             {"late_ms", milliseconds(now - promised)},
             {"msg", "this node was late itself: members that seem silent are tried anew"}});
}

void WatchRing::advance(SteadyPoint now, Output& out) {
  for (auto& [name, watch] : watches_) watch.expire(now, last_heard_);
  for (auto& [name, watch] : watches_) {
    // Failover spec 3, rule 2.
    if (!watch.burst() && watch.lost() > 0 && !watch.excused()) begin_burst(now, name, watch);
    if (const auto* burst = watch.burst()) {
      // Rule 3.
      if (burst->questions < kMostAsked && watch.lost() >= 2 * (burst->questions + 1)) ask_others(now, name, watch, out);
      if (watch.lost() >= silent_from(*burst)) noted_silent(now, name);
      if (watch.lost() >= 2 * burst->shared && last_heard_ < burst->began && !goes_unwitnessed(watch))
        link_seems_down_ = true;
    }
    if (watch.next_ping() <= now) ping(now, name, watch, out);
  }
  judge_at_ = kIdle;
  for (auto& [name, watch] : watches_) judge(now, name, watch, out);
  repeat_declarations(now, out);
}

void WatchRing::begin_burst(SteadyPoint now, const std::string& name, Watch& watch) {
  watch.begin_burst(now, patience_.factor(now, name));
  ++counters_.bursts;
}

void WatchRing::ping(SteadyPoint now, const std::string& name, Watch& watch, Output& out) {
  const auto seq_no = next_seq_no_();
  watch.ping_sent(now, seq_no);
  out.push_back(SendPing{name, seq_no});
  if (auto* burst = watch.burst()) {
    ++burst->pings;
    if (burst->accusations > 0 && burst->accusations < kMostAccusations) accuse(name, watch, out);
    question_own_link(now, name, watch, out);
  }
  watch.set_next_ping(now + pace(now, watch));
}

/// Something must be heard while the pings of the burst are waited for, or they prove nothing: another member that answers
/// well is pinged along with each, or else the witness is asked.
void WatchRing::question_own_link(SteadyPoint now, const std::string& name, Watch& watch, Output& out) {
  std::map<std::string, Watch>::value_type* other = nullptr;
  for (auto& entry : watches_) {
    if (entry.first == name || entry.second.burst() || entry.second.lost() > 0) continue;
    if (other == nullptr || entry.second.last_ping() < other->second.last_ping()) other = &entry;
  }
  if (other != nullptr) return ping(now, other->first, other->second, out);
  if (watch.burst()->nobody_to_ask) return;
  // One that was never answered makes room in the end.
  while (!questions_.empty() && questions_.begin()->second.asked + 2 * settings_.witness_timeout <= now) {
    questions_.erase(questions_.begin());
  }
  if (questions_.size() == kMostQuestions) return;
  questions_.emplace(++last_question_, Question{name, now});
  out.push_back(NeedWitness{last_question_, name});
}

void WatchRing::ask_others(SteadyPoint now, const std::string& name, Watch& watch, Output& out) {
  ++watch.burst()->questions;
  for (const auto& fellow : watch.fellows()) {
    const auto seq_no = next_seq_no_();
    watch.relay_asked(now, seq_no);
    out.push_back(AskWatcher{fellow, name, seq_no});
  }
}

Duration WatchRing::pace(SteadyPoint now, const Watch& watch) const {
  const auto* burst = watch.burst();
  if (burst == nullptr) return settings_.period;
  const bool alone = judges_alone(watch);
  const auto wanted = alone ? burst->alone : burst->shared;
  const bool heard_lately = last_heard_ + settings_.period > now;
  // What is silent for long, or while the own link is, is tried as often as any other member.
  if (burst->pings >= 2 * burst->alone && (watch.credible() >= wanted || !heard_lately)) return settings_.period;
  // Who judges alone wants to be surer, but not to take longer.
  if (!alone || burst->alone <= burst->shared) return settings_.burst_step;
  return settings_.burst_step * static_cast<Duration::rep>(burst->shared) / static_cast<Duration::rep>(burst->alone);
}

void WatchRing::noted_silent(SteadyPoint now, const std::string& name) {
  if (!silence_.silent(now, name)) return;
  // Failover spec 4. The few that this node watches are a sample of the cluster: three of three speak for most of it.
  const auto watched_silent = static_cast<std::size_t>(
      std::ranges::count_if(watches_, [&](const auto& entry) { return silence_.recent(now, entry.first); }));
  const bool most =
      silence_.most(now, peers_.size()) || (watched_silent >= MassSilence::kLeast && 2 * watched_silent > watches_.size());
  if (!most || now < hold_until_) return;
  hold_until_ = now + settings_.mass_silence_hold;
  log_.warn({{"op", "watchRing"},
             {"event", "massSilence"},
             {"members", peers_.size()},
             {"msg", "most members fell silent at once: nobody is declared dead for now"}});
}

bool WatchRing::seems_gone(const std::string& name) const {
  if (suspicions_.contains(name)) return true;
  const auto it = watches_.find(name);
  return it != watches_.end() && it->second.burst() && it->second.lost() >= it->second.burst()->shared;
}

/// Failover spec 4, "one watcher only"; also where the other watchers are silent themselves, or two that die at once would
/// wait for each other's verdict.
bool WatchRing::judges_alone(const Watch& watch) const {
  return std::ranges::all_of(watch.fellows(), [&](const std::string& fellow) { return seems_gone(fellow); });
}

/// Failover spec 4: of two nodes, where no witness is known, the burst is doubled, and then the verdict counts. Where more
/// are silent, and nobody is heard at all, the own link is to blame.
bool WatchRing::goes_unwitnessed(const Watch& watch) const {
  return peers_.size() == 1 && watch.burst() && watch.burst()->nobody_to_ask;
}

void WatchRing::judge(SteadyPoint now, const std::string& name, Watch& watch, Output& out) {
  const auto* burst = watch.burst();
  if (burst == nullptr) return;
  const bool alone = judges_alone(watch);
  const auto wanted = alone ? burst->alone : burst->shared;
  const bool lost = goes_unwitnessed(watch) ? watch.lost() >= 2 * wanted : watch.credible() >= wanted;
  if (!lost) {
    if (!alone && watch.lost() >= wanted && last_heard_ < burst->began) withhold(Withheld::kNothingHeard, name, watch);
    return;
  }
  if (!carrier_) return withhold(Withheld::kNoCarrier, name, watch);
  if (const auto earliest = burst->began + settings_.shortest_burst; now < earliest) {
    judge_at_ = std::min(judge_at_, earliest);
    return;
  }
  if (now < hold_until_) {
    judge_at_ = std::min(judge_at_, hold_until_);
    return withhold(Withheld::kMassSilence, name, watch);
  }
  const auto suspicion = suspicions_.find(name);
  // Rule 5.
  if (alone || (suspicion != suspicions_.end() && !suspicion->second.watchers.empty()))
    return declare(now, name, watch, out);
  // Rule 4.
  if (burst->accusations > 0) return;
  ++counters_.accusations;
  log_.info({{"op", "watchRing"},
             {"event", "memberSilent"},
             {"node", name},
             {"pings", watch.lost()},
             {"silent_ms", milliseconds(now - burst->began)}});
  accuse(name, watch, out);
}

void WatchRing::withhold(Withheld why, const std::string& name, Watch& watch) {
  const auto bit = 1U << static_cast<unsigned>(why);
  auto& counted = watch.burst()->withheld;
  if ((counted & bit) != 0) return;
  counted |= bit;
  const char* reason = "";
  switch (why) {
    case Withheld::kNothingHeard:
      ++counters_.withheld_nothing_heard;
      reason = "nothing was heard from anyone";
      break;
    case Withheld::kWitnessSilent:
      ++counters_.withheld_witness_silent;
      reason = "no neighbour answers either";
      break;
    case Withheld::kNoCarrier:
      ++counters_.withheld_no_carrier;
      reason = "the interface has no carrier";
      break;
    case Withheld::kMassSilence:
      ++counters_.withheld_mass_silence;
      reason = "most members fell silent at once";
      break;
  }
  log_.info({{"op", "watchRing"}, {"event", "verdictWithheld"}, {"node", name}, {"reason", reason}});
}

void WatchRing::accuse(const std::string& name, Watch& watch, Output& out) {
  ++watch.burst()->accusations;
  auto to = watch.fellows();
  to.push_back(name);
  out.push_back(Accuse{{watch.incarnation(), name, own_name_}, std::move(to)});
}

void WatchRing::declare(SteadyPoint now, const std::string& name, Watch& watch, Output& out) {
  const auto suspicion = suspicions_.find(name);
  const auto incarnation = std::max(watch.incarnation(), suspicion == suspicions_.end() ? 0 : suspicion->second.incarnation);
  const Dead dead{incarnation, name, own_name_};
  ++counters_.declarations;
  log_.warn({{"op", "watchRing"},
             {"event", "memberDead"},
             {"node", name},
             {"pings", watch.lost()},
             {"silent_ms", milliseconds(now - watch.burst()->began)}});
  out.push_back(Declare{dead});
  const auto times = static_cast<std::size_t>(std::ceil(std::log(kAllLost) / std::log(std::min(mean_loss(), 0.9))));
  repetitions_.push_back({dead, now + settings_.burst_step, std::clamp(times - 1, kFewestRepetitions, kMostRepetitions)});
  // The member table takes it out of the ring; should it not, all is to be proved anew.
  suspicions_.erase(name);
  watch.stand_down(now);
}

void WatchRing::repeat_declarations(SteadyPoint now, Output& out) {
  while (!repetitions_.empty() && repetitions_.front().due <= now) {
    auto repetition = std::move(repetitions_.front());
    repetitions_.pop_front();
    // Refuted in the meantime, or gone without one.
    const auto row = peers_.find(repetition.dead.node);
    if (row != peers_.end() && row->second.incarnation > repetition.dead.incarnation) continue;
    out.push_back(Declare{repetition.dead});
    if (--repetition.left == 0) continue;
    repetition.due = now + settings_.burst_step;
    repetitions_.push_back(std::move(repetition));
  }
}

}  // namespace metallb::gossip
