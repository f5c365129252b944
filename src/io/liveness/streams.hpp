// The TCP connections of the membership: those that this node dials and those that others make to it (gossip spec 5).
//
// Deadlines are the core's: it closes what takes too long. What is bounded here: how many connections there are, before the
// core even hears of one, and what waits to be sent on each. Nothing blocks. Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "gossip/inputs_and_actions.hpp"

namespace metallb::io {

class Streams {
 public:
  /// They never run from within dial(), send() or close(). They may call these, but must not destroy the object.
  struct Handlers {
    std::function<void(gossip::StreamId, const gossip::Endpoint& from)> accepted;
    std::function<void(gossip::StreamId)> connected;
    std::function<void(gossip::StreamId, ByteView)> received;  ///< valid during the call
    /// Broken, refused, or ended by the peer (`error` empty). Not told of what was closed here.
    std::function<void(gossip::StreamId, std::string error)> ended;
  };
  struct Limits {
    std::size_t accepted = 127;  ///< at a time (gossip spec 5); one more is closed unanswered
    /// Of those, from one address: a member has a handful at most. One stranger cannot keep the members out.
    std::size_t accepted_from_one = 16;
    std::size_t dialled = 256;
    std::size_t waiting_bytes = std::size_t{32} << 20;  ///< to be sent on one connection; more breaks it
    /// What is left to be sent or read on a connection that the core is through with.
    Duration farewell = std::chrono::seconds(10);
  };
  struct Counters {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;  ///< beyond a limit
    std::uint64_t dialled = 0;
  };

  /// Listens. Connections come when the loop runs.
  static std::expected<std::unique_ptr<Streams>, SystemError> open(boost::asio::io_context& loop,
                                                                   const gossip::Endpoint& own, Handlers handlers, Log log) {
    return open(loop, own, std::move(handlers), log, Limits());
  }
  static std::expected<std::unique_ptr<Streams>, SystemError> open(boost::asio::io_context& loop,
                                                                   const gossip::Endpoint& own, Handlers handlers, Log log,
                                                                   const Limits& limits);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  /// From the own address, so that the peer sees the member that it is.
  void dial(gossip::StreamId stream, const gossip::Endpoint& to);
  /// `last`: this direction is closed when all has left; what the peer sends still comes. Ignored for unknown streams.
  void send(gossip::StreamId stream, ByteView data, bool last);
  /// The core is through with it. What was sent with `last` still leaves, within Limits::farewell; anything else is dropped.
  void close(gossip::StreamId stream);

  [[nodiscard]] const Counters& counters() const { return counters_; }
  /// Connections in any state.
  [[nodiscard]] std::size_t size() const { return connections_.size(); }

 private:
  class Connection;
  using Tcp = boost::asio::ip::tcp;

  Streams(boost::asio::io_context& loop, const gossip::Endpoint& own, Handlers handlers, Log log, const Limits& limits);
  [[nodiscard]] std::expected<void, SystemError> listen();
  void accept();
  void take(Tcp::socket socket, const gossip::Endpoint& from);
  [[nodiscard]] bool has_room_for(const IpAddress& from) const;
  void refuse(const gossip::Endpoint& from);
  void fail(gossip::StreamId stream, std::string error);
  void remove(gossip::StreamId stream);
  [[nodiscard]] std::shared_ptr<Connection> find(gossip::StreamId stream) const;

  boost::asio::io_context& loop_;
  gossip::Endpoint own_;
  Handlers handlers_;
  Log log_;
  Limits limits_;
  Counters counters_;
  Tcp::acceptor acceptor_;
  boost::asio::steady_timer accept_again_;
  std::map<gossip::StreamId, std::shared_ptr<Connection>> connections_;
  std::map<IpAddress, std::size_t> accepted_from_;
  std::size_t accepted_now_ = 0;
  std::uint64_t next_accepted_ = 0;
  SteadyPoint refusal_logged_ = SteadyPoint::min();
  std::uint64_t refused_since_ = 0;
  Bytes buffer_;  ///< for reading; shared, since one connection is read at a time
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

}  // namespace metallb::io
