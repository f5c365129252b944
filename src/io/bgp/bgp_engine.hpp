// BGP of this node on the network: the core bgp::Instance with its timer and its TCP connections.
//
// In:   peers, routes, BFD's verdicts (feed), the links of this node. Out: changes of state; the rest is read from the core.
// It makes connections and accepts none. Nothing in it blocks. Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/log.hpp"
#include "bgp/instance.hpp"
#include "io/bgp/bgp_connection.hpp"
#include "io/driver.hpp"
#include "peering/links.hpp"

namespace metallb::io {

class BgpEngine {
 public:
  /// May call feed(); must not destroy the engine.
  using StateChanged = std::function<void(const bgp::StateChanged&)>;

  /// `seed`: for the core's jitter. The loop must outlive the engine.
  BgpEngine(boost::asio::io_context& loop, std::uint64_t seed, StateChanged changed, Log log);
  /// Connections that are still there break off.
  ~BgpEngine();
  BgpEngine(const BgpEngine&) = delete;
  BgpEngine& operator=(const BgpEngine&) = delete;

  /// About peers and routes. What is about connections is the engine's own to tell the core, and Stop has a function.
  void feed(bgp::Input input);
  /// The links of this node, whenever they change: next hops follow, and peers that waited for an address or a VRF are
  /// tried.
  void set_links(const peering::Links& links);
  /// This node's InternalIP of that family: the next hop of IPv6 routes where the session's interface has none.
  void set_node_ipv6(const std::optional<IpAddress>& address);
  /// The last word to every peer (see bgp::Stop); then `done`, from the loop, when no connection is left: about a second
  /// after the call at the latest.
  void stop(bool for_good, std::function<void()> done);

  /// Our end of the peer's TCP connection; nothing unless there is one.
  [[nodiscard]] std::optional<IpAddress> local_address(bgp::PeerId peer) const;
  /// States, counters, routes.
  [[nodiscard]] const bgp::Instance& core() const { return core_; }

 private:
  struct Entry {
    std::shared_ptr<BgpConnection> connection;
    bgp::PeerId peer;
    bgp::Transport transport;
    std::uint64_t network = 0;                     ///< network_ when it was dialled
    std::optional<bgp::LocalAddresses> addresses;  ///< told to the core; nothing unless it knows the connection as open
  };

  void carry_out(bgp::Output& actions);
  void perform(bgp::Dial& action);
  void perform(bgp::Send& action);
  void perform(bgp::Close& action);
  void perform(bgp::StateChanged& action);
  [[nodiscard]] BgpConnection::Handlers handlers(bgp::ConnectionId id);
  void connected(bgp::ConnectionId id);
  void failed(bgp::ConnectionId id, const DialError& error);
  void tell_addresses();
  void remove(bgp::ConnectionId id);
  void see_whether_done();

  boost::asio::io_context& loop_;
  StateChanged changed_;
  std::vector<std::uint8_t> buffer_;  ///< all connections read into it
  peering::Links links_;
  std::uint64_t network_ = 0;  ///< how often links_ was told
  std::optional<IpAddress> node_ipv6_;
  std::map<bgp::ConnectionId, Entry> connections_;
  std::map<bgp::PeerId, bgp::Transport> waiting_;  ///< for a device or source address that is not there
  std::function<void()> done_;                     ///< of stop()
  bgp::Instance core_;
  Driver<bgp::Instance, bgp::Input, bgp::Output> driver_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

}  // namespace metallb::io
