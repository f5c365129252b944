// The speaker, wired: its core between the watches, the packets thread, the membership, BGP mode and the writes.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app/bgp_mode.hpp"
#include "app/component.hpp"
#include "app/configuration_report.hpp"
#include "app/membership.hpp"
#include "io/driver.hpp"
#include "io/liveness/liveness_thread.hpp"
#include "io/packets/packets_thread.hpp"
#include "speaker/instance.hpp"

namespace metallb::app {

class SpeakerRuntime {
 public:
  struct Options {
    std::string exclude_expression;                ///< interfaces that layer 2 leaves alone
    bool arp_in_kernel = true;                     ///< where that is possible
    std::optional<MembershipSettings> membership;  ///< nothing: every Node counts as a speaker that is alive
    std::string frr_k8s_namespace;
    bool allow_frr_k8s = false;
    bool unnumbered_ipv4 = false;
  };

  /// `component` must outlive it.
  SpeakerRuntime(Component& component, speaker::Options options);
  SpeakerRuntime(const SpeakerRuntime&) = delete;
  SpeakerRuntime& operator=(const SpeakerRuntime&) = delete;

  /// Fails without the right to open packet sockets, or when the membership's port cannot be bound. Starts to follow the
  /// API afterwards.
  [[nodiscard]] std::expected<void, SystemError> start(const Options& options);

  [[nodiscard]] const speaker::Instance& core() const { return core_; }
  [[nodiscard]] const io::PacketsThread& packets() const { return *packets_; }
  [[nodiscard]] const BgpMode& bgp() const { return *bgp_; }
  /// Null without membership.
  [[nodiscard]] const Membership* membership() const { return membership_.get(); }

 private:
  [[nodiscard]] std::expected<void, SystemError> start_packets(const Options& options);
  [[nodiscard]] std::expected<void, SystemError> start_bgp(const Options& options);
  [[nodiscard]] std::expected<void, SystemError> join_cluster(const MembershipSettings& settings);
  void follow_api();
  template <class T>
  void follow();
  template <class T>
  void follow_configuration();
  void carry_out(speaker::Output& out);
  void farewell(std::function<void()> done);
  void leave_cluster();
  void end_when_through();
  void end();

  Component& component_;
  std::string node_name_;
  std::string namespace_;
  ConfigurationReport report_;
  speaker::Instance core_;
  io::Driver<speaker::Instance, speaker::Input, speaker::Output> driver_;
  std::unique_ptr<io::PacketsThread> packets_;
  io::LivenessThread liveness_;  ///< outlives those who take part in it
  std::unique_ptr<Membership> membership_;
  std::unique_ptr<BgpMode> bgp_;
  boost::asio::steady_timer farewell_timer_;
  boost::asio::steady_timer succession_timer_;
  std::function<void()> farewell_done_;  ///< set while this speaker is stopping
  bool successors_ = false;
  bool left_ = false;  ///< the membership, as far as there is one
  bool bgp_stopped_ = false;
};

}  // namespace metallb::app
