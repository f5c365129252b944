// ServiceL2Status objects: they tell the user which node announces a Service, on which interfaces (layer2 spec 4.1).
//
// One object per announced Service, in MetalLB's namespace, kept by the speaker that announces. Level-triggered per Service:
// compare what is wanted with what the watch shows, issue one write, look again when its outcome is there. So a manual edit
// is repaired, a failure is repeated with back-off, and nothing is written when nothing differs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/names.hpp"
#include "base/time.hpp"
#include "kube/objects/metallb.hpp"
#include "kube/store.hpp"
#include "kube/work_queue.hpp"
#include "kube/write.hpp"
#include "layer2/interface_set.hpp"
#include "speaker/actions.hpp"

namespace metallb::speaker {

/// The Pod that this speaker runs in; status objects vanish with it.
struct PodIdentity {
  std::string name;
  std::string uid;
};

class ServiceStatuses {
 public:
  ServiceStatuses(std::string node, std::string namespace_, std::optional<PodIdentity> owner, Log log);

  /// The interfaces on which this node announces `service`; nullopt when it does not.
  void want(const ServiceKey& service, const std::optional<layer2::InterfaceSet>& interfaces);
  /// To be called once it is known what this node announces: before, an object left from an earlier run is not judged.
  void start();
  /// No further writes. The successor removes the objects of this node, or they go with its Pod (layer2 spec 4.1).
  void stop() { stopped_ = true; }

  void on_change(const kube::Change<kube::ServiceL2Status>& change);
  void on_write_done(Now now, const kube::WriteDone& done);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  using Pointer = std::shared_ptr<const kube::ServiceL2Status>;
  enum class Step : std::uint8_t { kCreate, kPatch, kDelete };
  /// A write whose outcome is still to come.
  struct Pending {
    ServiceKey service;
    Step step = Step::kCreate;
    ObjectKey object;          ///< empty name for kCreate
    std::string version_seen;  ///< of the object when the write was issued
    bool foreign = false;      ///< kDelete of another node's object
  };

  [[nodiscard]] bool running() const { return started_ && !stopped_ && store_.listed(); }
  [[nodiscard]] bool is_own(const kube::ServiceL2Status& object) const;
  [[nodiscard]] std::vector<Pointer> objects_of(const ServiceKey& service) const;
  [[nodiscard]] std::vector<kube::OwnerReference> owners() const;
  [[nodiscard]] kube::ServiceL2StatusStatus desired(const ServiceKey& service, const layer2::InterfaceSet& interfaces) const;

  void judge(const Pointer& object);
  /// Not before this may an object of another node be deleted for the Service again.
  struct Brake {
    SteadyPoint until;
    Duration pause;
  };
  /// An own object that the watch has not shown yet.
  struct Unseen {
    Pointer object;
    bool doubtful = false;  ///< a list came without it; it may be older than the object
  };
  [[nodiscard]] Duration until_free(SteadyPoint now, const ServiceKey& service) const;
  void brake(SteadyPoint now, const ServiceKey& service);

  /// The next write that brings the Service's objects closer to what is wanted; nullopt when nothing differs.
  [[nodiscard]] std::optional<kube::Write> next_write(const ServiceKey& service, Pending& pending) const;
  [[nodiscard]] kube::Write creation(const ServiceKey& service) const;
  [[nodiscard]] kube::Write deletion(const kube::ServiceL2Status& object, Pending& pending) const;
  [[nodiscard]] kube::Write patch(const kube::ServiceL2Status& object, std::string subresource, std::string body,
                                  Pending& pending) const;
  void on_success(Now now, const Pending& pending, const std::string& answer);
  void on_failure(Now now, const Pending& pending, const kube::WriteError& error);
  void forget_object(const ObjectKey& object);

  std::string node_;
  std::string namespace_;
  std::optional<PodIdentity> owner_;
  Log log_;
  kube::Store<kube::ServiceL2Status> store_;
  std::map<ServiceKey, layer2::InterfaceSet> wanted_;
  kube::WorkQueue<ServiceKey> queue_;  ///< a key stays taken while its write is under way
  std::map<ActionId, Pending> pending_;
  std::uint64_t last_id_ = 0;
  /// Created objects that the watch has not shown yet, so that none is created twice.
  std::map<ObjectKey, Unseen> unseen_;
  /// Objects that the watch showed while a creation was under way: it may have been faster than the answer.
  std::set<ObjectKey> seen_meanwhile_;
  /// Services whose object refuses a patch (its fields are immutable) and has to be replaced.
  std::set<ServiceKey> replace_;
  std::map<ServiceKey, Brake> brakes_;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace metallb::speaker
