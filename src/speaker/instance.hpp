// The speaker's decisions: which addresses this node announces, and why.
//
// In:   Services, EndpointSlices, Nodes, configuration resources, own status objects (kube::Change each), the set of live
//       members (absent while membership is off: then every Node known from the API counts), claims of announced addresses
//       by others, the names of this node's interfaces, outcomes of writes.
// Out:  layer2 commands for the packets thread, peers and prefixes for the BGP engine, API writes, events. Metrics are read
//       from its state.
// Thread: main. It sends no packet and keeps no socket.
//
// Level-triggered: an input only notes what has to be looked at again; on_time() decides from the newest state, one slice at
// a time. Nothing is announced or withdrawn before Services, EndpointSlices and all that makes the configuration
// have been listed once, nor because the API server went away: silence is no input. Where time counts, when members were
// lost and when two nodes answer for one address, the Services concerned go before all others (failover spec 6).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/names.hpp"
#include "base/time.hpp"
#include "kube/change.hpp"
#include "kube/store.hpp"
#include "kube/work_queue.hpp"
#include "kube/write.hpp"
#include "layer2/inputs_and_actions.hpp"
#include "speaker/actions.hpp"
#include "speaker/announcements.hpp"
#include "speaker/bgp/announcer.hpp"
#include "speaker/configuration.hpp"
#include "speaker/conflicts.hpp"
#include "speaker/decision.hpp"
#include "speaker/decisions.hpp"
#include "speaker/former_pools.hpp"
#include "speaker/nodes.hpp"
#include "speaker/owners.hpp"
#include "speaker/service_status.hpp"

namespace metallb::speaker {

/// Speakers known to be alive (or suspected); nullopt: membership is not known, all Nodes count (layer2 spec 2.2 step 5).
/// Where there is membership this is the first input of all, with `hold_takeovers`: it waits for the first join.
struct MembersChanged {
  std::optional<std::set<std::string>> members;
  /// Keep what is announced, give up what is lost, take over nothing: the node has not joined yet, or has just lost
  /// everybody at once (failover spec 4).
  bool hold_takeovers = false;
  /// Former members that said good-bye, and so did not go on announcing out of reach.
  std::set<std::string> left = {};
  friend bool operator==(const MembersChanged&, const MembersChanged&) = default;
};
/// This speaker is about to end: it is no candidate any more, and answers for each address until a successor is heard.
struct Stopping {};
/// Names of the interfaces of this node that the exclude expression lets pass (layer2 spec 3.1 "known names").
struct InterfacesChanged {
  std::set<std::string> names;
};

/// No BGP session may run, since somebody else on this node keeps sessions with the same peers; empty: they may.
struct BgpHeld {
  std::string reason;
};

/// What the engine says of a session of this node.
struct BgpSessionChanged {
  bgp::PeerId peer;
  bool established = false;
  std::string problem;  ///< why it is not; may be empty
};

/// The ConfigMap with text for FRR, in MetalLB's namespace (bgp spec 1.10). Others are ignored.
inline constexpr auto kExtrasName = "bgpextras";

using Input =
    std::variant<kube::Change<kube::Service>, kube::Change<kube::EndpointSlice>, kube::Change<kube::Node>,
                 kube::Change<kube::Namespace>, kube::Change<kube::IPAddressPool>, kube::Change<kube::L2Advertisement>,
                 kube::Change<kube::BGPPeer>, kube::Change<kube::BGPAdvertisement>, kube::Change<kube::BFDProfile>,
                 kube::Change<kube::Community>, kube::Change<kube::Secret>, kube::Change<kube::ConfigMap>,
                 kube::Change<kube::ServiceL2Status>, kube::Change<kube::ServiceBGPStatus>, MembersChanged,
                 InterfacesChanged, BgpHeld, BgpSessionChanged, layer2::ConflictSeen, Stopping, kube::WriteDone>;

struct Options {
  std::string node_name;           ///< of the own node, as in the API
  std::string namespace_;          ///< MetalLB's own: custom resources and status objects live there
  std::optional<PodIdentity> pod;  ///< of this speaker; owns the status objects, when known
  std::string lb_class;            ///< --lb-class (operations spec 2.10)
  bool ignore_exclude_lb = false;  ///< --ignore-exclude-lb
};

/// One series of metallb_speaker_announced; its value is 1.
struct AnnouncedSeries {
  std::string service;  ///< "namespace/name"
  std::string protocol;
  std::string node;
  std::string ip;
  friend auto operator<=>(const AnnouncedSeries&, const AnnouncedSeries&) = default;
};

/// Operations spec 3.1; the names follow metallb_k8s_client_*.
struct Metrics {
  std::uint64_t updates_total = 0;        ///< single Services, configurations and Nodes that were looked at
  std::uint64_t update_errors_total = 0;  ///< of those, the ones that the state of the cluster did not let succeed
  bool config_loaded = false;
  bool config_stale = false;
};

class Instance {
 public:
  explicit Instance(Options options, Log log = {});
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  void on_input(Now now, const Input& input, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// The whole picture has been known once: decisions are being made.
  [[nodiscard]] bool ready() const { return services_.listed() && slices_.listed() && configuration_.listed(); }
  /// The last decision per Service of type LoadBalancer, with its reason.
  [[nodiscard]] const Decisions<Decision>& decisions() const { return decisions_; }
  /// The same of BGP, with what of it concerns several Services or none.
  [[nodiscard]] const BgpAnnouncer& bgp() const { return bgp_; }
  [[nodiscard]] const Announcements& announcements() const { return announcements_; }
  [[nodiscard]] Metrics metrics() const;
  /// No address is answered for on behalf of this speaker any more: after Stopping it may end, as far as layer 2 goes.
  [[nodiscard]] bool announces_nothing() const { return announcements_.all().empty(); }
  /// Sorted.
  [[nodiscard]] std::vector<AnnouncedSeries> announced() const;

 private:
  void note(const kube::Change<kube::Service>& change);
  void note(const kube::Change<kube::EndpointSlice>& change);
  void note(const kube::Change<kube::Node>& change);
  void note(const MembersChanged& change);
  void note(const InterfacesChanged& change);
  void note(const BgpHeld& held);
  void note(const Stopping& stopping);
  void note_own(const kube::Node& node);

  // instance_members.cpp: members that come and go, and members that announce what this node announces.
  [[nodiscard]] Standing standing_of(SteadyPoint now, const ServiceKey& key);
  [[nodiscard]] Hold hold() const;
  [[nodiscard]] bool counts(const std::string& node) const;
  void hurry(const MembersChanged& before);
  [[nodiscard]] bool urgent() const { return !inherited_.empty() || !endangered_.empty(); }
  std::optional<std::size_t> look_at_urgent(SteadyPoint now, Output& out);
  void contest(SteadyPoint now, const layer2::ConflictSeen& seen, Output& out);
  /// True when the own announcement is to be repeated.
  bool contest(SteadyPoint now, const ServiceKey& key, const layer2::ConflictSeen& seen, Output& out);
  [[nodiscard]] std::string first_of(const ServiceKey& key, const std::string& other);
  void report_stranger(const layer2::ConflictSeen& seen, const std::set<ServiceKey>& holders, Output& out);

  void look_at(const ServiceKey& key);
  void look_at_all(Output& out);
  /// Looks at the Service that is next; nullopt when none waits, else how much work it was, in candidates weighed.
  std::optional<std::size_t> look_at_next(SteadyPoint now, Output& out);
  [[nodiscard]] bool nothing_waits() const;
  /// A Service, and what both modes judge it by.
  struct Subject {
    ServiceKey key;
    std::shared_ptr<const kube::Service> service;  ///< null: it has been deleted
    std::vector<std::shared_ptr<const kube::EndpointSlice>> slices;
    std::shared_ptr<const config::Pool> pool;  ///< as FormerPools has it
  };
  Subject subject_of(const ServiceKey& key);
  /// Returns how much work it was.
  std::size_t reconcile(SteadyPoint now, const Subject& subject, Output& out);
  [[nodiscard]] Decision decide_now(const Subject& subject, const Electorate& electorate, const Standing& standing) const;
  void configure_when_due(SteadyPoint now, Output& out);
  void build_configuration(Output& out);

  // instance_bgp.cpp
  void note_pass_for_bgp(Output& out);
  void reconcile_bgp(const Subject& subject, Output& out);
  void configure_bgp(SteadyPoint now, Output& out);
  void publish_bgp(SteadyPoint now, Output& out);
  void report_extras(const kube::Change<kube::ConfigMap>& change, Output& out);
  void report_bgp_statuses();
  [[nodiscard]] bool bgp_waits() const { return !stopping_ && (bgp_.due() || bgp_.has_affected()); }

  void report(const ServiceKey& key, const Decision& decision);
  void report_stranded(const std::string& service, const std::string& detail);
  [[nodiscard]] Electorate electorate() const;

  Options options_;
  Log log_;
  kube::Store<kube::Service> services_;
  kube::Store<kube::EndpointSlice> slices_;
  NodeTable nodes_;
  MembersChanged members_;
  bool joined_ = false;             ///< elections have been free once
  std::set<std::string> departed_;  ///< Nodes that were members and are none at present
  bool stopping_ = false;
  std::optional<OwnNode> own_node_;
  std::string bgp_held_;
  bool bgp_peers_due_ = false;
  bool extras_told_ = false;
  std::optional<std::set<std::string>> interfaces_;
  Configuration configuration_;
  Announcements announcements_;
  BgpAnnouncer bgp_;
  ServiceStatuses statuses_;
  BgpServiceStatuses bgp_statuses_;
  Decisions<Decision> decisions_;
  Owners owners_;
  Conflicts conflicts_;
  FormerPools former_pools_;

  // What is to be looked at, in this order.
  std::deque<ServiceKey> inherited_;     ///< a member was lost, and this node is the next
  std::deque<ServiceKey> endangered_;    ///< a member came, and this node announces it
  bool announce_again_ = false;          ///< the endangered ones; the member may have announced them, too
  kube::WorkQueue<ServiceKey> changed_;  ///< something about this very Service changed
  /// Something changed that may concern any Service. As they were then: only their names are of interest.
  std::deque<std::shared_ptr<const kube::Service>> pass_;
  bool pass_due_ = true;
  /// What BGP depends on beside each Service. Passes for the sake of members or interfaces leave it alone.
  struct BgpBasis {
    std::shared_ptr<const config::Config> config;
    std::optional<NodeFacts> facts;  ///< of the own Node
    friend bool operator==(const BgpBasis&, const BgpBasis&) = default;
  };
  std::optional<BgpBasis> bgp_basis_;  ///< of the last pass that looked at BGP
  bool pass_is_for_bgp_ = false;
  std::uint64_t updates_ = 0;
  std::uint64_t update_errors_ = 0;
};

}  // namespace metallb::speaker
