// The kinds that this server keeps: where each lives in the API, and how it differs from the others. Some are compiled in,
// the others come and go with the CustomResourceDefinitions among the objects.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace metallb::apiserver {

struct Definition;

/// Which characters an object's name may have.
enum class NameRule : std::uint8_t {
  kSubdomain,  ///< RFC 1123 subdomain: most kinds
  kLabel,      ///< RFC 1123 label: namespaces
  kLabel1035,  ///< RFC 1035 label (starts with a letter): Services
};

struct Kind {
  std::string group;    ///< empty for the core group
  std::string version;  ///< the one that objects are stored in
  std::string plural;
  std::string singular{};
  std::string kind;
  bool namespaced = true;
  bool status = false;            ///< has a status subresource (of a custom kind: see has_status)
  bool custom = false;            ///< made of a definition: no strategic-merge patches
  bool generation = false;        ///< metadata.generation counts changes outside metadata and status
  bool status_on_create = false;  ///< keeps the status that a create carries (a convenience of labs)
  NameRule name_rule = NameRule::kSubdomain;
  std::vector<std::string> short_names{};
  std::vector<std::string> categories{};
  std::vector<std::string> served{};               ///< versions; none when the definition is gone
  bool review = false;                             ///< an answer to a question, never stored: create only
  std::shared_ptr<const Definition> definition{};  ///< of a custom kind

  [[nodiscard]] bool serves(std::string_view wanted) const;
  [[nodiscard]] bool has_status(std::string_view of_version) const;
  /// "v1" or "metallb.io/v1beta1".
  [[nodiscard]] std::string api_version(std::string_view of_version) const;
  /// "PodList".
  [[nodiscard]] std::string list_kind() const;
};

/// A compiled-in kind by group and kind name; null when unknown.
[[nodiscard]] const Kind* find_builtin_kind(std::string_view group, std::string_view kind);

/// All kinds of one server. A Kind's address never changes: what was stored, recorded or watched as that kind refers to it
/// even when its definition is gone, and a definition that comes back under the name finds it again.
class Catalogue {
 public:
  Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  /// In the order of discovery: compiled-in ones first.
  [[nodiscard]] const std::vector<const Kind*>& kinds() const { return kinds_; }
  /// Null when unknown, or not served in this version.
  [[nodiscard]] const Kind* find(std::string_view group, std::string_view version, std::string_view plural) const;
  /// By group and kind name, served or not, for reading saved states. Null when unknown.
  [[nodiscard]] const Kind* find_named(std::string_view group, std::string_view kind) const;
  /// The kind that the definition of this name ("things.example.com") made; null when there never was one.
  [[nodiscard]] const Kind* find_defined(std::string_view definition) const;

  /// Makes or changes a kind.
  void define(std::shared_ptr<const Definition> definition);
  /// The kind is served no more.
  void withdraw(std::string_view definition);
  /// Counts the changes.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

 private:
  std::vector<std::unique_ptr<Kind>> custom_;
  std::vector<const Kind*> kinds_;
  std::uint64_t revision_ = 0;
};

/// Kubernetes' order of versions, the preferred one first: v10, v2, v1, v11beta2, v10beta3, v3beta1, v12alpha1, foo1, foo10.
[[nodiscard]] bool preferred_version(std::string_view a, std::string_view b);

}  // namespace metallb::apiserver
