// The UDP socket of the membership: everything is received and sent from the one bound port, so that no ephemeral source
// port ever shows (gossip spec 3.9). What the network says about packets that did not arrive (ICMP) comes back with the
// destination that it is about. It never blocks. Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "gossip/message.hpp"

namespace metallb::io {

class UdpSocket {
 public:
  struct Handlers {
    /// The packet is valid during the call.
    std::function<void(const gossip::Endpoint& from, ByteView packet)> received;
    /// A packet to there did not arrive, or could not be sent. May run from within send().
    std::function<void(const gossip::Endpoint& to)> unreachable;
  };
  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t unreachable = 0;  ///< told to the handler
    std::uint64_t dropped = 0;      ///< not sent, for want of room here
  };

  /// Binds; packets come when the loop runs. Handlers must not destroy the socket.
  static std::expected<std::unique_ptr<UdpSocket>, SystemError> open(boost::asio::io_context& loop,
                                                                     const gossip::Endpoint& own, Handlers handlers,
                                                                     Log log);
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  /// Never blocks: what does not fit into the kernel's buffer is lost, as on a full wire.
  void send(const gossip::Endpoint& to, ByteView packet);
  [[nodiscard]] const Counters& counters() const { return counters_; }
  /// Bytes; what the kernel made of the 2 MiB that were asked for.
  [[nodiscard]] int receive_buffer() const { return receive_buffer_; }

 private:
  UdpSocket(boost::asio::io_context& loop, const gossip::Endpoint& own, Handlers handlers, Log log);
  [[nodiscard]] std::expected<void, SystemError> prepare();
  void wait();
  void receive();
  void read_errors();
  /// False when there is none.
  [[nodiscard]] bool read_error();
  void unreachable(const gossip::Endpoint& to);

  gossip::Endpoint own_;
  Handlers handlers_;
  Log log_;
  Counters counters_;
  int receive_buffer_ = 0;
  std::vector<std::uint8_t> buffer_;
  boost::asio::posix::stream_descriptor descriptor_;
};

}  // namespace metallb::io
