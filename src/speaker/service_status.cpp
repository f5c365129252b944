#include "speaker/service_status.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <utility>

#include "kube/json.hpp"

namespace metallb::speaker {
namespace {

// Labels and name prefix as tools select on them (operations spec 1.16).
constexpr auto kNodeLabel = "metallb.io/node";
constexpr auto kServiceLabel = "metallb.io/service-name";
constexpr auto kNamespaceLabel = "metallb.io/service-namespace";

// So that a start with thousands of Services does not bury the API server.
constexpr std::size_t kWritesUnderWay = 16;
constexpr std::size_t kServicesPerSlice = 256;
constexpr auto kLongestRetry = std::chrono::seconds(60);
/// Between two deletions of other nodes' objects for one Service.
constexpr Duration kShortestPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(60);

const std::string* label(const kube::ServiceL2Status& object, const char* name) {
  const auto found = object.metadata.labels.find(name);
  return found == object.metadata.labels.end() ? nullptr : &found->second;
}

/// nullopt when one of the three labels is missing.
std::optional<ServiceKey> service_of(const kube::ServiceL2Status& object) {
  const auto* name = label(object, kServiceLabel);
  const auto* name_space = label(object, kNamespaceLabel);
  if (name == nullptr || name_space == nullptr || label(object, kNodeLabel) == nullptr) return std::nullopt;
  return ServiceKey{*name_space, *name};
}

std::vector<std::string> index_values(const kube::ServiceL2Status& object) {
  const auto service = service_of(object);
  if (!service.has_value()) return {};
  return {service->to_string()};
}

/// Regardless of the order of interfaces: the original writes them in any order.
bool same_status(kube::ServiceL2StatusStatus a, kube::ServiceL2StatusStatus b) {
  std::ranges::sort(a.interfaces, {}, &kube::InterfaceInfo::name);
  std::ranges::sort(b.interfaces, {}, &kube::InterfaceInfo::name);
  return a == b;
}

std::string status_patch(const kube::ServiceL2StatusStatus& status) {
  // In a merge patch null removes the member: no interfaces listed means all.
  boost::json::value interfaces = nullptr;
  if (!status.interfaces.empty()) {
    auto& list = interfaces.emplace_array();
    for (const auto& interface : status.interfaces) list.push_back(boost::json::object{{"name", interface.name}});
  }
  return boost::json::serialize(
      boost::json::object{{"status", boost::json::object{{"node", status.node},
                                                         {"serviceName", status.serviceName},
                                                         {"serviceNamespace", status.serviceNamespace},
                                                         {"interfaces", std::move(interfaces)}}}});
}

std::string owner_patch(const std::vector<kube::OwnerReference>& owners) {
  boost::json::array list;
  for (const auto& owner : owners) {
    list.push_back(boost::json::object{
        {"apiVersion", owner.apiVersion}, {"kind", owner.kind}, {"name", owner.name}, {"uid", owner.uid}});
  }
  return boost::json::serialize(
      boost::json::object{{"metadata", boost::json::object{{"ownerReferences", std::move(list)}}}});
}

}  // namespace

ServiceStatuses::ServiceStatuses(std::string node, std::string namespace_, std::optional<PodIdentity> owner, Log log)
    : node_(std::move(node)),
      namespace_(std::move(namespace_)),
      owner_(std::move(owner)),
      log_(log),
      store_(index_values),
      queue_({.maximum = kLongestRetry}) {}

void ServiceStatuses::want(const ServiceKey& service, const std::optional<layer2::InterfaceSet>& interfaces) {
  const auto known = wanted_.find(service);
  if (!interfaces.has_value()) {
    if (known == wanted_.end()) return;
    wanted_.erase(known);
    brakes_.erase(service);
  } else {
    if (known != wanted_.end() && known->second == *interfaces) return;
    wanted_.insert_or_assign(service, *interfaces);
  }
  queue_.add(service);
}

void ServiceStatuses::start() {
  if (std::exchange(started_, true)) return;
  for (const auto& [key, object] : store_.objects()) judge(object);
}

void ServiceStatuses::judge(const Pointer& object) {
  const auto service = service_of(*object);
  if (!service.has_value()) {
    log_.error({{"controller", "Layer2StatusReconciler"},
                {"object", object->metadata.key().to_string()},
                {"error", "labels are missing"},
                {"msg", "ignoring a ServiceL2Status that does not say whose it is"}});
    return;
  }
  if (wanted_.contains(*service) || is_own(*object)) queue_.add(*service);
}

void ServiceStatuses::on_change(const kube::Change<kube::ServiceL2Status>& change) {
  if (const auto* upserted = std::get_if<kube::Upserted<kube::ServiceL2Status>>(&change)) {
    const auto key = upserted->object->metadata.key();
    if (key.namespace_ != namespace_) return;
    seen_meanwhile_.insert(key);
    const auto unseen = unseen_.extract(key);
    if (const auto before = store_.apply(change)) judge(before);
    if (!unseen.empty()) {
      // What the watch shows first of a new object may be older than what has been written to it since; the second time
      // lets the store hold it back until the written state, or a relist, comes by.
      store_.apply_write(unseen.mapped().object);
      store_.apply(change);
    }
    judge(store_.get(key));
  } else if (const auto* removed = std::get_if<kube::Removed<kube::ServiceL2Status>>(&change)) {
    seen_meanwhile_.insert(removed->key);
    const auto unseen = unseen_.extract(removed->key);
    if (const auto before = store_.apply(change)) judge(before);
    if (!unseen.empty()) judge(unseen.mapped().object);
  } else {
    store_.apply(change);
    // What is not in this list was created after the list was taken, or has been deleted meanwhile: only a write can tell.
    for (auto& [key, unseen] : unseen_) {
      unseen.doubtful = true;
      judge(unseen.object);
    }
    for (const auto& [service, interfaces] : wanted_) queue_.add(service);
    for (const auto& [key, object] : store_.objects()) {
      if (is_own(*object)) judge(object);
    }
  }
  if (std::ranges::none_of(pending_, [](const auto& p) { return p.second.step == Step::kCreate; })) seen_meanwhile_.clear();
}

void ServiceStatuses::on_time(Now now, Output& out) {
  if (!running()) return;
  for (std::size_t i = 0; i < kServicesPerSlice && pending_.size() < kWritesUnderWay; ++i) {
    const auto service = queue_.take(now.steady);
    if (!service.has_value()) return;
    Pending pending{.service = *service, .step = Step::kCreate, .object = {}, .version_seen = {}, .foreign = false};
    auto write = next_write(*service, pending);
    if (pending.foreign) {
      if (const auto wait = until_free(now.steady, *service); wait > Duration::zero()) {
        queue_.add_after(now.steady, *service, wait);
        write.reset();
      } else {
        brake(now.steady, *service);
      }
    }
    if (!write.has_value()) {
      queue_.forget(*service);
      queue_.done(*service);
      continue;
    }
    if (pending.step == Step::kCreate) replace_.erase(*service);  // nothing is left to replace
    write->id = ActionId(++last_id_);
    pending_.emplace(write->id, std::move(pending));
    out.emplace_back(std::move(*write));
  }
}

SteadyPoint ServiceStatuses::next_deadline() const {
  // With all writes under way, the next outcome is what is waited for.
  if (!running() || pending_.size() >= kWritesUnderWay) return kIdle;
  return queue_.next_deadline();
}

bool ServiceStatuses::is_own(const kube::ServiceL2Status& object) const {
  const auto* node = label(object, kNodeLabel);
  return node != nullptr && *node == node_;
}

std::vector<ServiceStatuses::Pointer> ServiceStatuses::objects_of(const ServiceKey& service) const {
  auto out = store_.by_index(service.to_string());
  for (const auto& [key, unseen] : unseen_) {
    if (service_of(*unseen.object) == service) out.push_back(unseen.object);
  }
  return out;
}

std::vector<kube::OwnerReference> ServiceStatuses::owners() const {
  if (!owner_.has_value()) return {};
  return {{.apiVersion = "v1",
           .kind = "Pod",
           .name = owner_->name,
           .uid = owner_->uid,
           .controller = std::nullopt,
           .blockOwnerDeletion = std::nullopt}};
}

kube::ServiceL2StatusStatus ServiceStatuses::desired(const ServiceKey& service,
                                                     const layer2::InterfaceSet& interfaces) const {
  kube::ServiceL2StatusStatus status{
      .node = node_, .serviceName = service.name, .serviceNamespace = service.namespace_, .interfaces = {}};
  if (!interfaces.all) {
    for (const auto& name : interfaces.names) status.interfaces.push_back({name});
  }
  return status;
}

std::optional<kube::Write> ServiceStatuses::next_write(const ServiceKey& service, Pending& pending) const {
  const auto objects = objects_of(service);
  const auto wanted = wanted_.find(service);
  Pointer keep;
  if (wanted != wanted_.end()) {
    const auto own = std::ranges::find_if(objects, [this](const auto& object) { return is_own(*object); });
    if (own == objects.end()) return creation(service);
    keep = *own;
    if (replace_.contains(service)) return deletion(*keep, pending);
    const auto& held_by = keep->metadata.ownerReferences;
    if (owner_.has_value() && (held_by.size() != 1 || held_by.front().uid != owner_->uid)) {
      return patch(*keep, "", owner_patch(owners()), pending);
    }
    const auto status = desired(service, wanted->second);
    const auto unseen = unseen_.find(keep->metadata.key());
    const auto doubtful = unseen != unseen_.end() && unseen->second.doubtful;
    if (doubtful || !same_status(keep->status, status)) return patch(*keep, "status", status_patch(status), pending);
  }
  // Who announces removes the others' objects, too; who does not, its own only.
  for (const auto& object : objects) {
    if (object == keep || (!keep && !is_own(*object))) continue;
    pending.foreign = !is_own(*object);
    return deletion(*object, pending);
  }
  return std::nullopt;
}

// Two speakers that both take themselves for the owner would delete each other's object for ever, as fast as the API server
// can follow. One of them is wrong, and will know soon.

Duration ServiceStatuses::until_free(SteadyPoint now, const ServiceKey& service) const {
  const auto known = brakes_.find(service);
  return known == brakes_.end() ? Duration::zero() : known->second.until - now;
}

void ServiceStatuses::brake(SteadyPoint now, const ServiceKey& service) {
  const auto [known, first] = brakes_.try_emplace(service, Brake{now, kShortestPause});
  auto& brake = known->second;
  // A quiet time as long as the longest pause ends the fight.
  if (!first) brake.pause = now - brake.until > kLongestPause ? kShortestPause : std::min(brake.pause * 2, kLongestPause);
  brake.until = now + brake.pause;
}

kube::Write ServiceStatuses::creation(const ServiceKey& service) const {
  kube::ServiceL2Status object;
  object.metadata.generateName = "l2-";
  object.metadata.namespace_ = namespace_;
  object.metadata.labels = {{kNodeLabel, node_}, {kServiceLabel, service.name}, {kNamespaceLabel, service.namespace_}};
  object.metadata.ownerReferences = owners();
  return {.id = {},
          .verb = kube::Verb::kCreate,
          .resource = &kube::resource_of<kube::ServiceL2Status>(),
          .key = {namespace_, ""},
          .subresource = {},
          .body = kube::encode_text(object),
          .uid = {}};
}

kube::Write ServiceStatuses::deletion(const kube::ServiceL2Status& object, Pending& pending) const {
  pending.step = Step::kDelete;
  pending.object = object.metadata.key();
  return {.id = {},
          .verb = kube::Verb::kDelete,
          .resource = &kube::resource_of<kube::ServiceL2Status>(),
          .key = pending.object,
          .subresource = {},
          .body = {},
          .uid = object.metadata.uid};
}

kube::Write ServiceStatuses::patch(const kube::ServiceL2Status& object, std::string subresource, std::string body,
                                   Pending& pending) const {
  pending.step = Step::kPatch;
  pending.object = object.metadata.key();
  pending.version_seen = object.metadata.resourceVersion;
  return {.id = {},
          .verb = kube::Verb::kMergePatch,
          .resource = &kube::resource_of<kube::ServiceL2Status>(),
          .key = pending.object,
          .subresource = std::move(subresource),
          .body = std::move(body),
          .uid = object.metadata.uid};
}

void ServiceStatuses::on_write_done(Now now, const kube::WriteDone& done) {
  const auto node = pending_.extract(done.id);
  if (node.empty()) return;
  const auto& pending = node.mapped();
  if (done.result.has_value()) {
    on_success(now, pending, *done.result);
  } else {
    on_failure(now, pending, done.result.error());
  }
  queue_.done(pending.service);
}

void ServiceStatuses::on_success(Now now, const Pending& pending, const std::string& answer) {
  if (pending.step == Step::kDelete) {
    queue_.add(pending.service);
    replace_.erase(pending.service);
    forget_object(pending.object);
    return;
  }
  auto decoded = kube::decode_text<kube::ServiceL2Status>(answer);
  if (!decoded.has_value()) {
    on_failure(now, pending, {kube::WriteError::Reason::kUnavailable, "unreadable answer: " + decoded.error().to_string()});
    return;
  }
  queue_.add(pending.service);  // one write may not be all
  const auto object = std::make_shared<const kube::ServiceL2Status>(std::move(*decoded));
  const auto key = object->metadata.key();
  if (pending.step == Step::kCreate) {
    if (!seen_meanwhile_.contains(key)) unseen_[key] = {object};
    return;
  }
  if (const auto unseen = unseen_.find(key); unseen != unseen_.end()) {
    unseen->second = {object};
    return;
  }
  // When the watch has moved on since, it may be past this answer already: then it is the watch that is believed.
  const auto known = store_.get(key);
  if (known && known->metadata.resourceVersion == pending.version_seen) store_.apply_write(object);
}

void ServiceStatuses::on_failure(Now now, const Pending& pending, const kube::WriteError& error) {
  using Reason = kube::WriteError::Reason;
  const bool vanished = error.reason == Reason::kNotFound || error.reason == Reason::kGone;
  if (vanished && pending.step != Step::kCreate) {
    replace_.erase(pending.service);
    forget_object(pending.object);
    queue_.add(pending.service);
    return;
  }
  // The fields of a status cannot be changed once they are set: an object that somebody has edited is replaced.
  if (error.reason == Reason::kInvalid && pending.step == Step::kPatch) replace_.insert(pending.service);
  const auto delay = queue_.retry(now.steady, pending.service);
  log_.error({{"controller", "Layer2StatusReconciler"},
              {"service", pending.service.to_string()},
              {"error", error.message},
              {"retryMilliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(delay).count()},
              {"msg", "could not write the ServiceL2Status"}});
}

void ServiceStatuses::forget_object(const ObjectKey& object) {
  unseen_.erase(object);
  if (store_.get(object)) store_.apply(kube::Removed<kube::ServiceL2Status>{object});
}

}  // namespace metallb::speaker
