// The packet sockets of all interfaces, kept as the layer2 core wants them.
//
// What cannot be opened is logged and tried again, with growing pauses; one interface's trouble, or one protocol's, never
// keeps another from working (layer2 spec 7, weakness 13). Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/packets/packet_socket.hpp"
#include "layer2/instance.hpp"

namespace metallb::io {

class Captures {
 public:
  struct Handlers {
    std::function<void(InterfaceIndex, ByteView)> frame;
    /// A socket that could not be opened, or had to be closed, works again: what was to be sent meanwhile is lost.
    std::function<void(InterfaceIndex, CaptureKind)> ready;
  };

  Captures(boost::asio::io_context& loop, Handlers handlers, Log log);

  /// The name for log lines, and a reason to try again what failed on it.
  void interface_changed(InterfaceIndex interface, const std::string& name);
  void interface_gone(InterfaceIndex interface);
  void apply(const layer2::CaptureChanged& wanted);
  /// By the frame's own EtherType. False when it was not sent; that is logged, at most once in ten seconds per interface.
  bool send(InterfaceIndex interface, ByteView frame);
  /// From now on the NDP socket of this interface takes in all multicast: for groups that could not be joined.
  void take_all_multicast(InterfaceIndex interface);

 private:
  struct Port {
    std::string name;
    layer2::CaptureChanged wanted;
    bool all_multicast = false;
    std::map<CaptureKind, std::unique_ptr<PacketSocket>> sockets;
    std::set<CaptureKind> missed;                  ///< kinds that are wanted and have had no socket since
    SteadyPoint quiet_until = SteadyPoint::min();  ///< no send error is logged before
    std::uint64_t unlogged = 0;
  };
  static bool wants(const Port& port, CaptureKind kind);
  void renew(InterfaceIndex interface, Port& port, CaptureKind kind);
  void open(InterfaceIndex interface, Port& port, CaptureKind kind);
  void enter_all_multicast(Port& port);
  void log_send_error(Port& port, const SystemError& error);
  void retry_later();

  boost::asio::io_context& loop_;
  Handlers handlers_;
  Log log_;
  std::map<InterfaceIndex, Port> ports_;
  Backoff backoff_;
  boost::asio::steady_timer retry_;
  bool retry_armed_ = false;
};

}  // namespace metallb::io
