// Two cores with a path between them, in virtual time: loss, delay and with it reordering, cuts of one direction, a process
// that does not run for a while. What must hold whatever happens is checked at every step.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "bfd/instance.hpp"

namespace metallb::bfd::test {

using namespace std::chrono_literals;

struct Path {
  Duration shortest = 100us;
  Duration longest = 200us;
  double loss = 0;
  double twice = 0;          ///< part of the packets that arrive two times
  std::uint8_t ttl = 255;    ///< of control packets on arrival
  bool returns_echo = true;  ///< the peer's forwarding plane, for IPv4
  /// Tells whether a control packet from node `from` passes.
  std::function<bool(std::size_t from, const ControlPacket& packet)> passes;
};

class Pair {
 public:
  struct Change {
    Duration at;
    StateChanged change;
  };
  struct Node {
    std::unique_ptr<Instance> core;
    SessionKey key;
    std::vector<Change> changes;
    std::vector<std::pair<Duration, ControlPacket>> sent;
    std::uint64_t echoes_sent = 0;
    bool stopped = false;
    std::set<SessionId> open;
  };

  explicit Pair(std::uint64_t seed, Path over = {}, IpFamily family = IpFamily::kIpv4, Hops hops = Hops::kSingle);

  void watch(std::size_t node, const Parameters& parameters) { input(node, Watch{"peer", nodes[node].key, parameters}); }
  void watch_both(const Parameters& parameters) {
    watch(0, parameters);
    watch(1, parameters);
  }
  void input(std::size_t node, const Input& in);
  void run(Duration duration);
  /// The node's process does not run for so long, starting now; its socket keeps what arrives.
  void freeze(std::size_t node, Duration duration) { frozen_until_[node] = now_ + duration; }
  /// Another process in the place of the node's: it knows nothing of before.
  void restart(std::size_t node, const Parameters& parameters);

  [[nodiscard]] Duration time() const { return now_ - kStart; }
  [[nodiscard]] SessionStatus status(std::size_t node) const;
  [[nodiscard]] bool both_up() const { return status(0).state == State::kUp && status(1).state == State::kUp; }
  void forget() {
    for (auto& node : nodes) {
      node.changes.clear();
      node.sent.clear();
    }
  }

  Path path;
  std::array<Node, 2> nodes;

 private:
  struct Delivery {
    std::size_t to;
    bool echo;
    Hops hops;
    Arrival arrival;
    Bytes payload;
  };
  static constexpr SteadyPoint kStart{std::chrono::hours(1)};

  void make(std::size_t node);
  void deliver(std::size_t node, const Delivery& delivery);
  void wake(std::size_t node);
  void handle(std::size_t node, const Output& out);
  void post(Delivery delivery, int crossings = 1);
  [[nodiscard]] SteadyPoint due(std::size_t node) const;
  void expect_legal(std::size_t node, const StateChanged& change);

  Random random_;
  SteadyPoint now_ = kStart;
  std::multimap<SteadyPoint, Delivery> under_way_;
  std::array<SteadyPoint, 2> frozen_until_{kStart, kStart};
  std::array<std::vector<Delivery>, 2> sockets_;
  // For what must hold.
  std::array<std::optional<State>, 2> hearing_;  ///< the state in the packet that the node is being handed
  std::array<SteadyPoint, 2> heard_{kStart, kStart};
  std::array<Duration, 2> patience_{};  ///< the detection time before the call
};

}  // namespace metallb::bfd::test
