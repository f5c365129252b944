// BGP mode of the speaker, wired: the peering core between the speaker's wishes, the BGP engine on the main loop, BFD on the
// liveness thread and this node's network; and the lookout for frr-k8s, which must not speak beside us.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "app/component.hpp"
#include "io/bgp/bgp_engine.hpp"
#include "io/driver.hpp"
#include "io/liveness/bfd_driver.hpp"
#include "io/netlink/link_monitor.hpp"
#include "io/router_discovery/router_discovery.hpp"
#include "kube/change.hpp"
#include "peering/instance.hpp"
#include "speaker/actions.hpp"
#include "speaker/frr_k8s_lookout.hpp"
#include "speaker/instance.hpp"
#include "speaker/nodes.hpp"

namespace metallb::app {

class BgpMode {
 public:
  struct Options {
    std::string node_name;
    std::string frr_k8s_namespace;
    bool allow_frr_k8s = false;    ///< sessions run beside frr-k8s
    bool unnumbered_ipv4 = false;  ///< peering::Instance::Options::ipv4_on_point_to_point
  };
  /// Why no session of this node may run; empty: they may. The speaker then sets its peers again.
  using Held = std::function<void(std::string reason)>;
  /// A session came up or went down, or its problem is another one.
  using SessionChanged = std::function<void(speaker::BgpSessionChanged)>;

  /// Takes part in the liveness thread, which the caller starts afterwards. Fails when the kernel does not tell of links.
  static std::expected<std::unique_ptr<BgpMode>, SystemError> start(Component& component, io::LivenessThread& liveness,
                                                                    Options options, Held held,
                                                                    SessionChanged session_changed);
  BgpMode(const BgpMode&) = delete;
  BgpMode& operator=(const BgpMode&) = delete;

  void carry_out(speaker::BgpCommand command);
  /// Every change of any Node.
  void node_changed(const kube::Change<kube::Node>& change);
  /// Withdraws what routers would not keep, gives them time to move, says good-bye; `done` runs within kFarewell of the
  /// call.
  void stop(std::function<void()> done);
  static constexpr Duration kFarewell = std::chrono::milliseconds(1600);

  [[nodiscard]] const bgp::Instance& engine() const { return engine_.core(); }
  [[nodiscard]] const peering::Instance& peering() const { return peering_; }
  [[nodiscard]] io::BfdReport bfd() const { return bfd_->report(); }

 private:
  BgpMode(Component& component, Options options, Held held, SessionChanged session_changed);
  void carry_out(peering::Output& out);
  void carry_out(speaker::FrrK8sLookout::Output& out);
  void on_session(const bgp::StateChanged& changed);
  void peers_changed();

  Component& component_;
  Options options_;
  Held held_;
  SessionChanged session_changed_;
  std::set<bgp::PeerId> peers_;
  speaker::OwnNode own_node_;
  io::BgpEngine engine_;
  io::RouterDiscovery discovery_;
  peering::Instance peering_;
  io::Driver<peering::Instance, peering::Input, peering::Output> peering_driver_;
  speaker::FrrK8sLookout lookout_;
  io::Driver<speaker::FrrK8sLookout, speaker::LookoutInput, speaker::FrrK8sLookout::Output> lookout_driver_;
  std::unique_ptr<io::LinkMonitor> links_;
  std::unique_ptr<io::BfdDriver> bfd_;
  boost::asio::steady_timer drained_;
  bool stopping_ = false;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

}  // namespace metallb::app
