#include "apiserver/structural/defaults.hpp"

#include <algorithm>

#include "apiserver/structural/node.hpp"

namespace metallb::apiserver::structural {
namespace {

/// A null where the schema allows none counts as missing.
bool counts_as_missing(const json::object& schema, const json::value* value) {
  return value == nullptr || (value->is_null() && !Node(schema).nullable());
}

const json::value* default_of(const json::object& schema) {
  const auto* stated = schema.if_contains("default");
  return stated == nullptr || stated->is_null() ? nullptr : stated;
}

/// The schema of a member that is there, or null.
const json::object* schema_of_member(const Node& node, std::string_view name) {
  const auto* named = node.property(name);
  return named != nullptr ? named : node.schema("additionalProperties");
}

std::size_t size_of(const json::value& value) {
  std::size_t size = sizeof(json::value);
  if (const auto* text = value.if_string()) return size + text->size();
  if (const auto* items = value.if_array()) {
    for (const auto& item : *items) size += size_of(item);
  }
  if (const auto* members = value.if_object()) {
    for (const auto& member : *members) size += sizeof(json::value) + member.key().size() + size_of(member.value());
  }
  return size;
}

class Filler {
 public:
  explicit Filler(DefaultsBudget& budget) : budget_(budget) {}

  /// False when the budget is spent.
  bool fill_in(const json::object& schema, json::value& value) {
    const Node node(schema);
    if (auto* members = value.if_object()) return fill_in_members(node, *members);
    auto* items = value.if_array();
    const auto* of_items = items == nullptr ? nullptr : node.schema("items");
    if (of_items == nullptr) return true;
    const auto* wanted = default_of(*of_items);
    return std::ranges::all_of(*items, [&](json::value& item) {
      if (wanted != nullptr && counts_as_missing(*of_items, &item) && !put(*wanted, item)) return false;
      return fill_in(*of_items, item);
    });
  }

 private:
  bool fill_in_members(const Node& node, json::object& members) {
    if (const auto* properties = node.schema("properties")) {
      for (const auto& [name, property] : *properties) {
        const auto* wanted = property.is_object() ? default_of(property.get_object()) : nullptr;
        if (wanted == nullptr || !counts_as_missing(property.get_object(), members.if_contains(name))) continue;
        if (!spend(sizeof(json::value) + name.size()) || !put(*wanted, members[name])) return false;
      }
    }
    return std::ranges::all_of(members, [&](auto&& member) {
      const auto* schema = schema_of_member(node, member.key());
      if (schema == nullptr) return true;
      const auto* wanted = default_of(*schema);
      if (wanted != nullptr && counts_as_missing(*schema, &member.value()) && !put(*wanted, member.value())) return false;
      return fill_in(*schema, member.value());
    });
  }

  bool put(const json::value& wanted, json::value& value) {
    if (!spend(size_of(wanted))) return false;
    value = wanted;
    return true;
  }

  bool spend(std::size_t size) {
    const bool enough = size <= budget_.left;
    budget_.left = enough ? budget_.left - size : 0;
    return enough;
  }

  DefaultsBudget& budget_;
};

/// Nulls in lists stay: validation names them.
void drop_nulls(const json::object& schema, json::value& value) {
  const Node node(schema);
  if (auto* members = value.if_object()) {
    std::vector<std::string> gone;
    for (auto& member : *members) {
      const auto* of_member = schema_of_member(node, member.key());
      if (of_member == nullptr) continue;
      if (counts_as_missing(*of_member, &member.value())) {
        gone.emplace_back(member.key());
      } else {
        drop_nulls(*of_member, member.value());
      }
    }
    erase_all(*members, gone);
  } else if (auto* items = value.if_array()) {
    if (const auto* of_items = node.schema("items")) {
      for (auto& item : *items) drop_nulls(*of_items, item);
    }
  }
}

}  // namespace

bool apply_defaults(const json::object& schema, json::value& value, DefaultsBudget& budget) {
  const bool complete = Filler(budget).fill_in(schema, value);
  drop_nulls(schema, value);
  return complete;
}

}  // namespace metallb::apiserver::structural
