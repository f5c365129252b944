// Tables: lists as kubectl prints them, made by the server (meta.k8s.io/v1 Table) with the columns that users know.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apiserver/json_access.hpp"
#include "apiserver/kinds.hpp"
#include "base/time.hpp"

namespace metallb::apiserver {

struct Column {
  std::string name;
  std::string type = "string";
  int priority = 0;  ///< above 0: only with -o wide
  std::string description{};
};

/// How a kind is printed: its columns, and the cells of one object in the same order.
struct Printer {
  std::vector<Column> columns;
  std::function<json::array(const json::object& object, WallPoint now)> cells;
};

/// Null when this group has no printer for the kind. One file per group of kinds.
[[nodiscard]] const Printer* core_printer(std::string_view kind);
[[nodiscard]] const Printer* workload_printer(std::string_view kind);
/// Any kind in one of its versions: name and age when nothing better is known.
[[nodiscard]] const Printer& printer_of(const Kind& kind, std::string_view version);

/// What the cells come with.
enum class RowObject : std::uint8_t { kMetadata, kObject, kNone };

/// The Table of some objects as they are read in `version`; `list_metadata` is the list's (or the object's) metadata.
[[nodiscard]] json::object make_table(const Kind& kind, std::string_view version, const std::vector<json::object>& objects,
                                      RowObject row_object, json::object list_metadata, WallPoint now);

/// The columns' name cell.
[[nodiscard]] std::string name_of(const json::object& object);
/// "5m", "3d4h": time passed as kubectl prints it; "<unknown>" when there is no time.
[[nodiscard]] std::string age_of(const std::string& timestamp, WallPoint now);
/// Age since creation.
[[nodiscard]] std::string age_of(const json::object& object, WallPoint now);
/// "<none>" for an empty text, as built-in tables show it.
[[nodiscard]] std::string or_none(std::string text);
/// "a=b,c=d", or "<none>".
[[nodiscard]] std::string labels_text(const kube::StringMap& labels);
[[nodiscard]] std::string join(const std::vector<std::string>& texts, std::string_view separator = ",");

/// Kubernetes' short form of a duration.
[[nodiscard]] std::string human_duration(Duration duration);

}  // namespace metallb::apiserver
