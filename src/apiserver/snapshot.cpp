#include "apiserver/snapshot.hpp"

#include <utility>

#include "apiserver/definitions/establish.hpp"

namespace metallb::apiserver {
namespace {

/// Objects lie two levels deep, and defaults may have made them deeper than any body is.
constexpr std::size_t kSnapshotDepth = 2 * kMaximumDepth + 2;

/// "metallb.io/v1beta1" -> "metallb.io"; the core group has no name.
std::string_view group_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

/// Does nothing for an object of the other sort; `custom`: of a kind that a definition made. What was taken becomes null.
std::expected<void, std::string> restore_object(json::value& value, bool custom, Registry& registry) {
  if (custom && value.is_null()) return {};
  auto* const object = value.if_object();
  if (object == nullptr) return std::unexpected("not an object");
  const auto api_version = text_at(*object, "apiVersion");
  const auto group = group_of(api_version);
  const auto name = text_at(*object, "kind");
  const auto* kind = find_builtin_kind(group, name);
  if ((kind == nullptr) != custom) return {};
  if (custom) kind = registry.kinds().find_named(group, name);
  if (kind == nullptr) return std::unexpected("unknown kind " + name);
  const ObjectKey key{text_at(*object, "metadata.namespace"), text_at(*object, "metadata.name")};
  if (key.name.empty() || key.namespace_.empty() == kind->namespaced) {
    return std::unexpected("metadata.name or metadata.namespace does not fit its kind");
  }
  registry.restore(*kind, key, std::move(*object));
  value = nullptr;
  return {};
}

/// Of the cluster, for definitions that it got since (once, they were no objects).
std::string creation_time(const json::array& objects) {
  std::string out;
  for (const auto& value : objects) {
    const auto* object = value.if_object();
    const auto time = object == nullptr ? std::string() : text_at(*object, "metadata.creationTimestamp");
    if (!time.empty() && (out.empty() || time < out)) out = time;
  }
  return out;
}

}  // namespace

std::string write_snapshot(const Registry& registry) {
  const auto& store = registry.store();
  json::array objects;
  for (const auto* entry : registry.kinds().kinds()) {
    const auto& kind = *entry;
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
  auto root = parse(text, error, kSnapshotDepth);
  auto* const document = root ? root->if_object() : nullptr;
  if (document == nullptr) return std::unexpected(error.empty() ? "not a JSON object" : error);
  const auto version = number_at(*document, "version");
  auto* const objects = document->if_contains("objects") ? document->at("objects").if_array() : nullptr;
  if (!version || *version <= 0 || objects == nullptr) return std::unexpected("\"version\" or \"objects\" is missing");
  registry.resume_at(static_cast<std::uint64_t>(*version));
  // What definitions make comes after the definitions.
  for (const bool custom : {false, true}) {
    for (std::size_t i = 0; i < objects->size(); ++i) {
      if (auto restored = restore_object((*objects)[i], custom, registry); !restored) {
        return std::unexpected("objects[" + std::to_string(i) + "]: " + restored.error());
      }
    }
    if (custom) continue;
    if (registry.store().objects(definition_kind()).empty()) {
      add_builtin_definitions(registry, creation_time(*objects));
    }
    Definitions(registry).settle({});
  }
  return {};
}

}  // namespace metallb::apiserver
