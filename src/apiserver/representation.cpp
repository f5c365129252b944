#include "apiserver/representation.hpp"

#include <map>

#include "apiserver/definitions/custom_resource.hpp"
#include "apiserver/split.hpp"

namespace metallb::apiserver {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// One media range of an Accept header.
std::optional<Form> form_of(std::string_view range) {
  std::string type;
  std::map<std::string, std::string> parameters;
  split(range, ';', [&](std::string_view text) {
    const auto part = trim(text);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) {
      if (type.empty()) type = std::string(part);
    } else {
      parameters.emplace(trim(part.substr(0, equals)), trim(part.substr(equals + 1)));
    }
  });
  if (type != "application/json" && type != "*/*" && type != "application/*") return std::nullopt;
  const auto as = parameters.find("as");
  if (as == parameters.end()) return Form{};
  const auto version = parameters["v"];
  if (parameters["g"] != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) return std::nullopt;
  if (as->second == "Table") return Form{.shape = Form::Shape::kTable, .meta_version = version};
  if (as->second.starts_with("PartialObjectMetadata")) return Form{.shape = Form::Shape::kMetadata, .meta_version = version};
  return std::nullopt;
}

json::object metadata_only(const Form& form, const json::object& object) {
  json::object out{{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/" + form.meta_version}};
  if (const auto* metadata = object_at(object, "metadata")) out["metadata"] = *metadata;
  return out;
}

json::object in_version(const Route& route, const json::object& object) {
  return as_read(*route.kind, route.version, object);
}

json::object table(const Form& form, const Route& route, const std::vector<const json::object*>& objects,
                   json::object metadata, WallPoint now) {
  std::vector<json::object> read;
  read.reserve(objects.size());
  for (const auto* object : objects) read.push_back(in_version(route, *object));
  auto out = make_table(*route.kind, route.version, read, form.row_object, std::move(metadata), now);
  out["apiVersion"] = "meta.k8s.io/" + form.meta_version;
  return out;
}

}  // namespace

Result<Form> negotiate(std::string_view accept, const Query& query) {
  std::optional<Form> found;
  if (accept.empty()) found = Form{};
  split(accept, ',', [&found](std::string_view text) {
    const auto range = trim(text);
    if (!found) found = form_of(range);
  });
  if (!found) {
    return std::unexpected(Error{.code = 406,
                                 .reason = "NotAcceptable",
                                 .message = "only the following media types are accepted: application/json",
                                 .group = {},
                                 .kind = {},
                                 .name = {},
                                 .causes = {}});
  }
  const auto include = query.text("includeObject");
  if (include == "Object") found->row_object = RowObject::kObject;
  if (include == "None") found->row_object = RowObject::kNone;
  return *found;
}

json::object render(const Form& form, const Route& route, const json::object& object, WallPoint now) {
  switch (form.shape) {
    case Form::Shape::kTable:
      return table(form, route, {&object}, {{"resourceVersion", text_at(object, "metadata.resourceVersion")}}, now);
    case Form::Shape::kMetadata:
      return metadata_only(form, object);
    case Form::Shape::kObject:
      break;
  }
  return in_version(route, object);
}

json::object render_list(const Form& form, const Route& route, const std::vector<const json::object*>& objects,
                         const ListMetadata& metadata, WallPoint now) {
  json::object list_metadata{{"resourceVersion", std::to_string(metadata.version)}};
  if (!metadata.continue_token.empty()) list_metadata["continue"] = metadata.continue_token;
  if (metadata.remaining > 0) list_metadata["remainingItemCount"] = metadata.remaining;
  if (form.shape == Form::Shape::kTable) return table(form, route, objects, std::move(list_metadata), now);
  const bool whole = form.shape == Form::Shape::kObject;
  json::array items;
  items.reserve(objects.size());
  for (const auto* object : objects) items.emplace_back(whole ? in_version(route, *object) : metadata_only(form, *object));
  return {{"kind", whole ? route.kind->list_kind() : "PartialObjectMetadataList"},
          {"apiVersion", whole ? route.api_version() : "meta.k8s.io/" + form.meta_version},
          {"metadata", std::move(list_metadata)},
          {"items", std::move(items)}};
}

json::object render_bookmark(const Form& form, const Route& route, std::uint64_t version) {
  json::object metadata{{"resourceVersion", std::to_string(version)}};
  if (form.shape == Form::Shape::kTable) return table(form, route, {}, std::move(metadata), {});
  metadata["creationTimestamp"] = nullptr;
  const bool whole = form.shape == Form::Shape::kObject;
  return {{"kind", whole ? route.kind->kind : std::string("PartialObjectMetadata")},
          {"apiVersion", whole ? route.api_version() : "meta.k8s.io/" + form.meta_version},
          {"metadata", std::move(metadata)}};
}

}  // namespace metallb::apiserver
