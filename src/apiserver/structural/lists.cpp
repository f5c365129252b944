#include "apiserver/structural/lists.hpp"

#include <set>

#include "apiserver/structural/node.hpp"

namespace metallb::apiserver::structural {
namespace {

/// Equal values have equal texts: members in the order of their names.
std::string canonical(const json::value& value) {
  if (const auto* members = value.if_object()) {
    std::set<std::string> parts;
    for (const auto& [name, member] : *members) parts.insert(json::serialize(json::value(name)) + ":" + canonical(member));
    std::string out;
    for (const auto& part : parts) out += part + ",";
    return "{" + out + "}";
  }
  if (const auto* items = value.if_array()) {
    std::string out;
    for (const auto& item : *items) out += canonical(item) + ",";
    return "[" + out + "]";
  }
  return json::serialize(value);
}

/// The keys of an element of a map; those that are missing are left out, and two that lack the same one are the same.
json::value keys_of(const json::value& item, const json::array& names) {
  json::object out;
  const auto* members = item.if_object();
  for (const auto& name : names) {
    const auto* text = name.if_string();
    const auto* key = text == nullptr || members == nullptr ? nullptr : members->if_contains(*text);
    if (key != nullptr) out[*text] = *key;
  }
  return out;
}

void check_duplicates(const Node& node, const json::array& items, const std::string& path, Causes& causes) {
  const auto type = node.text("x-kubernetes-list-type");
  const auto* names = node.list("x-kubernetes-list-map-keys");
  if (type != "set" && (type != "map" || names == nullptr)) return;
  std::set<std::string> seen;
  std::set<std::string> told;  // each once, however often it comes
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto key = type == "set" ? items[i] : keys_of(items[i], *names);
    auto text = canonical(key);
    if (seen.insert(text).second || !told.insert(std::move(text)).second) continue;
    causes.push_back(duplicate_value(below(path, i), key));
  }
}

}  // namespace

void check_lists(const json::object& schema, const json::value& value, const std::string& path, Causes& causes) {
  const Node node(schema);
  if (const auto* items = value.if_array()) {
    check_duplicates(node, *items, path, causes);
    const auto* of_items = node.schema("items");
    for (std::size_t i = 0; of_items != nullptr && i < items->size(); ++i) {
      check_lists(*of_items, (*items)[i], below(path, i), causes);
    }
  } else if (const auto* members = value.if_object()) {
    for (const auto& [name, member] : *members) {
      const auto* named = node.property(name);
      if (named == nullptr) named = node.schema("additionalProperties");
      if (named != nullptr) check_lists(*named, member, below(path, name), causes);
    }
  }
}

}  // namespace metallb::apiserver::structural
