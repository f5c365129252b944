// One AF_PACKET socket: the ARP or the neighbour discovery traffic of one interface, filtered in the kernel.
//
// It is opened without a protocol, gets its filter, and only then is bound: not one frame comes in unfiltered
// (layer2 spec 7, weakness 25). Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "net/ip_address.hpp"

namespace metallb::io {

enum class CaptureKind : std::uint8_t { kArp, kNdp };

class PacketSocket {
 public:
  /// A whole Ethernet frame, valid during the call. Must not destroy the socket.
  using OnFrame = std::function<void(ByteView)>;
  /// What a failed read left behind in the socket; it goes on working.
  using OnError = std::function<void(const SystemError&)>;

  /// Opens and binds; frames come when the loop runs. Needs CAP_NET_RAW.
  static std::expected<std::unique_ptr<PacketSocket>, SystemError> open(boost::asio::io_context& loop,
                                                                        InterfaceIndex interface, CaptureKind kind,
                                                                        std::span<const IpAddress> addresses,
                                                                        OnFrame on_frame, OnError on_error);
  PacketSocket(const PacketSocket&) = delete;
  PacketSocket& operator=(const PacketSocket&) = delete;

  /// Lets requests for these addresses pass, and, as far as the kernel has room for the filter, for no others. No frame for
  /// an address that stays is lost in between.
  [[nodiscard]] std::expected<void, SystemError> capture(std::span<const IpAddress> addresses);
  /// Makes the interface take in every multicast frame, not only those of joined groups.
  [[nodiscard]] std::expected<void, SystemError> take_all_multicast();
  /// Never blocks: a full queue is an error.
  [[nodiscard]] std::expected<void, SystemError> send(ByteView frame);

 private:
  PacketSocket(boost::asio::io_context& loop, InterfaceIndex interface, CaptureKind kind, OnFrame on_frame,
               OnError on_error);
  [[nodiscard]] std::expected<void, SystemError> bind(std::uint16_t protocol);
  /// 0 or the errno.
  [[nodiscard]] int attach(std::span<const IpAddress> addresses, std::size_t max_instructions);
  void wait();
  void receive();
  [[nodiscard]] SystemError failed(std::string_view operation, int error) const;

  InterfaceIndex interface_;
  CaptureKind kind_;
  OnFrame on_frame_;
  OnError on_error_;
  boost::asio::posix::stream_descriptor descriptor_;
};

/// Whether this process may open packet sockets; the error names the remedy.
[[nodiscard]] std::expected<void, SystemError> check_packet_permission();

}  // namespace metallb::io
