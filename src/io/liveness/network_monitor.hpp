// Keeps a NetworkTable in step with the kernel, and tells which neighbour has which MAC address. Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"
#include "io/liveness/network_table.hpp"
#include "io/netlink/events.hpp"

struct nlattr;

namespace metallb::io {

class NetworkMonitor {
 public:
  struct Handlers {
    /// After messages were entered into the table; not before it was complete for the first time.
    std::function<void()> changed;
    std::function<void(const IpAddress&, const MacAddress&)> neighbour;
  };
  /// Who does not want to know the default gateways spares the kernel a dump of all routes.
  enum class Routes : std::uint8_t { kDefault, kNone };
  /// Subscribes and asks for the first dump; work goes on when the loop runs. Loop and table must outlive the monitor.
  static std::expected<std::unique_ptr<NetworkMonitor>, SystemError> open(boost::asio::io_context& loop, NetworkTable& table,
                                                                          Handlers handlers, Log log,
                                                                          Routes routes = Routes::kDefault);

 private:
  NetworkMonitor(NetworkTable& table, Handlers handlers) : table_(table), handlers_(std::move(handlers)) {}
  void take(nlmsghdr& header);
  void take_address(nlmsghdr& header, bool gone);
  void take_neighbour(nlmsghdr& header, bool gone);
  void take_route(nlmsghdr& header);
  void take_next_hops(nlattr& several, std::uint32_t metric);
  void changed(bool complete);

  NetworkTable& table_;
  Handlers handlers_;
  std::unique_ptr<NetlinkEvents> events_;
  bool routes_changed_ = false;
  bool complete_ = false;  ///< once
};

}  // namespace metallb::io
