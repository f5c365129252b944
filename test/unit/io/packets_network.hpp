// Test support: a network namespace of the test's own, with a cable whose far end the test holds.
//
// "lan0" is the end under test, "peer0" the other one. Everything that runs in the body (and every thread it starts) is in
// that namespace; the process's own network is not touched, and all of it vanishes with the body.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "io/packets/packets_thread.hpp"
#include "layer2/arp_packet.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::io::test {

/// Runs `body` in a namespace of its own. The reason, when that is not permitted here.
[[nodiscard]] std::optional<std::string> in_own_network(const std::function<void()>& body);

/// Skips the test, saying why, where namespaces are not permitted.
#define IN_OWN_NETWORK(...)                                                                              \
  do {                                                                                                   \
    if (const auto why_not = ::metallb::io::test::in_own_network(__VA_ARGS__)) GTEST_SKIP() << *why_not; \
  } while (false)

/// Runs ip(8) with these arguments; a failure is a test failure.
void ip(const std::string& arguments);
/// Creates lan0 and peer0 and sets them up. lan0 has the address fe80::1, ready at once.
void lay_cable();
[[nodiscard]] InterfaceIndex index_of(const std::string& interface);
[[nodiscard]] MacAddress mac_of(const std::string& interface);
[[nodiscard]] IpAddress address(const std::string& text);

/// Whether `condition` comes true within five seconds; the main loop's handlers run meanwhile.
[[nodiscard]] bool eventually(boost::asio::io_context& main_loop, const std::function<bool()>& condition);

/// Sees and sends every frame at one interface, as a tap does.
class Tap {
 public:
  using Matches = std::function<bool(ByteView)>;
  explicit Tap(const std::string& interface = "peer0");
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  [[nodiscard]] const MacAddress& mac() const { return mac_; }
  void send(const Bytes& frame) const;
  /// The next frame received that matches; nothing after `milliseconds`.
  [[nodiscard]] std::optional<Bytes> await(const Matches& matches, int milliseconds = 5000) const;
  /// Asks with a new request every 50 ms until an answer for `target` comes; nothing after five seconds.
  [[nodiscard]] std::optional<layer2::ArpPacket> resolve(const IpAddress& target) const;
  /// Whether nobody answers three requests within 150 ms.
  [[nodiscard]] bool unanswered(const IpAddress& target) const;
  [[nodiscard]] Bytes arp_request(const IpAddress& target) const;

 private:
  int descriptor_ = -1;
  MacAddress mac_;
};

/// Keeps log lines as "key=value key=value".
class LogLines final : public LogSink {
 public:
  [[nodiscard]] bool enabled(LogLevel /*level*/) const override { return true; }
  void write(const LogRecord& record) override;
  [[nodiscard]] bool contains(const std::string& text) const { return count(text) > 0; }
  /// Lines with this text.
  [[nodiscard]] std::size_t count(const std::string& text) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A packets thread at work on this namespace, which leaves the peers' ends alone.
class Announcer {
 public:
  explicit Announcer(std::string exclude_expression = "^peer", bool arp_in_kernel = false);
  [[nodiscard]] bool eventually(const std::function<bool()>& condition) { return test::eventually(main_, condition); }
  void announce(const std::string& ip, const layer2::InterfaceSet& interfaces = {.all = true, .names = {}}) const;
  void withdraw(const std::string& ip) const;
  [[nodiscard]] PacketsReport report() const { return thread_->report(); }
  [[nodiscard]] const std::set<std::string>& interfaces() const { return interfaces_; }
  [[nodiscard]] const LogLines& log() const { return log_; }
  [[nodiscard]] bool knows(const std::string& interface) {
    return eventually([&] { return interfaces_.contains(interface); });
  }

 private:
  boost::asio::io_context main_;
  LogLines log_;
  std::set<std::string> interfaces_;
  std::unique_ptr<PacketsThread> thread_;
};

}  // namespace metallb::io::test
