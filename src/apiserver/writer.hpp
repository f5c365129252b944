// Creates, updates and patches: the steps that every write takes, whatever the kind.
#pragma once

#include <string>
#include <vector>

#include "apiserver/error.hpp"
#include "apiserver/lifecycle.hpp"
#include "apiserver/registry.hpp"
#include "apiserver/route.hpp"

namespace metallb::apiserver {

/// What becomes of members that a custom resource's schema does not name (the query's fieldValidation). They are never kept.
enum class UnknownFields : std::uint8_t { kIgnore, kWarn, kRefuse };

struct WriteOptions {
  bool dry_run = false;
  UnknownFields unknown_fields = UnknownFields::kWarn;
};

struct Written {
  ObjectPointer object;  ///< as it is kept now, or would be
  std::vector<std::string> warnings{};
};

class Writer {
 public:
  Writer(Registry& registry, Lifecycle& lifecycle) : registry_(registry), lifecycle_(lifecycle) {}

  /// POST.
  [[nodiscard]] Result<Written> create(Now now, const Route& route, json::object object, const WriteOptions& options);
  /// PUT, on the object or its status. Nothing is kept, and no version spent, when nothing differs.
  [[nodiscard]] Result<Written> update(Now now, const Route& route, json::object object, const WriteOptions& options);
  /// PATCH: `content_type` says which of the three kinds of patch `body` is.
  [[nodiscard]] Result<Written> patch(Now now, const Route& route, std::string_view content_type, std::string_view body,
                                      const WriteOptions& options);

 private:
  [[nodiscard]] Result<void> check_namespace(const Route& route) const;
  [[nodiscard]] Result<Written> replace(Now now, const Route& route, const ObjectPointer& before, json::object after,
                                        const WriteOptions& options);
  [[nodiscard]] Result<void> assign(const Route& route, const ObjectKey& key, json::object& object);

  Registry& registry_;
  Lifecycle& lifecycle_;
};

/// The body of a POST or PUT as an object of the route's kind: 400 when it is no JSON object, or one of another kind; 415
/// for other content types than JSON.
[[nodiscard]] Result<json::object> parse_object(const Route& route, std::string_view content_type, std::string_view body);

}  // namespace metallb::apiserver
