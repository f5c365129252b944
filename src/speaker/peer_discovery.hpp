// Whom to join, and when: the pods of the other speakers are found through the API, and those that are no members yet are
// handed to the membership (gossip spec 1.5).
//
// In:   lists of the speakers' pods, the own Node, outcomes of joins, members as they come and go, whom elections count on.
// Out:  requests for such lists, joins, whether elections have to wait for the first join (failover spec 4); log lines.
// Thread: main. It lists nothing and joins nobody itself.
//
// deviation: the original lists every five minutes whatever happens, also after a failure at the start. Here a failure is
// tried again soon, and so is a list that is incomplete: with a pod that has no address yet, or that is no member. The role
// for pods grants no watch.
#pragma once

#include <chrono>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "kube/change.hpp"
#include "kube/objects/core.hpp"

namespace metallb::speaker {

/// The answer to ListPods: every pod of a speaker, whatever its state; or why there is no list.
struct PodsListed {
  std::expected<std::vector<kube::Pod>, std::string> pods;
};
using DiscoveryInput =
    std::variant<PodsListed, kube::Change<kube::Node>, gossip::JoinFinished, gossip::MemberSeen, gossip::ElectorateChanged>;

struct ListPods {};
/// Elections may be held, as far as this is concerned: the first join has ended, or has told of most of the others. Told
/// once.
struct FirstJoinEnded {};
using DiscoveryAction = std::variant<ListPods, gossip::Join, FirstJoinEnded>;

class PeerDiscovery {
 public:
  using Output = std::vector<DiscoveryAction>;

  static constexpr Duration kJoinInterval = std::chrono::minutes(1);
  static constexpr Duration kListInterval = std::chrono::minutes(5);
  static constexpr Duration kFirstRetry = std::chrono::seconds(1);
  /// A member that died is dialled again so soon, then after twice as long each time, up to kJoinInterval: it may be back,
  /// or this node may have been cut off and be the one that is back.
  static constexpr Duration kFirstRejoin = std::chrono::seconds(1);
  /// failover spec 4: elections wait for the first join so long at most, counted from the first sign of the API server.
  static constexpr Duration kPatience = std::chrono::seconds(5);

  /// `own`: the address that this node is a member with.
  PeerDiscovery(std::string node_name, const IpAddress& own, Random random, Log log)
      : node_name_(std::move(node_name)),
        own_(own),
        random_(random),
        log_(log),
        relist_(kFirstRetry, kListInterval),
        rejoin_(kFirstRejoin, kJoinInterval) {}

  /// One request for a list is under way at a time, and one join.
  void on_input(Now now, const DiscoveryInput& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  /// Of the own Node: a change of these is what makes the original join.
  struct NodeState {
    kube::StringMap labels;
    bool network_unavailable = false;
    friend bool operator==(const NodeState&, const NodeState&) = default;
  };
  void take(SteadyPoint now, const PodsListed& listed, Output& out);
  void take(SteadyPoint now, const kube::Change<kube::Node>& change, Output& out);
  void take(SteadyPoint now, const gossip::JoinFinished& finished, Output& out);
  void take(SteadyPoint now, const gossip::MemberSeen& seen, Output& out);
  void take(SteadyPoint now, const gossip::ElectorateChanged& changed, Output& out);

  void list(Output& out);
  void join(Output& out);
  void api_is_there(SteadyPoint now);
  void end_hold(Output& out);
  [[nodiscard]] bool knows_most() const;
  /// Pods that are no members.
  [[nodiscard]] std::vector<IpAddress> strangers() const;  ///< none before the first list

  std::string node_name_;
  IpAddress own_;
  Random random_;
  Log log_;

  std::optional<std::set<IpAddress>> pods_;  ///< of the last list that was answered
  bool listing_ = false;
  SteadyPoint list_at_ = SteadyPoint::min();
  Backoff relist_;
  Backoff rejoin_;

  std::optional<NodeState> own_node_;
  std::map<std::string, IpAddress> members_;  ///< that are alive, by node
  std::size_t others_ = 0;                    ///< that elections count on
  bool joining_ = false;
  bool join_wanted_ = true;  ///< the first one, also when there is nobody: it ends the hold
  SteadyPoint join_at_ = kIdle;
  bool first_join_ended_ = false;
  SteadyPoint hold_until_ = kIdle;
};

static_assert(StateMachine<PeerDiscovery, DiscoveryInput, PeerDiscovery::Output>);

}  // namespace metallb::speaker
