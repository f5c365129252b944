#include "apiserver/definitions/definition.hpp"

#include <algorithm>

#include "apiserver/tables/custom.hpp"

namespace metallb::apiserver {
namespace {

std::string deprecation_of(const json::object& version, const Definition& definition) {
  if (!flag_at(version, "deprecated").value_or(false)) return {};
  const auto told = text_at(version, "deprecationWarning");
  return told.empty() ? definition.group + "/" + text_at(version, "name") + " " + definition.kind + " is deprecated" : told;
}

DefinedVersion read_version(const json::object& version, const Definition& definition) {
  static const json::array kNoColumns;
  const auto* columns = array_at(version, "additionalPrinterColumns");
  return {.name = text_at(version, "name"),
          .served = flag_at(version, "served").value_or(false),
          .status = object_at(version, "subresources.status") != nullptr,
          .deprecation = deprecation_of(version, definition),
          .schema = object_at(version, "schema.openAPIV3Schema"),
          .printer = make_custom_printer(columns == nullptr ? kNoColumns : *columns)};
}

}  // namespace

const DefinedVersion* Definition::find_version(std::string_view wanted) const {
  const auto found = std::ranges::find(versions, wanted, &DefinedVersion::name);
  return found == versions.end() ? nullptr : &*found;
}

std::shared_ptr<const Definition> read_definition(std::shared_ptr<const json::object> object) {
  auto out = std::make_shared<Definition>();
  out->object = std::move(object);
  const auto& source = *out->object;
  const auto names = [&source](std::string_view name) {
    return text_at(source, "status.acceptedNames." + std::string(name));
  };
  out->name = text_at(source, "metadata.name");
  out->group = text_at(source, "spec.group");
  out->plural = names("plural");
  out->singular = names("singular");
  out->kind = names("kind");
  out->list_kind = names("listKind");
  out->namespaced = text_at(source, "spec.scope") == "Namespaced";
  out->short_names = texts_at(source, "status.acceptedNames.shortNames");
  out->categories = texts_at(source, "status.acceptedNames.categories");
  out->wants_webhook = text_at(source, "spec.conversion.strategy") == "Webhook";
  out->terminating = !text_at(source, "metadata.deletionTimestamp").empty();
  if (const auto* versions = array_at(source, "spec.versions")) {
    for (const auto& value : *versions) {
      const auto* version = value.if_object();
      if (version == nullptr) continue;
      out->versions.push_back(read_version(*version, *out));
      if (flag_at(*version, "storage").value_or(false)) out->stored_version = out->versions.back().name;
    }
  }
  return out;
}

}  // namespace metallb::apiserver
