// BGP of one node: all its peers, and the routes that they are told.
//
// In:   peers and their settings, routes to announce, outcomes of dials, bytes of connections, BFD's verdicts, the order to
// stop. Out:  dials, bytes to send, closes, changes of state, log lines; states and counters are read from the sessions.
// Thread: main (or virtual time in tests and simulation). It knows nothing of Kubernetes, and imports no route.
//
// RFC 4271 (BGP-4), 4760 (multiprotocol), 5492 (capabilities), 6793 (four-octet AS), 2918 and 7313 (route refresh), 4724 and
// 8538 (graceful restart), 8950 (IPv4 over IPv6), 8654 (extended messages), 7606 (error handling), 9003 (shutdown text),
// 9687 (send hold timer); exact behaviour: bgp spec sections 3 and 4.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "bgp/inputs_and_actions.hpp"
#include "bgp/session.hpp"

namespace metallb::bgp {

class Instance {
 public:
  /// `seed`: of the generator for jitter.
  explicit Instance(std::uint64_t seed, Log log = {}) : speaker_(seed), log_(log) {}
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// The first call, whichever it is, is the start of the process as far as graceful restart is concerned.
  void on_input(Now now, const Input& in, Output& out);
  /// Of many sessions that have many routes to write, a few per call.
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// nullptr: no such peer.
  [[nodiscard]] const Session* session(PeerId peer) const;
  [[nodiscard]] std::vector<PeerId> peers() const;
  [[nodiscard]] const RouteTable& routes() const { return speaker_.routes; }
  /// Some peer holds a route of ours that it will not keep when its session ends.
  [[nodiscard]] bool has_routes_out() const;
  /// Connections that came in from nobody we know.
  [[nodiscard]] std::uint64_t strangers() const { return strangers_; }

 private:
  template <class Event>
  void pass_on(Now now, const Event& event, Output& out);
  void take(Now now, const Connected& in, Output& out);
  void take(Now now, const DialFailed& in, Output& out);
  void take(Now now, const Received& in, Output& out);
  void take(Now now, const BytesTaken& in, Output& out);
  void take(Now now, const Disconnected& in, Output& out);
  void take(Now now, const AddressesChanged& in, Output& out);
  void take(Now now, const SetPeer& in, Output& out);
  void take(Now now, const RemovePeer& in, Output& out);
  void take(Now now, const ConnectPeer& in, Output& out);
  void take(Now now, const PeerLiveness& in, Output& out);
  void take(Now now, const Accepted& in, Output& out);
  void take(Now now, const Publish& in, Output& out);
  void take(Now now, const ServicesKnown& in, Output& out);
  void take(Now now, const Drain& in, Output& out);
  void take(Now now, const Stop& in, Output& out);
  void tell(Now now, PeerId peer, const SessionInput& in, Output& out);
  void note_connections(PeerId peer, std::size_t first, const Output& out);

  Speaker speaker_;  ///< outlives the sessions
  Log log_;
  std::map<PeerId, std::unique_ptr<Session>> sessions_;
  std::unordered_map<ConnectionId, PeerId> connections_;
  PeerId next_to_write_;  ///< sessions take turns
  bool stopped_ = false;
  std::uint64_t strangers_ = 0;
};

static_assert(StateMachine<Instance, Input, Output>);

}  // namespace metallb::bgp
