#include "gossip/watch.hpp"

#include <algorithm>

namespace metallb::gossip {

void Watch::remember(const SentPing& ping) {
  if (pings_.size() == kMostRemembered) {
    if (pings_.front().state == PingState::kDoubtful) --doubtful_;
    pings_.pop_front();
  }
  pings_.push_back(ping);
  find_next_timeout();
}

void Watch::ping_sent(SteadyPoint now, std::uint32_t seq_no) {
  const auto patience = round_trip_.timeout(settings_->minimum_timeout, settings_->period);
  remember({.seq_no = seq_no, .sent = now, .timeout = now + patience});
  last_ping_ = now;
}

void Watch::relay_asked(SteadyPoint now, std::uint32_t seq_no) {
  remember({.seq_no = seq_no, .sent = now, .timeout = now + settings_->period, .relayed = true});
}

Watch::Answer Watch::acknowledged(SteadyPoint now, std::uint32_t seq_no) {
  const auto it = std::ranges::find(pings_, seq_no, &SentPing::seq_no);
  if (it == pings_.end()) return Answer::kNone;
  const auto ping = *it;
  pings_.erase(it);
  if (ping.relayed) {
    if (burst_) {
      end_burst(std::max(evidence_from_, ping.sent));
      if (++relays_ >= kMostRelays) excused_ = true;
    }
    find_next_timeout();
    return Answer::kRelayed;
  }

  // A member that was frozen answers seconds later all that was queued: no more than the longest time-out goes into it.
  if (ping.state != PingState::kVoid) round_trip_.sample(std::min(now - ping.sent, settings_->period));
  if (ping.state == PingState::kLost || ping.state == PingState::kDoubtful) {
    ping.sent >= evidence_from_ ? loss_.late_in_row() : loss_.late_in_between();
  }
  const auto longest_row = burst_length(loss_.cautious_share(), settings_->false_accusation, *settings_);
  end_burst(std::max(evidence_from_, ping.sent + Duration(1)));
  loss_.answered(longest_row);
  relays_ = 0;
  excused_ = false;
  find_next_timeout();
  return Answer::kDirect;
}

bool Watch::refused(SteadyPoint now, SteadyPoint last_heard) {
  expire(now, last_heard);
  const auto it =
      std::ranges::find_if(pings_, [](const SentPing& ping) { return ping.state == PingState::kWaiting && !ping.relayed; });
  if (it == pings_.end()) return false;
  lose(*it, last_heard);
  find_next_timeout();
  return true;
}

void Watch::expire(SteadyPoint now, SteadyPoint last_heard) {
  if (now < next_timeout_) return;
  for (auto& ping : pings_) {
    if (ping.state == PingState::kWaiting && ping.timeout <= now) lose(ping, last_heard);
  }
  find_next_timeout();
}

void Watch::lose(SentPing& ping, SteadyPoint last_heard) {
  ping.state = PingState::kLost;
  if (ping.relayed) return;  // the watcher that was asked may not be there either
  if (ping.sent < evidence_from_) return loss_.lost_in_between();
  ++lost_;
  loss_.lost();
  if (last_heard >= ping.sent) {
    ++credible_;
  } else {
    ping.state = PingState::kDoubtful;
    ++doubtful_;
  }
}

bool Watch::vouch(SteadyPoint now) {
  if (doubtful_ == 0) return false;
  const auto before = credible_;
  for (auto& ping : pings_) {
    if (ping.state != PingState::kDoubtful) continue;
    ping.state = PingState::kLost;
    --doubtful_;
    if (now <= ping.timeout + settings_->burst_step) ++credible_;
  }
  return credible_ > before;
}

void Watch::begin_burst(SteadyPoint now, std::size_t patience) {
  // What an excused member did not answer has been explained.
  if (excused_) start_over(now);
  excused_ = false;
  burst_ = Burst{.began = now,
                 .shared = patience * burst_length(loss_.cautious_share(), settings_->false_accusation, *settings_),
                 .alone = patience * burst_length(loss_.cautious_share(), settings_->false_verdict, *settings_)};
  next_ping_ = now;
}

void Watch::end_burst(SteadyPoint evidence_from) {
  evidence_from_ = evidence_from;
  lost_ = credible_ = doubtful_ = 0;
  for (auto& ping : pings_) {
    if (ping.state == PingState::kDoubtful) ping.state = PingState::kLost;
  }
  if (!burst_) return;
  burst_.reset();
  next_ping_ = last_ping_ + settings_->period;
}

void Watch::start_over(SteadyPoint now) {
  for (auto& ping : pings_) ping.state = PingState::kVoid;
  loss_.forget_row();
  const auto burst = burst_;
  end_burst(now);
  next_ping_ = std::max(next_ping_, now);
  if (burst) {
    burst_ = Burst{.began = now, .shared = burst->shared, .alone = burst->alone};
    next_ping_ = now;
  }
  find_next_timeout();
}

void Watch::stand_down(SteadyPoint now) {
  burst_.reset();
  start_over(now);
}

void Watch::proved_alive(SteadyPoint now) {
  if (state() == State::kAccused) excused_ = true;
  stand_down(now);
}

Watch::State Watch::state() const {
  if (!burst_) return State::kQuiet;
  return burst_->accusations > 0 ? State::kAccused : State::kBurst;
}

void Watch::find_next_timeout() {
  next_timeout_ = kIdle;
  for (const auto& ping : pings_) {
    if (ping.state == PingState::kWaiting) next_timeout_ = std::min(next_timeout_, ping.timeout);
  }
}

}  // namespace metallb::gossip
