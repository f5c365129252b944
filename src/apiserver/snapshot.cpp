#include "apiserver/snapshot.hpp"

#include <utility>

namespace metallb::apiserver {
namespace {

/// "metallb.io/v1beta1" -> "metallb.io"; the core group has no name.
std::string_view group_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

}  // namespace

std::string write_snapshot(const Store& store) {
  json::array objects;
  for (const auto& kind : kinds()) {
    if (&kind == &event_kind()) continue;
    for (const auto& [key, object] : store.objects(kind)) {
      auto saved = *object;
      saved["apiVersion"] = kind.api_version(kind.version);
      saved["kind"] = kind.kind;
      objects.push_back(std::move(saved));
    }
  }
  return json::serialize(json::object{{"version", store.version()}, {"objects", std::move(objects)}}) + "\n";
}

std::expected<void, std::string> read_snapshot(std::string_view text, Registry& registry) {
  std::string error;
  auto root = parse(text, error);
  auto* const document = root ? root->if_object() : nullptr;
  if (document == nullptr) return std::unexpected(error.empty() ? "not a JSON object" : error);
  const auto version = number_at(*document, "version");
  auto* const objects = document->if_contains("objects") ? document->at("objects").if_array() : nullptr;
  if (!version || *version <= 0 || objects == nullptr) return std::unexpected("\"version\" or \"objects\" is missing");
  for (std::size_t i = 0; i < objects->size(); ++i) {
    auto* const object = objects->at(i).if_object();
    const auto place = "objects[" + std::to_string(i) + "]";
    if (object == nullptr) return std::unexpected(place + ": not an object");
    const auto* kind = find_kind_named(group_of(text_at(*object, "apiVersion")), text_at(*object, "kind"));
    if (kind == nullptr) return std::unexpected(place + ": unknown kind " + text_at(*object, "kind"));
    ObjectKey key{text_at(*object, "metadata.namespace"), text_at(*object, "metadata.name")};
    if (key.name.empty() || key.namespace_.empty() == kind->namespaced) {
      return std::unexpected(place + ": metadata.name or metadata.namespace does not fit its kind");
    }
    registry.restore(*kind, key, std::move(*object));
  }
  registry.resume_at(static_cast<std::uint64_t>(*version));
  return {};
}

}  // namespace metallb::apiserver
