// Peering of one node: stands between BGP, BFD and this node's network. Finds the address of the neighbour on an unnumbered
// link, holds sessions whose interface or VRF is not there, has BFD watch the paths, and tells BGP what BFD finds.
//
// In:   the peers that the speaker wants, the interfaces, router advertisements and solicitations, changes of state of BGP
// and BFD. Out:  inputs of the BGP and the BFD core, router advertisements and solicitations, log lines; the state of every
// peer is read from it. Thread: main (or virtual time in tests and simulation). It knows nothing of Kubernetes.
//
// RFC 4861 (Neighbor Discovery for IPv6: the router's side, with a lifetime of 0), RFC 5882 (Generic Application of BFD);
// exact behaviour: bgp spec 1.8, 4.11, 4.13, 4.14.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "peering/discovery_schedule.hpp"
#include "peering/inputs_and_actions.hpp"
#include "peering/path_watch.hpp"

namespace metallb::peering {

/// One peer, for the status view and tests.
struct PeerStatus {
  bgp::PeerId peer;
  std::string name;
  std::optional<IpAddress> neighbour;  ///< that was found for a peer on an interface
  std::string held;                    ///< why its session must not run; empty: it may
  bool watched = false;                ///< BFD is wanted
  std::optional<bfd::SessionKey> path;
  bfd::State bfd = bfd::State::kDown;
  std::uint64_t failures = 0;  ///< of the path, since it is watched
  std::string bfd_problem;     ///< why the path is not watched although that is wanted
};

struct NdpCounters {
  std::uint64_t advertisements_received = 0;  ///< those that were believed
  std::uint64_t solicitations_received = 0;
  std::uint64_t advertisements_sent = 0;
  std::uint64_t solicitations_sent = 0;
  std::array<std::uint64_t, kNdpErrors> discarded{};  ///< by NdpError
};

class Instance {
 public:
  struct Options {
    /// Where no IPv6 neighbour shows for ten seconds, the other address of the interface's IPv4 subnet of 30 or 31 bits is
    /// the peer's.
    bool ipv4_on_point_to_point = false;
  };
  explicit Instance(Options options, Log log = {}) : options_(options), log_(log) {}
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  void on_input(Now now, const Input& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// By peer.
  [[nodiscard]] std::vector<PeerStatus> peers() const;
  [[nodiscard]] const NdpCounters& counters() const { return counters_; }

 private:
  struct Neighbour {
    IpAddress address;
    IpAddress own;  ///< our end
    SteadyPoint since;
  };
  struct Entry {
    explicit Entry(bgp::PeerId peer) : watch(peer) {}
    Peer wanted;
    std::optional<bgp::PeerSettings> told;  ///< to BGP
    std::optional<Neighbour> neighbour;     ///< of a peer on an interface
    bgp::State state = bgp::State::kIdle;   ///< of its session
    std::optional<IpAddress> session_address;
    bool address_is_current = false;  ///< it is that of the session which is up, or coming up; not of an earlier one
    PathWatch watch;
    SteadyPoint searched_since;               ///< for a neighbour
    SteadyPoint logged = SteadyPoint::min();  ///< a line about other neighbours than the one that is taken
  };
  using Entries = std::map<bgp::PeerId, Entry>;
  /// An interface that peers are looked for on, as long as it is ready.
  struct Discovery {
    InterfaceIndex interface;
    IpAddress own;  ///< link-local
    MacAddress mac;
    DiscoverySchedule schedule;
  };
  using Discoveries = std::map<std::string, Discovery>;

  void take(Now now, const SetPeer& in, Output& out);
  void take(Now now, const RemovePeer& in, Output& out);
  void take(Now now, const LinksChanged& in, Output& out);
  void take(Now now, const NdpReceived& in, Output& out);
  void take(Now now, const DiscoveryTrouble& in, Output& out);
  void take(Now now, const SessionAddress& in, Output& out);
  void take(Now now, const bgp::StateChanged& in, Output& out);
  void take(Now now, const bfd::StateChanged& in, Output& out);
  void take(Now now, const bfd::Refused& in, Output& out);
  void take(Now now, const Stopping& in, Output& out);

  // ---- discovery.cpp: peers on interfaces ----
  /// Where the peer is looked for; nullptr: it has an address, or something is missing.
  [[nodiscard]] const Link* discovery_link(const Entry& entry) const;
  [[nodiscard]] bool is_looked_for_on(const Entry& entry, const std::string& interface) const;
  /// Starts and ends discoveries, as peers and links want it.
  /// `pause`: before the first advertisement on an interface where none went out yet.
  void renew_discoveries(SteadyPoint now, Duration pause, Output& out);
  void begin_discovery(SteadyPoint now, Duration pause, const Link& link, Output& out);
  void follow_link(const Link& link, Discovery& discovery);
  [[nodiscard]] bool searching(const std::string& interface) const;
  /// Router `address` advertises itself on the peer's interface.
  void consider(SteadyPoint now, Entry& entry, const IpAddress& address, const IpAddress& own);
  void log_neighbour(SteadyPoint now, Entry& entry, const IpAddress& address, const char* event, const char* text);
  void send_due(SteadyPoint now, const std::string& name, Discovery& discovery, Output& out);
  [[nodiscard]] SteadyPoint ipv4_deadline(const Entry& entry) const;
  void try_ipv4(SteadyPoint now, Entry& entry);

  // ---- instance.cpp: what follows for BGP and BFD ----
  void refresh(Entry& entry, bgp::PeerId peer, Output& out);
  void refresh_all(Output& out);
  [[nodiscard]] bgp::PeerSettings settings_of(const Entry& entry) const;
  [[nodiscard]] std::optional<bfd::SessionKey> path_of(const Entry& entry) const;
  [[nodiscard]] bool has_carrier(const std::optional<bfd::SessionKey>& path) const;
  [[nodiscard]] Entries::iterator find_client(const std::string& client);

  Options options_;
  Log log_;
  Links links_;
  bool links_known_ = false;
  Entries peers_;
  Discoveries discoveries_;
  std::string trouble_;  ///< with the discovery's socket
  bool stopping_ = false;
  NdpCounters counters_;
};

static_assert(StateMachine<Instance, Input, Output>);

}  // namespace metallb::peering
