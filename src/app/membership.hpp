// Membership of the speaker in its cluster, wired: the gossip on the liveness thread, the search for the other speakers
// through the API, and the secret, which may change while all of it runs (gossip spec 1).
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/component.hpp"
#include "app/membership_options.hpp"
#include "gossip/key_rotation.hpp"
#include "io/driver.hpp"
#include "io/liveness/gossip_driver.hpp"
#include "speaker/instance.hpp"
#include "speaker/peer_discovery.hpp"

namespace metallb::app {

class Membership {
 public:
  struct Handlers {
    std::function<void(speaker::MembersChanged)> members_changed;
    std::function<void(std::map<MacAddress, std::string>)> neighbours_changed;
  };
  /// Fails when the membership's port cannot be bound. `component` and `thread` must outlive the result; the thread is
  /// started by the caller afterwards.
  static std::expected<std::unique_ptr<Membership>, SystemError> start(Component& component, io::LivenessThread& thread,
                                                                       const std::string& node_name,
                                                                       const std::string& namespace_,
                                                                       const MembershipSettings& settings,
                                                                       Handlers handlers);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  /// Every change of any Node.
  void node_changed(const kube::Change<kube::Node>& change);
  /// Tells the other members that this one goes; `left` runs when they have been told, within a second.
  void leave(std::function<void()> left);
  /// No other member is alive.
  [[nodiscard]] bool alone() const { return electorate_.members.size() <= 1; }
  /// Elections wait.
  [[nodiscard]] bool holds() const { return electorate_.hold || !first_join_ended_; }
  [[nodiscard]] io::GossipReport report() const { return gossip_->report(); }

 private:
  Membership(Component& component, const std::string& node_name, std::string namespace_, const MembershipSettings& settings,
             Handlers handlers);
  [[nodiscard]] std::expected<void, SystemError> open_gossip(io::LivenessThread& thread, const std::string& node_name,
                                                             const MembershipSettings& settings);
  void carry_out(speaker::PeerDiscovery::Output& out);
  void list_pods();
  void tell_members();
  void watch_secret();

  Component& component_;
  std::string namespace_;
  std::string labels_;
  std::string secret_file_;
  Handlers handlers_;
  gossip::ElectorateChanged electorate_;
  bool first_join_ended_ = false;
  bool leaving_ = false;
  std::function<void()> left_;
  speaker::PeerDiscovery discovery_;
  io::Driver<speaker::PeerDiscovery, speaker::DiscoveryInput, speaker::PeerDiscovery::Output> discovery_driver_;
  gossip::KeyRotation rotation_;
  io::Driver<gossip::KeyRotation, gossip::SecretRead, gossip::KeyRotation::Output> rotation_driver_;
  boost::asio::steady_timer secret_timer_;
  std::unique_ptr<io::GossipDriver> gossip_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

}  // namespace metallb::app
