// Where BFD packets of one family, port and VRF arrive, each with how it arrived: time to live, interface, addresses (bgp
// spec 4.13). Echo packets that go by UDP leave here as well, for their port is both source and destination.
// Thread: the loop's. It may be destroyed while the loop runs, but not from within its handler.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "bfd/inputs_and_actions.hpp"

namespace metallb::io {

/// RFC 5881, Section 4; RFC 5883, Section 5.
enum class BfdPort : std::uint16_t { kSingleHop = 3784, kEcho = 3785, kMultihop = 4784 };

class BfdReceiveSocket {
 public:
  struct Place {
    IpFamily family = IpFamily::kIpv4;
    BfdPort port = BfdPort::kSingleHop;
    std::string vrf;  ///< empty: the default
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  /// ControlReceived or EchoReceived, valid during the call.
  using Received = std::function<void(const bfd::Input&)>;

  /// Binds; packets come when the loop runs.
  static std::expected<std::unique_ptr<BfdReceiveSocket>, SystemError> open(boost::asio::io_context& loop, Place place,
                                                                            Received received);
  BfdReceiveSocket(const BfdReceiveSocket&) = delete;
  BfdReceiveSocket& operator=(const BfdReceiveSocket&) = delete;

  /// Everything that has arrived by now.
  void read_waiting(const Received& received);
  /// From this port to the same one. `interface` 0: as the route has it. False when it did not leave.
  [[nodiscard]] bool send(const IpAddress& from, InterfaceIndex interface, const IpAddress& to, std::uint8_t ttl,
                          ByteView payload);
  /// Of the VRF; 0 for the default.
  [[nodiscard]] InterfaceIndex device() const { return device_; }

 private:
  BfdReceiveSocket(boost::asio::io_context& loop, Place place, Received received);
  [[nodiscard]] std::expected<void, SystemError> prepare();
  [[nodiscard]] bool ask_for_arrival(int socket) const;
  void wait();
  /// False when there is nothing to read.
  [[nodiscard]] bool read(const Received& received);
  [[nodiscard]] std::string name() const;

  Place place_;
  Received received_;
  InterfaceIndex device_;
  std::size_t room_ = 0;  ///< packets that may wait in the kernel at a time
  boost::asio::posix::stream_descriptor descriptor_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

}  // namespace metallb::io
