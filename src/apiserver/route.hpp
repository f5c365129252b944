// From a request's target to what it is about.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apiserver/error.hpp"
#include "apiserver/kinds.hpp"

namespace metallb::apiserver {

/// Query parameters, percent-decoded, in the order given.
class Query {
 public:
  [[nodiscard]] static Query parse(std::string_view text);
  /// Empty when missing: Kubernetes treats "?limit=" as no limit.
  [[nodiscard]] std::string text(std::string_view name) const;
  /// "true" and "1" (and the bare name) are true, as client libraries write them.
  [[nodiscard]] bool flag(std::string_view name) const;
  /// 0 when missing; an error when it is no number.
  [[nodiscard]] Result<std::int64_t> number(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

struct Target {
  std::string path;
  std::vector<std::string> segments;  ///< percent-decoded; empty ones are dropped
  Query query;
};
[[nodiscard]] Target parse_target(std::string_view target);

/// A path below /api/v1 or /apis/<group>/<version> that names objects.
struct Route {
  const Kind* kind = nullptr;
  std::string version;     ///< the one asked for, which answers carry
  std::string namespace_;  ///< empty: all namespaces, or a cluster-scoped kind
  std::string name;        ///< empty: the collection
  std::string subresource;

  [[nodiscard]] std::string api_version() const { return kind->api_version(version); }
};
/// Absent when nothing is served there.
[[nodiscard]] std::optional<Route> resolve(const Catalogue& kinds, const std::vector<std::string>& segments);

}  // namespace metallb::apiserver
