// The raw ICMPv6 socket for router advertisements and solicitations: only these come in; what goes out has hop limit 255 and
// does not come back (bgp spec 4.11, RFC 3542). It is not bound: with net.ipv4.raw_l3mdev_accept (on unless switched off) it
// hears interfaces of VRFs, too. A membership lets in what comes for the group on any interface: each message says where.
// Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "peering/inputs_and_actions.hpp"

namespace metallb::io {

class NdpSocket {
 public:
  /// The message is valid during the call, which may destroy the socket.
  using OnMessage = std::function<void(const peering::NdpReceived&)>;
  /// What a failed read left behind in the socket; it goes on working.
  using OnError = std::function<void(const SystemError&)>;

  /// Needs CAP_NET_RAW; messages come when the loop runs.
  static std::expected<std::unique_ptr<NdpSocket>, SystemError> open(boost::asio::io_context& loop, OnMessage on_message,
                                                                     OnError on_error);
  NdpSocket(const NdpSocket&) = delete;
  NdpSocket& operator=(const NdpSocket&) = delete;

  /// Membership in ff02::1 and ff02::2. Joining twice is no error, nor is leaving what is gone.
  [[nodiscard]] std::expected<void, SystemError> join(InterfaceIndex interface);
  void leave(InterfaceIndex interface);
  /// Never blocks: a full queue is an error.
  [[nodiscard]] std::expected<void, SystemError> send(const peering::SendNdp& wanted);

 private:
  NdpSocket(boost::asio::io_context& loop, OnMessage on_message, OnError on_error);
  [[nodiscard]] std::expected<void, SystemError> prepare();
  void wait();
  /// False: the socket is gone.
  [[nodiscard]] bool receive();

  OnMessage on_message_;
  OnError on_error_;
  Bytes buffer_;
  boost::asio::posix::stream_descriptor descriptor_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

}  // namespace metallb::io
