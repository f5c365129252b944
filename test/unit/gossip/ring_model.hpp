// A cluster of watch rings in virtual time over links that delay and lose packets. Each member has a table as far as the
// ring needs one; what it is told by alive, suspect and dead messages follows gossip spec 7. There are no packets on a wire
// and no probes: all that happens here, the rings do.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.hpp"
#include "gossip/watch_ring.hpp"

namespace metallb::gossip::test {

using namespace std::chrono_literals;

class RingModel {
 public:
  enum class Neighbours : std::uint8_t { kAnswer, kNone };

  struct Options {
    std::size_t members = 3;
    double loss = 0;          ///< of each packet, so twice in a ping and its answer
    Duration delay = 500us;   ///< one way
    Duration jitter = 100us;  ///< at most, on top
    RingSettings settings;
    Neighbours neighbours = Neighbours::kAnswer;
    Duration neighbour_delay = 1ms;  ///< until the witness is heard; there and back are lossy as well
    std::uint64_t seed = 1;
  };

  struct Verdict {
    SteadyPoint at;
    std::size_t by = 0;
    std::size_t about = 0;
    bool mistaken = false;  ///< the accused runs and can be reached
  };

  explicit RingModel(const Options& options);

  void run(Duration duration);
  [[nodiscard]] SteadyPoint now() const { return now_; }

  /// The process and its host are gone.
  void kill(std::size_t member) { members_[member].runs = false; }
  /// The process is gone, its host says so.
  void kill_process(std::size_t member);
  /// It takes no part for so long, then it takes in what has come meanwhile.
  void freeze(std::size_t member, Duration duration);
  void cut(std::size_t member, bool off = true) { members_[member].cut = off; }
  void cut_all(bool off);
  /// Packets from `from` to `to` are lost, not those back.
  void cut_way(std::size_t from, std::size_t to) { cut_ways_.insert({from, to}); }
  void set_loss(double loss) { options_.loss = loss; }
  void leave(std::size_t member);

  [[nodiscard]] const std::vector<Verdict>& verdicts() const { return verdicts_; }
  [[nodiscard]] std::size_t mistakes() const;
  [[nodiscard]] std::size_t first_mistakes() const;
  /// When the first verdict about the member came after `since`; nothing if none did.
  [[nodiscard]] std::optional<Duration> declared_after(SteadyPoint since, std::size_t member) const;
  /// When the last member that runs had taken it out of its table.
  [[nodiscard]] std::optional<Duration> known_after(SteadyPoint since, std::size_t member) const;
  [[nodiscard]] bool believes_alive(std::size_t who, std::size_t whom) const { return members_[who].peers.contains(whom); }
  [[nodiscard]] WatchRing& ring(std::size_t member) { return *members_[member].ring; }
  [[nodiscard]] static std::string name(std::size_t member) { return "node" + std::to_string(member); }
  [[nodiscard]] WatchRing::Counters total() const;
  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  [[nodiscard]] std::size_t index(const std::string& name) const { return indices_.at(name); }

 private:
  struct Member {
    bool runs = true;
    bool refuses = false;  ///< does not run, but its host answers with ICMP errors
    bool cut = false;
    SteadyPoint frozen_until = SteadyPoint::min();
    std::deque<std::function<void()>> queued;
    std::uint32_t incarnation = 1;
    std::uint32_t next_seq_no = 0;
    std::map<std::size_t, std::uint32_t> peers;  ///< incarnations of the live ones
    std::map<std::size_t, std::uint32_t> dead;
    std::map<std::uint32_t, std::pair<std::size_t, std::uint32_t>> relayed;  ///< own number -> who asked, under which number
    std::unique_ptr<WatchRing> ring;
    std::uint64_t timer = 0;
    SteadyPoint timer_due = kIdle;
  };
  struct Event {
    SteadyPoint at;
    std::uint64_t order = 0;
    std::function<void()> what;
    friend bool operator>(const Event& a, const Event& b) { return std::tie(a.at, a.order) > std::tie(b.at, b.order); }
  };

  void at(SteadyPoint when, std::function<void()> what);
  void input(std::size_t member, std::function<void()> what);
  void send(std::size_t from, std::size_t to, std::function<void()> received);
  [[nodiscard]] bool lost() { return options_.loss > 0 && random_.unit() < options_.loss; }
  void act(std::size_t member, const WatchRing::Output& out);
  void set_timer(std::size_t member);
  void publish(std::size_t member);
  void ping(std::size_t from, std::size_t to, std::uint32_t seq_no);
  void acknowledge(std::size_t member, std::uint32_t seq_no);
  void suspect(std::size_t member, const Suspect& message);
  void dead(std::size_t member, const Dead& message);
  void alive(std::size_t member, std::size_t who, std::uint32_t incarnation);
  void refute(std::size_t member, std::uint32_t accused);
  void gossip(std::size_t from, const std::function<void(std::size_t)>& what);
  [[nodiscard]] Endpoint endpoint(std::size_t member) const;

  Options options_;
  Random random_;
  SteadyPoint now_{};
  std::uint64_t events_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  std::vector<Member> members_;
  std::unordered_map<std::string, std::size_t> indices_;
  std::set<std::pair<std::size_t, std::size_t>> cut_ways_;
  std::vector<Verdict> verdicts_;
  std::vector<SteadyPoint> removed_;  ///< of each member: when it last went out of a table
  std::uint64_t packets_ = 0;
};

}  // namespace metallb::gossip::test
