#include "apiserver/openapi.hpp"

#include <algorithm>

#include "apiserver/definitions/definition.hpp"
#include "apiserver/discovery.hpp"
#include "apiserver/schema.hpp"

namespace metallb::apiserver {
namespace {

json::object group_version_kind(const Kind& kind, std::string_view version) {
  return {{"group", kind.group}, {"version", version}, {"kind", kind.kind}};
}

json::array query_parameters() {
  json::array out;
  for (const auto* name : {"dryRun", "fieldManager", "fieldValidation"}) {
    out.emplace_back(json::object{{"name", name}, {"in", "query"}, {"schema", json::object{{"type", "string"}}}});
  }
  return out;
}

std::string path_of(const Kind& kind, std::string_view version) {
  const auto root = kind.group.empty() ? "/api/" + std::string(version) : "/apis/" + kind.api_version(version);
  return root + (kind.namespaced ? "/namespaces/{namespace}/" : "/") + kind.plural;
}

std::string definition_name(const Kind& kind, std::string_view version) {
  const auto group = kind.group.empty() ? std::string("core") : kind.group;
  return group + "." + std::string(version) + "." + kind.kind;
}

/// kubectl asks whether PATCH of a kind takes fieldValidation and dryRun before it sends them.
json::object path_item(const Kind& kind, std::string_view version, std::string_view action) {
  return {{"parameters", query_parameters()},
          {"responses", json::object{{"200", json::object{{"description", "OK"}}}}},
          {"x-kubernetes-action", action},
          {"x-kubernetes-group-version-kind", group_version_kind(kind, version)}};
}

const json::object* schema_in(const Kind& kind, std::string_view version) {
  if (!kind.custom) return builtin_schema(kind);
  const auto* found = kind.definition->find_version(version);
  return found == nullptr ? nullptr : found->schema;
}

json::object definition(const Kind& kind, std::string_view version) {
  json::object out{{"type", "object"}};
  if (const auto* schema = schema_in(kind, version)) out = *schema;
  auto& properties = object_in(out, "properties");
  properties["apiVersion"] = json::object{{"type", "string"}};
  properties["kind"] = json::object{{"type", "string"}};
  properties["metadata"] = json::object{{"allOf", json::array{json::object{{"$ref", "#/components/schemas/ObjectMeta"}}}}};
  out["x-kubernetes-group-version-kind"] = json::array{group_version_kind(kind, version)};
  return out;
}

json::object document(const Catalogue& kinds, std::string_view group, std::string_view version,
                      const std::string& server_version) {
  json::object paths;
  json::object schemas = shared_schemas();
  for (const auto* entry : kinds.kinds()) {
    const auto& kind = *entry;
    if (kind.group != group || !kind.serves(version)) continue;
    const auto path = path_of(kind, version);
    paths[path] = json::object{{"post", path_item(kind, version, "post")}};
    if (!kind.review) {
      paths[path + "/{name}"] =
          json::object{{"put", path_item(kind, version, "put")}, {"patch", path_item(kind, version, "patch")}};
    }
    schemas[definition_name(kind, version)] = definition(kind, version);
  }
  return {{"openapi", "3.0.0"},
          {"info", json::object{{"title", "MetalLB++ embedded API server"}, {"version", server_version}}},
          {"paths", std::move(paths)},
          {"components", json::object{{"schemas", std::move(schemas)}}}};
}

}  // namespace

std::optional<json::object> openapi_v3(const Catalogue& kinds, const std::vector<std::string>& segments,
                                       const std::string& server_version) {
  if (segments.size() == 2) {
    json::object paths;
    // Documents change with the definitions.
    const auto hash = server_version + "-" + std::to_string(kinds.revision());
    for (const auto& version : api_versions(kinds)) {
      const auto path = (version == "v1" ? "api/" : "apis/") + version;
      paths[path] = json::object{{"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + hash}};
    }
    return json::object{{"paths", std::move(paths)}};
  }
  std::string api_version;
  if (segments.size() == 4 && segments[2] == "api") api_version = segments[3];
  if (segments.size() == 5 && segments[2] == "apis") api_version = segments[3] + "/" + segments[4];
  const auto known = api_versions(kinds);
  if (std::ranges::find(known, api_version) == known.end()) return std::nullopt;
  const auto slash = api_version.find('/');
  if (slash == std::string::npos) return document(kinds, "", api_version, server_version);
  return document(kinds, api_version.substr(0, slash), api_version.substr(slash + 1), server_version);
}

OpenApiV2 openapi_v2(std::string_view accept) {
  if (accept.find("openapi.spec.v2") != std::string_view::npos && accept.find("protobuf") != std::string_view::npos) {
    // A document without definitions: kubectl then goes by the types that are compiled into it.
    // Its media type has an "@", which Go cannot parse as one in an answer; real servers say octet-stream, too.
    return {"application/octet-stream", ""};
  }
  return {
      "application/json",
      R"({"swagger":"2.0","info":{"title":"MetalLB++ embedded API server","version":"v1"},"paths":{},"definitions":{}})"};
}

}  // namespace metallb::apiserver
