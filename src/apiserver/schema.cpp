#include "apiserver/schema.hpp"

namespace metallb::apiserver {
namespace {

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

std::string member_path(const std::string& path, std::string_view member) {
  return path.empty() ? std::string(member) : path + "." + std::string(member);
}

void check_elements(const json::object& schema, const json::array& list, const std::string& path, Causes& causes) {
  const auto* items = object_at(schema, "items");
  for (std::size_t i = 0; items != nullptr && i < list.size(); ++i) {
    check_schema(*items, list[i], path + "[" + std::to_string(i) + "]", causes);
  }
}

void check_properties(const json::object& schema, const json::object& members, const std::string& path, Causes& causes) {
  const auto* properties = object_at(schema, "properties");
  const auto* additional = object_at(schema, "additionalProperties");
  for (const auto& [name, member] : members) {
    if (member.is_null()) continue;  // as if it were missing
    const auto* known = properties == nullptr ? nullptr : properties->if_contains(name);
    if (known != nullptr && known->is_object()) {
      check_schema(known->get_object(), member, member_path(path, name), causes);
    } else if (additional != nullptr) {
      check_schema(*additional, member, member_path(path, name), causes);
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
  if (const auto* list = value.if_array()) check_elements(schema, *list, path, causes);
  if (const auto* members = value.if_object()) check_properties(schema, *members, path, causes);
}

}  // namespace metallb::apiserver
