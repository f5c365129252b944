// A node's layer 2 core with two interfaces, in virtual time, for the instance tests.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "frames.hpp"
#include "layer2/instance.hpp"

namespace metallb::layer2::test {

using namespace std::chrono_literals;

/// Keeps what was logged, one string "key=value key=value" per line.
class LogLines : public LogSink {
 public:
  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= lowest; }
  void write(const LogRecord& record) override {
    std::string line;
    for (const auto& field : record.fields) {
      const auto* text = std::get_if<std::string>(&field.value);
      line += (line.empty() ? "" : " ") + std::string(field.key) + "=" + (text ? *text : "?");
    }
    lines.push_back(line);
  }
  LogLevel lowest = LogLevel::kDebug;
  std::vector<std::string> lines;
};

inline constexpr InterfaceIndex kEth0{2};
inline constexpr InterfaceIndex kEth1{3};

inline InterfaceState eth0() {
  return {kEth0, "eth0", kOurMac, true, kOurLinkLocal};
}
inline InterfaceState eth1() {
  return {kEth1, "eth1", mac("02:00:00:00:00:02"), true, ip("fe80::2")};
}
inline InterfaceSet all() {
  return {.all = true, .names = {}};
}
inline InterfaceSet only(std::set<std::string> names) {
  return {.all = false, .names = std::move(names)};
}
/// Of another node's speaker, in the tests that know one.
inline const MacAddress kMemberMac = mac("02:00:00:00:00:51");
inline const ServiceKey kFoo{"default", "foo"};
inline const ServiceKey kBar{"default", "bar"};

/// No address is refreshed within this time after it was announced.
inline constexpr Duration kNoRefresh = 27s;

struct World {
  explicit World(std::vector<InterfaceState> interfaces = {eth0()}) : core(Log(log)) {
    for (const auto& state : interfaces) input(state);
    take();
  }

  void input(const Input& in) { core.on_input(now(), in, out); }
  void announce(const ServiceKey& service, const IpAddress& address, const InterfaceSet& interfaces = all()) {
    input(Command(Announce{service, address, interfaces}));
  }
  void withdraw(const ServiceKey& service, const IpAddress& address) { input(Command(Withdraw{service, address})); }
  /// The answers to one frame.
  std::vector<SendFrame> receive(const Bytes& frame, InterfaceIndex interface = kEth0) {
    take();
    input(FrameReceived{interface, frame});
    return of<SendFrame>(take());
  }
  bool answers(const IpAddress& address, InterfaceIndex interface = kEth0) {
    const auto frame = address.is_v4()
                           ? arp_frame({.target_ip = address})
                           : solicitation_frame({.destination = solicited_node_group(address), .target = address});
    return !receive(frame, interface).empty();
  }
  /// Runs everything that is due until `duration` from now, as a driver would.
  /// `late`: by how much every call comes late.
  void run(Duration duration, Duration late = 0ms) {
    const auto end = steady + duration;
    while (core.next_deadline() <= end) {
      steady = std::max(steady, core.next_deadline() + late);
      core.on_time(now(), out);
    }
    steady = end;
  }
  /// Lets all bursts end and forgets what came out. Before kNoRefresh is over no refresh comes.
  void settle() {
    run(8s);
    take();
  }
  std::vector<Action> take() { return std::exchange(out, {}); }

  template <class T>
  static std::vector<T> of(const std::vector<Action>& actions) {
    std::vector<T> found;
    for (const auto& action : actions) {
      if (const auto* match = std::get_if<T>(&action)) found.push_back(*match);
    }
    return found;
  }
  /// The addresses that the interface's filter was told last.
  static std::optional<CaptureChanged> capture(const std::vector<Action>& actions, InterfaceIndex interface = kEth0) {
    std::optional<CaptureChanged> last;
    for (const auto& change : of<CaptureChanged>(actions)) {
      if (change.interface == interface) last = change;
    }
    return last;
  }
  [[nodiscard]] Now now() const { return {steady, {}}; }

  LogLines log;
  Instance core;
  SteadyPoint steady{1h};
  std::vector<Action> out;
};

}  // namespace metallb::layer2::test
