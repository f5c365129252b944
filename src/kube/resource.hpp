// Where a kind lives in the API: group, version, plural, scope. One row per kind, in resource.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/names.hpp"
#include "kube/objects/core.hpp"
#include "kube/objects/metallb.hpp"

namespace metallb::kube {

struct Resource {
  std::string_view group;  ///< empty for the core group
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  bool namespaced = true;

  /// "v1" or "metallb.io/v1beta1".
  [[nodiscard]] std::string api_version() const;
  /// Collection path: "/api/v1/namespaces/ns/services", or "/api/v1/services" when `namespace_` is empty (all namespaces).
  [[nodiscard]] std::string path(std::string_view namespace_) const;
  /// Object path, with an optional subresource such as "status".
  [[nodiscard]] std::string path(const ObjectKey& key, std::string_view subresource = {}) const;
};

/// The resource of a typed object: resource_of<Service>(). Defined for every kind of objects/.
template <class T>
[[nodiscard]] const Resource& resource_of();

/// `text` as a value in a query: everything but unreserved characters is escaped (RFC 3986, Section 2.3).
[[nodiscard]] std::string query_value(std::string_view text);

}  // namespace metallb::kube
