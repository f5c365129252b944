// One watch ring in virtual time, among members that answer, keep silent, or whose hosts refuse. What it declares dead goes
// out of the table.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "gossip/watch_ring.hpp"

namespace metallb::gossip::test {

using namespace std::chrono_literals;

inline double in_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

class RingWorld {
 public:
  using Names = std::vector<std::string>;
  template <class A>
  struct Done {
    SteadyPoint at;
    A action;
  };
  enum class Conduct : std::uint8_t { kAnswers, kSilent, kRefuses };

  explicit RingWorld(Names others, RingSettings settings = {}, std::uint64_t seed = 1) {
    make(settings, seed);
    for (const auto& name : others) peers.push_back({name, endpoint(name), 1});
    set_peers();
  }

  static Endpoint endpoint(const std::string& name) {
    return {IpAddress::v4(static_cast<std::uint32_t>(0x0a000000 + std::hash<std::string>()(name) % 0xffffff)), 7946};
  }

  void set_peers() { ring->set_peers(now, peers); }
  void remove(const std::string& name) {
    std::erase_if(peers, [&](const WatchRing::Peer& peer) { return peer.name == name; });
    set_peers();
  }
  WatchRing::Peer& peer(const std::string& name) { return *std::ranges::find(peers, name, &WatchRing::Peer::name); }

  /// From now on; all answer at first.
  void silence(const std::string& name) { conduct[name] = Conduct::kSilent; }
  void refuse(const std::string& name) { conduct[name] = Conduct::kRefuses; }
  void answer(const std::string& name) { conduct[name] = Conduct::kAnswers; }

  void run(Duration duration) { run_until(now + duration); }
  void run_until(SteadyPoint end) {
    while (true) {
      const auto event = events.empty() ? kIdle : events.begin()->first;
      const auto next = std::min(event, ring->next_deadline());
      if (next > end) break;
      now = std::max(now, next);
      if (event <= next) {
        take_event();
      } else {
        call([&](auto& out) { ring->on_time(now, out); });
      }
    }
    now = end;
  }
  /// The loop stands still for so long; then it takes in what came, then the timers.
  void stand_still(Duration duration) {
    now += duration;
    while (!events.empty() && events.begin()->first <= now) take_event();
    call([&](auto& out) { ring->on_time(now, out); });
  }
  /// The member is heard no more, and its next ping is out: the first that is lost. When that was sent.
  SteadyPoint silence_before_next_ping(const std::string& name, Conduct how = Conduct::kSilent) {
    const auto before = pings(name).size();
    conduct[name] = how;
    while (pings(name).size() == before) run(1ms);
    return pings(name).back();
  }

  /// Somebody else sends something every 10 ms for so long.
  void chatter(Duration duration) {
    for (auto when = now; when <= now + duration; when += 10ms) {
      at(when, [this] {
        if (own_link) ring->heard(now);
      });
    }
  }
  void suspect(const std::string& from, const std::string& node, std::uint32_t incarnation = 1) {
    call([&](auto& out) { ring->suspected(now, {incarnation, node, from}, out); });
  }
  void ask(const std::string& accused) {
    call([&](auto& out) { ring->asked(now, accused, out); });
  }

  template <class A>
  [[nodiscard]] std::vector<Done<A>> done() const {
    std::vector<Done<A>> out;
    for (const auto& [at, action] : actions) {
      if (const auto* wanted = std::get_if<A>(&action)) out.push_back({at, *wanted});
    }
    return out;
  }
  /// When each member was accused or declared dead first.
  [[nodiscard]] std::map<std::string, SteadyPoint> condemned() const {
    std::map<std::string, SteadyPoint> out;
    for (const auto& accused : done<WatchRing::Accuse>()) out.emplace(accused.action.suspect.node, accused.at);
    for (const auto& declared : done<WatchRing::Declare>()) {
      const auto it = out.emplace(declared.action.dead.node, declared.at).first;
      it->second = std::min(it->second, declared.at);
    }
    return out;
  }
  template <class A>
  [[nodiscard]] std::optional<SteadyPoint> first() const {
    const auto all = done<A>();
    return all.empty() ? std::nullopt : std::optional(all.front().at);
  }
  [[nodiscard]] std::vector<SteadyPoint> pings(const std::string& name) const {
    std::vector<SteadyPoint> out;
    for (const auto& sent : done<WatchRing::SendPing>()) {
      if (sent.action.to == name) out.push_back(sent.at);
    }
    return out;
  }
  [[nodiscard]] std::size_t pings_since(const std::string& name, SteadyPoint since) const {
    return static_cast<std::size_t>(std::ranges::count_if(pings(name), [&](SteadyPoint at) { return at >= since; }));
  }
  [[nodiscard]] Watch::State state(const std::string& name) const {
    for (const auto& member : ring->watched()) {
      if (member.name == name) return member.state;
    }
    return Watch::State::kQuiet;
  }
  [[nodiscard]] Names watched() const {
    Names out;
    for (const auto& member : ring->watched()) out.push_back(member.name);
    return out;
  }

  void call(const std::function<void(WatchRing::Output&)>& what) {
    WatchRing::Output out;
    what(out);
    for (const auto& action : out) act(action);
  }
  void at(SteadyPoint when, std::function<void()> what) { events.emplace(when, std::move(what)); }

  SteadyPoint now{1s};
  std::vector<WatchRing::Peer> peers;
  std::map<std::string, Conduct> conduct;
  std::map<std::string, Duration> round_trip;  ///< 1 ms where nothing stands
  bool own_link = true;                        ///< false: nothing comes in
  /// Members that others reach: an indirect ping comes back after two round trips.
  std::set<std::string> reached_by_others;
  std::optional<WitnessAnswer> witness = WitnessAnswer::kHeard;  ///< nothing: it never answers
  Duration witness_delay = 1ms;
  std::vector<std::pair<SteadyPoint, WatchRing::Action>> actions;
  std::unique_ptr<WatchRing> ring;
  std::uint32_t last_seq_no = 0;
  std::multimap<SteadyPoint, std::function<void()>> events;

 private:
  void make(const RingSettings& settings, std::uint64_t seed) {
    ring = std::make_unique<WatchRing>("self", settings, Random(seed), [this] { return ++last_seq_no; }, Log());
  }
  void take_event() {
    const auto what = std::move(events.begin()->second);
    events.erase(events.begin());
    what();
  }
  void act(const WatchRing::Action& action) {
    actions.emplace_back(now, action);
    if (const auto* ping = std::get_if<WatchRing::SendPing>(&action)) {
      const auto it = round_trip.find(ping->to);
      const auto back = now + (it == round_trip.end() ? 1ms : it->second);
      if (conduct[ping->to] == Conduct::kAnswers) {
        at(back, [this, seq_no = ping->seq_no] { acknowledge(seq_no); });
      } else if (conduct[ping->to] == Conduct::kRefuses) {
        at(back, [this, to = endpoint(ping->to)] { call([&](auto& out) { ring->unreachable(now, to, out); }); });
      }
    } else if (const auto* ask_watcher = std::get_if<WatchRing::AskWatcher>(&action)) {
      if (!reached_by_others.contains(ask_watcher->accused)) return;
      at(now + 2ms, [this, seq_no = ask_watcher->seq_no] { acknowledge(seq_no); });
    } else if (const auto* declared = std::get_if<WatchRing::Declare>(&action)) {
      remove(declared->dead.node);
    } else if (const auto* question = std::get_if<WatchRing::NeedWitness>(&action)) {
      if (!witness) return;
      at(now + witness_delay, [this, request = question->request, answer = *witness] {
        call([&](auto& out) { ring->witness(now, request, answer, out); });
      });
    }
  }
  void acknowledge(std::uint32_t seq_no) {
    if (!own_link) return;
    ring->heard(now);
    ring->acknowledged(now, seq_no);
  }
};

}  // namespace metallb::gossip::test
