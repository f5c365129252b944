// Creates, updates and patches: the steps that every write takes, whatever the kind.
#pragma once

#include <string>

#include "apiserver/error.hpp"
#include "apiserver/lifecycle.hpp"
#include "apiserver/registry.hpp"
#include "apiserver/route.hpp"

namespace metallb::apiserver {

class Writer {
 public:
  Writer(Registry& registry, Lifecycle& lifecycle) : registry_(registry), lifecycle_(lifecycle) {}

  /// POST: the object as it is kept now (or would be, in a dry run).
  [[nodiscard]] Result<ObjectPointer> create(Now now, const Route& route, json::object object, bool dry_run);
  /// PUT, on the object or its status. Nothing is kept, and no version spent, when nothing differs.
  [[nodiscard]] Result<ObjectPointer> update(Now now, const Route& route, json::object object, bool dry_run);
  /// PATCH: `content_type` says which of the three kinds of patch `body` is.
  [[nodiscard]] Result<ObjectPointer> patch(Now now, const Route& route, std::string_view content_type,
                                            std::string_view body, bool dry_run);

 private:
  [[nodiscard]] Result<void> check_namespace(const Route& route) const;
  [[nodiscard]] Result<ObjectPointer> replace(Now now, const Route& route, const ObjectPointer& before, json::object after,
                                              bool dry_run);
  [[nodiscard]] Result<void> assign(const Route& route, const ObjectKey& key, json::object& object);

  Registry& registry_;
  Lifecycle& lifecycle_;
};

/// The body of a POST or PUT as an object of the route's kind: 400 when it is no JSON object, or one of another kind; 415
/// for other content types than JSON.
[[nodiscard]] Result<json::object> parse_object(const Route& route, std::string_view content_type, std::string_view body);

}  // namespace metallb::apiserver
