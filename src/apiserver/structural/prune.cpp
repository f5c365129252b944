#include "apiserver/structural/prune.hpp"

#include "apiserver/structural/node.hpp"

namespace metallb::apiserver::structural {
namespace {

class Pruner {
 public:
  Pruned removed;

  /// `schema` is null where nothing is named. `keeps_type`: this is a resource, whose type and metadata stay.
  void object(const json::object* schema, json::object& members, const std::string& path, bool keeps_type) {
    const bool keeps_all = schema != nullptr && Node(*schema).preserves_unknown();
    std::vector<std::string> gone;
    for (auto& member : members) {
      const std::string_view name = member.key();
      if (keeps_type && is_type_or_metadata(name)) continue;
      const auto* named = schema == nullptr ? nullptr : Node(*schema).property(name);
      const bool others = schema != nullptr && additional(*schema);
      if (named != nullptr || others) {
        value(named != nullptr ? named : Node(*schema).schema("additionalProperties"), member.value(), below(path, name));
      } else if (!keeps_all) {
        gone.emplace_back(name);
      }
    }
    for (const auto& name : gone) removed.add(path, name);
    erase_all(members, gone);
  }

 private:
  static bool additional(const json::object& schema) {
    const auto* stated = Node(schema).member("additionalProperties");
    return stated != nullptr && (stated->is_object() || (stated->is_bool() && stated->get_bool()));
  }

  void value(const json::object* schema, json::value& value, const std::string& path) {
    if (auto* members = value.if_object()) {
      object(schema, *members, path, schema != nullptr && Node(*schema).embedded_resource());
    } else if (auto* items = value.if_array()) {
      const auto* of_items = schema == nullptr ? nullptr : Node(*schema).schema("items");
      // Below a list that keeps everything, only what its items name further is looked at.
      if (of_items == nullptr && schema != nullptr && Node(*schema).preserves_unknown()) return;
      for (std::size_t i = 0; i < items->size(); ++i) this->value(of_items, (*items)[i], below(path, i));
    }
  }
};

}  // namespace

void Pruned::add(const std::string& parent, std::string_view name) {
  if (paths.size() >= kMostPaths) {
    ++more;
  } else {
    paths.push_back(below(parent, name));
  }
}

Pruned prune(const json::object& schema, json::object& resource) {
  Pruner pruner;
  pruner.object(&schema, resource, "", true);
  return std::move(pruner.removed);
}

}  // namespace metallb::apiserver::structural
