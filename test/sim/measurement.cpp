#include "sim/measurement.hpp"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "gossip/keys.hpp"
#include "sim/api.hpp"
#include "sim/network.hpp"
#include "sim/speaker_process.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

/// Members and what they know of each other.
class Crowd final : public Observer {
 public:
  explicit Crowd(const MeasurementPlan& plan) : plan_(plan), network_(plan.seed), api_(network_.timeline) {
    network_.lan.set_quality({.loss = plan.loss});
    gossip::KeyRing ring;
    if (plan.encrypted) ring.keys.push_back(gossip::derive_key(Bytes{'s', 'e', 'c', 'r', 'e', 't'}));
    for (std::size_t i = 0; i < plan.members; ++i) {
      const auto high = static_cast<std::uint8_t>((i + 1) >> 8);
      const auto low = static_cast<std::uint8_t>(i + 1);
      std::array<std::uint8_t, 16> link_local{0xFE, 0x80};
      link_local[14] = high;
      link_local[15] = low;
      hosts_.push_back(std::make_unique<Host>(network_, "node-" + std::to_string(i),
                                              Host::Addresses{.node = IpAddress::v4(10, 1, high, low),
                                                              .link_local = IpAddress::v6(link_local),
                                                              .mac = MacAddress({0x02, 0, 0, 0, high, low})}));
    }
    network_.gateway = hosts_.front()->address();
    for (std::size_t i = 0; i < plan.members; ++i) {
      SpeakerOptions options;
      options.ring = ring;
      options.membership_only = true;
      for (std::size_t j = 0; j < std::min<std::size_t>(3, plan.members); ++j) options.join.push_back(hosts_[j]->address());
      processes_.push_back(std::make_unique<SpeakerProcess>(network_, api_, *hosts_[i], *this, std::move(options)));
    }
    known_.assign(plan.members, 0);
  }

  MeasurementResult go() {
    start();
    if (!form()) {
      result_.problem = "the members do not all know each other after ten minutes";
      return result_;
    }
    // In a large cluster the news of its forming travel for long after all know all.
    run_for(1min);
    peace();
    for (std::size_t i = 0; i < plan_.deaths && result_.problem.empty(); ++i) die(i);
    result_.events = network_.timeline.events();
    result_.virtual_time = network_.timeline.elapsed();
    result_.bytes_per_node = heap_of_cores();
    return result_;
  }

  void answers_changed(SpeakerProcess& /*who*/, const IpAddress& /*address*/, bool /*answers*/) override {}
  void frame_seen(SpeakerProcess& /*who*/, ByteView /*frame*/) override {}
  void frame_sent(SpeakerProcess& /*who*/, const IpAddress& /*address*/) override {}
  void told(SpeakerProcess& /*who*/, const kube::EventNote& /*note*/) override {}
  void exited(SpeakerProcess& /*who*/) override {}
  void electorate_changed(SpeakerProcess& who, const gossip::ElectorateChanged& electorate) override {
    known_[who.host().port()] = electorate.members.size();
    if (victim_.empty() || electorate.members.contains(victim_)) return;
    if (told_.insert(who.host().port()).second && told_.size() == live_) {
      result_.all_know.push_back(network_.timeline.now() - died_);
    }
  }
  void member_seen(SpeakerProcess& /*who*/, const gossip::MemberSeen& seen) override {
    if (seen.state != gossip::MemberState::kDead) return;
    if (seen.node != victim_) {
      if (!dead_.contains(seen.node)) ++result_.false_verdicts;
    } else if (!verdict_) {
      verdict_ = true;
      result_.first_verdict.push_back(network_.timeline.now() - died_);
    }
  }

 private:
  void start() {
    const auto spread = Duration(10ms) * static_cast<int>(plan_.members);
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      network_.timeline.after(spread * static_cast<int>(i) / static_cast<int>(processes_.size()),
                              [this, i] { processes_[i]->start(); });
    }
    run_for(spread);
  }

  bool form() {
    const auto begun = network_.timeline.now();
    while (network_.timeline.now() - begun < 10min) {
      if (std::ranges::all_of(known_, [&](auto known) { return known == plan_.members; })) {
        result_.formed = network_.timeline.now() - begun;
        return true;
      }
      run_for(50ms);
    }
    return false;
  }

  void run_for(Duration duration) {
    const auto end = network_.timeline.now() + duration;
    while (network_.timeline.now() < end) {
      network_.timeline.run_until(std::min(end, next_second_));
      if (network_.timeline.now() >= next_second_) second();
    }
  }
  void second() {
    next_second_ += 1s;
    sent_.resize(hosts_.size());
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const auto sent = network_.lan.counters(hosts_[i]->port()).packets_sent;
      // Forming is another matter: whole tables are exchanged.
      if (peaceful_) result_.busiest_second = std::max(result_.busiest_second, sent - sent_[i]);
      sent_[i] = sent;
    }
  }

  void peace() {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    const auto sum = [&](int sign) {
      for (const auto& host : hosts_) {
        packets += static_cast<std::uint64_t>(sign) * network_.lan.counters(host->port()).packets_sent;
        bytes += static_cast<std::uint64_t>(sign) * network_.lan.counters(host->port()).bytes_sent;
      }
    };
    constexpr auto kLength = 10s;
    sum(-1);
    run_for(kLength);
    sum(1);
    peaceful_ = true;
    const auto each = static_cast<double>(hosts_.size()) * std::chrono::duration<double>(kLength).count();
    result_.packets_per_second = static_cast<double>(packets) / each;
    result_.bytes_per_second = static_cast<double>(bytes) / each;
  }

  /// One process is killed, one host loses power, in turns; each comes back before the next.
  void die(std::size_t number) {
    // A moment that is not tied to anybody's rhythm.
    run_for(Duration(static_cast<Duration::rep>(network_.random.below(1'000'000'000))));
    const auto index = next_victim();
    auto& process = processes_[index];
    victim_ = process->name();
    died_ = network_.timeline.now();
    verdict_ = false;
    told_.clear();
    live_ = plan_.members - 1;
    const auto before = result_.all_know.size();
    dead_.insert(victim_);
    if (number % 2 == 0) hosts_[index]->set_power(false);
    process->kill();
    run_for(5s);
    for (int waited = 0; result_.all_know.size() == before && waited < 60; ++waited) run_for(1s);
    if (result_.all_know.size() == before)
      result_.problem = "the death of " + victim_ + " is not known to all after a minute";
    hosts_[index]->set_power(true);
    auto options = process->options();
    // Its pending events still know it.
    graveyard_.push_back(
        std::exchange(process, std::make_unique<SpeakerProcess>(network_, api_, *hosts_[index], *this, std::move(options))));
    victim_.clear();
    dead_.clear();
    for (int waited = 0; waited < 120 && result_.problem.empty(); ++waited) {
      if (waited == 0) processes_[index]->start();
      run_for(1s);
      if (std::ranges::all_of(known_, [&](auto known) { return known == plan_.members; })) return;
    }
    if (result_.problem.empty()) result_.problem = "a member that came back is not known to all after two minutes";
  }

  /// Nobody twice within the time for which its last death is remembered (failover spec 3, rule 8).
  std::size_t next_victim() {
    if (victims_.empty()) {
      if (!result_.all_know.empty()) run_for(gossip::lan_settings().ring.damping);
      for (std::size_t i = 0; i < plan_.members; ++i) victims_.push_back(i);
    }
    const auto at = network_.random.below(victims_.size());
    const auto index = std::exchange(victims_[at], victims_.back());
    victims_.pop_back();
    return index;
  }

  std::size_t heap_of_cores() {
    const auto before = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (auto& process : processes_) process->drop_membership();
    const auto after = mallinfo2().uordblks + mallinfo2().hblkhd;
    return (before - after) / processes_.size();
  }

  MeasurementPlan plan_;
  Network network_;
  Api api_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::unique_ptr<SpeakerProcess>> graveyard_;
  std::vector<std::unique_ptr<SpeakerProcess>> processes_;
  std::vector<std::size_t> known_;  ///< members that each counts on
  std::vector<std::uint64_t> sent_;
  SteadyPoint next_second_ = Timeline::kStart + 1s;
  bool peaceful_ = false;
  std::vector<std::size_t> victims_;  ///< who has not yet died in this round
  std::string victim_;
  std::set<std::string> dead_;
  SteadyPoint died_;
  bool verdict_ = false;
  std::set<Lan::Port> told_;
  std::size_t live_ = 0;
  MeasurementResult result_;
};

}  // namespace

MeasurementResult measure(const MeasurementPlan& plan) {
  return std::make_unique<Crowd>(plan)->go();
}

}  // namespace metallb::sim
