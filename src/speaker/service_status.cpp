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

// As tools select on them (operations spec 1.16).
constexpr auto kServiceLabel = "metallb.io/service-name";
constexpr auto kNamespaceLabel = "metallb.io/service-namespace";

// So that a start with thousands of Services does not bury the API server.
constexpr std::size_t kWritesUnderWay = 16;
constexpr std::size_t kObjectsPerSlice = 256;
constexpr auto kLongestRetry = std::chrono::seconds(60);
/// Between two deletions of other nodes' objects for one Service.
constexpr Duration kShortestPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(60);

const std::string* label(const kube::ObjectMeta& metadata, const char* name) {
  const auto found = metadata.labels.find(name);
  return found == metadata.labels.end() ? nullptr : &found->second;
}

/// nullopt when one of the three labels is missing.
std::optional<ServiceKey> service_of(const kube::ObjectMeta& metadata) {
  const auto* name = label(metadata, kServiceLabel);
  const auto* name_space = label(metadata, kNamespaceLabel);
  if (name == nullptr || name_space == nullptr || label(metadata, kStatusNodeLabel) == nullptr) return std::nullopt;
  return ServiceKey{*name_space, *name};
}

template <class Object>
std::vector<std::string> index_values(const Object& object) {
  const auto service = service_of(object.metadata);
  if (!service.has_value()) return {};
  return {service->to_string()};
}

template <class Object>
std::string status_patch(const typename StatusKind<Object>::Status& status) {
  boost::json::object out{
      {"node", status.node}, {"serviceName", status.serviceName}, {"serviceNamespace", status.serviceNamespace}};
  StatusKind<Object>::patch(out, status);
  return boost::json::serialize(boost::json::object{{"status", std::move(out)}});
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

void StatusKind<kube::ServiceL2Status>::fill(Status& status, const Wanted& wanted) {
  if (wanted.all) return;
  for (const auto& name : wanted.names) status.interfaces.push_back({name});
}

/// Regardless of the order of interfaces: the original writes them in any order.
bool StatusKind<kube::ServiceL2Status>::same(Status a, Status b) {
  std::ranges::sort(a.interfaces, {}, &kube::InterfaceInfo::name);
  std::ranges::sort(b.interfaces, {}, &kube::InterfaceInfo::name);
  return a == b;
}

void StatusKind<kube::ServiceL2Status>::patch(boost::json::object& out, const Status& status) {
  // In a merge patch null removes the member: no interfaces listed means all.
  auto& interfaces = out["interfaces"];
  if (status.interfaces.empty()) return;
  auto& list = interfaces.emplace_array();
  for (const auto& interface : status.interfaces) list.push_back(boost::json::object{{"name", interface.name}});
}

void StatusKind<kube::ServiceBGPStatus>::patch(boost::json::object& out, const Status& status) {
  auto& list = out["peers"].emplace_array();
  for (const auto& peer : status.peers) list.emplace_back(peer);
}

template <class Object>
StatusObjects<Object>::StatusObjects(std::string node, std::string namespace_, std::optional<PodIdentity> owner, Log log)
    : node_(std::move(node)),
      namespace_(std::move(namespace_)),
      owner_(std::move(owner)),
      log_(log),
      store_(index_values<Object>),
      queue_({.maximum = kLongestRetry}) {}

template <class Object>
void StatusObjects<Object>::want(const ServiceKey& service, const std::optional<Wanted>& wanted) {
  const auto known = wanted_.find(service);
  if (!wanted.has_value()) {
    if (known == wanted_.end()) return;
    wanted_.erase(known);
    brakes_.erase(service);
  } else {
    if (known != wanted_.end() && known->second == *wanted) return;
    wanted_.insert_or_assign(service, *wanted);
  }
  queue_.add(service);
}

template <class Object>
void StatusObjects<Object>::start() {
  if (std::exchange(started_, true)) return;
  for (const auto& [key, object] : store_.objects()) judge(object);
}

template <class Object>
void StatusObjects<Object>::judge(const Pointer& object) {
  const auto service = service_of(object->metadata);
  if (!service.has_value()) {
    log_.error({{"controller", Kind::kController},
                {"object", object->metadata.key().to_string()},
                {"error", "labels are missing"},
                {"msg", "ignoring a status object that does not say whose it is"}});
    return;
  }
  if (wanted_.contains(*service) || is_own(*object)) queue_.add(*service);
}

template <class Object>
void StatusObjects<Object>::on_change(const kube::Change<Object>& change) {
  if (const auto* upserted = std::get_if<kube::Upserted<Object>>(&change)) {
    const auto key = upserted->object->metadata.key();
    if (key.namespace_ != namespace_) return;
    // Where each node has an object of its own, those of others are none of our business; nor is one that was made theirs.
    if (!Kind::kOneOwner && !is_own(*upserted->object)) return on_change(kube::Removed<Object>{key});
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
  } else if (const auto* removed = std::get_if<kube::Removed<Object>>(&change)) {
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

template <class Object>
void StatusObjects<Object>::on_time(Now now, Output& out) {
  if (!running()) return;
  for (std::size_t i = 0; i < kObjectsPerSlice && pending_.size() < kWritesUnderWay; ++i) {
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
    write->id = ActionId(next_id_++);
    pending_.emplace(write->id, std::move(pending));
    out.emplace_back(std::move(*write));
  }
}

template <class Object>
SteadyPoint StatusObjects<Object>::next_deadline() const {
  // With all writes under way, the next outcome is what is waited for.
  if (!running() || pending_.size() >= kWritesUnderWay) return kIdle;
  return queue_.next_deadline();
}

template <class Object>
bool StatusObjects<Object>::is_own(const Object& object) const {
  const auto* node = label(object.metadata, kStatusNodeLabel);
  return node != nullptr && *node == node_;
}

template <class Object>
auto StatusObjects<Object>::objects_of(const ServiceKey& service) const -> std::vector<Pointer> {
  auto out = store_.by_index(service.to_string());
  for (const auto& [key, unseen] : unseen_) {
    if (service_of(unseen.object->metadata) == service) out.push_back(unseen.object);
  }
  return out;
}

template <class Object>
std::vector<kube::OwnerReference> StatusObjects<Object>::owners() const {
  if (!owner_.has_value()) return {};
  return {{.apiVersion = "v1",
           .kind = "Pod",
           .name = owner_->name,
           .uid = owner_->uid,
           .controller = std::nullopt,
           .blockOwnerDeletion = std::nullopt}};
}

template <class Object>
auto StatusObjects<Object>::desired(const ServiceKey& service, const Wanted& wanted) const -> typename Kind::Status {
  typename Kind::Status status;
  status.node = node_;
  status.serviceName = service.name;
  status.serviceNamespace = service.namespace_;
  Kind::fill(status, wanted);
  return status;
}

template <class Object>
std::optional<kube::Write> StatusObjects<Object>::next_write(const ServiceKey& service, Pending& pending) const {
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
    if (doubtful || !Kind::same(keep->status, status)) return patch(*keep, "status", status_patch<Object>(status), pending);
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

template <class Object>
Duration StatusObjects<Object>::until_free(SteadyPoint now, const ServiceKey& service) const {
  const auto known = brakes_.find(service);
  return known == brakes_.end() ? Duration::zero() : known->second.until - now;
}

template <class Object>
void StatusObjects<Object>::brake(SteadyPoint now, const ServiceKey& service) {
  const auto [known, first] = brakes_.try_emplace(service, Brake{now, kShortestPause});
  auto& brake = known->second;
  // A quiet time as long as the longest pause ends the fight.
  if (!first) brake.pause = now - brake.until > kLongestPause ? kShortestPause : std::min(brake.pause * 2, kLongestPause);
  brake.until = now + brake.pause;
}

template <class Object>
kube::Write StatusObjects<Object>::creation(const ServiceKey& service) const {
  Object object;
  object.metadata.generateName = Kind::kNamePrefix;
  object.metadata.namespace_ = namespace_;
  object.metadata.labels = {{kStatusNodeLabel, node_}, {kServiceLabel, service.name}, {kNamespaceLabel, service.namespace_}};
  object.metadata.ownerReferences = owners();
  return {.id = {},
          .verb = kube::Verb::kCreate,
          .resource = &kube::resource_of<Object>(),
          .key = {namespace_, ""},
          .subresource = {},
          .body = kube::encode_text(object),
          .uid = {}};
}

template <class Object>
kube::Write StatusObjects<Object>::deletion(const Object& object, Pending& pending) const {
  pending.step = Step::kDelete;
  pending.object = object.metadata.key();
  return {.id = {},
          .verb = kube::Verb::kDelete,
          .resource = &kube::resource_of<Object>(),
          .key = pending.object,
          .subresource = {},
          .body = {},
          .uid = object.metadata.uid};
}

template <class Object>
kube::Write StatusObjects<Object>::patch(const Object& object, std::string subresource, std::string body,
                                         Pending& pending) const {
  pending.step = Step::kPatch;
  pending.object = object.metadata.key();
  pending.version_seen = object.metadata.resourceVersion;
  return {.id = {},
          .verb = kube::Verb::kMergePatch,
          .resource = &kube::resource_of<Object>(),
          .key = pending.object,
          .subresource = std::move(subresource),
          .body = std::move(body),
          .uid = object.metadata.uid};
}

template <class Object>
void StatusObjects<Object>::on_write_done(Now now, const kube::WriteDone& done) {
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

template <class Object>
void StatusObjects<Object>::on_success(Now now, const Pending& pending, const std::string& answer) {
  if (pending.step == Step::kDelete) {
    queue_.add(pending.service);
    replace_.erase(pending.service);
    forget_object(pending.object);
    return;
  }
  auto decoded = kube::decode_text<Object>(answer);
  if (!decoded.has_value()) {
    on_failure(now, pending, {kube::WriteError::Reason::kUnavailable, "unreadable answer: " + decoded.error().to_string()});
    return;
  }
  queue_.add(pending.service);  // one write may not be all
  const auto object = std::make_shared<const Object>(std::move(*decoded));
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

template <class Object>
void StatusObjects<Object>::on_failure(Now now, const Pending& pending, const kube::WriteError& error) {
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
  log_.error({{"controller", Kind::kController},
              {"service", pending.service.to_string()},
              {"error", error.message},
              {"retryMilliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(delay).count()},
              {"msg", "could not write the status of the Service"}});
}

template <class Object>
void StatusObjects<Object>::forget_object(const ObjectKey& object) {
  unseen_.erase(object);
  if (store_.get(object)) store_.apply(kube::Removed<Object>{object});
}

template class StatusObjects<kube::ServiceL2Status>;
template class StatusObjects<kube::ServiceBGPStatus>;

}  // namespace metallb::speaker
