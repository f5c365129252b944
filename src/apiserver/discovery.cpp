#include "apiserver/discovery.hpp"

#include <algorithm>

namespace metallb::apiserver {
namespace {

struct Group {
  std::string name;
  std::vector<std::string> versions;  ///< the preferred one first
};

std::vector<Group> groups(const Catalogue& kinds) {
  std::vector<Group> out;
  for (const auto* kind : kinds.kinds()) {
    if (kind->group.empty() || kind->served.empty()) continue;
    auto found = std::ranges::find(out, kind->group, &Group::name);
    if (found == out.end()) found = out.insert(out.end(), Group{kind->group, {}});
    for (const auto& version : kind->served) {
      if (std::ranges::find(found->versions, version) == found->versions.end()) found->versions.push_back(version);
    }
  }
  for (auto& group : out) std::ranges::sort(group.versions, preferred_version);
  return out;
}

json::object group_object(const Group& group, bool alone) {
  json::array versions;
  for (const auto& version : group.versions) {
    versions.emplace_back(json::object{{"groupVersion", group.name + "/" + version}, {"version", version}});
  }
  json::object out;
  if (alone) out = {{"kind", "APIGroup"}, {"apiVersion", "v1"}};
  out["name"] = group.name;
  out["preferredVersion"] = versions.front();
  out["versions"] = std::move(versions);
  return out;
}

json::object resource_list(const Catalogue& kinds, std::string_view group, std::string_view version) {
  json::array resources;
  for (const auto* entry : kinds.kinds()) {
    const auto& kind = *entry;
    if (kind.group != group || !kind.serves(version)) continue;
    json::array verbs{"create"};
    if (!kind.review) verbs = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
    json::object row{
        {"name", kind.plural}, {"singularName", kind.singular}, {"namespaced", kind.namespaced}, {"kind", kind.kind}};
    row["verbs"] = std::move(verbs);
    if (!kind.short_names.empty()) row["shortNames"] = to_array(kind.short_names);
    if (!kind.categories.empty()) row["categories"] = to_array(kind.categories);
    resources.emplace_back(std::move(row));
    if (kind.has_status(version)) {
      resources.emplace_back(json::object{{"name", kind.plural + "/status"},
                                          {"singularName", ""},
                                          {"namespaced", kind.namespaced},
                                          {"kind", kind.kind},
                                          {"verbs", json::array{"get", "patch", "update"}}});
    }
  }
  const auto group_version = group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group_version},
          {"resources", std::move(resources)}};
}

json::object root_paths(const Catalogue& kinds) {
  json::array paths{"/api", "/api/v1", "/apis"};
  for (const auto& version : api_versions(kinds)) {
    if (version != "v1") paths.emplace_back("/apis/" + version);
  }
  for (const auto* path : {"/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"})
    paths.emplace_back(path);
  return {{"paths", std::move(paths)}};
}

json::object group_list(const Catalogue& kinds) {
  json::array list;
  for (const auto& group : groups(kinds)) list.emplace_back(group_object(group, false));
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}};
}

}  // namespace

std::vector<std::string> api_versions(const Catalogue& kinds) {
  std::vector<std::string> out{"v1"};
  for (const auto& group : groups(kinds)) {
    for (const auto& version : group.versions) out.push_back(group.name + "/" + version);
  }
  return out;
}

std::optional<json::object> discover(const Catalogue& kinds, const std::vector<std::string>& segments) {
  if (segments.empty()) return root_paths(kinds);
  if (segments == std::vector<std::string>{"api"}) {
    return json::object{
        {"kind", "APIVersions"}, {"versions", json::array{"v1"}}, {"serverAddressByClientCIDRs", json::array{}}};
  }
  if (segments == std::vector<std::string>{"api", "v1"}) return resource_list(kinds, "", "v1");
  if (segments[0] != "apis" || segments.size() > 3) return std::nullopt;
  if (segments.size() == 1) return group_list(kinds);
  const auto all = groups(kinds);
  const auto group = std::ranges::find(all, segments[1], &Group::name);
  if (group == all.end()) return std::nullopt;
  if (segments.size() == 2) return group_object(*group, true);
  if (std::ranges::find(group->versions, segments[2]) == group->versions.end()) return std::nullopt;
  return resource_list(kinds, segments[1], segments[2]);
}

json::object version_info(const std::string& version) {
  std::string numbers[2];
  std::size_t part = 0;
  for (const char c : version) {
    if (c == '.' && ++part == 2) break;
    if (c >= '0' && c <= '9') numbers[part].push_back(c);
  }
  return {{"major", numbers[0]}, {"minor", numbers[1]},     {"gitVersion", version},
          {"gitCommit", ""},     {"gitTreeState", "clean"}, {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", "none"}, {"compiler", "clang"},     {"platform", "linux/amd64"}};
}

}  // namespace metallb::apiserver
