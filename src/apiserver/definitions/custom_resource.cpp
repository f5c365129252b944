#include "apiserver/definitions/custom_resource.hpp"

#include <algorithm>

#include "apiserver/definitions/definition.hpp"
#include "apiserver/schema.hpp"
#include "apiserver/structural/defaults.hpp"
#include "apiserver/structural/lists.hpp"
#include "apiserver/structural/prune.hpp"
#include "apiserver/structural/validate.hpp"

namespace metallb::apiserver {
namespace {

const json::object* schema_of_version(const Definition& definition, std::string_view version) {
  const auto* found = definition.find_version(version);
  return found == nullptr ? nullptr : found->schema;
}

bool fill_in(const json::object& schema, json::object& object) {
  json::value value(std::move(object));
  structural::DefaultsBudget budget;
  const bool complete = structural::apply_defaults(schema, value, budget);
  object = std::move(value.get_object());
  return complete;
}

Error too_many_defaults(const Kind& kind, const json::object& object) {
  return invalid(
      kind, text_at(object, "metadata.name"),
      {general_cause("the defaults of its definition would add more than " +
                     std::to_string(structural::DefaultsBudget::kOfOneObject) +
                     " bytes to it: give it fewer elements without a value, or the definition smaller defaults")});
}

/// Metadata is the same for all kinds, whatever the schema says about it.
void prune_metadata(json::object& object, structural::Pruned& dropped) {
  auto* metadata = object.contains("metadata") ? object.at("metadata").if_object() : nullptr;
  const auto* known = object_at(shared_schemas(), "ObjectMeta.properties");
  if (metadata == nullptr || known == nullptr) return;
  std::vector<std::string> gone;
  for (const auto& member : *metadata) {
    if (!known->contains(member.key())) gone.emplace_back(member.key());
  }
  for (const auto& name : gone) dropped.add("metadata", name);
  erase_all(*metadata, gone);
}

}  // namespace

Result<structural::Pruned> take_in(const Kind& kind, std::string_view version, json::object& object, bool change) {
  structural::Pruned dropped;
  if (!kind.custom) return dropped;
  const auto& definition = *kind.definition;
  const auto* schema =
      schema_of_version(definition, change && definition.wants_webhook ? definition.stored_version : version);
  if (schema == nullptr) return dropped;
  dropped = structural::prune(*schema, object);
  prune_metadata(object, dropped);
  std::ranges::sort(dropped.paths);
  if (!fill_in(*schema, object)) return std::unexpected(too_many_defaults(kind, object));
  return dropped;
}

Causes check_custom_resource(const Kind& kind, std::string_view version, const json::object& object) {
  Causes causes;
  const auto* schema = schema_of_version(*kind.definition, version);
  if (schema == nullptr) return causes;
  const json::value value(object);
  structural::validate(*schema, value, "", causes);
  // A list that is none was told about.
  if (causes.empty()) structural::check_lists(*schema, value, "", causes);
  return causes;
}

json::object as_read(const Kind& kind, std::string_view version, const json::object& stored) {
  auto out = stored;
  out["apiVersion"] = kind.api_version(version);
  if (!kind.custom) return out;
  const auto& definition = *kind.definition;
  if (const auto* schema = schema_of_version(definition, definition.stored_version)) (void)fill_in(*schema, out);
  if (const auto* schema = schema_of_version(definition, version);
      schema != nullptr && version != definition.stored_version && !definition.wants_webhook) {
    (void)structural::prune(*schema, out);
  }
  return out;
}

}  // namespace metallb::apiserver
