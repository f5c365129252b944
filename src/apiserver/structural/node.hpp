// One node of a structural schema (apiextensions.k8s.io/v1): the JSON of a definition, read in place. What a schema says
// wrongly was refused when its definition was written (definitions/check_schema); here it means nothing.
#pragma once

#include <string>
#include <string_view>

#include "apiserver/json_access.hpp"
#include "base/cut.hpp"

namespace metallb::apiserver::structural {

class Node {
 public:
  explicit Node(const json::object& schema) : schema_(&schema) {}

  [[nodiscard]] const json::object& json() const { return *schema_; }
  [[nodiscard]] const json::value* member(std::string_view keyword) const { return schema_->if_contains(keyword); }
  [[nodiscard]] std::string text(std::string_view keyword) const { return text_of(member(keyword)); }
  [[nodiscard]] bool flag(std::string_view keyword) const {
    const auto* value = member(keyword);
    return value != nullptr && value->is_bool() && value->get_bool();
  }
  /// The schema below a keyword ("items"), or null.
  [[nodiscard]] const json::object* schema(std::string_view keyword) const {
    const auto* value = member(keyword);
    return value == nullptr ? nullptr : value->if_object();
  }
  [[nodiscard]] const json::array* list(std::string_view keyword) const {
    const auto* value = member(keyword);
    return value == nullptr ? nullptr : value->if_array();
  }
  /// The schema of a property, or null.
  [[nodiscard]] const json::object* property(std::string_view name) const {
    const auto* all = schema("properties");
    const auto* value = all == nullptr ? nullptr : all->if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
  }

  [[nodiscard]] bool nullable() const { return flag("nullable"); }
  [[nodiscard]] bool preserves_unknown() const { return flag("x-kubernetes-preserve-unknown-fields"); }
  [[nodiscard]] bool int_or_string() const { return flag("x-kubernetes-int-or-string"); }
  [[nodiscard]] bool embedded_resource() const { return flag("x-kubernetes-embedded-resource"); }

 private:
  static std::string text_of(const json::value* value) {
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(*text);
  }
  const json::object* schema_;
};

/// "spec" + "ports" -> "spec.ports"; at the root there is no dot. Of very long names, longer than any that Kubernetes knows,
/// the beginning stands for them: every value below has its path.
[[nodiscard]] inline std::string below(const std::string& path, std::string_view member) {
  constexpr std::size_t kLongestName = 512;
  auto name = cut(std::string(member.substr(0, kLongestName + 1)), kLongestName);
  if (name.size() < member.size()) name += "...";
  return path.empty() ? name : path + "." + name;
}
[[nodiscard]] inline std::string below(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

/// What every resource has, whatever its schema says.
[[nodiscard]] inline bool is_type_or_metadata(std::string_view name) {
  return name == "apiVersion" || name == "kind" || name == "metadata";
}

}  // namespace metallb::apiserver::structural
