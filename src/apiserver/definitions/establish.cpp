#include "apiserver/definitions/establish.hpp"

#include <algorithm>
#include <set>

#include "apiserver/definitions/builtin.hpp"
#include "apiserver/definitions/check_definition.hpp"
#include "apiserver/definitions/definition.hpp"
#include "base/contract.hpp"
#include "kube/timestamp.hpp"

namespace metallb::apiserver {
namespace {

/// Names that other definitions of the group hold, and kinds that are compiled in.
struct Taken {
  std::set<std::string> resources;  ///< plurals, singulars, short names
  std::set<std::string> kinds;      ///< and kinds of lists
};

Taken taken_by_others(const Registry& registry, const std::string& group, const std::string& name) {
  Taken out;
  for (const auto* kind : registry.kinds().kinds()) {
    if (kind->custom || kind->group != group) continue;
    out.resources.insert({kind->plural, kind->singular});
    out.resources.insert(kind->short_names.begin(), kind->short_names.end());
    out.kinds.insert({kind->kind, kind->list_kind()});
  }
  for (const auto& [key, object] : registry.store().objects(definition_kind())) {
    if (key.name == name || text_at(*object, "spec.group") != group) continue;
    for (const auto* part : {"plural", "singular"}) {
      out.resources.insert(text_at(*object, "status.acceptedNames." + std::string(part)));
    }
    for (const auto& short_name : texts_at(*object, "status.acceptedNames.shortNames")) out.resources.insert(short_name);
    for (const auto* part : {"kind", "listKind"}) {
      out.kinds.insert(text_at(*object, "status.acceptedNames." + std::string(part)));
    }
  }
  return out;
}

struct Acceptance {
  json::object names;
  std::string reason = "NoConflicts";
  std::string message = "no conflicts found";
  [[nodiscard]] bool complete() const { return reason == "NoConflicts"; }
};

/// What of the names asked for is free; what is not stays as it was accepted before.
Acceptance accept(const json::object& definition, const Taken& taken) {
  Acceptance out;
  if (const auto* before = object_at(definition, "status.acceptedNames")) out.names = *before;
  const auto refuse = [&out](std::string reason, const std::string& name) {
    out.reason = std::move(reason);
    out.message = json::serialize(json::value(name)) + " is already in use";
  };
  const auto take = [&](std::string_view part, const std::set<std::string>& others, std::string_view reason) {
    const auto name = text_at(definition, "spec.names." + std::string(part));
    if (others.contains(name)) {
      refuse(std::string(reason), name);
    } else {
      out.names[part] = name;
    }
  };
  take("plural", taken.resources, "PluralConflict");
  take("singular", taken.resources, "SingularConflict");
  const auto short_names = texts_at(definition, "spec.names.shortNames");
  const auto conflict = std::ranges::find_if(short_names, [&](const auto& name) { return taken.resources.contains(name); });
  if (conflict != short_names.end()) {
    refuse("ShortNamesConflict", *conflict);
  } else if (short_names.empty()) {
    erase(out.names, "shortNames");
  } else {
    out.names["shortNames"] = to_array(short_names);
  }
  take("kind", taken.kinds, "KindConflict");
  take("listKind", taken.kinds, "ListKindConflict");
  const auto categories = texts_at(definition, "spec.names.categories");
  erase(out.names, "categories");
  if (!categories.empty()) out.names["categories"] = to_array(categories);
  return out;
}

bool holds(const json::object& definition, std::string_view condition) {
  const auto* conditions = array_at(definition, "status.conditions");
  return conditions != nullptr && std::ranges::any_of(*conditions, [&](const json::value& value) {
           const auto* one = value.if_object();
           return one != nullptr && text_at(*one, "type") == condition && text_at(*one, "status") == "True";
         });
}

/// Adds or changes a condition; the time of transition is that of the last change of its status.
void set_condition(json::array& conditions, json::object wanted, const std::string& time) {
  const auto found = std::ranges::find_if(conditions, [&](const json::value& value) {
    return value.is_object() && text_at(value.get_object(), "type") == text_at(wanted, "type");
  });
  if (found == conditions.end()) {
    wanted["lastTransitionTime"] = time;
    conditions.emplace_back(std::move(wanted));
    return;
  }
  const auto& old = found->get_object();
  const bool same = text_at(old, "status") == text_at(wanted, "status");
  wanted["lastTransitionTime"] = same ? text_at(old, "lastTransitionTime") : time;
  *found = std::move(wanted);
}

json::object condition(std::string_view type, bool status, std::string_view reason, std::string_view message) {
  return {{"type", type}, {"status", status ? "True" : "False"}, {"reason", reason}, {"message", message}};
}

std::string stored_version_of(const json::object& definition) {
  const auto* versions = array_at(definition, "spec.versions");
  for (std::size_t i = 0; versions != nullptr && i < versions->size(); ++i) {
    const auto* version = (*versions)[i].if_object();
    if (version != nullptr && flag_at(*version, "storage").value_or(false)) return text_at(*version, "name");
  }
  return {};
}

json::object status_of(const json::object& definition, const Taken& taken, const std::string& time) {
  json::object out;
  if (const auto* before = object_at(definition, "status")) out = *before;
  const auto accepted = accept(definition, taken);
  json::array conditions;
  if (const auto* before = array_at(definition, "status.conditions")) conditions = *before;
  set_condition(conditions, condition("NamesAccepted", accepted.complete(), accepted.reason, accepted.message), time);
  if (accepted.complete()) {
    set_condition(conditions, condition("Established", true, "InitialNamesAccepted", "the initial names have been accepted"),
                  time);
  } else if (!holds(definition, "Established")) {
    set_condition(conditions, condition("Established", false, "NotAccepted", "not all names are accepted"), time);
  }
  if (!text_at(definition, "metadata.deletionTimestamp").empty()) {
    set_condition(conditions,
                  condition("Terminating", true, "InstanceDeletionPending",
                            "CustomResourceDefinition marked for deletion; "
                            "CustomResource deletion will begin soon"),
                  time);
  }
  out["conditions"] = std::move(conditions);
  out["acceptedNames"] = accepted.names;
  auto stored = texts_at(definition, "status.storedVersions");
  if (const auto name = stored_version_of(definition); std::ranges::find(stored, name) == stored.end()) {
    stored.push_back(name);
  }
  out["storedVersions"] = to_array(stored);
  return out;
}

}  // namespace

void Definitions::settle(WallPoint now) {
  if (!registry_.take_definitions_changed()) return;
  const auto& kind = definition_kind();
  const auto time = kube::format_time(now);
  // A copy: statuses are written on the way, and each decision counts for the next.
  const auto known = registry_.store().objects(kind);
  for (const auto& [key, object] : known) {
    const auto taken = taken_by_others(registry_, text_at(*object, "spec.group"), key.name);
    auto status = status_of(*object, taken, time);
    auto current = object;
    if (const auto* before = object_at(*object, "status"); before == nullptr || *before != status) {
      auto changed = *object;
      changed["status"] = std::move(status);
      current = registry_.put(kind, key, std::move(changed));
    }
    const auto* served = registry_.kinds().find_defined(key.name);
    if (!holds(*current, "Established") || (served != nullptr && served->definition->object == current)) continue;
    registry_.define(read_definition(current));
  }
  registry_.withdraw_undefined();
  (void)registry_.take_definitions_changed();
}

void add_builtin_definitions(Registry& registry, const std::string& created) {
  std::string error;
  const auto all = parse(builtin_definitions(), error);
  METALLB_CONTRACT(all && all->is_array(), "the built-in definitions do not parse: " + error);
  for (const auto& value : all->get_array()) {
    json::object object{{"kind", "CustomResourceDefinition"}, {"apiVersion", "apiextensions.k8s.io/v1"}};
    object["metadata"] = json::object{{"name", text_at(value.get_object(), "metadata.name")},
                                      {"uid", registry.make_uid()},
                                      {"creationTimestamp", created},
                                      {"generation", 1}};
    object["spec"] = value.at("spec");
    default_definition(object);
    object["status"] = status_of(object, {}, created);
    const ObjectKey key{"", text_at(object, "metadata.name")};
    registry.put(definition_kind(), key, std::move(object));
  }
}

}  // namespace metallb::apiserver
