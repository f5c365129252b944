// A CustomResourceDefinition (apiextensions.k8s.io/v1) as the server uses it: read from the object, whose JSON it keeps.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/json_access.hpp"
#include "apiserver/tables/table.hpp"

namespace metallb::apiserver {

struct DefinedVersion {
  std::string name;
  bool served = false;
  bool status = false;                   ///< has a status subresource
  std::string deprecation;               ///< the warning to those who use it; empty: not deprecated
  const json::object* schema = nullptr;  ///< structural; part of Definition::object
  Printer printer;
};

struct Definition {
  std::shared_ptr<const json::object> object;
  std::string name;  ///< "things.example.com"
  std::string group;
  std::string plural;
  std::string singular;
  std::string kind;
  std::string list_kind;
  bool namespaced = true;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  std::string stored_version;
  std::vector<DefinedVersion> versions;
  /// A webhook is asked for, which this server does not call: versions then differ in apiVersion only, and every version may
  /// carry what the stored one knows.
  bool wants_webhook = false;
  bool terminating = false;  ///< takes no new objects

  /// Null when there is none of this name.
  [[nodiscard]] const DefinedVersion* find_version(std::string_view wanted) const;
};

/// `object` passed its checks (definitions/check_definition) and has accepted names in its status.
[[nodiscard]] std::shared_ptr<const Definition> read_definition(std::shared_ptr<const json::object> object);

}  // namespace metallb::apiserver
