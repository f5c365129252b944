// One speaker: the cores of membership, discovery, decisions and layer 2, wired as the program wires them, in its three
// threads. speaker_process.cpp has its life, _inputs what reaches it, _actions what its cores want done.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gossip/settings.hpp"
#include "layer2/capture_filter.hpp"
#include "layer2/instance.hpp"
#include "sim/api.hpp"
#include "sim/driven.hpp"
#include "sim/joining.hpp"
#include "sim/membership.hpp"
#include "sim/network.hpp"
#include "sim/observer.hpp"
#include "sim/thread.hpp"
#include "sim/watch.hpp"
#include "speaker/instance.hpp"

namespace metallb::sim {

enum class MemberKind : std::uint8_t {
  kOurs,
  kClassic,  ///< the core with the original's timing and conduct: no ring, no holds, no conflict resolution
  kMinimal,  ///< another, small implementation of the protocol, with the conduct of a classic one
};
[[nodiscard]] const char* to_string(MemberKind kind);

/// Faults of our own making, to show that the invariants notice.
struct Defects {
  bool never_withdraws = false;
  bool never_announces = false;
  bool slanders = false;  ///< declares members dead at random
  bool ignores_conflicts = false;
  bool floods = false;  ///< sends every packet a hundred times
};

struct SpeakerOptions {
  MemberKind kind = MemberKind::kOurs;
  gossip::Settings settings = gossip::lan_settings();
  gossip::KeyRing ring;
  Distance distance;  ///< from the API server
  Defects defects;
  /// Which addresses to watch; shared by all, and may grow.
  std::shared_ptr<const std::vector<IpAddress>> tracked;
  /// No API, no addresses: membership only.
  bool membership_only = false;
  /// Addresses to join in that case.
  std::vector<IpAddress> join;
};

class SpeakerProcess final : public StreamSockets {
 public:
  static constexpr std::uint16_t kPort = 7946;
  static constexpr InterfaceIndex kInterface{2};

  SpeakerProcess(Network& network, Api& api, Host& host, Observer& observer, SpeakerOptions options);
  SpeakerProcess(const SpeakerProcess&) = delete;
  SpeakerProcess& operator=(const SpeakerProcess&) = delete;

  void start();
  /// SIGTERM.
  void terminate();
  /// SIGKILL: the kernel cleans up.
  void kill();
  /// SIGSTOP and SIGCONT.
  void freeze();
  void go_on();
  /// Short of CPU: everything waits up to this long.
  void set_slowness(Duration at_most);
  /// Its view of the API stands still until then.
  void stick_watches_until(SteadyPoint when);

  [[nodiscard]] Host& host() const { return host_; }
  [[nodiscard]] const std::string& name() const { return host_.name(); }
  [[nodiscard]] MemberKind kind() const { return options_.kind; }
  [[nodiscard]] const SpeakerOptions& options() const { return options_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] bool frozen() const { return main_.stopped(); }
  [[nodiscard]] Duration slowness() const { return slowness_; }
  [[nodiscard]] bool ready() const { return speaker_.ready(); }
  /// It takes nothing over at present (failover spec 4); the original knows nothing of that.
  [[nodiscard]] bool holds() const { return is_ours() && (electorate_.hold || !first_join_ended_); }
  /// It has been told that this is a member's MAC.
  [[nodiscard]] bool knows(const MacAddress& mac) const { return told_neighbours_.contains(mac); }
  [[nodiscard]] bool has_met(const std::string& node) const { return member_addresses_.contains(node); }
  /// It would answer a request for the address.
  [[nodiscard]] bool answers(const IpAddress& address) const;
  [[nodiscard]] const gossip::ElectorateChanged& electorate() const { return electorate_; }
  [[nodiscard]] std::vector<gossip::Member> members() const { return membership_->members(); }
  [[nodiscard]] const speaker::Instance& decisions() const { return speaker_; }
  [[nodiscard]] const layer2::Instance& packets() const { return layer2_; }
  /// The most wake-ups within a millisecond of membership, layer 2 and speaker.
  [[nodiscard]] std::array<std::size_t, 3> busiest() const;

  /// Only to see what it has cost: nothing may happen afterwards.
  void drop_membership() { membership_.reset(); }

  void on_datagram(const std::shared_ptr<const Datagram>& datagram) override;
  void on_unreachable(const gossip::Endpoint& to) override;
  void on_frame(const Frame& frame) override;
  void on_carrier(bool carrier) override;
  void on_neighbour(const IpAddress& address, const MacAddress& mac) override;
  void on_stream(StreamNews news) override;

 private:
  [[nodiscard]] bool is_ours() const { return options_.kind == MemberKind::kOurs; }
  void begin();
  void end();
  void start_membership();
  void carry_out(gossip::Output& out);
  void carry_out(std::vector<layer2::Action>& out);
  void carry_out(speaker::Output& out);
  void do_one(gossip::SendPacket& action);
  void do_one(gossip::Dial& action);
  void do_one(gossip::SendStream& action);
  void do_one(gossip::CloseStream& action);
  void do_one(gossip::AskWitness& action);
  void do_one(gossip::ElectorateChanged& action);
  void do_one(gossip::MemberSeen& action);
  void do_one(gossip::JoinFinished& action);
  void do_one(gossip::LeaveFinished& action);

  void feed_speaker(speaker::Input input);
  void feed_packets(layer2::Input input);
  void tell_electorate();
  void tell_neighbours();
  void look_at_answers();
  [[nodiscard]] layer2::InterfaceState interface_state() const;

  template <class T>
  void follow();
  void join(std::vector<IpAddress> addresses);
  void first_join_ended();
  void tell_joining(speaker::DiscoveryInput input);
  void exit_when_done();
  void slander();

  Network& network_;
  Api& api_;
  Host& host_;
  Observer& observer_;
  SpeakerOptions options_;
  Random random_;
  TraceLog log_;

  Thread liveness_;
  Thread packets_;
  Thread main_;
  std::unique_ptr<Membership> membership_;
  layer2::Instance layer2_;
  speaker::Instance speaker_;
  Driven<Membership, gossip::Input, gossip::Output> membership_driven_;
  Driven<layer2::Instance, layer2::Input, std::vector<layer2::Action>> layer2_driven_;
  Driven<speaker::Instance, speaker::Input, speaker::Output> speaker_driven_;
  std::vector<std::unique_ptr<AnyWatch>> watches_;

  gossip::ElectorateChanged electorate_;
  std::map<std::string, IpAddress> member_addresses_;
  std::map<IpAddress, MacAddress> neighbours_;  ///< the kernel's, and those it had
  std::map<MacAddress, std::string> told_neighbours_;
  layer2::FilterProgram arp_filter_;
  layer2::FilterProgram ndp_filter_;
  std::vector<bool> answering_;  ///< by position in options_.tracked
  std::unique_ptr<Joining> joining_;
  bool first_join_ended_ = false;
  bool begun_ = false;  ///< it has read its own pod
  bool left_ = false;
  bool stopping_ = false;
  bool ended_ = false;
  Duration slowness_{0};
};

}  // namespace metallb::sim
