// The kinds that this server keeps: where each lives in the API, and how it differs from the others.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace metallb::apiserver {

/// Which characters an object's name may have.
enum class NameRule : std::uint8_t {
  kSubdomain,  ///< RFC 1123 subdomain: most kinds
  kLabel,      ///< RFC 1123 label: namespaces
  kLabel1035,  ///< RFC 1035 label (starts with a letter): Services
};

struct Kind {
  std::string_view group;    ///< empty for the core group
  std::string_view version;  ///< the one that objects are stored in
  std::string_view plural;
  std::string_view singular;
  std::string_view kind;
  bool namespaced = true;
  bool status = false;            ///< has a status subresource
  bool custom = false;            ///< behaves as a custom resource does on a real server: no strategic-merge patches
  bool generation = false;        ///< metadata.generation counts changes outside metadata and status
  bool status_on_create = false;  ///< keeps the status that a create carries (a convenience of labs)
  NameRule name_rule = NameRule::kSubdomain;
  std::vector<std::string_view> short_names{};
  std::vector<std::string_view> categories{};
  std::vector<std::string_view> older_versions{};  ///< also served; same fields, only apiVersion differs
  bool review = false;                             ///< an answer to a question, never stored: create only

  [[nodiscard]] bool serves(std::string_view wanted) const;
  /// "v1" or "metallb.io/v1beta1".
  [[nodiscard]] std::string api_version(std::string_view of_version) const;
};

/// All of them, in the order of discovery.
[[nodiscard]] std::span<const Kind> kinds();
/// Null when unknown, or not served in this version.
[[nodiscard]] const Kind* find_kind(std::string_view group, std::string_view version, std::string_view plural);
/// By group and kind name, for reading saved states. Null when unknown.
[[nodiscard]] const Kind* find_kind_named(std::string_view group, std::string_view kind);

}  // namespace metallb::apiserver
