// The controller's decisions: which Service gets which address (controller spec sections 4 and 5).
//
// In:   Services, pools, Communities, namespaces (kube::Change each), outcomes of writes, whether this replica leads.
// Out:  status writes, events, and what came of a look at the configuration. Metrics and explanations are read from its
// state. Thread: main.
//
// Level-triggered: inputs are recorded and their keys queued; on_time() brings a slice of Services to the state they should
// have (converge.hpp). What must hold:
//   - Nothing is assigned or written before the whole picture is known: complete lists of Services, pools and namespaces, a
//     valid configuration with at least one pool, and every address that the status of a Service of its class shows kept for
//     it. (An empty list of pools at start says more likely that they are being restored than that all addresses should go.)
//     Services without an address are told so meanwhile, ten seconds after all is listed.
//   - An address is free for others only when no status that this controller looks after shows it any more, as far as it has
//     been told (ipam/allocator.hpp, "leaving"). A LoadBalancer that comes to be of another class is somebody else's, status
//     and all.
//   - Who does not lead learns everything and writes nothing. Who comes to lead begins anew, with a list of Services that is
//     younger than that: what the last leader wrote is found there. What arrives still later and takes an address twice is
//     healed: who has it registered keeps it, the other gets another one.
//   - One write per Service at a time; a failed one is repeated with the same decision, on fresh state, with back-off.
//   - A bad object changes nothing: its last good version stays, and what is known of no pool that can be read stays with
//     whoever has it.
// It does not announce addresses, knows no nodes, and keeps nothing on disk: Service status is the record.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/state_machine.hpp"
#include "config/last_good.hpp"
#include "config/state_report.hpp"
#include "controller/converge.hpp"
#include "controller/decision.hpp"
#include "controller/pool_status.hpp"
#include "controller/waiting_list.hpp"
#include "ipam/allocator.hpp"
#include "kube/change.hpp"
#include "kube/store.hpp"
#include "kube/work_queue.hpp"
#include "kube/write.hpp"

namespace metallb::controller {

/// Of several replicas one leads (kube/leader_election.hpp). `leads`: from now on this one, and the next Listed of Services
/// ends a list that was asked for after that. No write of an earlier time of leading may be under way any more.
struct Leading {
  bool leads = false;
};

using Input = std::variant<kube::Change<kube::Service>, kube::Change<kube::IPAddressPool>, kube::Change<kube::Community>,
                           kube::Change<kube::Namespace>, kube::WriteDone, Leading>;
using Action = std::variant<kube::Write, kube::EventNote, config::Conclusion>;
using Output = std::vector<Action>;

struct Options {
  std::string namespace_;  ///< the MetalLB namespace: pools and Communities elsewhere do not count
  std::string lb_class;    ///< only Services of this spec.loadBalancerClass; empty: only those without one
  bool leads = true;       ///< from the start; else it waits for Leading
};

/// While there is no pool at all, so many Services are told at most: ten thousand events that say the same help nobody.
inline constexpr std::size_t kMostExplained = 250;
/// Status writes on their way at once: more than the client's connections ever carry.
inline constexpr std::size_t kMostWrites = 256;

class Instance {
 public:
  explicit Instance(Options options, Log log = {});

  void on_input(Now now, const Input& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// Controller spec 5.7. The gauges of a pool are in allocator().statistics().
  struct Metrics {
    std::uint64_t updates_total = 0;        ///< changes of Services handled, and configurations tried
    std::uint64_t update_errors_total = 0;  ///< of those, Services that could not get what they ask for
    bool config_loaded = false;             ///< a configuration was valid once
    bool config_stale = false;              ///< running on an older configuration than the one in the cluster
  };
  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  [[nodiscard]] const ipam::Allocator& allocator() const { return allocator_; }
  /// Null for a Service that is not looked after.
  [[nodiscard]] const Decision* decision(const ServiceKey& service) const;
  /// All Services that hold addresses are known and registered; decisions are being made.
  [[nodiscard]] bool running() const { return phase_ == Phase::kRunning; }
  [[nodiscard]] bool leading() const { return leading_; }

 private:
  enum class Phase : std::uint8_t { kWaiting, kAdopting, kRunning };

  /// What is remembered about a Service that is looked after.
  struct Record {
    Decision::State state = Decision::State::kPending;
    bool by_event = false;                ///< it changed since the last look
    std::unique_ptr<const Decision> why;  ///< the decision, where it says more than `state`
    std::size_t told = 0;                 ///< hash of the notes about its present state that the user has been told; 0: none
    /// The last decision, until the watch has shown the write of it: what the status says may be older.
    struct Unwritten {
      std::vector<IpAddress> addresses;
      /// The one that the write made, once that is known; when the store has it, the status is up to date.
      std::string version;
    };
    std::unique_ptr<Unwritten> unwritten;

    void decide(Decision decision);
    [[nodiscard]] bool newer_than(const kube::Service& service) const {
      return unwritten && service.metadata.resourceVersion != unwritten->version;
    }
  };
  struct InFlight {
    ServiceKey service;
    std::string uid;
    std::vector<IpAddress> addresses;
    std::vector<std::string> seen;  ///< resource versions that the store had since the write began
  };

  void apply(Now now, const kube::Change<kube::Service>& change);
  void apply(Now now, const kube::Change<kube::IPAddressPool>& change);
  void apply(const kube::Change<kube::Community>& change);
  void apply(const kube::Change<kube::Namespace>& change);
  void apply(Now now, const kube::WriteDone& done);
  void apply(const Leading& in);
  /// False when the answer cannot be read.
  [[nodiscard]] bool written(const InFlight& flight, const std::string& answer);

  /// Everything is known that has to be before addresses may be registered.
  [[nodiscard]] bool ready_to_adopt() const { return all_is_listed() && !config_->pools.empty(); }
  [[nodiscard]] bool all_is_listed() const { return leading_ && !awaited_.any() && services_.listed() && config_; }
  void stand_by();
  [[nodiscard]] bool config_due() const { return config_dirty_ && pools_.listed() && namespaces_.listed(); }
  void load_config(Now now, Output& out);
  void report(std::vector<config::ConfigError> errors, Output& out);
  /// While there is no pool: tells Services without an address why, and touches nothing.
  void explain_slice(Now now, Output& out);
  void explain(const ServiceKey& key, Output& out);
  void start_adopting();
  void adopt_slice(Now now, int budget);
  void resync_slice(int budget);
  /// Enough status writes are on their way. Services beyond them wait undecided, which costs less memory than their patches.
  [[nodiscard]] bool congested() const { return in_flight_.size() >= kMostWrites; }
  /// Queues the next Service that waits for a pool with news; false when there is none.
  bool sweep();

  [[nodiscard]] bool concerns(const kube::Service& service) const;
  void reconcile(Now now, const ServiceKey& key, Output& out);
  /// Carries an outcome to the API. True when a write is on its way, which keeps the key until it is done.
  bool publish(const kube::Service& service, Record& record, Outcome outcome, Output& out);
  void tell(const kube::Service& service, const Outcome& outcome, Record& record, Output& out);
  void forget(Now now, const ServiceKey& key);
  void follow_touched(Now now);

  Options options_;
  Log log_;
  Phase phase_ = Phase::kWaiting;
  bool leading_;
  /// Lists that must have come since it leads: a watch may be dead without a sign, and what another leader last did unseen.
  struct Awaited {
    bool services = false;
    bool pools = false;
    bool namespaces = false;
    [[nodiscard]] bool any() const { return services || pools || namespaces; }
  };
  Awaited awaited_;
  std::optional<SteadyPoint> explains_from_;  ///< while waiting: all is listed, and there is no pool

  kube::Store<kube::Service> services_;
  kube::Store<kube::IPAddressPool> pools_;
  kube::Store<kube::Community> communities_;
  kube::Store<kube::Namespace> namespaces_;
  bool config_dirty_ = false;
  config::LastGood last_good_;
  std::vector<config::ConfigError> config_errors_;

  std::optional<config::Config> config_;
  ipam::Allocator allocator_;
  Metrics metrics_;

  kube::WorkQueue<ServiceKey> queue_;
  std::vector<ServiceKey> adopting_;                         ///< holders yet to be registered, the next one last
  std::vector<ServiceKey> refused_;                          ///< of those, the ones that may not hold what they show
  std::optional<ServiceKey> resync_;                         ///< every Service from this key on is to be looked at again
  std::map<std::string, std::optional<ServiceKey>> sweeps_;  ///< pool with news -> last waiting Service that was tried

  std::unordered_map<ServiceKey, Record> records_;
  WaitingList waiting_;
  PoolStatus pool_status_;
  std::unordered_map<ActionId, InFlight> in_flight_;
  std::unordered_map<ServiceKey, ActionId> writing_;
  std::uint64_t last_action_ = 0;
};

}  // namespace metallb::controller
