// The ConfigurationState of this process: whether it could use the configuration, and what is wrong with it (controller
// spec 1.9, 3.7).
//
// In:   the object as the API shows it, conclusions drawn from the configuration, warnings, kinds that cannot be read,
//       outcomes of writes, who is to report.
// Out:  writes: the object made, its labels and owner set right, its status written.
// Thread: main.
//
// Level-triggered: what is wanted is compared with what is there, one write at a time, so that a deleted object comes back
// and an edited one is set right. lastTransitionTime moves when the condition does, so nothing is written while nothing
// changes (controller spec 8.3). Conditions of other reporters stay, and count for the result. Where the API refuses the
// writes, as with the roles of older manifests, it is said once, and tried again now and then.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/state_machine.hpp"
#include "kube/change.hpp"
#include "kube/objects/metallb.hpp"
#include "kube/store.hpp"
#include "kube/write.hpp"

namespace metallb::config {

/// What came of a look at the configuration.
struct Conclusion {
  std::vector<std::string> problems;  ///< one text per object that is not in force as it is in the cluster
  friend bool operator==(const Conclusion&, const Conclusion&) = default;
};

/// Objects of this kind cannot be read, and what is in force may be older than what is in the cluster. Told after half a
/// minute (controller spec 8.1 row 17): an API server that is started again is no news.
struct Unreadable {
  std::string resource;  ///< "ipaddresspools"
  std::string cause;     ///< empty: they can be read again
};

/// What is not wrong, but may not do what its author means; these replace the former ones. While nothing is wrong they are
/// the condition's message. It stays True: an advertisement or a pool too few leaves everything else in force.
struct Warnings {
  std::vector<std::string> texts;  ///< each names its object
  friend bool operator==(const Warnings&, const Warnings&) = default;
};

/// Of several replicas one reports. Without it nothing is written, whatever was concluded.
struct Mandate {
  bool held = true;
};

class StateReport {
 public:
  using Input =
      std::variant<kube::Change<kube::ConfigurationState>, Conclusion, Warnings, kube::WriteDone, Unreadable, Mandate>;
  using Output = std::vector<kube::Write>;

  struct Options {
    ObjectKey key;           ///< "controller" or "speaker-<node>", in MetalLB's namespace
    kube::StringMap labels;  ///< all that the object has
    std::string condition;   ///< type of the condition that this process reports
    std::string pod_name;    ///< owner of the object, with `pod_uid`; empty: none
    std::string pod_uid;
  };
  /// Of the controller and of the speaker on `node`.
  [[nodiscard]] static Options controller(std::string namespace_);
  [[nodiscard]] static Options speaker(std::string namespace_, const std::string& node);

  StateReport(Options options, Log log) : options_(std::move(options)), log_(log) {}

  void on_input(Now now, const Input& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  [[nodiscard]] std::optional<kube::Write> next_write(WallPoint now) const;
  [[nodiscard]] kube::OwnerReference own_pod() const;
  [[nodiscard]] std::optional<kube::Write> metadata_write(const kube::ConfigurationState& object) const;
  [[nodiscard]] kube::ConfigurationStateStatus wanted_status(const kube::ConfigurationState& object, WallPoint now) const;
  void hear(Now now, const Unreadable& in);
  void finished(Now now, const kube::WriteDone& done);

  Options options_;
  Log log_;
  kube::Store<kube::ConfigurationState> store_;
  std::optional<Conclusion> conclusion_;
  struct Trouble {
    std::string cause;
    SteadyPoint told_from;
    bool told = false;
  };
  std::map<std::string, Trouble> unreadable_;  ///< by resource
  Warnings warnings_;
  bool mandate_ = true;
  bool due_ = false;
  bool writing_ = false;
  bool refused_ = false;
  SteadyPoint not_before_ = SteadyPoint::min();
  std::uint64_t last_id_ = 0;
  Backoff pause_{std::chrono::milliseconds(100), std::chrono::minutes(5)};
};

static_assert(StateMachine<StateReport, StateReport::Input, StateReport::Output>);

}  // namespace metallb::config
