// What must hold in the simulated cluster, watched all the time (docs/simulation.md has the list with its reasons):
//
//   silence    an address of which a candidate lives is answered by somebody, but for a bounded time after a fault
//   double     of two owners that reach each other, the lower in the election's order withdraws within a round trip and
//              50 ms from the first frame that one sees of the other
//   slander    no live, reachable member is taken for dead
//   agreement  some time after the last fault all members know the same members, and each address has the right owner
//   storm      nobody sends more packets than a bounded number a second; no core spins
//   stranger   a foreign device that takes an address is reported, and not more than once a minute
//   stability  a Service keeps its addresses
//
// invariants.cpp has the disturbances and silence, _order agreement, _members slander, _wire the rest.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/bounds.hpp"
#include "sim/cluster.hpp"
#include "sim/observer.hpp"

namespace metallb::sim {

struct Violation {
  Duration when;  ///< since the start
  std::string rule;
  std::string text;
};

class Invariants final : public Observer {
 public:
  explicit Invariants(Cluster& cluster);

  /// The cluster begins: from now on it is looked at.
  void start();

  enum class Severity : std::uint8_t {
    kNone,    ///< nothing may change: a clock step, an outage of the API
    kDeath,   ///< one member is gone
    kChange,  ///< addresses move in an orderly way: a start, a clean stop, new endpoints
    kSevere,  ///< anything else: gossip has to sort it out
  };
  /// Something is done to the cluster, now. `extra`: for as long as the API takes to tell everybody, or the fault itself
  /// lasts.
  /// `node`: whose death it is.
  void disturb(const std::string& what, Severity severity, Duration extra = Duration::zero(),
               const Cluster::Node* node = nullptr);

  /// Something has changed in the API that not everybody may know of for so long.
  void api_news(Duration how_long);

  /// All members agree, each address has its owner, and nothing has been done for some time.
  [[nodiscard]] bool quiet() const { return quiet_since_.has_value(); }
  [[nodiscard]] bool quiet_for(Duration duration) const;
  /// When it has to be quiet again.
  [[nodiscard]] SteadyPoint settled_by() const { return settled_by_; }

  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
  void violate(const std::string& rule, const std::string& text);

  struct Statistics {
    std::vector<Duration> deaths;   ///< silence of an address after a single death
    std::vector<Duration> changes;  ///< likewise after orderly changes
    std::vector<Duration> severe;   ///< likewise after the rest
    std::vector<Duration> settling;
    std::uint64_t false_verdicts = 0;  ///< about live, reachable members, at any loss
    std::uint64_t bystanders = 0;      ///< likewise, soon after a fault of somebody else
    std::uint64_t newcomers = 0;       ///< claims seen of members that had not yet been heard of
    std::uint64_t doubts = 0;          ///< claims of an address seen by who had just taken it over
    std::uint64_t busiest_second = 0;  ///< packets of one node within one second
  };
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }

  void answers_changed(SpeakerProcess& who, const IpAddress& address, bool answers) override;
  void frame_seen(SpeakerProcess& who, ByteView frame) override;
  void frame_sent(SpeakerProcess& who, const IpAddress& address) override;
  void electorate_changed(SpeakerProcess& who, const gossip::ElectorateChanged& electorate) override;
  void member_seen(SpeakerProcess& who, const gossip::MemberSeen& seen) override;
  void told(SpeakerProcess& who, const kube::EventNote& note) override;
  void exited(SpeakerProcess& who) override;
  /// From the Api: what Services and Nodes say has changed.
  void objects_changed() { dirty_ = true; }

 private:
  using Node = Cluster::Node;
  /// What is known of one address on one side of a partition.
  struct Track {
    std::optional<SteadyPoint> silent;
    bool reported = false;
  };
  /// One node's answering for one address.
  struct Answering {
    bool now = false;
    std::uint64_t epoch = 0;  ///< counts its changes
    SteadyPoint since;        ///< of the last one
    SteadyPoint last_frame = SteadyPoint::min();
  };
  struct Disturbance {
    std::string what;
    SteadyPoint when;
    Severity severity;
    Duration silence;    ///< that it may cause
    bool quick = false;  ///< a single death in a quiet cluster of ours
  };

  struct History {
    bool dead = false;                     ///< somebody takes it for dead
    std::vector<SteadyPoint> refutations;  ///< of such verdicts
  };

  void tick();
  void second();
  void look();
  void look_at_silence();
  void look_at(std::size_t address, int side);
  [[nodiscard]] bool in_order();
  [[nodiscard]] bool members_agree();
  [[nodiscard]] bool owners_are_right();
  void end_of_silence(Track& track);
  [[nodiscard]] Duration allowed_silence() const;
  [[nodiscard]] std::string last_disturbance() const;

  [[nodiscard]] std::set<int> sides() const;
  [[nodiscard]] bool on(const Node& node, int side) const;
  [[nodiscard]] std::vector<const Node*> owners(std::size_t address, int side) const;
  /// Names of those who may own the address, by what the API says.
  [[nodiscard]] std::set<std::string> candidates(std::size_t address, int side) const;
  [[nodiscard]] std::optional<ServiceKey> service_of(const IpAddress& address, IpAddress& first) const;
  [[nodiscard]] Node* node_of(const SpeakerProcess& who) const;
  [[nodiscard]] Node* node_with(const MacAddress& mac) const;
  [[nodiscard]] std::optional<std::size_t> position(const IpAddress& address) const;
  void two_owners(Node& who, Node& other, std::size_t address);
  void check_withdrawal(Node& low, Node& high, std::size_t address, Duration within, const char* why);
  void check_stranger();
  void note_refutation(const gossip::MemberSeen& seen);
  [[nodiscard]] int patience_with(const Node& node) const;
  [[nodiscard]] bool loss_is_unknown() const;
  [[nodiscard]] bool views_differ() const;

  Cluster& cluster_;
  std::vector<Violation> violations_;
  Statistics statistics_;
  std::map<std::pair<std::size_t, int>, Track> tracks_;
  std::map<std::pair<std::size_t, std::size_t>, Answering> answering_;  ///< by node and address
  std::map<std::size_t, History> histories_;                            ///< by node
  std::vector<Disturbance> disturbances_;                               ///< since it was quiet last
  std::optional<SteadyPoint> ordered_since_;
  std::optional<SteadyPoint> quiet_since_;
  SteadyPoint disturbed_ = Timeline::kStart;
  SteadyPoint settled_by_ = SteadyPoint::max();
  SteadyPoint views_differ_until_ = Timeline::kStart;
  bool dirty_ = true;
  std::size_t silent_ = 0;  ///< addresses that nobody answers for
  std::vector<std::uint64_t> packets_before_;
  std::map<ObjectKey, std::vector<std::string>> addresses_of_services_;
  std::map<std::pair<const SpeakerProcess*, std::string>, SteadyPoint> conflict_events_;
  bool stranger_reported_ = false;
  SteadyPoint stranger_since_ = SteadyPoint::max();
};

}  // namespace metallb::sim
