// A few membership cores on one network in virtual time: packets with delay and loss, TCP streams, processes that end, pause
// and start again, links that break.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "gossip/instance.hpp"

namespace metallb::gossip::test {

using namespace std::chrono_literals;

/// Keeps what was logged, one string "key=value key=value" per line.
class LogLines : public LogSink {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
  void write(const LogRecord& record) override;
  /// Lines with this in them.
  [[nodiscard]] std::size_t count(std::string_view part) const;
  std::vector<std::string> lines;
};

/// Numbered, never the same twice.
[[nodiscard]] NonceSource counting_nonces(std::uint32_t first = 0);
[[nodiscard]] Key key_of(std::string_view secret);
/// The original's timing, and no ring.
[[nodiscard]] Settings classical();

class VirtualNetwork {
 public:
  static constexpr SteadyPoint kStart{std::chrono::hours(1)};
  static constexpr Duration kLatency = std::chrono::microseconds(150);

  /// One process, and what it told its driver.
  struct Node {
    std::string name;
    IpAddress address;
    std::unique_ptr<Instance> core;  ///< none while it does not run
    std::optional<SteadyPoint> paused_until;
    bool deaf = false;     ///< receives no packets
    bool mute = false;     ///< its packets get lost
    bool refuses = false;  ///< while it does not run: the host answers that the port is closed
    int side = 0;          ///< of a partition
    WitnessAnswer witness = WitnessAnswer::kNobodyToAsk;
    LogLines log;
    std::vector<std::function<void()>> backlog;  ///< what came during the pause

    std::vector<std::pair<SteadyPoint, ElectorateChanged>> electorates;
    std::vector<std::pair<SteadyPoint, MemberSeen>> seen;
    std::vector<JoinFinished> joins;
    std::vector<SteadyPoint> left;

    [[nodiscard]] std::set<std::string> electorate() const { return electorates.back().second.members; }
    [[nodiscard]] bool hold() const { return electorates.back().second.hold; }
    /// The state in its table; nothing when it is unknown.
    [[nodiscard]] std::optional<MemberState> state_of(const std::string& other) const;
    [[nodiscard]] std::uint32_t incarnation_of(const std::string& other) const;
    /// When it first had `other` out of its electorate, after `from`.
    [[nodiscard]] std::optional<SteadyPoint> lost(const std::string& other, SteadyPoint from) const;
  };
  struct Sent {
    SteadyPoint when;
    std::string from;
    Endpoint to;
    Bytes packet;
  };

  explicit VirtualNetwork(std::uint64_t seed = 1) : random_(seed) {}

  /// "n1" has 10.0.0.1 and so on.
  Node& add(const std::string& name, Settings settings = classical(), KeyRing ring = {});
  Node& add_at(const std::string& name, const IpAddress& address, Settings settings = classical(), KeyRing ring = {});
  /// n1 to n<count>, all started within one probe interval, all joined through n1, and settled.
  void add_cluster(int count, const Settings& settings = classical(), const KeyRing& ring = {});
  [[nodiscard]] Node& node(const std::string& name) { return *nodes_.at(name); }
  [[nodiscard]] std::map<std::string, std::unique_ptr<Node>>& nodes() { return nodes_; }

  void input(Node& node, const Input& in);
  void join(Node& node, std::vector<IpAddress> addresses) { input(node, Join{std::move(addresses)}); }
  /// The process ends without a word.
  void kill(Node& node) { node.core.reset(); }
  /// And starts again, with a new core.
  void restart(Node& node, Settings settings = classical(), KeyRing ring = {});
  /// Its host gets another address, of use from the next restart.
  void move(Node& node, const IpAddress& address);
  /// The process gets no time at all; packets wait for it.
  void pause(Node& node, Duration how_long) { node.paused_until = now_ + how_long; }

  /// A packet from an address that belongs to no node, or to a node that is played by the test.
  void packet(const Endpoint& from, Node& to, const std::vector<PacketMessage>& messages, const KeyRing& ring = {});
  void raw_packet(const Endpoint& from, Node& to, Bytes packet);

  void run_until(SteadyPoint end);
  void run_for(Duration duration) { run_until(now_ + duration); }
  /// Until it is so, or the time is over; whether it became so.
  bool run_until_true(Duration at_most, const std::function<bool()>& condition);
  [[nodiscard]] SteadyPoint now() const { return now_; }
  [[nodiscard]] Duration elapsed() const { return now_ - kStart; }
  void at(SteadyPoint when, std::function<void()> task) { events_.emplace(when, std::move(task)); }

  double loss = 0;                          ///< of packets, each way
  std::function<bool(const Sent&)> filter;  ///< false: the packet is lost
  std::function<void(const Sent&)> tap;     ///< sees every packet that a node sends
  /// Who plays these addresses: gets packets sent there.
  std::map<IpAddress, std::function<void(const Sent&)>> guests;
  /// A stream whose other end the test plays: what came from the node, and whether it is closed.
  struct TestStream {
    StreamId stream;
    Endpoint to;  ///< of one that a node dialled
    SteadyPoint since;
    Bytes received;
    bool ended = false;
    bool closed = false;
  };
  /// Those that a node dialled to guests. (Of one node per test: others' numbers are the same.)
  std::vector<std::shared_ptr<TestStream>> dialled;
  /// Connects to a node as a stranger.
  std::shared_ptr<TestStream> connect(const Endpoint& from, Node& to);
  void send(Node& to, const TestStream& stream, Bytes data);

 private:
  using StreamKey = std::pair<Node*, StreamId>;
  void handle(Node& node, Output& out);
  void deliver(Node& to, std::function<void()> task);
  void send_packet(Node& from, SendPacket& packet);
  void dial(Node& from, const Dial& dial);
  void send_stream(Node& from, SendStream& data);
  void close_stream(Node& from, StreamId stream);
  void feed(Node& node, const Input& in);
  [[nodiscard]] bool connected(const Node& a, const Node& b) const { return a.side == b.side; }
  [[nodiscard]] Node* at_address(const IpAddress& address);
  bool step(SteadyPoint end);

  SteadyPoint now_ = kStart;
  Random random_;
  std::uint32_t nonces_ = 0;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  std::map<IpAddress, Node*> by_address_;
  std::multimap<SteadyPoint, std::function<void()>> events_;
  std::map<StreamKey, StreamKey> peers_;
  std::map<StreamId, std::shared_ptr<TestStream>> test_streams_;
  std::uint64_t accepted_ = 0;
};

/// The messages of a packet.
[[nodiscard]] std::vector<PacketMessage> messages_of(const Bytes& packet, const KeyRing& ring = {});
/// The first of this kind in a packet.
template <class T>
std::optional<T> find_message(const Bytes& packet, const KeyRing& ring = {}) {
  for (const auto& message : messages_of(packet, ring)) {
    if (const auto* found = std::get_if<T>(&message)) return *found;
  }
  return std::nullopt;
}
[[nodiscard]] Alive alive_message(const std::string& name, const IpAddress& address, std::uint32_t incarnation);
[[nodiscard]] PushPullEntry entry_of(const std::string& name, const IpAddress& address, std::uint32_t incarnation,
                                     MemberState state = MemberState::kAlive);

}  // namespace metallb::gossip::test
