#include "apiserver/definitions/check_definition.hpp"

#include <algorithm>
#include <set>

#include "apiserver/definitions/check_schema.hpp"
#include "apiserver/names.hpp"
#include "apiserver/tables/json_path.hpp"

namespace metallb::apiserver {
namespace {

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

void check_label(const std::string& path, const std::string& text, Causes& causes) {
  if (text.empty()) {
    causes.push_back(required_value(path));
  } else if (const auto problem = name_problem(NameRule::kLabel1035, text)) {
    causes.push_back(invalid_value(path, json::value(text), *problem));
  }
}

void check_names(const json::object& definition, Causes& causes) {
  const auto group = text_at(definition, "spec.group");
  if (group.empty()) {
    causes.push_back(required_value("spec.group"));
  } else if (const auto problem = name_problem(NameRule::kSubdomain, group)) {
    causes.push_back(invalid_value("spec.group", json::value(group), *problem));
  } else if (group.find('.') == std::string::npos) {
    causes.push_back(invalid_value("spec.group", json::value(group), "should be a domain with at least one dot"));
  }
  for (const auto* name : {"plural", "singular"}) {
    check_label("spec.names." + std::string(name), text_at(definition, "spec.names." + std::string(name)), causes);
  }
  for (const auto* name : {"kind", "listKind"}) {
    check_label("spec.names." + std::string(name), lower_case(text_at(definition, "spec.names." + std::string(name))),
                causes);
  }
  const auto short_names = texts_at(definition, "spec.names.shortNames");
  for (std::size_t i = 0; i < short_names.size(); ++i) {
    check_label("spec.names.shortNames[" + std::to_string(i) + "]", short_names[i], causes);
  }
  const auto kind = text_at(definition, "spec.names.kind");
  if (!kind.empty() && kind == text_at(definition, "spec.names.listKind")) {
    causes.push_back(invalid_value("spec.names.listKind", json::value(kind), "kind and listKind may not be the same"));
  }
  const auto wanted = text_at(definition, "spec.names.plural") + "." + group;
  const auto name = text_at(definition, "metadata.name");
  if (name != wanted) {
    causes.push_back(invalid_value("metadata.name", json::value(name), R"(must be spec.names.plural+"."+spec.group)"));
  }
  const auto scope = text_at(definition, "spec.scope");
  if (scope.empty()) {
    causes.push_back(required_value("spec.scope"));
  } else if (scope != "Cluster" && scope != "Namespaced") {
    causes.push_back(unsupported_value("spec.scope", scope, {"Cluster", "Namespaced"}));
  }
}

void check_columns(const json::object& version, const std::string& path, Causes& causes) {
  const std::vector<std::string> types{"boolean", "date", "integer", "number", "string"};
  const auto* columns = array_at(version, "additionalPrinterColumns");
  for (std::size_t i = 0; columns != nullptr && i < columns->size(); ++i) {
    const auto* column = (*columns)[i].if_object();
    const auto at = path + ".additionalPrinterColumns[" + std::to_string(i) + "]";
    if (column == nullptr) continue;
    const auto type = text_at(*column, "type");
    const auto json_path = text_at(*column, "jsonPath");
    if (text_at(*column, "name").empty()) causes.push_back(required_value(at + ".name"));
    if (type.empty()) {
      causes.push_back(required_value(at + ".type", "must be one of boolean,date,integer,number,string"));
    } else if (std::ranges::find(types, type) == types.end()) {
      causes.push_back(invalid_value(at + ".type", json::value(type), "must be one of boolean,date,integer,number,string"));
    }
    if (json_path.empty()) {
      causes.push_back(required_value(at + ".JSONPath"));
    } else if (!json_path.starts_with('.')) {
      causes.push_back(
          invalid_value(at + ".JSONPath", json::value(json_path), "must be a simple json path starting with ."));
    } else if (!JsonPath::parse(json_path)) {
      causes.push_back(invalid_value(
          at + ".JSONPath", json::value(json_path),
          "this server knows members, ['quoted members'], [0], [*] and [?(@.a==\"b\")], beginning with a member"));
    }
  }
}

void check_version(const json::object& version, const std::string& path, structural::DefaultsBudget& budget,
                   Causes& causes) {
  check_label(path + ".name", text_at(version, "name"), causes);
  for (const auto* flag : {"served", "storage"}) {
    if (!flag_at(version, flag)) causes.push_back(required_value(path + "." + flag));
  }
  const auto* schema = object_at(version, "schema.openAPIV3Schema");
  const auto at = path + ".schema.openAPIV3Schema";
  if (schema == nullptr) {
    causes.push_back(required_value(at));
  } else {
    check_structural_schema(*schema, at, budget, causes);
  }
  check_columns(version, path, causes);
}

void check_versions(const json::object& definition, Causes& causes) {
  const auto* versions = array_at(definition, "spec.versions");
  if (versions == nullptr || versions->empty()) {
    causes.push_back(
        invalid_value("spec.versions", json::array(), "must have exactly one version marked as storage version"));
    return;
  }
  structural::DefaultsBudget budget;
  std::set<std::string> names;
  int stored = 0;
  bool unique = true;
  for (std::size_t i = 0; i < versions->size(); ++i) {
    const auto* version = (*versions)[i].if_object();
    if (version == nullptr) continue;
    check_version(*version, "spec.versions[" + std::to_string(i) + "]", budget, causes);
    unique = names.insert(text_at(*version, "name")).second && unique;
    stored += flag_at(*version, "storage").value_or(false) ? 1 : 0;
  }
  if (!unique) causes.push_back(invalid_value("spec.versions", *versions, "must contain unique version names"));
  if (stored != 1) {
    causes.push_back(invalid_value("spec.versions", *versions, "must have exactly one version marked as storage version"));
  }
  for (const auto& name : texts_at(definition, "status.storedVersions")) {
    if (!names.contains(name)) {
      causes.push_back(invalid_value("status.storedVersions", *find(definition, "status.storedVersions"),
                                     name + " must appear in spec.versions"));
    }
  }
}

void check_conversion(const json::object& definition, Causes& causes) {
  const auto strategy = text_at(definition, "spec.conversion.strategy");
  if (strategy != "None" && strategy != "Webhook") {
    causes.push_back(unsupported_value("spec.conversion.strategy", strategy, {"None", "Webhook"}));
  }
  if (strategy == "Webhook") {
    if (object_at(definition, "spec.conversion.webhook.clientConfig") == nullptr) {
      causes.push_back(required_value("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook"));
    }
    if (texts_at(definition, "spec.conversion.webhook.conversionReviewVersions").empty()) {
      causes.push_back(required_value("spec.conversion.conversionReviewVersions"));
    }
  }
  if (flag_at(definition, "spec.preserveUnknownFields").value_or(false)) {
    causes.push_back(invalid_value(
        "spec.preserveUnknownFields", json::value(true),
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"));
  }
}

}  // namespace

void default_definition(json::object& definition) {
  auto& spec = object_in(definition, "spec");
  auto& names = object_in(spec, "names");
  if (unset(names, "singular")) names["singular"] = lower_case(text_at(names, "kind"));
  if (unset(names, "listKind") && !unset(names, "kind")) names["listKind"] = text_at(names, "kind") + "List";
  auto& conversion = object_in(spec, "conversion");
  if (unset(conversion, "strategy")) conversion["strategy"] = "None";
}

Causes check_definition(const json::object& definition, const json::object* before) {
  Causes causes;
  check_names(definition, causes);
  check_versions(definition, causes);
  check_conversion(definition, causes);
  if (before != nullptr) {
    for (const auto* path : {"spec.group", "spec.scope", "spec.names.plural", "spec.names.kind"}) {
      const auto now = text_at(definition, path);
      if (now != text_at(*before, path)) {
        causes.push_back(invalid_value(path, json::value(now), "field is immutable"));
      }
    }
  }
  return causes;
}

}  // namespace metallb::apiserver
