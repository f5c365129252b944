// Does the original's frr-k8s still speak BGP from this node? Two speakers of one address confuse the routers, which accept
// one session per pair of addresses; so this one waits until the other is gone (docs/compatibility.md).
//
// In:   whether there are peers for this node; what the API server says of frr-k8s.
// Out:  requests to look, whether the peers have to wait and why, an event about the Node; log lines.
// Thread: main. It asks nobody itself.
//
// It looks once before the first session begins, every few seconds while it has found something, and seldom otherwise: each
// look of each node is two requests to the API server.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "kube/write.hpp"

namespace metallb::speaker {

/// BGPPeers select this node, or none does any more.
struct PeersWanted {
  bool any = false;
};
/// The answer to LookForFrrK8s.
struct FrrK8sSeen {
  /// Name of a pod of the frr-k8s daemon on this node; empty: there is none; or why nobody knows.
  std::expected<std::string, std::string> daemon;
  /// Name of the FRRConfiguration that the original's speaker has left for this node; as above. frr-k8s may read it on
  /// this node from outside the cluster's pods.
  std::expected<std::string, std::string> configuration;
};
using LookoutInput = std::variant<PeersWanted, FrrK8sSeen>;

/// One at a time.
struct LookForFrrK8s {};
/// Why no session may run; empty: they may.
struct HoldPeers {
  std::string reason;
  friend bool operator==(const HoldPeers&, const HoldPeers&) = default;
};
using LookoutAction = std::variant<LookForFrrK8s, HoldPeers, kube::EventNote>;

class FrrK8sLookout {
 public:
  using Output = std::vector<LookoutAction>;

  static constexpr Duration kWhileFound = std::chrono::seconds(5);
  static constexpr Duration kWhileGone = std::chrono::minutes(5);
  static constexpr Duration kFirstRetry = std::chrono::seconds(1);
  /// Sessions wait so long for the first answer about each part. Who may not read pods must not be kept from announcing.
  static constexpr Duration kPatience = std::chrono::seconds(5);

  /// What holds the sessions until the first answer.
  static constexpr auto kFirstLook = "looking for frr-k8s on this node";

  FrrK8sLookout(std::string node_name, Random random, Log log)
      : node_name_(std::move(node_name)), random_(random), log_(log) {}

  void on_input(Now now, const LookoutInput& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  void take(SteadyPoint now, const PeersWanted& in, Output& out);
  void take(SteadyPoint now, const FrrK8sSeen& seen, Output& out);
  void be_patient(SteadyPoint now, Output& out);
  void hold(std::string reason, Output& out);
  [[nodiscard]] std::string found() const;
  [[nodiscard]] kube::EventNote event(const std::string& found) const;

  std::string node_name_;
  Random random_;
  Log log_;
  bool wanted_ = false;
  bool looking_ = false;
  bool told_unknown_ = false;
  SteadyPoint look_at_ = kIdle;
  SteadyPoint patience_until_ = kIdle;
  // As last known, see FrrK8sSeen; nothing: it never was.
  std::optional<std::string> daemon_;
  std::optional<std::string> configuration_;
  std::optional<std::string> reason_;  ///< as told last
};

static_assert(StateMachine<FrrK8sLookout, LookoutInput, FrrK8sLookout::Output>);

}  // namespace metallb::speaker
