// What is believed of whom: the rules of gossip spec 7 for alive, suspect and dead messages, suspicions that run out,
// refutation of what is said about this node, and the merge of a push/pull (5).
//
// It changes the table and the broadcast queue, and notes what changed; it sends nothing by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "gossip/awareness.hpp"
#include "gossip/broadcast_queue.hpp"
#include "gossip/counters.hpp"
#include "gossip/member_table.hpp"
#include "gossip/message.hpp"
#include "gossip/quiet_log.hpp"
#include "gossip/settings.hpp"
#include "gossip/suspicion.hpp"

namespace metallb::gossip {

/// Of a name: a Kubernetes node's is a DNS subdomain (RFC 1123), which has no more.
inline constexpr std::size_t kLongestName = 253;
/// Of a member's metadata: the original sends none, and its library allows so much.
inline constexpr std::size_t kLongestMeta = 512;

/// Only what belongs to one host may be sent to: a forged message shall not make us shout at a group.
[[nodiscard]] bool is_host(const IpAddress& address);

class Membership {
 public:
  /// One change of an entry, other than of its incarnation.
  struct Change {
    std::string node;
    Endpoint endpoint;
    MemberState before = MemberState::kDead;
    MemberState after = MemberState::kDead;
    bool moved = false;  ///< another address, or the first
    bool meta_changed = false;
    Duration lasted{};       ///< the state before
    bool timed_out = false;  ///< a suspicion of this node's own ended; nobody else has told
    [[nodiscard]] bool was_live() const { return before == MemberState::kAlive || before == MemberState::kSuspect; }
    [[nodiscard]] bool is_live() const { return after == MemberState::kAlive || after == MemberState::kSuspect; }
    /// It was dead, and proved that it lives. (What is new starts as dead too, but with its first address.)
    [[nodiscard]] bool returned() const { return before == MemberState::kDead && after == MemberState::kAlive && !moved; }
  };
  /// This node was accused: what there is to say to that.
  struct Refutation {
    Alive message;
    std::string accuser;  ///< empty when it was an alive message with wrong data
    bool dead = false;    ///< declared dead, not only suspected
  };

  Membership(std::string own_name, Endpoint own, const Settings& settings, Random& random, Counters& counters, Log log)
      : own_name_(std::move(own_name)),
        own_(own),
        settings_(settings),
        random_(random),
        counters_(counters),
        log_(log),
        awareness_(settings.awareness_max_multiplier) {}

  /// This node becomes a member, with incarnation 1.
  void start(SteadyPoint now);
  /// This node goes: nobody is judged any more.
  void leave(SteadyPoint now);
  [[nodiscard]] bool leaving() const { return leaving_; }

  /// Whether what others say of `node` may be believed at all.
  bool credible(SteadyPoint now, const std::string& node, const std::string& from, std::uint32_t incarnation);
  void alive(SteadyPoint now, Alive message);
  void suspect(SteadyPoint now, const Suspect& message);
  void dead(SteadyPoint now, const Dead& message);
  /// A whole table; what is wrong when it is refused.
  std::optional<std::string> merge(SteadyPoint now, const PushPull& state);
  /// Suspects whose time is up are declared dead.
  void on_time(SteadyPoint now);
  [[nodiscard]] SteadyPoint next_deadline() const { return suspicions_.next(); }
  void paused(SteadyPoint now, Duration late) { suspicions_.paused(now, late); }

  [[nodiscard]] std::string_view own_name() const { return own_name_; }
  [[nodiscard]] bool is_own(std::string_view name) const { return name == own_name_; }
  [[nodiscard]] MemberTable& table() { return table_; }
  [[nodiscard]] const MemberTable& table() const { return table_; }
  [[nodiscard]] BroadcastQueue& news() { return news_; }
  [[nodiscard]] const BroadcastQueue& news() const { return news_; }
  [[nodiscard]] Awareness& awareness() { return awareness_; }
  [[nodiscard]] const Awareness& awareness() const { return awareness_; }
  /// The table as it goes into a push/pull.
  [[nodiscard]] std::vector<PushPullEntry> state() const;

  /// Since the last call; in order.
  [[nodiscard]] std::vector<Change> take_changes() { return std::exchange(changes_, {}); }
  /// The latest since the last call.
  [[nodiscard]] std::optional<Refutation> take_refutation() { return std::exchange(refutation_, std::nullopt); }
  /// Whether a live member came, went, moved or has another incarnation since the last call.
  [[nodiscard]] bool take_peers_changed() { return std::exchange(peers_changed_, false); }

 private:
  std::optional<Endpoint> destination(SteadyPoint now, const std::string& node, const WireAddress& address,
                                      std::uint16_t port);
  bool named_well(SteadyPoint now, const std::string& name);
  static bool named_well(const std::string& name) { return !name.empty() && name.size() <= kLongestName; }
  void refute(SteadyPoint now, std::uint32_t accused, const std::string& accuser, bool dead);
  void remind(const std::string& node, const std::string& accuser, bool dead);
  void note(const std::string& accuser, bool dead);
  void set_state(SteadyPoint now, Entry& entry, MemberState state, bool moved = false, bool meta_changed = false);
  [[nodiscard]] Alive own_alive() const;
  [[nodiscard]] const Entry& own_entry() const;

  std::string own_name_;
  Endpoint own_;
  const Settings& settings_;
  Random& random_;
  Counters& counters_;
  Log log_;
  QuietLog quiet_;
  MemberTable table_;
  BroadcastQueue news_;
  Suspicions suspicions_;
  Awareness awareness_;
  bool leaving_ = false;
  std::vector<Change> changes_;
  std::optional<Refutation> refutation_;
  bool peers_changed_ = false;
};

}  // namespace metallb::gossip
