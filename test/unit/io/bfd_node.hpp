// Test support: a node with BFD on a liveness thread of its own, at one end of a cable.
#pragma once

#include <boost/asio/post.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io/liveness/bfd_driver.hpp"
#include "unit/io/far_network.hpp"
#include "unit/io/packets_network.hpp"

namespace metallb::io::test {

struct BfdNode {
  explicit BfdNode(boost::asio::io_context& main_loop) {
    bfd = BfdDriver::open(thread, main_loop,
                          {.state_changed = [this](const bfd::StateChanged& changed) { news[changed.client] = changed; },
                           .refused = [this](const bfd::Refused& refused) { problems.push_back(refused.problem); }},
                          Log(log));
  }
  [[nodiscard]] bool is(bfd::State state, const std::string& client = "peer") const {
    const auto found = news.find(client);
    return found != news.end() && found->second.to == state;
  }
  [[nodiscard]] bool up() const { return is(bfd::State::kUp); }
  /// Of the only session; its report is a second old at most.
  [[nodiscard]] bfd::SessionStatus status() const {
    auto sessions = bfd->report().sessions;
    return sessions.empty() ? bfd::SessionStatus() : std::move(sessions.front());
  }
  /// As SIGSTOP would for a process.
  void stand_still(std::chrono::milliseconds pause) {
    boost::asio::post(thread.loop(), [pause] { std::this_thread::sleep_for(pause); });
  }

  LogLines log;
  std::map<std::string, bfd::StateChanged> news;  ///< by client
  std::vector<std::string> problems;
  LivenessThread thread;
  std::unique_ptr<BfdDriver> bfd;
};

/// Two nodes and the cable between them.
struct TwoBfdNodes {
  TwoBfdNodes() {
    near.thread.start();
    network.run([this] {
      far.thread.start();
      far_interface = index_of("peer0");
    });
  }
  /// The nodes' addresses, in one of three ways.
  enum class Over { kIpv4, kIpv6, kLinkLocal };
  [[nodiscard]] bfd::SessionKey near_key(Over over = Over::kIpv4, bfd::Hops hops = bfd::Hops::kSingle) const {
    return {.vrf = {},
            .hops = hops,
            .remote = address_of(over, "192.168.1.102", "fd00::102", "fe80::2"),
            .local = address_of(over, "192.168.1.101", "fd00::101", "fe80::1"),
            .interface = hops == bfd::Hops::kSingle ? index_of("lan0") : InterfaceIndex()};
  }
  [[nodiscard]] bfd::SessionKey far_key(Over over = Over::kIpv4, bfd::Hops hops = bfd::Hops::kSingle) const {
    auto key = near_key(over, hops);
    std::swap(key.local, key.remote);
    if (hops == bfd::Hops::kSingle) key.interface = far_interface;
    return key;
  }
  void watch_both(const bfd::Parameters& parameters, Over over = Over::kIpv4, bfd::Hops hops = bfd::Hops::kSingle) {
    near.bfd->watch({"peer", near_key(over, hops), parameters});
    far.bfd->watch({"peer", far_key(over, hops), parameters});
  }
  [[nodiscard]] bool eventually(const std::function<bool()>& condition) { return test::eventually(main, condition); }
  [[nodiscard]] bool both_up() {
    return eventually([this] { return near.up() && far.up(); });
  }

  /// Up, and through with naming the intervals that `parameters` are about: until then silence may last seconds.
  [[nodiscard]] bool settled(const bfd::Parameters& parameters) {
    const auto patience = parameters.detect_mult * parameters.receive_interval;
    return both_up() &&
           eventually([&] { return near.status().detection_time == patience && far.status().detection_time == patience; });
  }

  boost::asio::io_context main;
  FarNetwork network;
  InterfaceIndex far_interface;
  BfdNode near{main};
  BfdNode far{main};

 private:
  static IpAddress address_of(Over over, const char* v4, const char* v6, const char* link_local) {
    return address(over == Over::kIpv4 ? v4 : over == Over::kIpv6 ? v6 : link_local);
  }
};

/// So lively that a path that fails is seen at once, and patient enough for a busy test machine.
inline bfd::Parameters every(std::chrono::milliseconds interval, std::uint8_t multiplier) {
  return {.receive_interval = interval, .transmit_interval = interval, .detect_mult = multiplier};
}

}  // namespace metallb::io::test
