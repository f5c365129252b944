#include "ring_model.hpp"

#include <algorithm>
#include <variant>

namespace metallb::gossip::test {

RingModel::RingModel(const Options& options) : options_(options), random_(options.seed) {
  members_.resize(options.members);
  removed_.resize(options.members);
  for (std::size_t i = 0; i < options.members; ++i) indices_[name(i)] = i;
  for (std::size_t i = 0; i < options.members; ++i) {
    auto& member = members_[i];
    for (std::size_t j = 0; j < options.members; ++j) {
      if (j != i) member.peers[j] = 1;
    }
    member.ring = std::make_unique<WatchRing>(
        name(i), options.settings, Random(random_.below(1U << 30) + 1), [&member] { return ++member.next_seq_no; }, Log());
    publish(i);
    set_timer(i);
  }
}

Endpoint RingModel::endpoint(std::size_t member) const {
  return {IpAddress::v4(static_cast<std::uint32_t>(0x0a000001 + member)), 7946};
}

void RingModel::publish(std::size_t member) {
  std::vector<WatchRing::Peer> peers;
  peers.reserve(members_[member].peers.size());
  for (const auto& [i, incarnation] : members_[member].peers) peers.push_back({name(i), endpoint(i), incarnation});
  members_[member].ring->set_peers(now_, peers);
}

void RingModel::at(SteadyPoint when, std::function<void()> what) {
  queue_.push({when, ++events_, std::move(what)});
}

void RingModel::run(Duration duration) {
  const auto end = now_ + duration;
  while (!queue_.empty() && queue_.top().at <= end) {
    now_ = queue_.top().at;
    const auto what = std::move(const_cast<Event&>(queue_.top()).what);
    queue_.pop();
    what();
  }
  now_ = end;
}

/// Everything that happens to a member: at once, or when it is not frozen any more.
void RingModel::input(std::size_t member, std::function<void()> what) {
  auto& m = members_[member];
  if (!m.runs) return;
  if (now_ < m.frozen_until) {
    m.queued.push_back(std::move(what));
    return;
  }
  what();
  set_timer(member);
}

void RingModel::set_timer(std::size_t member) {
  auto& m = members_[member];
  const auto due = m.ring->next_deadline();
  if (due == m.timer_due) return;
  m.timer_due = due;
  const auto timer = ++m.timer;
  if (due == kIdle) return;
  at(std::max(due, now_), [this, member, timer] {
    auto& late = members_[member];
    if (late.timer != timer) return;
    if (now_ < late.frozen_until || !late.runs) return;
    late.timer_due = kIdle;
    WatchRing::Output out;
    late.ring->on_time(now_, out);
    act(member, out);
    set_timer(member);
  });
}

void RingModel::freeze(std::size_t member, Duration duration) {
  members_[member].frozen_until = now_ + duration;
  at(now_ + duration, [this, member] {
    auto& m = members_[member];
    for (const auto& what : std::exchange(m.queued, {})) what();
    m.timer_due = kIdle;
    set_timer(member);
  });
}

void RingModel::kill_process(std::size_t member) {
  kill(member);
  members_[member].refuses = true;
}

void RingModel::cut_all(bool off) {
  for (auto& member : members_) member.cut = off;
}

void RingModel::send(std::size_t from, std::size_t to, std::function<void()> received) {
  ++packets_;
  if (members_[from].cut || members_[to].cut || cut_ways_.contains({from, to}) || lost()) return;
  const auto delay = options_.delay + random_.jittered({}, 0) +
                     Duration(static_cast<Duration::rep>(random_.unit() * static_cast<double>(options_.jitter.count())));
  at(now_ + delay, [this, from, to, received = std::move(received)] {
    if (!members_[to].runs) {
      if (!members_[to].refuses || lost()) return;
      at(now_ + options_.delay, [this, from, to] {
        input(from, [this, from, to] {
          WatchRing::Output out;
          members_[from].ring->unreachable(now_, endpoint(to), out);
          act(from, out);
        });
      });
      return;
    }
    input(to, [this, to, received] {
      members_[to].ring->heard(now_);
      received();
    });
  });
}

void RingModel::ping(std::size_t from, std::size_t to, std::uint32_t seq_no) {
  send(from, to, [this, from, to, seq_no] { send(to, from, [this, from, seq_no] { acknowledge(from, seq_no); }); });
}

void RingModel::acknowledge(std::size_t member, std::uint32_t seq_no) {
  auto& m = members_[member];
  if (m.ring->acknowledged(now_, seq_no)) return;
  const auto relayed = m.relayed.find(seq_no);
  if (relayed == m.relayed.end()) return;
  const auto [requester, number] = relayed->second;
  m.relayed.erase(relayed);
  send(member, requester, [this, requester, number] { acknowledge(requester, number); });
}

void RingModel::act(std::size_t member, const WatchRing::Output& out) {
  auto& m = members_[member];
  for (const auto& action : out) {
    if (const auto* send_ping = std::get_if<WatchRing::SendPing>(&action)) {
      ping(member, index(send_ping->to), send_ping->seq_no);
    } else if (const auto* ask = std::get_if<WatchRing::AskWatcher>(&action)) {
      const auto watcher = index(ask->watcher);
      send(member, watcher, [this, member, watcher, ask = *ask] {
        WatchRing::Output answer;
        members_[watcher].ring->asked(now_, ask.accused, answer);
        act(watcher, answer);
        const auto number = ++members_[watcher].next_seq_no;
        members_[watcher].relayed[number] = {member, ask.seq_no};
        if (members_[watcher].relayed.size() > 1000) members_[watcher].relayed.erase(members_[watcher].relayed.begin());
        ping(watcher, index(ask.accused), number);
      });
    } else if (const auto* accuse = std::get_if<WatchRing::Accuse>(&action)) {
      for (const auto& to : accuse->to) {
        send(member, index(to), [this, to = index(to), message = accuse->suspect] { suspect(to, message); });
      }
      gossip(member, [this, message = accuse->suspect](std::size_t to) { suspect(to, message); });
    } else if (const auto* declare = std::get_if<WatchRing::Declare>(&action)) {
      const auto about = index(declare->dead.node);
      const auto& accused = members_[about];
      verdicts_.push_back({now_, member, about, accused.runs && !accused.cut && now_ >= accused.frozen_until});
      for (std::size_t to = 0; to < members_.size(); ++to) {
        if (to != member) send(member, to, [this, to, message = declare->dead] { dead(to, message); });
      }
      gossip(member, [this, message = declare->dead](std::size_t to) { dead(to, message); });
      dead(member, declare->dead);
    } else if (const auto* question = std::get_if<WatchRing::NeedWitness>(&action)) {
      const bool none = options_.neighbours == Neighbours::kNone;
      // As the driver does: three times, 20 ms apart.
      int tries = 0;
      bool answered = false;
      for (; tries < 3 && !answered && !m.cut; ++tries) answered = !lost() && !lost();
      const auto answer = none ? WitnessAnswer::kNobodyToAsk : answered ? WitnessAnswer::kHeard : WitnessAnswer::kSilent;
      const auto delay = none       ? Duration(0)
                         : answered ? options_.neighbour_delay + (tries - 1) * 20ms
                                    : options_.settings.witness_timeout;
      at(now_ + delay, [this, member, request = question->request, answer] {
        input(member, [this, member, request, answer] {
          WatchRing::Output more;
          members_[member].ring->witness(now_, request, answer, more);
          act(member, more);
        });
      });
    }
  }
}

/// As the dissemination queue does: a few rounds later everybody has it.
void RingModel::gossip(std::size_t from, const std::function<void(std::size_t)>& what) {
  for (std::size_t to = 0; to < members_.size(); ++to) {
    if (to == from) continue;
    for (const auto round : {200ms, 400ms, 600ms}) {
      at(now_ + round, [this, from, to, what] {
        if (members_[from].runs) send(from, to, [to, what] { what(to); });
      });
    }
  }
}

void RingModel::suspect(std::size_t member, const Suspect& message) {
  const auto who = index(message.node);
  if (who == member) {
    if (message.incarnation >= members_[member].incarnation) refute(member, message.incarnation);
    return;
  }
  WatchRing::Output out;
  members_[member].ring->suspected(now_, message, out);
  act(member, out);
}

void RingModel::dead(std::size_t member, const Dead& message) {
  auto& m = members_[member];
  const auto who = index(message.node);
  if (who == member) {
    if (message.incarnation >= m.incarnation) refute(member, message.incarnation);
    return;
  }
  const auto peer = m.peers.find(who);
  if (peer == m.peers.end() || message.incarnation < peer->second) return;
  m.dead[who] = message.incarnation;
  m.peers.erase(peer);
  removed_[who] = now_;
  publish(member);
  set_timer(member);
}

void RingModel::refute(std::size_t member, std::uint32_t accused) {
  members_[member].incarnation = accused + 1;
  for (std::size_t to = 0; to < members_.size(); ++to) {
    if (to == member) continue;
    send(member, to, [this, to, member, accused] { alive(to, member, accused + 1); });
  }
  gossip(member, [this, member, accused](std::size_t to) { alive(to, member, accused + 1); });
}

void RingModel::alive(std::size_t member, std::size_t who, std::uint32_t incarnation) {
  auto& m = members_[member];
  const auto dead = m.dead.find(who);
  const bool back = dead != m.dead.end();
  if (back ? incarnation <= dead->second : incarnation <= m.peers[who]) return;
  if (back) {
    m.dead.erase(dead);
    m.ring->refuted(now_, name(who));
  }
  m.peers[who] = incarnation;
  publish(member);
}

void RingModel::leave(std::size_t member) {
  for (std::size_t to = 0; to < members_.size(); ++to) {
    if (to == member) continue;
    members_[to].peers.erase(member);
    publish(to);
    set_timer(to);
  }
  kill(member);
}

std::size_t RingModel::mistakes() const {
  return static_cast<std::size_t>(std::ranges::count_if(verdicts_, &Verdict::mistaken));
}

std::optional<Duration> RingModel::declared_after(SteadyPoint since, std::size_t member) const {
  for (const auto& verdict : verdicts_) {
    if (verdict.about == member && verdict.at >= since) return verdict.at - since;
  }
  return std::nullopt;
}

std::optional<Duration> RingModel::known_after(SteadyPoint since, std::size_t member) const {
  for (const auto& m : members_) {
    if (m.runs && m.peers.contains(member)) return std::nullopt;
  }
  return removed_[member] - since;
}

WatchRing::Counters RingModel::total() const {
  WatchRing::Counters sum;
  for (const auto& member : members_) {
    const auto& one = member.ring->counters();
    sum.bursts += one.bursts;
    sum.accusations += one.accusations;
    sum.declarations += one.declarations;
    sum.withheld_nothing_heard += one.withheld_nothing_heard;
    sum.withheld_witness_silent += one.withheld_witness_silent;
    sum.withheld_no_carrier += one.withheld_no_carrier;
    sum.withheld_late_loop += one.withheld_late_loop;
    sum.withheld_mass_silence += one.withheld_mass_silence;
  }
  return sum;
}

}  // namespace metallb::gossip::test
