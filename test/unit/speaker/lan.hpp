// Two whole nodes on one LAN, in virtual time: each with its speaker's core and its layer 2 core, wired as the program wires
// them. What the membership says is the test's to tell.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "layer2/arp_packet.hpp"
#include "layer2/instance.hpp"
#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker::test {

using namespace std::chrono_literals;

inline constexpr InterfaceIndex kEth0{2};

struct Host {
  Host(const std::string& name, std::uint8_t number) : speaker(name), mac({2, 0, 0, 0, 0, number}) {}
  SpeakerUnderTest speaker;
  layer2::Instance packets;
  MacAddress mac;
  bool running = true;        ///< false: the process stands still
  std::deque<Bytes> waiting;  ///< in its socket
};

class Lan {
 public:
  static constexpr Duration kLatency = 500us;

  explicit Lan(const std::vector<std::string>& names) {
    std::uint8_t number = 0;
    for (const auto& name : names) hosts_.push_back(std::make_unique<Host>(name, ++number));
    std::map<MacAddress, std::string> known;
    for (std::size_t i = 0; i < names.size(); ++i) known[hosts_[i]->mac] = names[i];
    for (auto& host : hosts_) {
      input(*host, layer2::InterfaceState{kEth0, "eth0", host->mac, true, std::nullopt});
      input(*host, layer2::NeighboursKnown{known});
      for (const auto& name : names) host->speaker.put(node(name));
      host->speaker.put(pool("pool", {"10.20.30.0/24"}));
      host->speaker.put(advertisement());
      host->speaker.give(InterfacesChanged{{"eth0"}});
    }
  }

  /// A Service with an endpoint everywhere.
  void serve(const std::string& name, const std::string& address) {
    for (auto& host : hosts_) {
      host->speaker.put(service({address}, name));
      std::string endpoints;
      for (const auto& other : hosts_) endpoints += other->speaker.instance_name() + "+ ";
      host->speaker.put_slices(endpoints, "default/" + name);
    }
  }
  void start() {
    for (auto& host : hosts_) host->speaker.listed_all();
  }
  /// What the membership of `name` says.
  void tell(const std::string& name, const std::set<std::string>& members) {
    host(name).speaker.give(MembersChanged{.members = members});
    settle(host(name));
  }
  Host& host(const std::string& name) {
    return **std::ranges::find_if(hosts_, [&](const auto& h) { return h->speaker.instance_name() == name; });
  }
  /// Makes it send one round, for whatever reason.
  void announce_by(const std::string& name, const std::string& address) {
    input(host(name), layer2::Command(layer2::Reannounce{IpAddress::parse(address).value()}));
  }
  /// Frames between the two do not arrive.
  void cut(bool cut) { cut_ = cut; }

  [[nodiscard]] std::set<std::string> owners(const std::string& address) const {
    std::set<std::string> out;
    for (const auto& host : hosts_) {
      if (host->packets.table().find(kEth0, IpAddress::parse(address).value())) out.insert(host->speaker.instance_name());
    }
    return out;
  }
  /// Whose answer a client gets: its question reaches everybody.
  std::set<std::string> answered_by(const std::string& address) {
    std::set<std::string> out;
    layer2::ArpPacket question;
    question.ethernet_destination = MacAddress::broadcast();
    question.ethernet_source = question.sender_mac = MacAddress({2, 0, 0, 0, 0, 0x99});
    question.sender_ip = IpAddress::v4(10, 20, 30, 250);
    question.target_ip = IpAddress::parse(address).value();
    const auto frame = layer2::encode_arp(question);
    for (auto& host : hosts_) {
      if (!host->running) continue;
      std::vector<layer2::Action> actions;
      host->packets.on_input(now(), layer2::FrameReceived{kEth0, frame}, actions);
      for (const auto& action : actions) {
        if (std::holds_alternative<layer2::SendFrame>(action)) out.insert(host->speaker.instance_name());
      }
      perform(*host, actions);
    }
    return out;
  }

  /// Lets time pass. Returns for how long in it the address had more than one owner, and for how long none.
  struct Times {
    Duration doubled{0};
    Duration ownerless{0};
  };
  Times run(Duration duration, const std::string& watched = "10.20.30.1") {
    Times times;
    const auto end = steady_ + duration;
    for (;;) {
      const auto next = std::clamp(next_event(), steady_, end);
      const auto count = owners(watched).size();
      if (count > 1) times.doubled += next - steady_;
      if (count == 0) times.ownerless += next - steady_;
      steady_ = next;
      if (next_event() > end) break;
      step();
    }
    return times;
  }
  std::size_t frames() const { return frames_; }

 private:
  struct Flight {
    SteadyPoint at;
    std::size_t to;
    Bytes frame;
  };
  [[nodiscard]] Now now() const { return {steady_, {}}; }

  [[nodiscard]] SteadyPoint next_event() const {
    auto next = flights_.empty() ? kIdle : flights_.front().at;
    for (const auto& host : hosts_) {
      if (!host->running) continue;
      if (!host->waiting.empty()) return steady_;
      next = std::min({next, host->packets.next_deadline(), host->speaker.instance.next_deadline()});
    }
    return next;
  }

  void step() {
    while (!flights_.empty() && flights_.front().at <= steady_) {
      auto flight = std::move(flights_.front());
      flights_.pop_front();
      hosts_[flight.to]->waiting.push_back(std::move(flight.frame));
    }
    for (auto& host : hosts_) {
      if (!host->running) continue;
      while (!host->waiting.empty()) {
        const auto frame = std::move(host->waiting.front());
        host->waiting.pop_front();
        input(*host, layer2::FrameReceived{kEth0, frame});
      }
      if (host->packets.next_deadline() <= steady_) {
        std::vector<layer2::Action> actions;
        host->packets.on_time(now(), actions);
        perform(*host, actions);
      }
      settle(*host);
    }
  }

  void input(Host& host, const layer2::Input& in) {
    std::vector<layer2::Action> actions;
    host.packets.on_input(now(), in, actions);
    perform(host, actions);
  }

  void perform(Host& from, const std::vector<layer2::Action>& actions) {
    for (const auto& action : actions) {
      if (const auto* send = std::get_if<layer2::SendFrame>(&action)) {
        ++frames_;
        for (std::size_t to = 0; to < hosts_.size(); ++to) {
          if (hosts_[to].get() == &from || cut_ || !is_for(*hosts_[to], send->frame)) continue;
          flights_.push_back({steady_ + kLatency, to, send->frame});
        }
      } else if (const auto* seen = std::get_if<layer2::ConflictSeen>(&action)) {
        from.speaker.now.steady = steady_;
        from.speaker.give(*seen);
        settle(from);
      }
    }
  }

  static bool is_for(const Host& host, const Bytes& frame) {
    return (frame[0] & 1U) != 0 || std::equal(host.mac.bytes().begin(), host.mac.bytes().end(), frame.begin());
  }

  void settle(Host& host) {
    host.speaker.now.steady = steady_;
    if (host.running) host.speaker.settle();
    auto out = std::exchange(host.speaker.out, {});
    for (const auto& action : out) {
      if (const auto* command = std::get_if<layer2::Command>(&action)) input(host, *command);
    }
  }

  std::vector<std::unique_ptr<Host>> hosts_;
  std::deque<Flight> flights_;
  SteadyPoint steady_{1h};
  bool cut_ = false;
  std::size_t frames_ = 0;
};

}  // namespace metallb::speaker::test
