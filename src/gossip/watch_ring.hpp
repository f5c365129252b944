// The watch ring: few members watch each other closely, so that a death is known within a quarter of a second in a cluster
// of any size (failover spec sections 2 to 4).
//
// In:   the members to watch among, everything that was heard of them, the state of the own link, the witness's answer.
// Out:  pings, requests to the other watchers, suspicions and verdicts, as actions for the membership core, which owns the
//       member table, the wire and the sequence numbers.
// It knows nothing of packets, keys or elections.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "gossip/settings.hpp"

namespace metallb::gossip {

class WatchRing {
 public:
  /// A member that is alive or suspect, other than this node.
  struct Peer {
    std::string name;
    Endpoint endpoint;
    std::uint32_t incarnation = 0;
    friend bool operator==(const Peer&, const Peer&) = default;
  };

  struct SendPing {
    std::string to;
    std::uint32_t seq_no = 0;
  };
  /// Ask `watcher` to ping `accused` (the ordinary indirect ping).
  struct AskWatcher {
    std::string watcher;
    std::string accused;
    std::uint32_t seq_no = 0;
  };
  /// Directly to each of `to` (the other watchers and the accused), and into the member table, which hands it to gossip.
  struct Accuse {
    Suspect suspect;
    std::vector<std::string> to;
  };
  /// Directly to every member, the accused included, and into the member table.
  struct Declare {
    Dead dead;
  };
  struct NeedWitness {
    std::uint64_t request = 0;
    std::string accused;
  };
  using Action = std::variant<SendPing, AskWatcher, Accuse, Declare, NeedWitness>;
  using Output = std::vector<Action>;

  /// `next_seq_no` draws from the counter that all pings of this node share.
  WatchRing(std::string own_name, RingSettings settings, Random random, std::function<std::uint32_t()> next_seq_no, Log log);

  /// The whole table whenever it changed: alive and suspect members without this node. Watches that are under way go on.
  void set_peers(SteadyPoint now, const std::vector<Peer>& peers);

  /// Anything at all came in, from anyone: the own link works.
  void heard(SteadyPoint now);
  /// True when the number belongs to a ping of the ring. Late acks of earlier pings count.
  bool acknowledged(SteadyPoint now, std::uint32_t seq_no);
  /// A suspicion that somebody else sent: may complete a verdict.
  void suspected(SteadyPoint now, const Suspect& suspect, Output& out);
  /// A watcher asked for an indirect ping of `accused`: this one starts its own burst.
  void asked(SteadyPoint now, const std::string& accused, Output& out);
  /// An ICMP error came back for a packet to this endpoint.
  void unreachable(SteadyPoint now, const Endpoint& endpoint, Output& out);
  /// The member came back from dead by refutation: it is watched with more patience for a while.
  void refuted(SteadyPoint now, const std::string& name);
  void link(SteadyPoint now, bool carrier);
  void witness(SteadyPoint now, std::uint64_t request, WitnessAnswer answer, Output& out);

  void on_time(SteadyPoint now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;
};

/// The up to `count` members that watch `name`, nearest first: its successors on the ring of SHA-256(name). `names` need not
/// be sorted and may contain `name`. Everyone computes the same from the same table.
[[nodiscard]] std::vector<std::string> watchers_of(const std::string& name, const std::vector<std::string>& names,
                                                   std::size_t count);

}  // namespace metallb::gossip
