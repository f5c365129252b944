// Follows the kernel's links and addresses by netlink events, and tells what peering has to know about them whenever that is
// another. Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <expected>
#include <functional>
#include <memory>

#include "base/error.hpp"
#include "base/log.hpp"
#include "io/netlink/events.hpp"
#include "io/netlink/link_table.hpp"
#include "peering/links.hpp"

namespace metallb::io {

class LinkMonitor {
 public:
  /// Gets all links; not before they are complete for the first time. Must not destroy the monitor.
  using Changed = std::function<void(const peering::Links&)>;

  /// Subscribes and asks for the first dump; work goes on when the loop runs. `receive_buffer` is in bytes; the kernel caps
  /// it at net.core.rmem_max. The loop must outlive the monitor.
  static std::expected<std::unique_ptr<LinkMonitor>, SystemError> open(boost::asio::io_context& loop, Changed changed,
                                                                       Log log, int receive_buffer = 1 << 20);
  /// What was told last.
  [[nodiscard]] const peering::Links& links() const { return told_; }

 private:
  explicit LinkMonitor(Changed changed) : changed_(std::move(changed)) {}
  void take(nlmsghdr& header);
  void tell(bool complete);

  Changed changed_;
  LinkTable table_;
  peering::Links told_;
  bool complete_ = false;  ///< once
  std::unique_ptr<NetlinkEvents> events_;
};

}  // namespace metallb::io
