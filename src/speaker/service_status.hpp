// ServiceL2Status and ServiceBGPStatus objects: they tell the user which node announces a Service, and on which interfaces
// (layer2 spec 4.1) or to which BGPPeers (bgp spec 5.1).
//
// One object per announced Service, in MetalLB's namespace, kept by the speaker that announces; by BGP, one by each of them.
// Level-triggered per Service: compare what is wanted with what the watch shows, issue one write, look again when its
// outcome is there. So a manual edit is repaired, a failure is repeated with back-off, and nothing is written when nothing
// differs.
#pragma once

#include <boost/json/fwd.hpp>
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

/// The label of a status object that names its node.
inline constexpr auto kStatusNodeLabel = "metallb.io/node";

/// The Pod that this speaker runs in; status objects vanish with it.
struct PodIdentity {
  std::string name;
  std::string uid;
};

/// What the two kinds differ in.
template <class Object>
struct StatusKind;

template <>
struct StatusKind<kube::ServiceL2Status> {
  using Status = kube::ServiceL2StatusStatus;
  using Wanted = layer2::InterfaceSet;  ///< on which this node announces
  static constexpr auto kController = "Layer2StatusReconciler";
  static constexpr auto kNamePrefix = "l2-";
  /// One node has the Service: it also removes the objects of those that had it.
  static constexpr bool kOneOwner = true;
  static constexpr std::uint64_t kFirstWrite = 1;

  static void fill(Status& status, const Wanted& wanted);
  [[nodiscard]] static bool same(Status a, Status b);
  static void patch(boost::json::object& out, const Status& status);
};

template <>
struct StatusKind<kube::ServiceBGPStatus> {
  using Status = kube::ServiceBGPStatusStatus;
  using Wanted = std::vector<std::string>;  ///< names of the BGPPeers, sorted
  static constexpr auto kController = "BGPStatusReconciler";
  static constexpr auto kNamePrefix = "bgp-";
  static constexpr bool kOneOwner = false;
  /// Far from those of the other kind: an outcome tells only its number.
  static constexpr std::uint64_t kFirstWrite = std::uint64_t{1} << 48;

  static void fill(Status& status, const Wanted& wanted) { status.peers = wanted; }
  [[nodiscard]] static bool same(const Status& a, const Status& b) { return a == b; }
  static void patch(boost::json::object& out, const Status& status);
};

template <class Object>
class StatusObjects {
 public:
  using Kind = StatusKind<Object>;
  using Wanted = typename Kind::Wanted;

  StatusObjects(std::string node, std::string namespace_, std::optional<PodIdentity> owner, Log log);

  /// How this node announces `service`; nullopt when it does not.
  void want(const ServiceKey& service, const std::optional<Wanted>& wanted);
  /// To be called once it is known what this node announces: before, an object left from an earlier run is not judged.
  void start();
  /// No further writes. The successor removes the objects of this node, or they go with its Pod (layer2 spec 4.1).
  void stop() { stopped_ = true; }

  void on_change(const kube::Change<Object>& change);
  void on_write_done(Now now, const kube::WriteDone& done);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  using Pointer = std::shared_ptr<const Object>;
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
  [[nodiscard]] bool is_own(const Object& object) const;
  [[nodiscard]] std::vector<Pointer> objects_of(const ServiceKey& service) const;
  [[nodiscard]] std::vector<kube::OwnerReference> owners() const;
  [[nodiscard]] typename Kind::Status desired(const ServiceKey& service, const Wanted& wanted) const;

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
  [[nodiscard]] kube::Write deletion(const Object& object, Pending& pending) const;
  [[nodiscard]] kube::Write patch(const Object& object, std::string subresource, std::string body, Pending& pending) const;
  void on_success(Now now, const Pending& pending, const std::string& answer);
  void on_failure(Now now, const Pending& pending, const kube::WriteError& error);
  void forget_object(const ObjectKey& object);

  std::string node_;
  std::string namespace_;
  std::optional<PodIdentity> owner_;
  Log log_;
  kube::Store<Object> store_;
  std::map<ServiceKey, Wanted> wanted_;
  kube::WorkQueue<ServiceKey> queue_;  ///< a key stays taken while its write is under way
  std::map<ActionId, Pending> pending_;
  std::uint64_t next_id_ = Kind::kFirstWrite;
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

extern template class StatusObjects<kube::ServiceL2Status>;
extern template class StatusObjects<kube::ServiceBGPStatus>;
using ServiceStatuses = StatusObjects<kube::ServiceL2Status>;
using BgpServiceStatuses = StatusObjects<kube::ServiceBGPStatus>;

}  // namespace metallb::speaker
