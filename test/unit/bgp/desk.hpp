// One speaker with its peers played by the test: time is virtual, the network is what the test says.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "bgp/instance.hpp"
#include "router.hpp"
#include "wire.hpp"

namespace metallb::bgp::test {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr PeerId kPeer{1};

/// An external peer in AS 64513 over IPv4.
inline PeerSettings external_peer() {
  PeerSettings out;
  out.name = "router";
  out.transport.address = address("192.0.2.254");
  out.my_as = out.local_as = Asn(64512);
  out.peer_as = {PeerAs::Kind::kFixed, Asn(64513)};
  out.router_id = RouterId(0xc0000201);
  out.families = {kIpv4Unicast};
  out.host_name = "node1";
  return out;
}

/// What such a peer says.
inline Open peer_open() {
  Open out;
  out.my_as = 64513;
  out.hold_time = 90;
  out.identifier = RouterId(0xc00002fe);
  out.capabilities.families = {kIpv4Unicast};
  out.capabilities.four_octet_as = Asn(64513);
  return out;
}
inline Open peer_open_with_restart() {
  auto out = peer_open();
  out.capabilities.graceful_restart = GracefulRestart{false, true, 120, {}};
  return out;
}

inline LocalAddresses local_addresses() {
  LocalAddresses out;
  out.session = address("192.0.2.1");
  out.on_link = true;
  return out;
}

/// The events of the log, from information on.
struct Lines : LogSink {
  std::vector<std::string> events;
  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= LogLevel::kInfo; }
  void write(const LogRecord& record) override {
    for (const auto& field : record.fields) {
      if (field.key == "event") events.push_back(std::get<std::string>(field.value));
    }
  }
  [[nodiscard]] std::size_t count(std::string_view event) const {
    return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
  }
};

struct Desk {
  Desk() { now.steady += std::chrono::hours(1); }

  Now now;
  Lines lines;
  Instance core{7, Log(lines)};
  bool socket_takes = true;  ///< at once, whatever is sent
  std::vector<Dial> dials;
  std::map<ConnectionId, Bytes> sent;
  std::map<ConnectionId, Duration> closed;
  std::vector<StateChanged> changes;
  std::map<ConnectionId, std::size_t> untaken;

  void input(const Input& in) {
    Output out;
    core.on_input(now, in, out);
    absorb(out);
    pump();
  }
  /// All that is due now.
  void pump() {
    for (int calls = 0; core.next_deadline() <= now.steady; ++calls) {
      ASSERT_LT(calls, 10000) << "work that never ends";
      Output out;
      core.on_time(now, out);
      absorb(out);
    }
  }
  void advance(Duration time) {
    const auto until = now.steady + time;
    while (core.next_deadline() <= until && !testing::Test::HasFatalFailure()) {
      now.steady = std::max(now.steady, core.next_deadline());
      pump();
    }
    now.steady = until;
  }

  void set_peer(const PeerSettings& settings = external_peer()) { input(SetPeer{kPeer, settings}); }
  [[nodiscard]] const Session& session() const { return *core.session(kPeer); }
  [[nodiscard]] State state() const { return session().state(); }
  [[nodiscard]] ConnectionId last_dial() const { return dials.back().connection; }

  void connect() { input(Connected{last_dial(), local_addresses()}); }
  void say(ConnectionId connection, const Message& message) { say_bytes(connection, encode(message)); }
  void say(const Message& message) { say(last_dial(), message); }
  void say_bytes(ConnectionId connection, const Bytes& bytes) { input(Received{connection, bytes}); }
  /// From Connect to Established.
  void establish(const Message& open = peer_open()) {
    connect();
    say(open);
    say(Keepalive{});
  }
  ConnectionId accept(std::uint64_t number) {
    const ConnectionId id(kAcceptedConnection + number);
    input(Accepted{id, address("192.0.2.254"), "", "", local_addresses()});
    return id;
  }

  /// What was said on the connection, and forgets it.
  std::vector<Message> heard(ConnectionId connection) {
    return split(std::exchange(sent[connection], {}), {.four_octet_as = true, .extended_message = true});
  }
  std::vector<Message> heard() { return heard(last_dial()); }
  /// The NOTIFICATION among it, as the body in hexadecimal; "" if there was none.
  std::string notification(ConnectionId connection) {
    std::string out;
    for (const auto& message : heard(connection)) {
      if (!std::holds_alternative<Notification>(message)) continue;
      EXPECT_TRUE(out.empty()) << "two NOTIFICATIONs on one connection";
      out = to_hex(encode_body(message));
    }
    return out;
  }
  std::string notification() { return notification(last_dial()); }
  template <class T>
  std::size_t heard_of() {
    std::size_t out = 0;
    for (const auto& message : heard()) out += std::holds_alternative<T>(message) ? 1 : 0;
    return out;
  }

  void publish(std::string_view text, std::vector<Offer> offers = {Offer{}}, bool more = false) {
    input(Publish{{{prefix(text), std::move(offers)}}, more});
  }

 private:
  void absorb(const Output& out) {
    for (const auto& action : out) {
      if (const auto* dial = std::get_if<Dial>(&action)) dials.push_back(*dial);
      if (const auto* change = std::get_if<StateChanged>(&action)) changes.push_back(*change);
      if (const auto* close = std::get_if<Close>(&action)) {
        EXPECT_TRUE(closed.emplace(close->connection, close->linger).second) << "closed twice";
      }
      if (const auto* send = std::get_if<Send>(&action)) take(*send);
    }
  }
  void take(const Send& send) {
    EXPECT_EQ(closed.count(send.connection), 0U) << "sent after the close";
    auto& stream = sent[send.connection];
    stream.insert(stream.end(), send.bytes.begin(), send.bytes.end());
    if (!socket_takes) {
      untaken[send.connection] += send.bytes.size();
      return;
    }
    Output out;
    core.on_input(now, BytesTaken{send.connection, send.bytes.size()}, out);
    absorb(out);
  }
};

/// Beyond the OPENs, with all Services known.
struct Established : Desk {
  explicit Established(const PeerSettings& settings = external_peer(), const Open& open = peer_open()) {
    input(ServicesKnown{});
    set_peer(settings);
    establish(open);
    heard();
  }
  std::size_t updates() { return heard_of<Update>(); }
};

inline PeerSettings restarting_peer() {
  auto out = external_peer();
  out.graceful_restart = true;
  return out;
}

}  // namespace metallb::bgp::test
