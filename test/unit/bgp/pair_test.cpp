// Two speakers and a network between them in virtual time: delay, lost connections, dials from both sides at once, clocks
// that jump. Whatever happens, they end up with one session, and each knows all routes of the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "base/random.hpp"
#include "bgp/instance.hpp"
#include "router.hpp"

namespace metallb::bgp {
namespace {

using namespace test;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr PeerId kOther{1};

IpAddress address_of(std::size_t node) {
  return IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(1 + node));
}

PeerSettings settings_of(std::size_t node, bool graceful_restart) {
  PeerSettings out;
  out.name = "other";
  out.transport.address = address_of(1 - node);
  out.initiative = Initiative::kBoth;
  out.my_as = out.local_as = Asn(64512 + static_cast<std::uint32_t>(node));
  out.peer_as = {PeerAs::Kind::kExternal, {}};
  out.router_id = RouterId(static_cast<std::uint32_t>(address_of(node).number()));
  out.families = {kIpv4Unicast};
  out.hold_time = seconds(9);
  out.connect_time = seconds(2);
  out.graceful_restart = graceful_restart;
  return out;
}

/// Two nodes; everything between them takes a time of its own, in order within one connection.
class World {
 public:
  World(std::uint64_t seed, bool graceful_restart) : random_(seed) {
    now_.steady += std::chrono::hours(1);
    for (std::size_t i = 0; i < 2; ++i) {
      nodes_[i].core = std::make_unique<Instance>(seed * 2 + i);
      input(i, ServicesKnown{});
      input(i, SetPeer{kOther, settings_of(i, graceful_restart)});
    }
  }

  void publish(std::size_t node, std::uint32_t route, bool wanted) {
    const IpPrefix prefix(IpAddress::v4(0x0A000000U + (static_cast<std::uint32_t>(node) << 16) + route), 32);
    input(node, Publish{{{prefix, wanted ? std::vector{Offer{}} : std::vector<Offer>()}}, false});
  }
  /// Cuts every connection; each end learns of it when it likes, or only by its hold timer.
  void cut(bool silently) {
    for (auto& [id, pipe] : pipes_) {
      pipe.open = false;
      if (silently) continue;
      for (std::size_t end = 0; end < 2; ++end) {
        if (pipe.known[end]) after(delay(), [this, cut = id, end] { lose(cut, end); });
      }
    }
  }
  void run(Duration time) {
    const auto until = now_.steady + time;
    for (;;) {
      auto next = std::min(nodes_[0].core->next_deadline(), nodes_[1].core->next_deadline());
      if (!events_.empty()) next = std::min(next, events_.begin()->first);
      if (next > until) break;
      now_.steady = std::max(now_.steady, next);
      while (!events_.empty() && events_.begin()->first <= now_.steady) {
        const auto event = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        event();
      }
      for (std::size_t i = 0; i < 2; ++i) {
        if (nodes_[i].core->next_deadline() > now_.steady) continue;
        Output out;
        nodes_[i].core->on_time(now_, out);
        act(i, out);
      }
    }
    now_.steady = until;
  }
  /// Nobody is asked for that long: a process that was paused, or a clock that jumped.
  void skip(Duration time) { now_.steady += time; }

  [[nodiscard]] const Session& session(std::size_t node) const { return *nodes_[node].core->session(kOther); }
  [[nodiscard]] const Instance& core(std::size_t node) const { return *nodes_[node].core; }
  /// What the node was told over the connections that are still open.
  [[nodiscard]] std::size_t open_pipes() const {
    return static_cast<std::size_t>(
        std::count_if(pipes_.begin(), pipes_.end(), [](const auto& p) { return p.second.open; }));
  }
  [[nodiscard]] std::map<IpPrefix, Router::Route> told(std::size_t node) const {
    for (const auto& [id, pipe] : pipes_) {
      if (pipe.open) return pipe.routers[node].routes;
    }
    return {};
  }
  Random& random() { return random_; }

 private:
  /// A connection by the number that its dialler gave it, with the dialler's index in the lowest bit.
  struct Pipe {
    bool open = true;
    std::array<bool, 2> known{};  ///< the end at that node is in its core's hands
    std::array<ConnectionId, 2> ids{};
    std::array<SteadyPoint, 2> last{};  ///< when the last bytes to that node arrive
    std::array<Router, 2> routers{};    ///< what that node was told
    std::array<Bytes, 2> streams{};
  };
  struct Node {
    std::unique_ptr<Instance> core;
  };

  Duration delay() { return milliseconds(1 + random_.below(40)); }
  void after(Duration time, std::function<void()> event) { events_.emplace(now_.steady + time, std::move(event)); }
  LocalAddresses addresses(std::size_t node) {
    LocalAddresses out;
    out.session = address_of(node);
    out.on_link = true;
    return out;
  }
  void input(std::size_t node, const Input& in) {
    Output out;
    nodes_[node].core->on_input(now_, in, out);
    act(node, out);
  }
  void act(std::size_t node, const Output& out) {
    for (const auto& action : out) {
      if (const auto* dial = std::get_if<Dial>(&action)) this->dial(node, dial->connection);
      if (const auto* send = std::get_if<Send>(&action)) this->send(node, *send);
      if (const auto* close = std::get_if<Close>(&action)) this->close(node, close->connection);
    }
  }
  void dial(std::size_t node, ConnectionId connection) {
    const auto id = connection.value() * 2 + node;
    auto& pipe = pipes_[id];
    pipe.known[node] = true;
    pipe.ids[node] = connection;
    pipe.ids[1 - node] = ConnectionId(kAcceptedConnection + id);
    for (auto& router : pipe.routers) router.internal = false;
    after(delay(), [this, id, node] {
      auto& made = pipes_[id];
      if (!made.open || !made.known[node]) return lose(id, node);
      made.known[1 - node] = true;
      input(node, Connected{made.ids[node], addresses(node)});
      input(1 - node, Accepted{made.ids[1 - node], address_of(node), "", "", addresses(1 - node)});
    });
  }
  std::uint64_t find(std::size_t node, ConnectionId connection) {
    return (connection.value() & kAcceptedConnection) != 0 ? connection.value() - kAcceptedConnection
                                                           : connection.value() * 2 + node;
  }
  void send(std::size_t node, const Send& send) {
    const auto id = find(node, send.connection);
    auto& pipe = pipes_[id];
    after(delay(), [this, node, connection = send.connection, count = send.bytes.size()] {
      input(node, BytesTaken{connection, count});
    });
    if (!pipe.open) return;
    pipe.last[1 - node] = std::max(pipe.last[1 - node], now_.steady + delay());
    after(pipe.last[1 - node] - now_.steady, [this, id, node, bytes = send.bytes] { arrive(id, 1 - node, bytes); });
  }
  void arrive(std::uint64_t id, std::size_t node, const Bytes& bytes) {
    auto& pipe = pipes_[id];
    if (!pipe.open || !pipe.known[node]) return;
    pipe.routers[node].take(bytes);
    input(node, Received{pipe.ids[node], bytes});
  }
  void close(std::size_t node, ConnectionId connection) {
    const auto id = find(node, connection);
    auto& pipe = pipes_[id];
    pipe.known[node] = false;
    // What was said before still arrives, and the end behind it.
    const auto arrival = std::max(pipe.last[1 - node], now_.steady + delay());
    after(arrival - now_.steady, [this, id, node] {
      pipes_[id].open = false;
      lose(id, 1 - node);
    });
  }
  void lose(std::uint64_t id, std::size_t node) {
    auto& pipe = pipes_[id];
    if (!std::exchange(pipe.known[node], false)) return;
    input(node, Disconnected{pipe.ids[node], "cut"});
  }

  Now now_;
  Random random_;
  std::array<Node, 2> nodes_;
  std::map<std::uint64_t, Pipe> pipes_;
  std::multimap<SteadyPoint, std::function<void()>> events_;
};

void expect_one_session(const World& world, const std::string& where) {
  EXPECT_EQ(world.open_pipes(), 1U) << where;
  for (std::size_t node = 0; node < 2; ++node) {
    EXPECT_EQ(to_string(world.session(node).state()), "Established") << where << " node " << node;
    EXPECT_EQ(world.told(1 - node).size(), world.core(node).routes().wanted_routes()) << where << " node " << node;
  }
}

TEST(Pair, DialsFromBothSidesAtOnceMakeOneSession) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    World world(seed, seed % 2 == 0);
    world.publish(0, 1, true);
    world.publish(1, 1, true);
    world.run(seconds(60));
    expect_one_session(world, "seed " + std::to_string(seed));
  }
}

TEST(Pair, WhateverTheNetworkDoesTheSessionComesBackWithAllRoutes) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    World world(seed, seed % 2 == 0);
    auto& random = world.random();
    for (int step = 0; step < 60; ++step) {
      const auto node = random.below(2);
      switch (random.below(8)) {
        case 0:
          world.cut(random.below(2) == 0);
          break;
        case 1:
          world.skip(seconds(random.below(20)));
          break;
        default:
          for (auto left = random.below(20); left > 0; --left) {
            world.publish(node, static_cast<std::uint32_t>(random.below(50)), random.below(3) != 0);
          }
      }
      world.run(milliseconds(random.below(3000)));
    }
    // Long enough for the longest back-off.
    world.run(seconds(300));
    expect_one_session(world, "seed " + std::to_string(seed));
  }
}

}  // namespace
}  // namespace metallb::bgp
