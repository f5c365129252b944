#include "apiserver/patches/strategic_merge.hpp"

#include <algorithm>
#include <set>

namespace metallb::apiserver {
namespace {

/// How a list merges; a list that has no row is replaced as a whole.
struct ListRule {
  std::string_view kind;    ///< empty: every kind
  std::string_view suffix;  ///< the end of the list's path, from a dot on or the whole path
  std::string_view key;     ///< the member that identifies an element; empty: a set of scalars
};

constexpr ListRule kListRules[] = {
    {"", "metadata.ownerReferences", "uid"},
    {"", "metadata.finalizers", ""},
    {"Service", "spec.ports", "port"},
    {"Service", "status.conditions", "type"},
    {"Node", "spec.taints", "key"},
    {"Node", "spec.podCIDRs", ""},
    {"Node", "status.conditions", "type"},
    {"Node", "status.addresses", "type"},
    {"Namespace", "status.conditions", "type"},
    {"Deployment", "status.conditions", "type"},
    {"Pod", "status.conditions", "type"},
    {"Pod", "status.podIPs", "ip"},
    {"Pod", "status.hostIPs", "ip"},
    {"ServiceAccount", "secrets", "name"},
    {"ServiceAccount", "imagePullSecrets", "name"},
    {"", "spec.containers", "name"},
    {"", "spec.initContainers", "name"},
    {"", "spec.ephemeralContainers", "name"},
    {"", "spec.volumes", "name"},
    {"", "spec.imagePullSecrets", "name"},
    {"", "spec.hostAliases", "ip"},
    {"", "spec.topologySpreadConstraints", "topologyKey"},
    {"", "ontainers.ports", "containerPort"},
    {"", "ontainers.env", "name"},
    {"", "ontainers.volumeMounts", "mountPath"},
    {"", "ontainers.volumeDevices", "devicePath"},
};

const ListRule* list_rule(std::string_view kind, std::string_view path) {
  for (const auto& rule : kListRules) {
    if (!rule.kind.empty() && rule.kind != kind) continue;
    if (path == rule.suffix || (path.ends_with(rule.suffix) && (rule.suffix.starts_with("ontainers") ||
                                                                path[path.size() - rule.suffix.size() - 1] == '.'))) {
      return &rule;
    }
  }
  return nullptr;
}

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetain = "$retainKeys";
constexpr std::string_view kDeletePrefix = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrderPrefix = "$setElementOrder/";

/// What identifies an element: its key member, or the scalar itself.
const json::value* identity(const json::value& element, std::string_view key) {
  if (key.empty()) return element.is_object() || element.is_array() ? nullptr : &element;
  const auto* map = element.if_object();
  return map == nullptr ? nullptr : map->if_contains(key);
}

json::array::iterator find_element(json::array& list, const json::value& wanted, std::string_view key) {
  return std::ranges::find_if(list, [&](const json::value& element) {
    const auto* id = identity(element, key);
    return id != nullptr && *id == wanted;
  });
}

class Merger {
 public:
  explicit Merger(std::string_view kind) : kind_(kind) {}

  Result<void> merge(json::object& document, const json::object& patch, const std::string& path) {
    if (const auto directive = text_at(patch, kDirective); directive == "replace") {
      document = without_directives(patch);
      return {};
    } else if (directive == "delete") {
      document.clear();
      return {};
    } else if (!directive.empty() && directive != "merge") {
      return std::unexpected(bad_request("Unknown patch type found: " + directive));
    }
    if (const auto* retained = array_at(patch, kRetain)) retain(document, *retained);
    for (const auto& [name, value] : patch) {
      if (name.starts_with(kDeletePrefix))
        remove_scalars(document, std::string_view(name).substr(kDeletePrefix.size()), value);
    }
    for (const auto& [name, value] : patch) {
      if (name.starts_with('$')) continue;
      if (auto result = merge_member(document, name, value, join(path, name)); !result) return result;
    }
    for (const auto& [name, value] : patch) {
      if (name.starts_with(kOrderPrefix)) {
        const std::string member(std::string_view(name).substr(kOrderPrefix.size()));
        order(document, member, value, join(path, member));
      }
    }
    return {};
  }

 private:
  static std::string join(const std::string& path, std::string_view member) {
    return path.empty() ? std::string(member) : path + "." + std::string(member);
  }

  /// The value as it is stored where nothing was before.
  static json::object without_directives(const json::object& patch) {
    json::object out;
    for (const auto& [name, value] : patch) {
      if (name.starts_with('$') || value.is_null()) continue;
      out[name] = fresh(value);
    }
    return out;
  }
  static json::value fresh(const json::value& value) {
    if (const auto* map = value.if_object()) return without_directives(*map);
    if (const auto* list = value.if_array()) {
      json::array out;
      for (const auto& item : *list) {
        const auto* element = item.if_object();
        if (element != nullptr && element->contains(kDirective)) continue;
        out.push_back(fresh(item));
      }
      return out;
    }
    return value;
  }

  static void retain(json::object& document, const json::array& keys) {
    std::vector<std::string> gone;
    for (const auto& member : document) {
      if (std::ranges::none_of(keys, [&](const json::value& key) { return key == json::value(member.key()); })) {
        gone.emplace_back(member.key());
      }
    }
    for (const auto& key : gone) erase(document, key);
  }

  static void remove_scalars(json::object& document, std::string_view member, const json::value& gone) {
    auto* value = document.if_contains(member);
    auto* list = value == nullptr ? nullptr : value->if_array();
    const auto* items = gone.if_array();
    if (list == nullptr || items == nullptr) return;
    for (const auto& item : *items) {
      for (auto at = std::ranges::find(*list, item); at != list->end(); at = std::ranges::find(*list, item)) list->erase(at);
    }
  }

  Result<void> merge_member(json::object& document, std::string_view name, const json::value& value,
                            const std::string& path) {
    if (value.is_null()) {
      erase(document, name);
      return {};
    }
    auto* known = document.if_contains(name);
    if (const auto* map = value.if_object()) {
      if (known == nullptr || !known->is_object()) {
        if (text_at(*map, kDirective) == "delete") return {};
        document[name] = json::object{};
        known = document.if_contains(name);
      } else if (text_at(*map, kDirective) == "delete") {
        erase(document, name);
        return {};
      }
      return merge(known->get_object(), *map, path);
    }
    if (const auto* list = value.if_array()) {
      const auto* rule = list_rule(kind_, path);
      if (rule == nullptr || known == nullptr || !known->is_array()) {
        document[name] = fresh(value);
        return {};
      }
      return merge_list(known->get_array(), *list, *rule, path);
    }
    document[name] = value;
    return {};
  }

  Result<void> merge_list(json::array& list, const json::array& patch, const ListRule& rule, const std::string& path) {
    const auto replaces = [](const json::value& item) {
      const auto* map = item.if_object();
      return map != nullptr && text_at(*map, kDirective) == "replace";
    };
    if (std::ranges::any_of(patch, replaces)) {
      list = fresh(patch).get_array();
      return {};
    }
    for (const auto& item : patch) {
      const auto* id = identity(item, rule.key);
      if (id == nullptr) {
        return std::unexpected(
            bad_request("map: " + json::serialize(item) + " does not contain declared merge key: " + std::string(rule.key)));
      }
      const auto found = find_element(list, *id, rule.key);
      const auto* map = item.if_object();
      if (map != nullptr && text_at(*map, kDirective) == "delete") {
        for (auto at = found; at != list.end(); at = find_element(list, *id, rule.key)) list.erase(at);
      } else if (found == list.end()) {
        list.push_back(fresh(item));
      } else if (map != nullptr && found->is_object()) {
        if (auto result = merge(found->get_object(), *map, path); !result) return result;
      }
    }
    return {};
  }

  /// Elements that the order names come in its order; those that only the server knows keep their place among them.
  void order(json::object& document, std::string_view name, const json::value& wanted, const std::string& path) {
    auto* value = document.if_contains(name);
    auto* list = value == nullptr ? nullptr : value->if_array();
    const auto* sequence = wanted.if_array();
    const auto* rule = list_rule(kind_, path);
    if (list == nullptr || sequence == nullptr || rule == nullptr) return;
    struct Ranked {
      std::size_t rank;
      std::size_t place;
      json::value element;
    };
    std::vector<Ranked> ordered;
    std::vector<Ranked> others;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto* id = identity((*list)[i], rule->key);
      const auto at = std::ranges::find_if(*sequence, [&](const json::value& item) {
        const auto* wanted_id = identity(item, rule->key);
        return id != nullptr && wanted_id != nullptr && *wanted_id == *id;
      });
      auto& target = at == sequence->end() ? others : ordered;
      target.push_back({static_cast<std::size_t>(at - sequence->begin()), i, (*list)[i]});
    }
    std::ranges::sort(ordered, {}, [](const Ranked& r) { return std::pair(r.rank, r.place); });
    json::array out;
    auto left = ordered.begin();
    auto right = others.begin();
    while (left != ordered.end() || right != others.end()) {
      const bool take_left = right == others.end() || (left != ordered.end() && left->place < right->place);
      out.push_back(std::move((take_left ? left : right)->element));
      ++(take_left ? left : right);
    }
    *list = std::move(out);
  }

  std::string_view kind_;
};

}  // namespace

Result<void> apply_strategic_merge(const Kind& kind, json::object& document, const json::object& patch) {
  return Merger(kind.kind).merge(document, patch, "");
}

}  // namespace metallb::apiserver
