// Carries the peering core's router advertisements and solicitations (bgp spec 4.11). The socket is opened when the first
// interface is wanted, and closed after the last, so that a node without peers on interfaces needs no privilege for it.
//
// What fails is tried again with the next message to send, which comes every few seconds: without the privilege the peers
// show why they wait. Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/names.hpp"
#include "base/time.hpp"
#include "io/router_discovery/ndp_socket.hpp"
#include "peering/inputs_and_actions.hpp"

namespace metallb::io {

class RouterDiscovery {
 public:
  struct Handlers {
    /// Valid during the call. Must not destroy the discovery.
    std::function<void(const peering::NdpReceived&)> received;
    /// When it changes. Runs within apply().
    std::function<void(const peering::DiscoveryTrouble&)> trouble;
  };
  RouterDiscovery(boost::asio::io_context& loop, Handlers handlers, Log log)
      : loop_(loop), handlers_(std::move(handlers)), log_(log) {}
  RouterDiscovery(const RouterDiscovery&) = delete;
  RouterDiscovery& operator=(const RouterDiscovery&) = delete;

  void apply(const peering::JoinGroups& wanted);
  void apply(const peering::LeaveGroups& wanted);
  void apply(const peering::SendNdp& wanted);
  /// While any interface is wanted, and it could be opened.
  [[nodiscard]] bool is_open() const { return socket_ != nullptr; }

 private:
  struct Port {
    bool joined = false;
    SteadyPoint quiet_until = SteadyPoint::min();  ///< no error is logged before
  };
  [[nodiscard]] bool open();
  void join(InterfaceIndex interface, Port& port);
  void tell(std::string problem);
  void log(Port& port, const SystemError& error);

  boost::asio::io_context& loop_;
  Handlers handlers_;
  Log log_;
  std::map<InterfaceIndex, Port> ports_;  ///< wanted
  std::unique_ptr<NdpSocket> socket_;
  std::string problem_;  ///< as told
};

}  // namespace metallb::io
