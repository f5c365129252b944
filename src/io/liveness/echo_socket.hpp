// Echo packets over IPv4, in and out, on all interfaces: one packet socket with a filter for them (echo_frames.hpp).
//
// It is opened when it is first needed, and stays: to close a packet socket, the kernel would hold this thread for some 16
// ms (measured; a grace period of RCU), more than the fastest session can spare. What it costs meanwhile is the filter's run
// for each IPv4 packet that this node receives. Needs CAP_NET_RAW. Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "bfd/inputs_and_actions.hpp"
#include "io/liveness/network_table.hpp"

namespace metallb::io {

class EchoSocket {
 public:
  /// The VRF in `arrival` is left empty. The payload is valid during the call. Must not destroy the socket.
  using Received = std::function<void(bfd::Arrival, ByteView payload)>;

  /// Opens; packets come when the loop runs.
  static std::expected<std::unique_ptr<EchoSocket>, SystemError> open(boost::asio::io_context& loop, Received received);
  EchoSocket(const EchoSocket&) = delete;
  EchoSocket& operator=(const EchoSocket&) = delete;

  /// An IPv4 packet to this station. False when it did not leave. Never blocks.
  [[nodiscard]] bool send(const NetworkTable::Station& to, ByteView packet);
  /// Everything that has arrived by now.
  void read_waiting(const Received& received);

 private:
  EchoSocket(boost::asio::io_context& loop, Received received) : received_(std::move(received)), descriptor_(loop) {}
  [[nodiscard]] std::expected<void, SystemError> prepare();
  void wait();
  /// False when there is nothing to read.
  [[nodiscard]] bool read(const Received& received);

  Received received_;
  std::size_t room_ = 0;  ///< packets that may wait in the kernel at a time
  boost::asio::posix::stream_descriptor descriptor_;
};

}  // namespace metallb::io
