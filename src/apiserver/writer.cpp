#include "apiserver/writer.hpp"

#include <algorithm>

#include "apiserver/definitions/custom_resource.hpp"
#include "apiserver/definitions/definition.hpp"
#include "apiserver/names.hpp"
#include "apiserver/patches/json_patch.hpp"
#include "apiserver/patches/strategic_merge.hpp"
#include "apiserver/protobuf/decode.hpp"
#include "apiserver/strategy.hpp"
#include "kube/merge_patch.hpp"
#include "kube/timestamp.hpp"

namespace metallb::apiserver {
namespace {

/// Members of metadata that only the server writes; an update takes them from the object as it was.
constexpr std::string_view kServerFields[] = {
    "name",       "namespace",       "uid",         "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
    "generation", "resourceVersion", "generateName"};

/// Built-in objects are typed on a real server, where null means unset. Custom resources keep what they are given.
void drop_nulls(json::value& value) {
  if (auto* map = value.if_object()) {
    std::vector<std::string> gone;
    for (auto& member : *map) {
      if (member.value().is_null()) {
        gone.emplace_back(member.key());
      } else {
        drop_nulls(member.value());
      }
    }
    erase_all(*map, gone);
  } else if (auto* list = value.if_array()) {
    for (auto& item : *list) drop_nulls(item);
  }
}

/// kind and apiVersion first, as readers expect; without what is never kept.
json::object normalised(const Route& route, json::object object) {
  json::object out{{"kind", route.kind->kind}, {"apiVersion", route.kind->api_version(route.kind->version)}};
  auto& metadata = object_in(object, "metadata");
  erase(metadata, "managedFields");
  erase(metadata, "selfLink");
  if (!route.kind->custom) {
    json::value value(std::move(object));
    drop_nulls(value);
    object = std::move(value.get_object());
  }
  object_in(out, "metadata") = object_in(object, "metadata");
  for (auto& member : object) {
    if (member.key() != "kind" && member.key() != "apiVersion" && member.key() != "metadata")
      out[member.key()] = member.value();
  }
  return out;
}

std::string media_type(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return std::string(type);
}

Result<void> check_object_name(const Route& route, const json::object& object) {
  const auto name = text_at(object, "metadata.name");
  if (!name.empty() && name != route.name) {
    return std::unexpected(
        bad_request("the name of the object (" + name + ") does not match the name on the URL (" + route.name + ")"));
  }
  const auto space = text_at(object, "metadata.namespace");
  if (!space.empty() && space != route.namespace_) {
    return std::unexpected(
        bad_request("the namespace of the provided object does not match the namespace sent on the request"));
  }
  return {};
}

/// The patch's media type, when this kind can be patched that way.
Result<std::string> patch_type(const Route& route, std::string_view content_type) {
  auto type = media_type(content_type);
  if (type == "application/apply-patch+yaml" || type == "application/apply-patch+cbor") {
    return std::unexpected(unsupported_media_type(
        "server-side apply is not supported by this server: use `kubectl apply` without --server-side"));
  }
  const bool strategic = type == "application/strategic-merge-patch+json";
  if ((strategic && route.kind->custom) ||
      (!strategic && type != "application/json-patch+json" && type != "application/merge-patch+json")) {
    return std::unexpected(unsupported_media_type(
        std::string(
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
            "application/merge-patch+json") +
        (route.kind->custom ? "" : ", application/strategic-merge-patch+json")));
  }
  return type;
}

Result<json::value> apply_patch(const Route& route, const json::object& before, std::string_view type,
                                std::string_view body) {
  std::string error;
  const auto patch = parse(body, error);
  if (!patch) return std::unexpected(bad_request("error decoding patch: " + error));
  json::value document(as_read(*route.kind, route.version, before));
  if (type == "application/json-patch+json") {
    if (auto result = apply_json_patch(document, *patch); !result) return std::unexpected(result.error());
    return document;
  }
  if (!patch->is_object()) return std::unexpected(bad_request("error decoding patch: expected an object"));
  if (type == "application/strategic-merge-patch+json") {
    if (auto result = apply_strategic_merge(*route.kind, document.get_object(), patch->get_object()); !result) {
      return std::unexpected(result.error());
    }
  } else {
    kube::apply_merge_patch(document, *patch);
  }
  return document;
}

Result<json::object> as_object_of(const Route& route, json::value value) {
  auto* object = value.if_object();
  if (object == nullptr) return std::unexpected(bad_request("the body of the request must be a JSON object"));
  const auto kind = text_at(*object, "kind");
  const auto api_version = text_at(*object, "apiVersion");
  if (!kind.empty() && kind != route.kind->kind) {
    return std::unexpected(bad_request(kind + " in version \"" + route.version + "\" cannot be handled as a " +
                                       route.kind->kind + ": converting (" + kind + ") to (" + route.kind->kind +
                                       "): unknown conversion"));
  }
  if (!api_version.empty() && api_version != route.api_version()) {
    return std::unexpected(bad_request("the API version in the data (" + api_version +
                                       ") does not match the expected API version (" + route.api_version() + ")"));
  }
  if (const auto* metadata = object->if_contains("metadata");
      metadata != nullptr && !metadata->is_object() && !metadata->is_null()) {
    return std::unexpected(bad_request("metadata must be an object"));
  }
  return std::move(*object);
}

/// Types, then what a definition's schema names and fills in. Returns the warnings.
Result<std::vector<std::string>> take_in_checked(const Route& route, json::object& object, UnknownFields unknown_fields,
                                                 bool change) {
  const auto& kind = *route.kind;
  if (auto result = check_types(kind, route.version, object); !result) return std::unexpected(result.error());
  const auto dropped = take_in(kind, route.version, object, change);
  if (!dropped) return std::unexpected(dropped.error());
  std::vector<std::string> warnings;
  for (const auto& path : dropped->paths) warnings.push_back("unknown field \"" + path + "\"");
  if (dropped->more > 0) warnings.push_back(std::to_string(dropped->more) + " more unknown fields");
  if (unknown_fields == UnknownFields::kIgnore) warnings.clear();
  if (warnings.empty() || unknown_fields == UnknownFields::kWarn) return warnings;
  std::string all;
  for (const auto& warning : warnings) all += (all.empty() ? "" : ", ") + warning;
  return std::unexpected(bad_request(kind.kind + " in version \"" + route.version + "\" cannot be handled as a " +
                                     kind.kind + ": strict decoding error: " + all));
}

}  // namespace

Result<json::object> parse_object(const Route& route, std::string_view content_type, std::string_view body) {
  const auto type = media_type(content_type);
  std::string error;
  if (type == "application/vnd.kubernetes.protobuf") {
    auto object = protobuf::decode(body, error);
    if (!object) return std::unexpected(bad_request("couldn't parse the body as protobuf: " + error));
    return as_object_of(route, std::move(*object));
  }
  if (!type.empty() && type != "application/json" && type != "text/plain" && type != "application/octet-stream") {
    return std::unexpected(unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: application/json"));
  }
  auto value = parse(body, error);
  if (!value) return std::unexpected(bad_request("couldn't parse the body as JSON: " + error));
  return as_object_of(route, std::move(*value));
}

Result<void> Writer::check_namespace(const Route& route) const {
  if (!route.kind->namespaced) return {};
  const auto object = registry_.store().get(namespace_kind(), {"", route.namespace_});
  if (!object) return std::unexpected(not_found(namespace_kind(), route.namespace_));
  if (text_at(*object, "metadata.deletionTimestamp").empty()) return {};
  return std::unexpected(
      forbidden(*route.kind, route.name,
                "unable to create new content in namespace " + route.namespace_ + " because it is being terminated"));
}

Result<void> Writer::assign(const Route& route, const ObjectKey& key, json::object& object) {
  if (route.kind != &service_kind()) return {};
  auto causes = registry_.services().assign(key, object);
  if (causes.empty()) return {};
  return std::unexpected(invalid(*route.kind, key.name, std::move(causes)));
}

Result<Written> Writer::create(Now now, const Route& route, json::object object, const WriteOptions& options) {
  const auto& kind = *route.kind;
  if (kind.custom && kind.definition->terminating) {
    auto error = method_not_allowed();
    error.message = "create not allowed while custom resource definition is terminating";
    return std::unexpected(error);
  }
  object = normalised(route, std::move(object));
  auto warnings = take_in_checked(route, object, options.unknown_fields, false);
  if (!warnings) return std::unexpected(warnings.error());
  auto& metadata = object_in(object, "metadata");
  const auto space = text_at(metadata, "namespace");
  if (!space.empty() && space != route.namespace_) {
    return std::unexpected(
        bad_request("the namespace of the provided object does not match the namespace sent on the request"));
  }
  if (const auto version = text_at(metadata, "resourceVersion"); !version.empty()) {
    return std::unexpected(bad_request("resourceVersion should not be set on objects to be created"));
  }
  for (const std::string_view field : {"deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion"}) {
    erase(metadata, field);
  }
  if (kind.namespaced) metadata["namespace"] = route.namespace_;
  if (!kind.namespaced) erase(metadata, "namespace");
  const auto prefix = text_at(metadata, "generateName");
  if (unset(metadata, "name") && !prefix.empty()) metadata["name"] = registry_.make_name(kind, route.namespace_, prefix);
  metadata["uid"] = registry_.make_uid();
  metadata["creationTimestamp"] = kube::format_time(now.wall);
  const ObjectKey key{route.namespace_, text_at(metadata, "name")};
  if (auto result = check_namespace({route.kind, route.version, route.namespace_, key.name, {}}); !result) {
    return std::unexpected(result.error());
  }

  prepare_create(kind, route.version, object);
  if (auto result = validate(kind, route.version, object, nullptr); !result) return std::unexpected(result.error());
  if (registry_.store().get(kind, key)) return std::unexpected(already_exists(kind, key.name));
  if (auto result = assign(route, key, object); !result) return std::unexpected(result.error());
  if (options.dry_run) return Written{std::make_shared<const json::object>(std::move(object)), std::move(*warnings)};
  auto kept = registry_.put(kind, key, std::move(object));
  if (&kind == &event_kind()) lifecycle_.event_written(now, key);
  return Written{std::move(kept), std::move(*warnings)};
}

Result<Written> Writer::update(Now now, const Route& route, json::object object, const WriteOptions& options) {
  const auto before = registry_.store().get(*route.kind, {route.namespace_, route.name});
  if (!before) return std::unexpected(not_found(*route.kind, route.name));
  return replace(now, route, before, std::move(object), options);
}

Result<Written> Writer::patch(Now now, const Route& route, std::string_view content_type, std::string_view body,
                              const WriteOptions& options) {
  // First of all, so that server-side apply, which may mean to create, is told what to do instead.
  const auto type = patch_type(route, content_type);
  if (!type) return std::unexpected(type.error());
  const auto before = registry_.store().get(*route.kind, {route.namespace_, route.name});
  if (!before) return std::unexpected(not_found(*route.kind, route.name));
  auto patched = apply_patch(route, *before, *type, body);
  if (!patched) return std::unexpected(patched.error());
  if (depth_of(*patched) > kMaximumDepth) return std::unexpected(bad_request("the patched object is nested too deeply"));
  auto object = as_object_of(route, std::move(*patched));
  if (!object) return std::unexpected(object.error());
  return replace(now, route, before, std::move(*object), options);
}

Result<Written> Writer::replace(Now now, const Route& route, const ObjectPointer& before, json::object after,
                                const WriteOptions& options) {
  const auto& kind = *route.kind;
  const ObjectKey key{route.namespace_, route.name};
  after = normalised(route, std::move(after));
  auto warnings = take_in_checked(route, after, options.unknown_fields, true);
  if (!warnings) return std::unexpected(warnings.error());
  if (auto result = check_object_name(route, after); !result) return std::unexpected(result.error());
  const auto& old_metadata = before->at("metadata").get_object();
  {
    auto& metadata = object_in(after, "metadata");
    const auto uid = text_at(metadata, "uid");
    if (!uid.empty() && uid != text_at(old_metadata, "uid")) {
      return std::unexpected(conflict(
          kind, route.name,
          "Precondition failed: UID in precondition: " + uid + ", UID in object meta: " + text_at(old_metadata, "uid")));
    }
    const auto version = text_at(metadata, "resourceVersion");
    if (!version.empty() && version != text_at(old_metadata, "resourceVersion"))
      return std::unexpected(stale(kind, route.name));
    for (const auto field : kServerFields) {
      const auto* value = old_metadata.if_contains(field);
      if (value != nullptr) {
        metadata[field] = *value;
      } else {
        erase(metadata, field);
      }
    }
  }
  // What a custom resource was, in the eyes of its definition of today.
  const auto known = kind.custom ? as_read(kind, kind.version, *before) : json::object();
  const auto& old = kind.custom ? known : *before;
  if (route.subresource == "status") {
    prepare_status_update(kind, after, old);
  } else {
    prepare_update(kind, route.version, after, old);
  }
  if (auto result = validate(kind, route.version, after, before.get()); !result) return std::unexpected(result.error());
  if (auto result = assign(route, key, after); !result) return std::unexpected(result.error());
  if (after == *before) return Written{before, std::move(*warnings)};
  if (!text_at(old_metadata, "deletionTimestamp").empty()) {
    const auto old_finalizers = texts_at(old_metadata, "finalizers");
    for (const auto& finalizer : texts_at(after, "metadata.finalizers")) {
      if (std::ranges::find(old_finalizers, finalizer) == old_finalizers.end()) {
        return std::unexpected(invalid(
            kind, route.name,
            {forbidden_value("metadata.finalizers", "no new finalizers can be added if the object is being deleted")}));
      }
    }
  }
  if (kind.generation && spec_changed(kind, route.version, after, old)) {
    object_in(after, "metadata")["generation"] = number_at(old_metadata, "generation").value_or(1) + 1;
  }
  if (options.dry_run) return Written{std::make_shared<const json::object>(std::move(after)), std::move(*warnings)};
  auto kept = registry_.put(kind, key, std::move(after));
  if (&kind == &event_kind()) lifecycle_.event_written(now, key);
  lifecycle_.finish_if_released(kind, key);
  return Written{std::move(kept), std::move(*warnings)};
}

}  // namespace metallb::apiserver
