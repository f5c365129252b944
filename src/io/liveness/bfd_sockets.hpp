// All sockets of BFD on this node: where packets arrive, opened for the first session that needs them and closed after the
// last (bgp spec 4.13); one per session to send from; echo. What cannot be opened (an address or a VRF that is not there
// yet, a port that another process has) is tried again when the network changes and every few seconds; the log says so once.
// Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "bfd/inputs_and_actions.hpp"
#include "io/liveness/bfd_receive_socket.hpp"
#include "io/liveness/bfd_transmit_socket.hpp"
#include "io/liveness/echo_socket.hpp"
#include "io/liveness/network_monitor.hpp"
#include "io/liveness/network_table.hpp"

namespace metallb::io {

class BfdSockets {
 public:
  /// What has arrived, valid during the call. May send, open and close.
  using Received = std::function<void(const bfd::Input&)>;

  BfdSockets(boost::asio::io_context& loop, Received received, Log log);
  BfdSockets(const BfdSockets&) = delete;
  BfdSockets& operator=(const BfdSockets&) = delete;

  /// Before a session is wanted, or wanted otherwise: what it needs for echo.
  void prepare_for(const bfd::SessionKey& key, const bfd::Parameters& parameters);
  void open(bfd::SessionId id, const bfd::SessionKey& key);
  void close(bfd::SessionId id);

  /// False when the packet did not leave.
  [[nodiscard]] bool send(const bfd::SendControl& control);
  [[nodiscard]] bool send(const bfd::SendEcho& echo);
  [[nodiscard]] bool send(const bfd::ReturnEcho& echo);
  /// Hands on everything that has arrived by now. The handler must not close anything.
  void read_waiting(const Received& received);
  /// Sessions that cannot send or receive.
  [[nodiscard]] std::size_t missing() const;

 private:
  using Place = BfdReceiveSocket::Place;
  struct Session {
    bfd::SessionKey key;
    bool kernel_returns_echo = false;  ///< over IPv4
    std::optional<BfdTransmitSocket> socket = {};
    std::string trouble = {};  ///< the last line about it in the log
  };
  struct Receiver {
    std::size_t sessions = 0;
    std::unique_ptr<BfdReceiveSocket> socket = nullptr;
    std::string trouble = {};
  };

  void open_receiver(const Place& place, Receiver& receiver);
  void open_transmitter(Session& session);
  void open_echo_socket();
  void open_monitor();
  [[nodiscard]] BfdReceiveSocket* receiver(const bfd::SessionKey& key, BfdPort port) const;
  void take_frame(const Received& received, bfd::Arrival arrival, ByteView payload) const;
  void close_unused();
  void network_changed();
  void failed(std::string& trouble, const SystemError& error);
  void try_again_in(Duration wait);
  void try_again();

  boost::asio::io_context& loop_;
  Received received_;
  Log log_;
  std::map<bfd::SessionId, Session> sessions_;
  std::map<Place, Receiver> receivers_;
  std::set<std::uint16_t> ports_;  ///< of sessions
  std::uint16_t next_port_;
  std::map<InterfaceIndex, std::string> vrfs_;  ///< of interfaces that sessions are bound to
  bool wants_echo_socket_ = false;
  std::unique_ptr<EchoSocket> echo_socket_;
  std::string echo_trouble_;
  NetworkTable table_;
  std::unique_ptr<NetworkMonitor> monitor_;
  std::string monitor_trouble_;
  boost::asio::steady_timer timer_;
  SteadyPoint try_at_ = kIdle;
};

}  // namespace metallb::io
