#include "apiserver/schema.hpp"

#include <algorithm>

namespace metallb::apiserver {
namespace {

std::string_view type_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "integer";
    case json::kind::double_:
      return "number";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
  }
  return "null";
}

const json::object& resolve_reference(const json::object& schema) {
  auto reference = text_at(schema, "$ref");
  if (reference.empty()) return schema;
  reference.erase(0, reference.rfind('/') + 1);
  const auto* target = object_at(shared_schemas(), reference);
  return target == nullptr ? schema : *target;
}

bool fits_type(const json::object& schema, const json::value& value) {
  if (flag_at(schema, "x-kubernetes-int-or-string").value_or(false)) return value.is_number() || value.is_string();
  const auto wanted = text_at(schema, "type");
  const auto found = type_name(value);
  if (wanted.empty() || wanted == found) return true;
  if (wanted == "number") return value.is_number();
  if (wanted == "integer" && value.is_double()) return number_at({{"v", value}}, "v").has_value();
  return false;
}

std::string join(const std::string& path, std::string_view member) {
  return path.empty() ? std::string(member) : path + "." + std::string(member);
}

void check_number(const json::object& schema, const json::value& value, const std::string& path, Causes& causes) {
  json::error_code code;
  const auto number = value.to_number<double>(code);
  const auto* minimum = schema.if_contains("minimum");
  const auto* maximum = schema.if_contains("maximum");
  if (minimum != nullptr && number < minimum->to_number<double>(code)) {
    causes.push_back(
        invalid_value(path, value, path + " in body should be greater than or equal to " + json::serialize(*minimum)));
  }
  if (maximum != nullptr && number > maximum->to_number<double>(code)) {
    causes.push_back(
        invalid_value(path, value, path + " in body should be less than or equal to " + json::serialize(*maximum)));
  }
}

void check_array(const json::object& schema, const json::value& value, const std::string& path, Causes& causes) {
  const auto& list = value.get_array();
  if (const auto least = number_at(schema, "minItems"); least && static_cast<std::int64_t>(list.size()) < *least) {
    causes.push_back(invalid_value(path, json::value(list.size()),
                                   path + " in body should have at least " + std::to_string(*least) + " items"));
  }
  const auto* items = object_at(schema, "items");
  for (std::size_t i = 0; items != nullptr && i < list.size(); ++i) {
    check_schema(*items, list[i], path + "[" + std::to_string(i) + "]", causes);
  }
}

void check_object(const json::object& schema, const json::value& value, const std::string& path, Causes& causes) {
  const auto& members = value.get_object();
  for (const auto& name : texts_at(schema, "required")) {
    const auto* member = members.if_contains(name);
    if (member == nullptr || member->is_null()) causes.push_back(required_value(join(path, name)));
  }
  const auto* properties = object_at(schema, "properties");
  const auto* additional = object_at(schema, "additionalProperties");
  for (const auto& [name, member] : members) {
    if (member.is_null()) continue;  // as if it were missing
    const auto* known = properties == nullptr ? nullptr : properties->if_contains(name);
    if (known != nullptr && known->is_object()) {
      check_schema(known->get_object(), member, join(path, name), causes);
    } else if (additional != nullptr) {
      check_schema(*additional, member, join(path, name), causes);
    }
  }
}

}  // namespace

void check_schema(const json::object& schema_or_reference, const json::value& value, const std::string& path,
                  Causes& causes) {
  const auto& schema = resolve_reference(schema_or_reference);
  if (!fits_type(schema, value)) {
    const auto found = type_name(value);
    causes.push_back({"FieldValueTypeInvalid", path,
                      "Invalid value: \"" + std::string(found) + "\": " + path + " in body must be of type " +
                          text_at(schema, "type") + ": \"" + std::string(found) + "\""});
    return;
  }
  if (const auto allowed = texts_at(schema, "enum"); !allowed.empty() && value.is_string()) {
    const std::string text(value.get_string());
    if (std::ranges::find(allowed, text) == allowed.end()) causes.push_back(unsupported_value(path, text, allowed));
  }
  if (value.is_number()) check_number(schema, value, path, causes);
  if (value.is_array()) check_array(schema, value, path, causes);
  if (value.is_object()) check_object(schema, value, path, causes);
}

void apply_schema_defaults(const json::object& schema_or_reference, json::value& value) {
  const auto& schema = resolve_reference(schema_or_reference);
  if (auto* members = value.if_object()) {
    const auto* properties = object_at(schema, "properties");
    if (properties == nullptr) return;
    for (const auto& [name, property] : *properties) {
      if (!property.is_object()) continue;
      auto* member = members->if_contains(name);
      if (const auto* wanted = property.get_object().if_contains("default");
          wanted != nullptr && (member == nullptr || member->is_null())) {
        (*members)[name] = *wanted;
      } else if (member != nullptr) {
        apply_schema_defaults(property.get_object(), *member);
      }
    }
  } else if (auto* list = value.if_array()) {
    if (const auto* items = object_at(schema, "items")) {
      for (auto& item : *list) apply_schema_defaults(*items, item);
    }
  }
}

}  // namespace metallb::apiserver
