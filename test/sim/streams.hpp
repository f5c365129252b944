// TCP over the simulated LAN, coarsely: bytes arrive in order and whole, lost segments come again after a retransmission
// time-out that doubles, closed ports refuse, dead hosts say nothing, and a process that ends resets its connections.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "sim/host.hpp"

namespace metallb::sim {

class Network;

/// One thing that happened to a connection, for the process at one end of it.
struct StreamNews {
  enum class What : std::uint8_t { kAccepted, kConnected, kReceived, kEnded };
  What what;
  gossip::StreamId stream;
  gossip::Endpoint from{};  ///< kAccepted
  Bytes data{};             ///< kReceived
  std::string error{};      ///< kEnded; empty when the peer closed it in good order
};

class StreamSockets : public Sockets {
 public:
  virtual void on_stream(StreamNews news) = 0;
};

class Streams {
 public:
  explicit Streams(Network& network) : network_(network) {}

  void dial(Host& host, StreamSockets& user, gossip::StreamId stream, const gossip::Endpoint& to);
  /// With `last` the peer learns of the end after all data.
  void send(StreamSockets& user, gossip::StreamId stream, Bytes data, bool last);
  /// The user wants to hear no more of it; the peer is told.
  void close(StreamSockets& user, gossip::StreamId stream);
  /// The process is gone.
  void abandon(StreamSockets& user);

  [[nodiscard]] std::size_t open() const { return ends_.size(); }

 private:
  struct Segment {
    Bytes data;
    bool end = false;
    std::string error;  ///< with `end`: a reset
  };
  struct End {
    Host* host = nullptr;
    StreamSockets* user = nullptr;
    gossip::StreamId stream;
    bool open = false;    ///< the user wants to hear of it
    bool ending = false;  ///< its end is in the outbox, or has left
    bool busy = false;    ///< a segment is on its way
    std::deque<Segment> outbox;
  };
  struct Connection {
    End ends[2];  ///< the dialler, the other
    bool established = false;
  };
  using Pointer = std::shared_ptr<Connection>;

  void try_to_connect(const Pointer& connection, const gossip::Endpoint& to, int attempt);
  void refuse(const Pointer& connection);
  void establish(const Pointer& connection, const gossip::Endpoint& to);
  void pump(const Pointer& connection, int side);
  void transmit(const Pointer& connection, int side, int attempt);
  void arrive(const Pointer& connection, int side, int attempt);
  void tell(const Pointer& connection, int side, StreamNews news);
  /// The end hears no more of it; what it had to send is dropped.
  void forget(const Pointer& connection, int side);
  void finish(const Pointer& connection, int side, std::string error);

  Network& network_;
  std::map<std::pair<StreamSockets*, gossip::StreamId>, std::pair<Pointer, int>> ends_;
  std::uint64_t accepted_ = 0;
};

}  // namespace metallb::sim
