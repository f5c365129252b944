// Follows the kernel's links and link-local addresses by netlink events: no polling (layer2 spec 7, weakness 11).
// Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <expected>
#include <functional>
#include <memory>

#include "base/error.hpp"
#include "base/log.hpp"
#include "io/netlink/events.hpp"
#include "io/packets/interface_table.hpp"

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

 private:
  explicit NetlinkMonitor(std::unique_ptr<NetlinkEvents> events) : events_(std::move(events)) {}

  std::unique_ptr<NetlinkEvents> events_;
};

}  // namespace metallb::io
