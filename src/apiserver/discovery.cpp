#include "apiserver/discovery.hpp"

#include <algorithm>

#include "apiserver/kinds.hpp"

namespace metallb::apiserver {
namespace {

struct Group {
  std::string name;
  std::vector<std::string> versions;  ///< the preferred one first
};

/// Newer versions first; "v1" beats "v1beta2" beats "v1beta1".
bool newer(const std::string& a, const std::string& b) {
  const auto rank = [](const std::string& v) { return std::pair(v.find("beta") == std::string::npos, v); };
  return rank(a) > rank(b);
}

std::vector<Group> groups() {
  std::vector<Group> out;
  for (const auto& kind : kinds()) {
    if (kind.group.empty()) continue;
    auto found = std::ranges::find(out, kind.group, &Group::name);
    if (found == out.end()) found = out.insert(out.end(), Group{std::string(kind.group), {}});
    auto add = [&found](std::string_view version) {
      if (std::ranges::find(found->versions, version) == found->versions.end()) found->versions.emplace_back(version);
    };
    add(kind.version);
    for (const auto version : kind.older_versions) add(version);
  }
  for (auto& group : out) std::ranges::sort(group.versions, newer);
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

json::object resource_list(std::string_view group, std::string_view version) {
  json::array resources;
  for (const auto& kind : kinds()) {
    if (kind.group != group || !kind.serves(version)) continue;
    json::array verbs{"create"};
    if (!kind.review) verbs = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
    json::object row{
        {"name", kind.plural}, {"singularName", kind.singular}, {"namespaced", kind.namespaced}, {"kind", kind.kind}};
    row["verbs"] = std::move(verbs);
    json::array short_names;
    for (const auto name : kind.short_names) short_names.emplace_back(name);
    if (!short_names.empty()) row["shortNames"] = std::move(short_names);
    json::array categories;
    for (const auto name : kind.categories) categories.emplace_back(name);
    if (!categories.empty()) row["categories"] = std::move(categories);
    resources.emplace_back(std::move(row));
    if (kind.status) {
      resources.emplace_back(json::object{{"name", std::string(kind.plural) + "/status"},
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

json::object root_paths() {
  json::array paths{"/api", "/api/v1", "/apis"};
  for (const auto& version : api_versions()) {
    if (version != "v1") paths.emplace_back("/apis/" + version);
  }
  for (const auto* path : {"/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"})
    paths.emplace_back(path);
  return {{"paths", std::move(paths)}};
}

json::object group_list() {
  json::array list;
  for (const auto& group : groups()) list.emplace_back(group_object(group, false));
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}};
}

}  // namespace

std::vector<std::string> api_versions() {
  std::vector<std::string> out{"v1"};
  for (const auto& group : groups()) {
    for (const auto& version : group.versions) out.push_back(group.name + "/" + version);
  }
  return out;
}

std::optional<json::object> discover(const std::vector<std::string>& segments) {
  if (segments.empty()) return root_paths();
  if (segments == std::vector<std::string>{"api"}) {
    return json::object{
        {"kind", "APIVersions"}, {"versions", json::array{"v1"}}, {"serverAddressByClientCIDRs", json::array{}}};
  }
  if (segments == std::vector<std::string>{"api", "v1"}) return resource_list("", "v1");
  if (segments[0] != "apis" || segments.size() > 3) return std::nullopt;
  if (segments.size() == 1) return group_list();
  const auto all = groups();
  const auto group = std::ranges::find(all, segments[1], &Group::name);
  if (group == all.end()) return std::nullopt;
  if (segments.size() == 2) return group_object(*group, true);
  if (std::ranges::find(group->versions, segments[2]) == group->versions.end()) return std::nullopt;
  return resource_list(segments[1], segments[2]);
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
