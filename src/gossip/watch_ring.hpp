// The watch ring: few members watch each other closely, so that a death is known within a quarter of a second in a cluster
// of any size (failover spec sections 2 to 4).
//
// In:   the members to watch among, everything that was heard of them, the state of the own link, the witness's answer.
// Out:  pings, requests to the other watchers, suspicions and verdicts, as actions for the membership core, which owns the
//       member table, the wire and the sequence numbers.
// It knows nothing of packets, keys or elections.
//
// Hear everything that came in before calling on_time(): an answer that lies in the socket is no lost ping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "gossip/mass_silence.hpp"
#include "gossip/patience.hpp"
#include "gossip/ring_order.hpp"
#include "gossip/settings.hpp"
#include "gossip/watch.hpp"

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
  /// Directly to every member, the accused included, and into the member table. Comes three to seven times, a burst step
  /// apart, since a member that loses the packet would learn of it by gossip only; also when the table knows it already.
  struct Declare {
    Dead dead;
  };
  /// Comes along with the pings of a burst as long as no other member can show that the own link works; kMostQuestions at
  /// most wait for an answer at a time. An answer is worth most at the moment when the witness is heard.
  struct NeedWitness {
    std::uint64_t request = 0;
    std::string accused;
  };
  static constexpr std::size_t kMostQuestions = 6;
  using Action = std::variant<SendPing, AskWatcher, Accuse, Declare, NeedWitness>;
  using Output = std::vector<Action>;

  /// One watched member, for metrics and the status page.
  struct WatchedMember {
    std::string name;
    std::optional<Duration> round_trip;  ///< smoothed; nothing before the first answer
    double loss = 0;                     ///< share of the last 200 pings
    Watch::State state = Watch::State::kQuiet;
  };
  /// Totals since the start. Of a withheld verdict each reason counts once per burst.
  struct Counters {
    std::uint64_t bursts = 0;
    std::uint64_t accusations = 0;  ///< not the repetitions of one
    std::uint64_t declarations = 0;
    std::uint64_t withheld_nothing_heard = 0;
    std::uint64_t withheld_witness_silent = 0;
    std::uint64_t withheld_no_carrier = 0;
    std::uint64_t withheld_late_loop = 0;
    std::uint64_t withheld_mass_silence = 0;
  };

  /// `next_seq_no` draws from the counter that all pings of this node share.
  WatchRing(std::string own_name, RingSettings settings, Random random, std::function<std::uint32_t()> next_seq_no, Log log);
  WatchRing(const WatchRing&) = delete;
  WatchRing& operator=(const WatchRing&) = delete;

  /// The whole table whenever it changed: alive and suspect members without this node. Watches that are under way go on.
  void set_peers(SteadyPoint now, const std::vector<Peer>& peers);

  /// Anything at all came in, from anyone: the own link works. True when it had seemed not to.
  bool heard(SteadyPoint now);
  /// True when the number belongs to a ping of the ring. Late acks of earlier pings count.
  bool acknowledged(SteadyPoint now, std::uint32_t seq_no);
  /// A suspicion that somebody else sent: may complete a verdict.
  void suspected(SteadyPoint now, const Suspect& suspect, Output& out);
  /// A watcher asked for an indirect ping of `accused`: this one starts its own burst, if it watches that member; who does
  /// not only relays.
  void asked(SteadyPoint now, const std::string& accused, Output& out);
  /// An ICMP error came back for a packet to this endpoint.
  void unreachable(SteadyPoint now, const Endpoint& endpoint, Output& out);
  /// The member came back from dead by refutation: it is watched with more patience for a while.
  void refuted(SteadyPoint now, const std::string& name);
  void link(SteadyPoint now, bool carrier);
  void witness(SteadyPoint now, std::uint64_t request, WitnessAnswer answer, Output& out);

  /// Being called later than next_deadline() by more than RingSettings::late_loop, here or with any other input that may
  /// lead to a verdict, is what "the own loop was late" means: all bursts begin anew.
  void on_time(SteadyPoint now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// Sorted by name.
  [[nodiscard]] std::vector<WatchedMember> watched() const;
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Row {
    Endpoint endpoint;
    std::uint32_t incarnation = 0;
    std::uint64_t seen = 0;  ///< number of the last table that had it
  };
  /// What others say of a member, until it is refuted or heard.
  struct Suspicion {
    std::uint32_t incarnation = 0;
    std::set<std::string> watchers;  ///< that said it; others do not count
  };
  struct Repetition {
    Dead dead;
    SteadyPoint due;
    std::size_t left = 0;
  };
  struct Question {
    std::string accused;
    SteadyPoint asked;
  };
  enum class Withheld : std::uint8_t { kNothingHeard, kWitnessSilent, kNoCarrier, kMassSilence };
  using Peers = std::unordered_map<std::string, Row>;

  // Members.
  [[nodiscard]] bool as_given_before(const std::vector<Peer>& peers) const;
  void remove(SteadyPoint now, const std::string& name);
  void incarnation_rose(SteadyPoint now, const std::string& name, std::uint32_t incarnation);
  void assign_watches(SteadyPoint now);
  [[nodiscard]] double mean_loss() const;

  // Pings.
  void catch_up(SteadyPoint now);
  void advance(SteadyPoint now, Output& out);
  void begin_burst(SteadyPoint now, const std::string& name, Watch& watch);
  void ping(SteadyPoint now, const std::string& name, Watch& watch, Output& out);
  void question_own_link(SteadyPoint now, const std::string& name, Watch& watch, Output& out);
  void ask_others(SteadyPoint now, const std::string& name, Watch& watch, Output& out);
  [[nodiscard]] Duration pace(SteadyPoint now, const Watch& watch) const;

  // Verdicts.
  void noted_silent(SteadyPoint now, const std::string& name);
  [[nodiscard]] bool seems_gone(const std::string& name) const;
  [[nodiscard]] bool judges_alone(const Watch& watch) const;
  [[nodiscard]] bool goes_unwitnessed(const Watch& watch) const;
  void judge(SteadyPoint now, const std::string& name, Watch& watch, Output& out);
  void withhold(Withheld why, const std::string& name, Watch& watch);
  void accuse(const std::string& name, Watch& watch, Output& out);
  void declare(SteadyPoint now, const std::string& name, Watch& watch, Output& out);
  void repeat_declarations(SteadyPoint now, Output& out);

  const std::string own_name_;
  const RingSettings settings_;
  Random random_;
  std::function<std::uint32_t()> next_seq_no_;
  Log log_;

  Peers peers_;
  std::vector<const Peers::value_type*> given_;  ///< the same, in the order of the last table
  std::uint64_t tables_ = 0;
  RingOrder order_;
  std::map<std::string, Watch> watches_;
  std::map<std::string, Suspicion> suspicions_;  ///< of members only
  MassSilence silence_;
  Patience patience_;

  std::map<std::uint64_t, Question> questions_;  ///< to the witness, not answered yet
  std::uint64_t last_question_ = 0;
  std::deque<Repetition> repetitions_;
  SteadyPoint last_heard_ = SteadyPoint::min();
  bool carrier_ = true;
  bool link_seems_down_ = false;  ///< a burst went by twice over and nothing at all was heard
  SteadyPoint hold_until_ = SteadyPoint::min();
  SteadyPoint judge_at_ = kIdle;  ///< a verdict may be due without a ping
  Counters counters_;
};

/// The up to `count` members that watch `name`, nearest first: its successors on the ring of SHA-256(name). `names` need not
/// be sorted and may contain `name`. Everyone computes the same from the same table.
[[nodiscard]] std::vector<std::string> watchers_of(const std::string& name, const std::vector<std::string>& names,
                                                   std::size_t count);

}  // namespace metallb::gossip
