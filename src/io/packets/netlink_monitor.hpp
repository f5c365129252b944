// Follows the kernel's links and link-local addresses by netlink events: no polling (layer2 spec 7, weakness 11).
//
// One socket is subscribed first and asked for a full dump then, so nothing can slip between the two. When the kernel had to
// drop events (ENOBUFS), or a dump was torn by a change, it dumps again. Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>

#include "base/error.hpp"
#include "base/log.hpp"
#include "io/packets/interface_table.hpp"

struct nl_sock;
struct nl_msg;
struct nlmsgerr;

namespace metallb::io {

class NetlinkMonitor {
 public:
  /// Runs after events were entered into the table, and `complete` once all of a dump is there.
  using Changed = std::function<void(bool complete)>;

  /// Subscribes and asks for the first dump; work goes on when the loop runs. `receive_buffer` is in bytes; the kernel caps
  /// it at net.core.rmem_max. Loop and table must outlive the monitor.
  static std::expected<std::unique_ptr<NetlinkMonitor>, SystemError> open(boost::asio::io_context& loop,
                                                                          InterfaceTable& table, Changed changed, Log log,
                                                                          int receive_buffer = 1 << 20);
  ~NetlinkMonitor();
  NetlinkMonitor(const NetlinkMonitor&) = delete;
  NetlinkMonitor& operator=(const NetlinkMonitor&) = delete;

 private:
  enum class Dump : std::uint8_t { kNone, kLinks, kAddresses };

  NetlinkMonitor(boost::asio::io_context& loop, InterfaceTable& table, Changed changed, Log log);
  [[nodiscard]] std::expected<void, SystemError> subscribe(int receive_buffer);
  void wait();
  void receive();
  void start_dump();
  [[nodiscard]] bool request(Dump what);
  void finish_dump();
  void retry_dump_later(int error);

  static int on_message(nl_msg* message, void* self);
  static int on_dump_done(nl_msg* message, void* self);
  static int on_dump_torn(nl_msg* message, void* self);

  struct CloseSocket {
    void operator()(nl_sock* socket) const;
  };
  InterfaceTable& table_;
  Changed changed_;
  Log log_;
  std::unique_ptr<nl_sock, CloseSocket> socket_;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer retry_;
  Dump dump_ = Dump::kNone;
  bool dump_again_ = false;  ///< something was lost while a dump was under way
  bool complete_ = false;    ///< a dump has just ended
};

}  // namespace metallb::io
