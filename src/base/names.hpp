// Names that several cores exchange.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include "base/strong.hpp"

namespace metallb {

using NodeName = Strong<std::string, struct NodeNameTag>;
using InterfaceIndex = Strong<std::int32_t, struct InterfaceIndexTag>;
/// Correlates an action with its outcome, which comes back later as an input. Unique within one core.
using ActionId = Strong<std::uint64_t, struct ActionIdTag>;

/// Name of a Kubernetes object within its kind; `namespace_` is empty for cluster-scoped kinds.
struct ObjectKey {
  std::string namespace_;
  std::string name;

  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
  /// "namespace/name", or "name" when cluster-scoped: the form of logs, events and metrics.
  [[nodiscard]] std::string to_string() const { return namespace_.empty() ? name : namespace_ + "/" + name; }
};
using ServiceKey = ObjectKey;

}  // namespace metallb

template <>
struct std::hash<metallb::ObjectKey> {
  std::size_t operator()(const metallb::ObjectKey& key) const noexcept {
    return std::hash<std::string>{}(key.namespace_) * 31 + std::hash<std::string>{}(key.name);
  }
};
