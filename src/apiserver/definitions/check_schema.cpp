#include "apiserver/definitions/check_schema.hpp"

#include <algorithm>

#include "apiserver/structural/node.hpp"
#include "apiserver/structural/numbers.hpp"
#include "apiserver/structural/prune.hpp"
#include "apiserver/structural/texts.hpp"
#include "apiserver/structural/validate.hpp"

namespace metallb::apiserver {
namespace {

using structural::DefaultsBudget;
using structural::Node;

/// Where a schema stands decides what it must and may say.
enum class Where : std::uint8_t { kRoot, kField, kItem, kCombined };

constexpr std::string_view kTypes[] = {"array", "boolean", "integer", "number", "object", "string"};
/// Not part of structural schemas at all.
constexpr std::string_view kForbidden[] = {"$ref", "additionalItems",  "definitions", "dependencies",
                                           "id",   "patternProperties"};
/// Not below allOf, anyOf, oneOf and not: these say what is there, which only the schema outside of them may.
constexpr std::string_view kOutsideOnly[] = {"type",
                                             "default",
                                             "description",
                                             "title",
                                             "nullable",
                                             "additionalProperties",
                                             "x-kubernetes-preserve-unknown-fields",
                                             "x-kubernetes-embedded-resource",
                                             "x-kubernetes-list-type",
                                             "x-kubernetes-list-map-keys",
                                             "x-kubernetes-map-type",
                                             "x-kubernetes-int-or-string"};

void check(const json::object& schema, const std::string& path, Where position, DefaultsBudget& budget, Causes& causes);

void check_child(const json::value* child, const std::string& path, Where position, DefaultsBudget& budget, Causes& causes) {
  if (const auto* schema = child == nullptr ? nullptr : child->if_object()) check(*schema, path, position, budget, causes);
}

void check_type_of(const Node& node, const std::string& path, Where position, Causes& causes) {
  const auto type = node.text("type");
  const auto at = path + ".type";
  if (type.empty()) {
    const bool free = node.int_or_string() || node.preserves_unknown();
    if (position == Where::kRoot) causes.push_back(required_value(at, "must not be empty at the root"));
    if (position == Where::kItem && !free) {
      causes.push_back(required_value(at, "must not be empty for specified array items"));
    }
    if (position == Where::kField && !free) {
      causes.push_back(required_value(at, "must not be empty for specified object fields"));
    }
  } else if (std::ranges::find(kTypes, type) == std::end(kTypes)) {
    causes.push_back(unsupported_value(at, type, {std::begin(kTypes), std::end(kTypes)}));
  } else if (position == Where::kRoot && type != "object") {
    causes.push_back(invalid_value(at, json::value(type), "must be object at the root"));
  }
  if (node.embedded_resource() && type != "object") {
    causes.push_back(required_value(at, "must be object if x-kubernetes-embedded-resource is true"));
  }
}

/// A resource's metadata is checked as metadata; a schema may narrow the name alone.
void check_metadata(const Node& node, const std::string& path, Causes& causes) {
  const auto* properties = node.schema("properties");
  if (properties == nullptr) return;
  const bool only_names = std::ranges::all_of(
      *properties, [](const auto& property) { return property.key() == "name" || property.key() == "generateName"; });
  if (only_names) return;
  causes.push_back(forbidden_value(
      path, "must not specify anything other than name and generateName, but metadata is implicitly specified"));
}

void check_members_of(const Node& node, const std::string& path, Where position, DefaultsBudget& budget, Causes& causes) {
  const bool combined = position == Where::kCombined;
  const auto* properties = node.schema("properties");
  const auto* additional = node.member("additionalProperties");
  if (properties != nullptr && !properties->empty() && additional != nullptr) {
    causes.push_back(
        forbidden_value(path + ".additionalProperties", "additionalProperties and properties are mutual exclusive"));
  }
  if (properties != nullptr) {
    const bool resource = position == Where::kRoot || node.embedded_resource();
    for (const auto& [name, property] : *properties) {
      const auto at = path + ".properties[" + std::string(name) + "]";
      check_child(&property, at, combined ? Where::kCombined : Where::kField, budget, causes);
      if (resource && name == "metadata" && property.is_object()) check_metadata(Node(property.get_object()), at, causes);
    }
  }
  check_child(additional, path + ".additionalProperties", combined ? Where::kCombined : Where::kField, budget, causes);
  const auto* items = node.member("items");
  if (items != nullptr && items->is_array()) {
    causes.push_back(forbidden_value(path + ".items", "items must be a schema object and not an array"));
  } else if (items == nullptr && !combined && node.text("type") == "array") {
    causes.push_back(required_value(path + ".items", "must be specified"));
  }
  check_child(items, path + ".items", combined ? Where::kCombined : Where::kItem, budget, causes);
}

void check_combined(const Node& node, const std::string& path, DefaultsBudget& budget, Causes& causes) {
  for (const std::string_view keyword : {"allOf", "anyOf", "oneOf"}) {
    const auto* list = node.list(keyword);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      // A real server's way to say "integer or string" is a type in anyOf; it goes together with int-or-string only.
      const auto* one = (*list)[i].if_object();
      if (node.int_or_string() && one != nullptr && one->size() == 1 && one->contains("type")) continue;
      check_child(&(*list)[i], path + "." + std::string(keyword) + "[" + std::to_string(i) + "]", Where::kCombined, budget,
                  causes);
    }
  }
  check_child(node.member("not"), path + ".not", Where::kCombined, budget, causes);
}

bool are_properties_of_items(const Node& node, const json::array& keys) {
  const auto* items = node.schema("items");
  return items != nullptr && std::ranges::all_of(keys, [items](const json::value& key) {
           return key.is_string() && Node(*items).property(key.get_string()) != nullptr;
         });
}

void check_list_type(const Node& node, const std::string& path, Causes& causes) {
  const auto type = node.text("x-kubernetes-list-type");
  const auto* keys = node.list("x-kubernetes-list-map-keys");
  if (type.empty()) return;
  const auto at = path + ".x-kubernetes-list-type";
  if (type != "atomic" && type != "set" && type != "map") {
    causes.push_back(unsupported_value(at, type, {"atomic", "set", "map"}));
  }
  if (node.text("type") != "array") {
    causes.push_back(invalid_value(path + ".type", json::value(node.text("type")),
                                   "must be array if x-kubernetes-list-type is specified"));
  }
  if (type == "map" && (keys == nullptr || keys->empty())) {
    causes.push_back(
        required_value(path + ".x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map"));
  } else if (type == "map" && !are_properties_of_items(node, *keys)) {
    causes.push_back(invalid_value(path + ".x-kubernetes-list-map-keys", json::value(*keys),
                                   "entries must all be names of item properties"));
  }
}

void check_default(const Node& node, const std::string& path, DefaultsBudget& budget, Causes& causes) {
  const auto* stated = node.member("default");
  if (stated == nullptr || stated->is_null()) return;
  auto value = *stated;
  const auto at = path + ".default";
  json::object holder_schema{{"properties", json::object{{"default", node.json()}}}};
  json::object holder{{"default", value}};
  if (!structural::prune(holder_schema, holder).paths.empty()) {
    causes.push_back(invalid_value(at, value, "must not have unknown fields"));
    return;
  }
  if (!structural::apply_defaults(node.json(), value, budget)) {
    causes.push_back(
        {"FieldValueTooLong", at,
         "Too long: with the defaults within it, and those of the definition's other defaults, it may not be more than " +
             std::to_string(DefaultsBudget::kOfOneObject) + " bytes"});
    return;
  }
  Causes wrong;
  structural::validate(node.json(), value, "", wrong);
  for (auto cause : wrong) {
    cause.field = cause.field.empty() ? at : at + (cause.field.starts_with('[') ? "" : ".") + cause.field;
    causes.push_back(std::move(cause));
  }
  causes.leave_out(wrong.left_out());
}

void check(const json::object& schema, const std::string& path, Where position, DefaultsBudget& budget, Causes& causes) {
  const Node node(schema);
  for (const auto keyword : kForbidden) {
    if (!unset(schema, keyword)) {
      causes.push_back(forbidden_value(path + "." + std::string(keyword), std::string(keyword) + " is not supported"));
    }
  }
  if (node.flag("uniqueItems")) {
    causes.push_back(forbidden_value(path + ".uniqueItems",
                                     "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"));
  }
  if (position == Where::kCombined) {
    for (const auto keyword : kOutsideOnly) {
      if (!unset(schema, keyword)) {
        causes.push_back(forbidden_value(path + "." + std::string(keyword), "must be empty to be structural"));
      }
    }
  } else {
    check_type_of(node, path, position, causes);
    check_default(node, path, budget, causes);
    check_list_type(node, path, causes);
  }
  if (const auto* of = node.member("multipleOf"); of != nullptr && of->is_number() && !structural::is_positive(*of)) {
    causes.push_back(invalid_value(path + ".multipleOf", *of, "must be positive"));
  }
  if (const auto pattern = node.text("pattern"); !pattern.empty()) {
    if (const auto problem = structural::pattern_problem(pattern); !problem.empty()) {
      causes.push_back(invalid_value(path + ".pattern", json::value(pattern),
                                     "must be a valid regular expression, but isn't: " + problem));
    }
  }
  check_members_of(node, path, position, budget, causes);
  check_combined(node, path, budget, causes);
}

}  // namespace

void check_structural_schema(const json::object& schema, const std::string& path, DefaultsBudget& budget, Causes& causes) {
  check(schema, path, Where::kRoot, budget, causes);
}

}  // namespace metallb::apiserver
