#include "apiserver/lifecycle.hpp"

#include <algorithm>

#include "apiserver/definitions/definition.hpp"
#include "apiserver/protobuf/decode.hpp"
#include "kube/timestamp.hpp"

namespace metallb::apiserver {
namespace {

/// Objects that one call of on_time may touch: a few milliseconds.
constexpr int kSlice = 200;
/// kube-apiserver's --event-ttl.
constexpr Duration kEventLifetime = std::chrono::hours(1);

bool being_deleted(const json::object& object) {
  return !text_at(object, "metadata.deletionTimestamp").empty();
}

bool has_finalizers(const json::object& object) {
  const auto* list = array_at(object, "metadata.finalizers");
  return list != nullptr && !list->empty();
}

}  // namespace

Result<DeleteOptions> parse_delete_options(std::string_view body, const Query& query) {
  DeleteOptions out;
  out.dry_run = query.text("dryRun") == "All";
  out.orphan = query.text("propagationPolicy") == "Orphan";
  if (body.empty()) return out;
  std::string error;
  std::optional<json::value> value;
  if (protobuf::is_envelope(body)) {
    value = protobuf::decode(body, error);
  } else {
    value = parse(body, error);
  }
  const auto* options = value ? value->if_object() : nullptr;
  if (options == nullptr) return std::unexpected(bad_request("couldn't parse the DeleteOptions: " + error));
  out.uid = text_at(*options, "preconditions.uid");
  out.resource_version = text_at(*options, "preconditions.resourceVersion");
  if (text_at(*options, "propagationPolicy") == "Orphan" || flag_at(*options, "orphanDependents").value_or(false))
    out.orphan = true;
  const auto dry_run = texts_at(*options, "dryRun");
  if (std::ranges::find(dry_run, "All") != dry_run.end()) out.dry_run = true;
  return out;
}

Result<Deletion> Lifecycle::remove(Now now, const Kind& kind, const ObjectKey& key, const DeleteOptions& options) {
  const auto object = registry_.store().get(kind, key);
  if (!object) return std::unexpected(not_found(kind, key.name));
  const auto uid = text_at(*object, "metadata.uid");
  if (!options.uid.empty() && options.uid != uid) {
    return std::unexpected(conflict(
        kind, key.name, "Precondition failed: UID in precondition: " + options.uid + ", UID in object meta: " + uid));
  }
  const auto version = text_at(*object, "metadata.resourceVersion");
  if (!options.resource_version.empty() && options.resource_version != version) {
    return std::unexpected(conflict(kind, key.name,
                                    "Precondition failed: ResourceVersion in precondition: " + options.resource_version +
                                        ", ResourceVersion in object meta: " + version));
  }
  const bool is_namespace = &kind == &namespace_kind();
  if (is_namespace && (key.name == "default" || key.name == "kube-system")) {
    return std::unexpected(forbidden(kind, key.name, "this namespace may not be deleted"));
  }
  const bool is_definition = &kind == &definition_kind();
  const bool waits = has_finalizers(*object) || is_namespace || is_definition;
  if (options.dry_run) return Deletion{object, !waits};
  if (!waits) return Deletion{erase_object(kind, key, options.orphan), true};
  if (being_deleted(*object)) return Deletion{object, false};

  auto marked = *object;
  auto& metadata = object_in(marked, "metadata");
  metadata["deletionTimestamp"] = kube::format_time(now.wall);
  if (!is_namespace) metadata["deletionGracePeriodSeconds"] = 0;
  if (is_namespace) object_in(marked, "status")["phase"] = "Terminating";
  const auto kept = registry_.put(kind, key, std::move(marked));
  if (is_namespace) tasks_.push_back({Task::Type::kNamespace, key.name});
  if (is_definition) tasks_.push_back({Task::Type::kDefinition, key.name});
  return Deletion{kept, false};
}

void Lifecycle::finish_if_released(const Kind& kind, const ObjectKey& key) {
  const auto object = registry_.store().get(kind, key);
  if (!object || !being_deleted(*object) || has_finalizers(*object)) return;
  if (&kind == &namespace_kind()) {
    tasks_.push_back({Task::Type::kNamespace, key.name});
  } else if (&kind == &definition_kind()) {
    tasks_.push_back({Task::Type::kDefinition, key.name});
  } else {
    erase_object(kind, key, false);
  }
}

ObjectPointer Lifecycle::erase_object(const Kind& kind, const ObjectKey& key, bool orphan) {
  auto gone = registry_.remove(kind, key);
  const auto uid = text_at(*gone, "metadata.uid");
  if (!registry_.store().dependents(uid).empty()) {
    tasks_.push_back({orphan ? Task::Type::kOrphans : Task::Type::kDependants, uid});
  }
  if (!key.namespace_.empty()) finish_namespace(key.namespace_);
  if (kind.custom && kind.definition->terminating) finish_definition(kind.definition->name);
  return gone;
}

void Lifecycle::event_written(Now now, const ObjectKey& key) {
  if (const auto event = registry_.store().get(event_kind(), key)) {
    expiries_.push_back({now.steady + kEventLifetime, key, text_at(*event, "metadata.resourceVersion")});
  }
}

void Lifecycle::on_time(Now now) {
  int budget = kSlice;
  // Each queued task gets its turn; one that cannot go on (finalizers) is taken up again when a finalizer goes.
  for (auto left = tasks_.size(); left > 0 && budget > 0; --left) {
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    if (!work_on(now, task, budget)) tasks_.push_back(std::move(task));
  }
  expire_events(now, budget);
}

bool Lifecycle::work_on(Now now, const Task& task, int& budget) {
  switch (task.type) {
    case Task::Type::kNamespace:
      return empty_namespace(now, task.subject, budget);
    case Task::Type::kDefinition:
      return empty_definition(now, task.subject, budget);
    case Task::Type::kDependants:
    case Task::Type::kOrphans:
      break;
  }
  return collect_dependants(now, task, budget);
}

bool Lifecycle::collect_dependants(Now now, const Task& task, int& budget) {
  for (const auto& place : registry_.store().dependents(task.subject)) {
    if (budget-- <= 0) return false;
    remove_dependant(now, place, task.subject, task.type == Task::Type::kOrphans);
  }
  return true;
}

void Lifecycle::remove_dependant(Now now, const Place& place, const std::string& owner, bool orphan) {
  const auto object = registry_.store().get(*place.kind, place.key);
  if (!object) return;
  json::array others;
  bool owned = false;
  for (const auto& value : *array_at(*object, "metadata.ownerReferences")) {
    const auto* reference = value.if_object();
    const auto uid = reference == nullptr ? std::string() : text_at(*reference, "uid");
    if (uid == owner) continue;
    owned = owned || registry_.store().has_uid(uid);
    others.push_back(value);
  }
  if (!orphan && !owned) {
    (void)remove(now, *place.kind, place.key, {});
    return;
  }
  auto kept = *object;
  auto& metadata = object_in(kept, "metadata");
  if (others.empty()) {
    erase(metadata, "ownerReferences");
  } else {
    metadata["ownerReferences"] = std::move(others);
  }
  registry_.put(*place.kind, place.key, std::move(kept));
}

bool Lifecycle::empty_namespace(Now now, const std::string& name, int& budget) {
  for (const auto* entry : registry_.kinds().kinds()) {
    const auto& kind = *entry;
    if (!kind.namespaced) continue;
    std::vector<ObjectKey> keys;
    const auto& objects = registry_.store().objects(kind);
    for (auto at = objects.lower_bound({name, ""}); at != objects.end() && at->first.namespace_ == name; ++at) {
      if (!being_deleted(*at->second)) keys.push_back(at->first);
    }
    for (const auto& key : keys) {
      if (budget-- <= 0) return false;
      (void)remove(now, kind, key, {});
    }
  }
  finish_namespace(name);
  return true;
}

void Lifecycle::finish_namespace(const std::string& name) {
  const ObjectKey key{"", name};
  const auto object = registry_.store().get(namespace_kind(), key);
  if (!object || !being_deleted(*object) || has_finalizers(*object)) return;
  for (const auto* kind : registry_.kinds().kinds()) {
    if (!kind->namespaced) continue;
    const auto& objects = registry_.store().objects(*kind);
    const auto first = objects.lower_bound({name, ""});
    if (first != objects.end() && first->first.namespace_ == name) return;
  }
  erase_object(namespace_kind(), key, false);
}

bool Lifecycle::empty_definition(Now now, const std::string& name, int& budget) {
  if (const auto* kind = registry_.kinds().find_defined(name)) {
    std::vector<ObjectKey> keys;
    for (const auto& [key, object] : registry_.store().objects(*kind)) {
      if (!being_deleted(*object)) keys.push_back(key);
    }
    for (const auto& key : keys) {
      if (budget-- <= 0) return false;
      (void)remove(now, *kind, key, {});
    }
  }
  finish_definition(name);
  return true;
}

void Lifecycle::finish_definition(const std::string& name) {
  const ObjectKey key{"", name};
  const auto object = registry_.store().get(definition_kind(), key);
  if (!object || !being_deleted(*object) || has_finalizers(*object)) return;
  const auto* kind = registry_.kinds().find_defined(name);
  if (kind == nullptr || registry_.store().objects(*kind).empty()) erase_object(definition_kind(), key, false);
}

void Lifecycle::expire_events(Now now, int& budget) {
  while (!expiries_.empty() && expiries_.front().due <= now.steady && budget-- > 0) {
    const auto expiry = std::move(expiries_.front());
    expiries_.pop_front();
    const auto event = registry_.store().get(event_kind(), expiry.key);
    if (event && text_at(*event, "metadata.resourceVersion") == expiry.version)
      (void)remove(now, event_kind(), expiry.key, {});
  }
}

SteadyPoint Lifecycle::next_deadline() const {
  if (!tasks_.empty()) return SteadyPoint::min();
  return expiries_.empty() ? kIdle : expiries_.front().due;
}

}  // namespace metallb::apiserver
